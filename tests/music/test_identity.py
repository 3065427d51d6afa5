import shutil
from pathlib import Path

import mutagen
import mutagen.apev2
import mutagen.flac
import mutagen.id3
import numpy as np
import pytest

from affetto.music.identity import content_id, piece_of
from tests.tracks import retag, sound

CODECS = {"mp3": "libmp3lame", "flac": "flac", "m4a": "aac", "aiff": "pcm_s16be", "wav": "pcm_s16le"}


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory, encode):
    """Some seconds of noise in several kinds of file."""
    folder = tmp_path_factory.mktemp("noise")
    samples = 0.1 * np.random.default_rng(0).standard_normal((480_000, 1)).astype(np.float32)
    return {
        suffix: encode(folder / f"x.{suffix}", samples, rate=48_000, codec=codec) for suffix, codec in CODECS.items()
    }


@pytest.mark.parametrize("suffix", CODECS)
def test_tags_and_pictures_do_not_change_the_sound(noise, tmp_path: Path, suffix: str) -> None:
    path = Path(shutil.copy(noise[suffix], tmp_path))
    before = content_id(path)
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if suffix == "flac":
        file["title"] = "x" * 9000
        picture = mutagen.flac.Picture()
        picture.data = b"x" * 70_000
        file.add_picture(picture)
    elif suffix == "m4a":
        file["\xa9nam"] = ["x" * 9000]
    else:
        file.tags.add(mutagen.id3.TIT2(encoding=3, text=["x" * 9000]))
        file.tags.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, data=b"x" * 70_000))
    file.save()
    if suffix == "mp3":
        ape = mutagen.apev2.APEv2()
        ape["Title"] = "also here"
        ape.save(path)
    assert content_id(path) == before
    moved = tmp_path / "elsewhere"
    path.rename(moved)
    assert content_id(moved) == before


def test_another_sound_is_another_identity(tmp_path: Path) -> None:
    ids = {content_id(sound(tmp_path / "a.wav", seed=seed, seconds=20 + seed)) for seed in range(5)}
    assert len(ids) == 5
    assert content_id(sound(tmp_path / "b.wav", seed=1, noise=1)) != content_id(sound(tmp_path / "c.wav", seed=1))


def test_long_sounds_are_told_apart_by_probes(tmp_path: Path) -> None:
    content = bytearray(np.random.default_rng(0).bytes(3 << 20))
    (tmp_path / "a").write_bytes(content)
    first = content_id(tmp_path / "a")
    content[-1] ^= 1
    (tmp_path / "b").write_bytes(content)
    assert content_id(tmp_path / "b") != first
    (tmp_path / "c").write_bytes(bytes(content) + b"more")
    assert content_id(tmp_path / "c") != first


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ID3",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"fLaC",
        b"fLaC\x04\xff\xff\xff",
        b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff",
        b"\0\0\0\x08ftypM4A \0\0\0\0mdat",
        b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x01mdat\0\0\0\0\0\0\0\0",
        b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x02junk",
        b"x" * 96 + b"APETAGEX" + b"\xff" * 24,
    ],
)
def test_headers_that_lie_still_give_an_identity(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert len(content_id(path)) == 32


def test_a_tag_changed_in_a_wav_is_no_change(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", title="One")
    before = content_id(path)
    retag(path, title="Another title, much longer than the first", artist="Somebody")
    assert content_id(path) == before


@pytest.mark.parametrize(
    ("title", "album", "version"),
    [
        ("Song", "", ""),
        ("Song (Live)", "", "live"),
        ("Song - Live at Wembley", "", "live"),
        ("Song", "Live in Paris", "live"),
        ("Song - 2011 Remaster", "", "remaster"),
        ("Song (Remastered 2009)", "", "remaster"),
        ("Song (Radio Edit)", "", "edit"),
        ("Song [Mono]", "", "mono"),
        ("Song (Demo)", "", "demo"),
        ("Song (feat. Guest)", "", ""),
        ("Song", "Greatest Hits", "compilation"),
        ("Song (Bonus Track)", "", "bonus"),
    ],
)
def test_versions_share_a_key(title: str, album: str, version: str) -> None:
    piece = piece_of(artist="The Band", title=title, album=album)
    assert (piece.key, piece.version) == ("band: song", version)


@pytest.mark.parametrize(
    "title", ["Song (Remix)", "Song (Acoustic)", "Song, Pt. 2", "Living Song", "Song with Strings"]
)
def test_music_of_its_own_has_a_key_of_its_own(title: str) -> None:
    piece = piece_of(artist="The Band", title=title)
    assert piece.key not in ("", "band: song")
    assert piece.version == ""


def test_names_are_compared_without_accents_and_case() -> None:
    assert piece_of(artist="SIGUR RÓS", title="Hoppípolla").key == piece_of(artist="Sigur Ros", title="hoppipolla").key


def test_unknown_names_have_no_key() -> None:
    assert piece_of(artist="", title="Track 1").key == ""
    assert piece_of(artist="Band", title="???").key == ""
    assert piece_of(artist="Various", title="Song", album_artist="Various Artists").version == "compilation"
    assert piece_of(artist="Band", title="(Live)").key == "band: live"
