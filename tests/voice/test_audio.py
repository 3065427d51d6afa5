"""Any recording a person has is read; what cannot be read is refused in one clear line."""

import ctypes
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto.errors import AudioError
from affetto.voice.audio import RATE, AudioFile, ascii_name, read_audio, to_mono, to_mono16k

HZ, SECONDS = 440.0, 2.0


def tone(rate: int, channels: int = 1, *, hz: float = HZ, seconds: float = SECONDS) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def assert_is_tone(y: np.ndarray, *, hz: float = HZ, seconds: float = SECONDS, within: float = 0.003) -> None:
    """The samples are the tone, in pitch, length, level and phase (so that nothing is cut off at the start)."""
    assert y.dtype == np.float32
    assert y.ndim == 1
    assert abs(len(y) / RATE - seconds) <= within
    spectrum = np.abs(np.fft.rfft(y[RATE // 2 : RATE // 2 + RATE]))
    assert abs(int(spectrum.argmax()) - hz) <= 1
    assert 0.28 < np.std(y[RATE // 2 : RATE]) < 0.37
    if within < 0.01:
        expected = np.sin(2 * np.pi * hz * np.arange(RATE // 2) / RATE)
        assert np.corrcoef(y[: RATE // 2], expected)[0, 1] > 0.97


def refusal(path: Path | str, capfd: pytest.CaptureFixture[str]) -> str:
    """The message with which a file is refused: one line that names it, and nothing on the terminal."""
    capfd.readouterr()
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    assert message.startswith(f"{ascii_name(Path(path))}: ")
    assert capfd.readouterr() == ("", "")
    return message


# --- good recordings -------------------------------------------------------------------------------------------------

LIBSNDFILE = {
    "8-bit wav": ("a.wav", {"subtype": "PCM_U8"}),
    "16-bit wav": ("a.wav", {"subtype": "PCM_16"}),
    "24-bit wav": ("a.wav", {"subtype": "PCM_24"}),
    "32-bit wav": ("a.wav", {"subtype": "PCM_32"}),
    "float wav": ("a.wav", {"subtype": "FLOAT"}),
    "double wav": ("a.wav", {"subtype": "DOUBLE"}),
    "telephone wav": ("a.wav", {"subtype": "ULAW"}),
    "extensible wav": ("a.wav", {"format": "WAVEX"}),
    "large wav": ("a.wav", {"format": "RF64"}),
    "flac": ("a.flac", {}),
    "24-bit flac": ("a.flac", {"subtype": "PCM_24"}),
    "ogg": ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
    "opus": ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    "mp3": ("a.mp3", {"format": "MP3"}),
    "aiff": ("a.aiff", {}),
    "au": ("a.au", {}),
    "caf": ("a.caf", {}),
}


@pytest.mark.parametrize("kind", LIBSNDFILE)
def test_reads_what_libsndfile_writes(kind: str, tmp_path: Path) -> None:
    name, options = LIBSNDFILE[kind]
    soundfile.write(tmp_path / name, tone(48_000, 2), 48_000, **options)
    file = AudioFile(tmp_path / name)
    assert file.seconds == pytest.approx(SECONDS, abs=0.003)
    assert_is_tone(np.concatenate(list(file)))


# name, codec, container, rate, with a picture, how exactly the format keeps the length (s)
LIBAV = {
    "m4a": ("a.m4a", "aac", "ipod", 44_100, False, 0.003),
    "bare aac": ("a.aac", "aac", "adts", 44_100, False, 0.05),
    "3gp": ("a.3gp", "aac", "3gp", 44_100, False, 0.003),
    "webm": ("a.webm", "libopus", "webm", 48_000, False, 0.003),
    "opus": ("a.opus", "libopus", "opus", 48_000, False, 0.003),
    "opus in mp4": ("a.mp4", "libopus", "mp4", 48_000, False, 0.003),
    "mp3": ("a.mp3", "libmp3lame", "mp3", 44_100, False, 0.003),
    "flac in mka": ("a.mka", "flac", "matroska", 44_100, False, 0.003),
    "alac in m4a": ("a.m4a", "alac", "ipod", 44_100, False, 0.003),
    "8-bit mov": ("a.mov", "pcm_u8", "mov", 22_050, False, 0.003),
    "double mka": ("a.mka", "pcm_f64le", "matroska", 22_050, False, 0.003),
    "ac3": ("a.ac3", "ac3", "ac3", 48_000, False, 0.05),
    "mp4 video": ("v.mp4", "aac", "mp4", 44_100, True, 0.003),
    "mov video": ("v.mov", "aac", "mov", 48_000, True, 0.003),
    "mkv video": ("v.mkv", "flac", "matroska", 44_100, True, 0.003),
    "avi video": ("v.avi", "libmp3lame", "avi", 44_100, True, 0.05),
    "mpeg-ts video": ("v.ts", "aac", "mpegts", 44_100, True, 0.05),
}


@pytest.mark.parametrize("kind", LIBAV)
def test_reads_what_libav_writes(kind: str, tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]) -> None:
    name, codec, container, rate, picture, within = LIBAV[kind]
    samples = tone(rate, 1 if codec == "pcm_u8" else 2)
    path = encode(tmp_path / name, samples, rate=rate, codec=codec, container=container, picture=picture)
    capfd.readouterr()
    file = AudioFile(path)
    assert file.seconds == pytest.approx(SECONDS, abs=max(within, 0.01 + 0.1 * picture))
    assert_is_tone(np.concatenate(list(file)), within=within)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 8])
def test_reads_any_rate_and_number_of_channels(rate: int, channels: int, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate, channels), rate)
    assert_is_tone(read_audio(tmp_path / "a.wav"), within=1 / RATE)


def test_reads_surround_sound_of_a_video(tmp_path: Path, encode) -> None:
    path = encode(tmp_path / "v.mp4", tone(48_000, 6), rate=48_000, codec="aac", picture=True)
    assert_is_tone(read_audio(path))


def test_mixes_the_channels_evenly(tmp_path: Path) -> None:
    samples = np.stack([np.full(RATE, 0.5), np.full(RATE, -0.1)], axis=1)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), 0.2, atol=1e-6)


NAMES = [
    'it\'s "quoted".{}',
    "two\nlines\tand a tab.{}",
    "смех 😀 日本.{}",
    os.fsdecode(b"latin-1 \xe9\xff.{}"),
    "-n.{}",
    "100%20 %s {} #1?.{}",
    "http:x.{}",
    "concat:a|b.{}",
    "no suffix {}",
    "wrong suffix {}.raw",
    "wrong suffix {}.txt",
]


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_reads_files_with_any_name(name: str, suffix: str, tmp_path: Path, encode) -> None:
    if suffix == "wav":
        soundfile.write(tmp_path / "plain.wav", tone(RATE), RATE)
    else:
        encode(tmp_path / "plain.m4a", tone(RATE), rate=RATE, codec="aac")
    path = tmp_path / name.replace("{}", suffix)
    try:
        (tmp_path / f"plain.{suffix}").rename(path)
    except OSError as error:
        pytest.skip(f"this file system refuses the name: {error.strerror}")
    file = AudioFile(path)
    assert_is_tone(np.concatenate(list(file)))
    assert str(file).isprintable()


def test_reads_a_path_given_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    monkeypatch.chdir(tmp_path)
    assert_is_tone(read_audio("a.wav"))


def test_reads_a_wav_whose_length_was_never_filled_in(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    place = data.find(b"data") + 4
    for size in (0, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF):
        data[place : place + 4] = struct.pack("<I", size)
        (tmp_path / "b.wav").write_bytes(data)
        assert_is_tone(read_audio(tmp_path / "b.wav"))


def test_reads_a_wav_whose_header_counts_itself_as_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    place = data.find(b"data") + 4
    data[place : place + 4] = struct.pack("<I", len(data))
    (tmp_path / "a.wav").write_bytes(data)
    assert_is_tone(read_audio(tmp_path / "a.wav"))


def test_reads_a_wav_with_other_chunks_around_the_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    data = (tmp_path / "a.wav").read_bytes()
    chunk = b"junk" + struct.pack("<I", 3) + b"abc\0"
    (tmp_path / "a.wav").write_bytes(data[:12] + chunk + data[12:] + chunk)
    assert_is_tone(read_audio(tmp_path / "a.wav"))


def test_reads_a_flac_of_unknown_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # the number of samples in STREAMINFO: 0 when written to a pipe
    (tmp_path / "a.flac").write_bytes(data)
    file = AudioFile(tmp_path / "a.flac")
    assert file.seconds is None
    assert_is_tone(np.concatenate(list(file)))


def test_reads_an_mp3_without_a_length_header(tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]) -> None:
    path = encode(tmp_path / "a.mp3", tone(44_100), rate=44_100, codec="libmp3lame")
    data = path.read_bytes()
    for tag in (b"Xing", b"Info"):
        data = data.replace(tag, bytes(4))
    path.write_bytes(data)
    capfd.readouterr()
    assert_is_tone(read_audio(path), within=0.1)
    assert capfd.readouterr().err == ""


def test_reads_what_there_is_of_a_cut_mp3_without_noise(
    tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]
) -> None:
    path = encode(tmp_path / "a.mp3", tone(44_100), rate=44_100, codec="libmp3lame")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    capfd.readouterr()
    assert_is_tone(read_audio(path), seconds=1.5, within=0.1)
    assert capfd.readouterr() == ("", "")


def test_reads_a_file_whose_tags_are_not_utf8(tmp_path: Path, encode) -> None:
    path = encode(tmp_path / "a.mka", tone(RATE), rate=RATE, codec="flac", tags={"title": "tttt"})
    data = path.read_bytes()
    assert b"tttt" in data
    path.write_bytes(data.replace(b"tttt", b"t\xe9\xfft"))
    assert_is_tone(read_audio(path))


def test_takes_single_broken_samples_as_zero(tmp_path: Path) -> None:
    samples = tone(48_000)
    broken = samples.copy()
    broken[1_000], broken[30_000], broken[50_000], broken[60_000] = np.nan, np.inf, -np.inf, 1e30
    expected = np.where(np.abs(broken) < 1e6, broken, 0)
    soundfile.write(tmp_path / "broken.wav", broken, 48_000, subtype="FLOAT")
    soundfile.write(tmp_path / "zeros.wav", expected, 48_000, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "broken.wav"), read_audio(tmp_path / "zeros.wav"))


def test_one_broken_channel_does_not_silence_the_other(tmp_path: Path) -> None:
    samples = 2 * tone(RATE, 2)
    samples[:, 0] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert_is_tone(read_audio(tmp_path / "a.wav"))


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_a_longer_file_joins_its_blocks_without_a_seam(rate: int, tmp_path: Path, encode) -> None:
    samples = tone(rate, seconds=11)
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    encode(tmp_path / "a.mka", samples, rate=rate, codec="pcm_f32le")
    whole = to_mono16k(samples, rate)
    for name in ("a.wav", "a.mka"):
        blocks = list(AudioFile(tmp_path / name))
        assert len(blocks) > 2
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_many_channels_do_not_make_blocks_larger(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((192_000, 64), np.float32), 192_000)
    blocks = list(AudioFile(tmp_path / "a.wav"))
    assert sum(map(len, blocks)) == RATE
    assert max(map(len, blocks)) * 64 * 192_000 / RATE < 2_000_000


def test_can_be_iterated_again(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    file = AudioFile(tmp_path / "a.wav")
    next(iter(file))
    assert_is_tone(np.concatenate(list(file)))
    assert_is_tone(np.concatenate(list(file)))


MEASURE = """
import sys
from affetto.voice.audio import AudioFile
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
for _ in AudioFile(sys.argv[1]):  # libraries and buffers
    break
before, samples = peak(), 0
for block in AudioFile(sys.argv[2]):
    samples += len(block)
print(samples, peak() - before)
"""


def two_hours(path: Path, encode) -> None:
    if path.suffix == ".wav":
        size = 2 * 3600 * 8_000
        head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, 8_000, 8_000, 1, 8,
                           b"data", size)  # fmt: skip
        with path.open("wb") as file:
            file.write(head)
            file.truncate(len(head) + size)  # a sparse file: it takes no room
    else:
        pieces = [np.zeros((5 * 8_000, 1), np.float32)] * (2 * 720)
        encode(path, pieces, rate=8_000, codec="pcm_u8", container="matroska")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("name", ["long.wav", "long.mka"])
def test_two_hours_are_read_in_bounded_memory(name: str, tmp_path: Path, encode) -> None:
    two_hours(tmp_path / name, encode)
    encode(tmp_path / f"short-{name}", tone(8_000), rate=8_000, codec="pcm_u8")
    command = [sys.executable, "-c", MEASURE, str(tmp_path / f"short-{name}"), str(tmp_path / name)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    samples, growth = map(int, done.stdout.split())
    assert samples == 2 * 3600 * RATE
    assert growth < 16_000  # KiB; the samples would take 450,000


# --- bad recordings --------------------------------------------------------------------------------------------------


def test_refuses_a_missing_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    message = refusal(tmp_path / "a.wav", capfd)
    assert "No such file" in message
    assert "check the name" in message


def test_refuses_a_folder(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "is a folder; give the files in it" in refusal(tmp_path, capfd)


def test_refuses_an_empty_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.wav").touch()
    assert "the file is empty" in refusal(tmp_path / "a.wav", capfd)


@pytest.mark.parametrize("name", ["x\0y.wav", "x" * 5_000 + ".wav"])
def test_refuses_a_name_that_cannot_be(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert "cannot be opened" in refusal(name, capfd)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_refuses_a_pipe_without_waiting_for_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "a.wav")
    assert "is a pipe or a device" in refusal(tmp_path / "a.wav", capfd)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_refuses_a_file_that_may_not_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    (tmp_path / "a.wav").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "a.wav", capfd)


def test_says_why_the_system_does_not_open_a_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert "Permission denied" in refusal(tmp_path / "a.wav", capfd)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg", "m4a", "webm", "opus", "mp4"])
@pytest.mark.parametrize(
    "content",
    [
        b"This is a letter, not a recording.\n" * 100,
        "Ein Brief, als UTF-16.".encode("utf-16") * 100,
        b"ID3",
        b"RIFF",
        b"RIFF\x24\0\0\0WAVE",
        b"\0" * 4_096,
        b"\xff" * 4_096,
        b"{}",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
    ids=["text", "utf-16", "id3", "riff", "wave", "zeros", "ones", "json", "png"],
)
def test_refuses_what_is_not_sound(
    content: bytes, suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(content)
    assert "convert it to wav, flac or mp3" in refusal(tmp_path / f"a.{suffix}", capfd)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_refuses_a_truncated_flac(share: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.flac", 0.1 * rng.standard_normal(10 * RATE), RATE)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: int(share * len(data))])
    message = refusal(tmp_path / "a.flac", capfd)
    assert "damaged or truncated" in message
    assert "of 10.0 s can be read; copy it again" in message


def test_refuses_a_flac_that_promises_more_than_it_holds(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.flac", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[22:26] = struct.pack(">I", 10 * RATE)
    (tmp_path / "a.flac").write_bytes(data)
    assert "of 10.0 s can be read" in refusal(tmp_path / "a.flac", capfd)


@pytest.mark.parametrize("kind", ["m4a", "m4a for the web", "webm", "wav"])
def test_refuses_other_truncated_files(kind: str, tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((8 * 48_000, 1))
    path = tmp_path / f"a.{kind.split()[0]}"
    if kind == "wav":
        soundfile.write(path, noise, 48_000)
    else:
        options = {"movflags": "faststart"} if "web" in kind.split() else {}
        encode(path, noise, rate=48_000, codec="libopus" if kind == "webm" else "aac", options=options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = refusal(path, capfd)
    assert "damaged or truncated" in message or "not a sound file" in message
    if kind != "m4a":
        assert "of 8.0 s can be read" in message


def test_refuses_a_wav_that_lies_about_its_length(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    place = data.find(b"data") + 4
    data[place : place + 4] = struct.pack("<I", 60 * RATE * 2)
    (tmp_path / "a.wav").write_bytes(data)
    assert "2.0 s of 60.0 s can be read" in refusal(tmp_path / "a.wav", capfd)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_refuses_only_broken_samples(
    value: float, rate: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", np.full((rate, 2), value, np.float32), rate, subtype="FLOAT")
    assert "all are NaN or infinite" in refusal(tmp_path / "a.wav", capfd)


def test_refuses_a_header_without_sound(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), RATE)
    assert "holds no sound" in refusal(tmp_path / "a.wav", capfd)


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (1, 1), (0xFFFF_FFFF, 1), (RATE, 0), (RATE, 65_535)])
def test_refuses_an_impossible_header(
    rate: int, channels: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[22:24], data[24:28] = struct.pack("<H", channels), struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(data)
    message = refusal(tmp_path / "a.wav", capfd)
    assert f"{rate} Hz is impossible; export it at" in message or f"{channels} channels are out of range" in message


def test_refuses_an_impossible_rate_in_other_formats(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "a.au", tone(RATE), RATE)
    data = bytearray((tmp_path / "a.au").read_bytes())
    data[16:20] = struct.pack(">I", 999)
    (tmp_path / "a.au").write_bytes(data)
    assert "999 Hz is impossible" in refusal(tmp_path / "a.au", capfd)


def test_refuses_a_video_without_a_sound_track(tmp_path: Path, draw, capfd: pytest.CaptureFixture[str]) -> None:
    draw(tmp_path / "v.mp4", seconds=1)
    assert "has no sound track" in refusal(tmp_path / "v.mp4", capfd)


def test_refuses_an_unknown_encoding(tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]) -> None:
    path = encode(tmp_path / "a.webm", tone(48_000), rate=48_000, codec="libopus")
    path.write_bytes(path.read_bytes().replace(b"A_OPUS", b"A_ZZZZ"))
    assert "the encoding of its sound track is unknown" in refusal(path, capfd)


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (44_100, 2)])
def test_refuses_a_recording_that_changes_on_the_way(
    rate: int, channels: int, tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]
) -> None:
    first = encode(tmp_path / "1.aac", tone(44_100), rate=44_100, codec="aac", container="adts")
    second = encode(tmp_path / "2.aac", tone(rate, channels), rate=rate, codec="aac", container="adts")
    (tmp_path / "a.aac").write_bytes(first.read_bytes() + second.read_bytes())
    assert "changes its sample rate or channels" in refusal(tmp_path / "a.aac", capfd)


def test_reports_a_file_that_vanishes_between_opening_and_reading(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    file = AudioFile(tmp_path / "a.wav")
    (tmp_path / "a.wav").unlink()
    with pytest.raises(AudioError, match="No such file"):
        list(file)


@pytest.mark.parametrize("size", [0xFFFF_FFFF_FFFF_FF00, 0x7FFF_FFFF_FFFF_FF00, 0x7000_0000_0000_0000])
def test_a_header_that_points_far_beyond_the_end_makes_no_noise(
    size: int, tmp_path: Path, encode, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(tmp_path / "a.caf", tone(44_100), rate=44_100, codec="pcm_s16le", container="caf").read_bytes()
    chunk = data.find(b"chan")
    assert chunk > 0
    (tmp_path / "a.caf").write_bytes(data[: chunk + 4] + struct.pack(">Q", size) + data[chunk + 12 :])
    capfd.readouterr()
    with suppress(AudioError):
        read_audio(tmp_path / "a.caf")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("length", [13, 20, 25, 30, 36, 43, 44])
def test_refuses_a_wav_that_ends_within_its_header(
    length: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:length])
    refusal(tmp_path / "a.wav", capfd)


DAMAGED = ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.m4a", "a.webm", "v.mp4", "a.caf", "a.aiff", "a.avi"]


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory: pytest.TempPathFactory, encode) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    codecs = {"m4a": "aac", "mp4": "aac", "webm": "libopus", "mp3": "libmp3lame", "avi": "libmp3lame"}
    for name in DAMAGED:
        suffix = name[2:]
        if suffix in codecs:
            encode(folder / name, tone(48_000), rate=48_000, codec=codecs[suffix], picture=suffix == "mp4")
        else:
            soundfile.write(folder / name, tone(RATE), RATE)
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_gives_samples_or_an_audio_error(
    data: st.DataObject, sound_files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = bytearray((sound_files / data.draw(st.sampled_from(DAMAGED))).read_bytes())
    place = st.integers(0, 600) | st.integers(0, len(good) - 1)
    for position, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=6)):
        good[min(position, len(good) - 1)] = value
    path = tmp_path / "damaged"
    path.write_bytes(good[: data.draw(st.just(len(good)) | place.filter(bool))])
    capfd.readouterr()
    with suppress(AudioError):
        assert np.isfinite(read_audio(path)).all()
    assert "Traceback" not in capfd.readouterr().err


# --- files that would open others ------------------------------------------------------------------------------------


@contextmanager
def watched(path: Path) -> Iterator[list[bool]]:
    """Fills the list with one True if anybody opens the file meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(watch, os.fsencode(path), 0x20)  # IN_OPEN
    opened: list[bool] = []
    try:
        yield opened
        with suppress(BlockingIOError):
            opened.append(bool(os.read(watch, 4_096)))
    finally:
        os.close(watch)


@contextmanager
def web_server() -> Iterator[tuple[str, list[str]]]:
    """An address that notes who asks."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret.wav", asked
        finally:
            server.shutdown()


def scripts(target: str) -> dict[str, str]:
    return {
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5.0,\n{target}\n#EXT-X-ENDLIST\n",
        "hls master": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT5S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        "pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\nVersion=2\n",
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "m3u": f"{target}\n",
        "smil": f'<SmoothStreamingMedia MajorVersion="2"><c n="{target}"/></SmoothStreamingMedia>',
    }


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify tells whether a file is opened")
@pytest.mark.parametrize("suffix", ["wav", "m3u8", "mp4", "mpd"])
@pytest.mark.parametrize("kind", scripts(""))
def test_a_playlist_that_poses_as_sound_opens_nothing(
    kind: str, suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, tone(RATE), RATE)
    with web_server() as (address, asked):
        for target in (str(secret), "secret.wav", f"file:{secret}", address):
            path = tmp_path / f"a.{suffix}"
            path.write_text(scripts(target)[kind])
            with watched(secret) as opened:
                assert "not a sound file" in refusal(path, capfd)
            assert opened == []
        assert asked == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify tells whether a file is opened")
def test_the_watch_would_notice(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(RATE), RATE)
    with watched(tmp_path / "a.wav") as opened:
        read_audio(tmp_path / "a.wav")
    assert opened == [True]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify tells whether a file is opened")
def test_a_movie_does_not_take_its_sound_from_another_file(tmp_path: Path, encode) -> None:
    path = encode(tmp_path / "a.mov", tone(44_100), rate=44_100, codec="aac")
    data = path.read_bytes()
    place = data.find(b"url \0\0\0\1")
    assert place > 0
    path.write_bytes(data[:place] + b"url \0\0\0\0" + data[place + 8 :])  # "the sound is elsewhere"
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, tone(RATE), RATE)
    with watched(secret) as opened, suppress(AudioError):
        read_audio(path)
    assert opened == []


# --- samples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int16(-32_768), -1.0),
        (np.int16(16_384), 0.5),
        (np.uint8(128), 0.0),
        (np.uint8(0), -1.0),
        (np.int8(64), 0.5),
        (np.int32(-(2**30)), -0.5),
        (np.int64(2**62), 0.5),
        (np.uint16(32_768), 0.0),
        (np.float16(0.25), 0.25),
        (np.float32(0.25), 0.25),
        (np.float64(-0.25), -0.25),
    ],
)
@pytest.mark.parametrize("shape", [(100,), (100, 1), (100, 2), (100, 8)])
def test_samples_of_any_type_are_scaled(value: np.generic, expected: float, shape: tuple[int, ...]) -> None:
    y = to_mono16k(np.full(shape, value), RATE)
    assert y.dtype == np.float32
    assert y.shape == (100,)
    np.testing.assert_allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("rate", [1_000, 8_000, 44_100, 192_000])
