import struct
from pathlib import Path

import mutagen
import mutagen.id3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.music import tags as module
from affetto.music.tags import read_tags
from affetto.music.text import clean, normalized
from tests.tracks import sound

MBID = "11111111-2222-3333-4444-555555555555"
CODECS = {"mp3": "libmp3lame", "flac": "flac", "ogg": "libopus", "opus": "libopus", "m4a": "aac", "wma": "wmav2"}


@pytest.fixture(scope="module")
def silence(tmp_path_factory: pytest.TempPathFactory, encode):
    """A second of silence in every kind of file."""
    folder = tmp_path_factory.mktemp("silence")
    samples = np.zeros((48_000, 2), np.float32)
    made = {}
    for suffix, codec in CODECS.items():
        made[suffix] = encode(folder / f"x.{suffix}", samples, rate=48_000, codec=codec, bit_rate=128_000)
    made["aiff"] = encode(folder / "x.aiff", samples, rate=48_000, codec="pcm_s16be")
    made["wav"] = encode(folder / "x.wav", samples, rate=48_000, codec="pcm_s16le")
    return made


def write(path: Path) -> None:
    """The same tags in the words of each format."""
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    tags = file.tags
    if isinstance(tags, mutagen.id3.ID3):
        frames = mutagen.id3
        for name, text in {
            "TIT2": "Title", "TPE1": "Artist", "TPE2": "Band", "TALB": "Album", "TDRC": "1999-05-01", "TCON": "(17)",
            "TBPM": "128", "TKEY": "Am", "TMOO": "Relaxed", "TSRC": "GB-AYE-68-00011",
        }.items():  # fmt: skip
            tags.add(getattr(frames, name)(encoding=3, text=[text]))
        tags.add(frames.TXXX(encoding=3, desc="replaygain_track_gain", text=["-6.50 dB"]))
        tags.add(frames.UFID(owner="http://musicbrainz.org", data=MBID.encode()))
        tags.add(frames.TXXX(encoding=3, desc="MusicBrainz Artist Id", text=[MBID]))
        tags.add(frames.TXXX(encoding=3, desc="MusicBrainz Album Id", text=[MBID]))
    elif path.suffix == ".m4a":
        itunes = "----:com.apple.iTunes:"
        tags.update({"\xa9nam": ["Title"], "\xa9ART": ["Artist"], "aART": ["Band"], "\xa9alb": ["Album"]})
        tags.update({"\xa9day": ["1999"], "\xa9gen": ["Rock"], "tmpo": [128]})
        for name, text in {
            "initialkey": "Am", "MOOD": "Relaxed", "ISRC": "GBAYE6800011", "replaygain_track_gain": "-6.50 dB",
            "MusicBrainz Track Id": MBID, "MusicBrainz Artist Id": MBID, "MusicBrainz Album Id": MBID,
        }.items():  # fmt: skip
            tags[itunes + name] = [text.encode()]
    elif path.suffix == ".wma":
        tags.update({"Title": "Title", "Author": "Artist", "WM/AlbumArtist": "Band", "WM/AlbumTitle": "Album"})
        tags.update({"WM/Year": "1999", "WM/Genre": "Rock", "WM/BeatsPerMinute": "128", "WM/InitialKey": "Am"})
        tags.update({"WM/Mood": "Relaxed", "WM/ISRC": "GBAYE6800011", "replaygain_track_gain": "-6.50 dB"})
        tags.update({f"MusicBrainz/{kind} Id": MBID for kind in ("Track", "Artist", "Album")})
    else:
        tags.update({"title": "Title", "artist": "Artist", "albumartist": "Band", "album": "Album", "date": "1999"})
        tags.update({"genre": "Rock", "bpm": "128", "initialkey": "Am", "mood": "Relaxed", "isrc": "GBAYE6800011"})
        tags.update({"replaygain_track_gain": "-6.50 dB", "musicbrainz_trackid": MBID})
        tags.update({"musicbrainz_artistid": MBID, "musicbrainz_albumid": MBID})
    file.save()


