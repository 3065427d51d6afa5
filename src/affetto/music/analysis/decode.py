"""Any music file as blocks of samples at its own rate."""

import io
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError

__all__ = ["Samples", "Sound", "open_sound"]

Samples = npt.NDArray[np.float32]

_BLOCK_SECONDS = 5.0
_RATES = range(1_000, 768_001)
_MAX_CHANNELS = 64
_LOUDEST = 1e3  # what is beyond is a broken number, like NaN
_BAD_SHARE = 0.05  # of the packets: a scratch is passed over, a ruin is not
# Silence packs a hundred hours into a megabyte: what comes after two hours, or after this many samples, is not heard.
_LONGEST = 7200.0
_MOST_SAMPLES = 1 << 30
# Containers that music comes in. Playlists and scripts (hls, concat, dash) are left out: they open other files.
_FORMATS = "mov,matroska,ogg,mp3,aac,flac,wav,w64,aiff,au,caf,avi,asf,mpegts,mpeg,ac3,ape,wv,mpc,mpc8,tta,dsf"


@dataclass(frozen=True, slots=True)
class Sound:
    """An open music file.

    Attributes:
        rate: Samples per second.
        blocks: Its samples as they come, shape ``(n, channels)``, within [-1000, 1000].
    """

    rate: int
    blocks: Iterator[Samples]


class _Nameless:
    """An open file without its name, which a decoder would take for a format or an address."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.read, self.tell = file.read, file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of a file, but -1 for an impossible place, as a damaged header may ask for."""
        try:
            return self._file.seek(offset, whence)
        except OSError:
            return -1


@contextmanager
def open_sound(path: Path) -> Generator[Sound]:
    """Opens a music file by PyAV, without network, scripts or other files.

    Raises:
        AudioError: If there is no such file, it is no sound, or more than a twentieth of it is damaged.
    """
    import av
    from av.error import FFmpegError

    name = _ascii(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise AudioError(f"{name}: not a file; give a music file")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{name}: cannot be opened ({reason})") from error
    with file:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
        nameless: Any = _Nameless(file)
        try:
            with av.open(nameless, options=options, metadata_errors="replace") as opened:
                container: Any = opened
                stream: Any = container.streams.best("audio")
                if stream is None or stream.codec_context is None:
                    raise AudioError(f"{name}: holds no sound that can be decoded; convert it to mp3 or flac")
                rate, channels = stream.rate or 0, stream.channels
                if rate not in _RATES or not 1 <= channels <= _MAX_CHANNELS:
                    raise AudioError(f"{name}: {rate} Hz with {channels} channels is impossible; convert it again")
                yield Sound(rate, _blocks(container, stream, name))
        except (FFmpegError, OSError) as error:
            raise AudioError(f"{name}: not a music file that can be decoded ({type(error).__name__})") from error


def _blocks(container: Any, stream: Any, name: str) -> Iterator[Samples]:
    rate, channels = stream.rate, stream.channels
    most = min(int(_LONGEST * rate), _MOST_SAMPLES // channels)
    size = max(1, min(int(_BLOCK_SECONDS * rate), (1 << 22) // channels))
    held: list[Samples] = []
    waiting = heard = 0
    for frame in _frames(container, stream, name):
        if frame.sample_rate != rate or frame.layout.nb_channels != channels:
            raise AudioError(f"{name}: changes its sample rate or channels on the way; convert it to one rate")
        held.append(_samples(frame))
        waiting, heard = waiting + frame.samples, heard + frame.samples
        if waiting >= size:
            yield _sound(held)
            held, waiting = [], 0
        if heard >= most:
            break
    if held:
        yield _sound(held)
    if not heard:
        raise AudioError(f"{name}: holds no sound; copy it again")


def _frames(container: Any, stream: Any, name: str) -> Iterator[Any]:
    from av.error import FFmpegError

    packets = bad = 0
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed)
        except StopIteration:
            break
        packets += 1
        try:
            yield from packet.decode()
        except FFmpegError:
            bad += 1
    if bad > max(2.0, _BAD_SHARE * packets) or bad == packets:
        raise AudioError(f"{name}: damaged, {bad} of {packets} parts cannot be decoded; copy it again")


def _sound(held: list[Samples]) -> Samples:
    joined = np.concatenate(held) if len(held) > 1 else held[0]
    usual = joined.max(initial=0) < _LOUDEST and joined.min(initial=0) > -_LOUDEST  # neither holds with NaN
    return joined if usual else np.where(np.abs(joined) < _LOUDEST, joined, 0)


def _samples(frame: Any) -> Samples:
    if frame.format.name == "fltp":  # mp3, AAC, Opus: ten thousand frames in a song, so the short way
        planes = frame.planes
        found = np.empty((frame.samples, len(planes)), np.float32)
        for channel, plane in enumerate(planes):
            found[:, channel] = np.frombuffer(plane, np.float32, frame.samples)
        return found
    array = frame.to_ndarray()
    array = array.T if frame.format.is_planar else array.reshape(frame.samples, -1)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    limits = np.iinfo(array.dtype)
    middle = 0 if limits.min < 0 else (limits.max + 1) // 2
    return ((array.astype(np.float32) - np.float32(middle)) / np.float32(limits.max + 1 - middle)).astype(np.float32)


def _ascii(path: Path) -> str:
    """A file name that is safe on one line of any terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(path))