def test_samples_of_any_rate_are_resampled(rate: int) -> None:
    assert_is_tone(to_mono16k(tone(rate, 2), rate), within=1 / RATE)


def test_samples_may_be_a_list_or_empty() -> None:
    assert to_mono16k([0.0, 0.5], RATE).tolist() == [0.0, 0.5]
    assert to_mono16k(np.zeros(0), 8_000).shape == (0,)


def test_broken_samples_become_zero_and_the_input_stays() -> None:
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 1e300, -0.5])
    assert to_mono16k(samples, RATE).tolist() == [0.5, 0, 0, 0, 0, -0.5]
    assert np.isnan(samples[1])


@pytest.mark.parametrize(
    "samples",
    [
        0.5,
        np.zeros((2, 3, 4)),
        np.zeros((10, 0)),
        np.zeros((2, 48_000)),
        np.zeros(10, complex),
        np.zeros(10, bool),
        ["a", "b"],
        [[0.0, 1.0], [2.0]],
        None,
        [np.nan, np.inf],
    ],
    ids=str,
)
def test_refuses_samples_that_cannot_be_sound(samples: object) -> None:
    with pytest.raises(AudioError, match="samples") as caught:
        to_mono16k(samples, RATE)  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("rate", [0, -16_000, 10**9, 0.5])
def test_refuses_an_impossible_rate(rate: float) -> None:
    with pytest.raises(AudioError, match=f"{rate} Hz is impossible"):
        to_mono16k(np.zeros(10), rate)  # type: ignore[arg-type]


def test_names_are_printed_on_one_line() -> None:
    name = ascii_name(Path(os.fsdecode(b"a\nb\xff") + "é😀"))
    assert name == "a\\nb\\udcffé😀"


def test_channels_are_mixed_alike_however_the_frames_are_divided() -> None:
    frames = np.random.default_rng(0).standard_normal((4_001, 6)).astype(np.float32)
    parts = [to_mono(part) for part in np.split(frames, [1, 1_234, 1_239])]
    np.testing.assert_array_equal(np.concatenate(parts), to_mono(frames))
    np.testing.assert_allclose(to_mono(frames), frames.mean(axis=1), atol=1e-6)