@pytest.mark.parametrize("suffix", [*CODECS, "aiff", "wav"])
def test_every_format_tells_the_same(silence, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(silence[suffix].read_bytes())
    write(path)
    tags = read_tags(path)
    assert (tags.title, tags.artist, tags.album_artist, tags.album) == ("Title", "Artist", "Band", "Album")
    assert (tags.year, tags.genre, tags.tempo, tags.key) == (1999, "Rock", 128, "Am")
    assert (tags.feels, tags.isrc, tags.gain) == (("relaxed",), "GBAYE6800011", -6.5)
    assert tags.recording_mbid == tags.artist_mbid == tags.release_mbid == MBID
    assert tags.seconds == pytest.approx(1, abs=0.2)
    assert tags.guessed == ()
    assert tags.note == ""
    assert tags.lossless is (suffix in ("flac", "aiff", "wav"))


def test_the_gain_of_opus_is_told_on_the_common_scale(silence, tmp_path: Path) -> None:
    path = tmp_path / "x.opus"
    path.write_bytes(silence["opus"].read_bytes())
    file = mutagen.File(path)
    file["R128_TRACK_GAIN"] = "-1024"
    file.save()
    assert read_tags(path).gain == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "artist", "album", "title"),
    [
        ("Nina Simone/Pastel Blues/05 - Sinnerman.wav", "Nina Simone", "Pastel Blues", "Sinnerman"),
        ("Pastel Blues/Nina Simone - Sinnerman.wav", "Nina Simone", "Pastel Blues", "Sinnerman"),
        ("Nina Simone - Pastel Blues/1-05 Sinnerman.wav", "Nina Simone", "Pastel Blues", "Sinnerman"),
        ("05_Sinnerman.wav", "", "", "Sinnerman"),
        ("99.wav", "", "", "99"),
        ("03 - Nina Simone - Sinnerman.wav", "Nina Simone", "", "Sinnerman"),
    ],
)
def test_what_tags_do_not_tell_is_guessed_and_marked(
    tmp_path: Path, name: str, artist: str, album: str, title: str
) -> None:
    tags = read_tags(sound(tmp_path / name), top=tmp_path)
    assert (tags.artist, tags.album, tags.title) == (artist, album, title)
    assert set(tags.guessed) == {k for k, v in {"artist": artist, "album": album, "title": title}.items() if v}


def test_tags_win_over_the_path(tmp_path: Path) -> None:
    tags = read_tags(sound(tmp_path / "A/B/C - D.wav", title="Real"), top=tmp_path)
    assert (tags.title, tags.artist, tags.guessed) == ("Real", "C", ("artist", "album"))


def test_wild_tags_are_tamed(tmp_path: Path) -> None:
    path = sound(
        tmp_path / "x.wav", title="A\0B" + "x" * (1 << 20), artist="\u202eevil\u2066\n\ttwo  lines", genre="\0"
    )
    tags = read_tags(path)
    assert len(tags.title) <= 300
    assert tags.title.startswith("A")
    assert tags.artist == "evil two lines"
    assert tags.genre == ""


@pytest.mark.parametrize(
    ("frame", "text", "name", "value"),
    [
        ("TBPM", "0", "tempo", None),
        ("TBPM", "nonsense", "tempo", None),
        ("TBPM", "9" * 5000, "tempo", None),
        ("TBPM", "120,5", "tempo", 120.5),
        ("TDRC", "0000", "year", None),
        ("TSRC", "too short", "isrc", ""),
        ("TCON", "255", "genre", ""),
    ],
)
def test_numbers_that_cannot_be_are_left_out(tmp_path: Path, frame: str, text: str, name: str, value: object) -> None:
    path = sound(tmp_path / "x.wav", title="A")
    file = mutagen.File(path)
    file.tags.add(getattr(mutagen.id3, frame)(encoding=3, text=[text]))
    file.save()
    assert getattr(read_tags(path), name) == value


def test_tags_beyond_the_limit_are_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encode) -> None:
    path = encode(tmp_path / "x.mp3", np.zeros((48_000, 1), np.float32), rate=48_000, codec="libmp3lame")
    file = mutagen.File(path)
    file.tags.add(mutagen.id3.TIT2(encoding=3, text=["Kept"]))
    file.tags.add(mutagen.id3.APIC(encoding=3, mime="image/png", type=3, data=b"x" * 200_000))
    file.save()
    monkeypatch.setattr(module, "_MOST", 100_000)
    tags = read_tags(path)
    assert tags.title == "Kept"
    assert "pictures and rare tags were not read" in tags.note


def test_a_playlist_that_poses_as_sound_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(sound(tmp_path / "real.wav", title="Secret").read_bytes())
    path = tmp_path / "x.mp3"
    path.write_text(f"#EXTM3U\n#EXTINF:1,a\n#EXT-X-TARGETDURATION:1\n{tmp_path / 'secret.wav'}\n")
    tags = read_tags(path)
    assert (tags.title, tags.guessed) == ("x", ("title",))


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        read_tags(tmp_path / "none.mp3")


HEADS = [b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"fLaC", b"OggS\0\x02", b"RIFF\xff\xff\xff\xffWAVE", b"\0\0\0\x20ftypM4A "]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=300), st.sampled_from([".mp3", ".flac", ".ogg", ".wav", ".m4a"]))
def test_no_bytes_break_the_reader(tmp_path_factory, head: bytes, rest: bytes, suffix: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzzed{suffix}"
    path.write_bytes(head + rest)
    assert read_tags(path).title


def test_a_flac_whose_block_lies_about_its_size(silence, tmp_path: Path) -> None:
    content = bytearray(silence["flac"].read_bytes())
    content[4:8] = struct.pack(">I", 0x04FFFFFF)
    path = tmp_path / "x.flac"
    path.write_bytes(bytes(content))
    assert read_tags(path).title == "x"


@given(st.text(max_size=2000))
def test_cleaned_text_is_one_safe_line(text: str) -> None:
    line = clean(text)
    assert len(line) <= 300
    assert line.encode() is not None  # no surrogate is left
    assert not any(mark in line for mark in "\0\n\r\x1b\u202e\u2066")
    assert clean(line) == line or len(line) > 290
    assert normalized(normalized(text)) == normalized(text)
