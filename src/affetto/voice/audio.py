"""Any recording a person has, as mono float32 at 16 kHz, block by block.

libsndfile reads what it knows (wav, flac, ogg, opus, aiff); PyAV reads the rest (mp3, m4a, webm, aac, video with a
sound track). Both get an open file without a name, never a path or an address: a name cannot be taken for a protocol
or a format, and a playlist that poses as sound opens nothing.
"""

import io
import os
import stat
import struct
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError

__all__ = ["RATE", "AudioFile", "Samples", "ascii_name", "read_audio", "to_mono16k"]

RATE = 16_000
"""Samples per second of everything inside Affetto."""

Samples = npt.NDArray[np.float32]

_BLOCK_SECONDS = 4.0
_BLOCK_SAMPLES = 1 << 20  # over all channels: many channels at a high rate do not make a block larger
_RATES = range(1_000, 768_001)
_MAX_CHANNELS = 64
_LOUDEST = 1e6  # what is beyond is a broken number, like NaN
_PADDING_SECONDS = 0.1  # an encoder fills its last frame: what exceeds the promised length by less is cut off
_MISSING_SECONDS = 1.0  # a compressed file that ends earlier than it promised by more is truncated
_UNKNOWN_SIZE = 0x7FF0_0000  # a wav header written before the length was known says this much or more
_UNKNOWN_FRAMES = 1 << 48
# Containers that people record into. Playlists and scripts (hls, concat, dash) are left out: they open other files.
_AV_FORMATS = "mov,matroska,ogg,mp3,aac,flac,wav,w64,aiff,au,caf,avi,asf,flv,mpegts,mpeg,amr,ac3"
_AV_PROMISES_LENGTH = frozenset({"mov", "matroska"})  # the rest estimate it, or say it for picture and sound together


@dataclass(frozen=True, slots=True)
class _Source:
    """An open recording: what its header says, and its samples as they come, shape ``(n, channels)``."""

    rate: int
    seconds: float | None
    blocks: Iterator[Samples]


class AudioFile:
    """A recording on disk, decoded as it is iterated over; memory stays bounded however long it is.

    Args:
        path: A file that libsndfile or PyAV can decode.

    Attributes:
        path: The file.
        seconds: Length that the header promises, or None if it does not say.

    Raises:
        AudioError: If the file is missing, empty, not audio, or has an impossible header.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._open() as source:
            self.seconds = source.seconds

    def __str__(self) -> str:
        return ascii_name(self.path)

    def __iter__(self) -> Iterator[Samples]:
        """Blocks of mono float32 samples at 16 kHz; samples that are not finite are taken as zero.

        Raises:
            AudioError: If the sound cannot be decoded, ends before its header says, or holds no finite sample.
        """
        heard = usable = False
        with self._open() as source:
            resample = _Resampler(source.rate)
            for block in source.blocks:
                good = np.abs(block) < _LOUDEST
                heard, usable = True, usable or bool(good.any())
                yield resample(to_mono(block if good.all() else np.where(good, block, np.float32(0))))
            yield resample(np.zeros(0, np.float32), last=True)
        if not heard:
            raise AudioError(f"{self}: holds no sound, only a header; record it again")
        if not usable:
            raise AudioError(f"{self}: holds no usable sample, all are NaN or infinite; export it again")

    @contextmanager
    def _open(self) -> Generator[_Source]:
        try:
            about = self.path.stat()
            if stat.S_ISDIR(about.st_mode):
                raise AudioError(f"{self}: is a folder; give the files in it")
            if not stat.S_ISREG(about.st_mode):
                raise AudioError(f"{self}: is a pipe or a device; save the sound to a file first")
            file = self.path.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise AudioError(f"{self}: cannot be opened ({reason}); check the name and your permissions") from error
        with file:
            if about.st_size == 0:
                raise AudioError(f"{self}: the file is empty; record it again")
            nameless = _Nameless(file)
            opened = self._soundfile(nameless)
            if opened is None:
                file.seek(0)
                with self._av(nameless) as source:
                    yield source
            else:
                sound, source = opened
                with sound:
                    yield source

    def _soundfile(self, file: Any) -> tuple[Any, _Source] | None:
        """The recording as libsndfile sees it, or None if PyAV should have it."""
        import soundfile

        start = file.read(4)
        file.seek(0)
        if start[:3] == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] >= 0xE0):
            return None  # mp3: libsndfile guesses the length of some, and prints its doubts to the terminal
        if start == b"RIFF":
            self._check_riff(file)
            file.seek(0)
        try:
            sound = soundfile.SoundFile(file)
        except (soundfile.LibsndfileError, RuntimeError):
            return None
        if not 0 < sound.frames < _UNKNOWN_FRAMES:  # a stream whose header was never completed
            sound.close()
            return None
        self._check(sound.samplerate, sound.channels)
        return sound, _Source(sound.samplerate, sound.frames / sound.samplerate, self._soundfile_blocks(sound))

    def _soundfile_blocks(self, sound: Any) -> Iterator[Samples]:
        import soundfile

        rate, size, frames = sound.samplerate, _block_frames(sound.samplerate, sound.channels), 0
        try:
            while len(block := sound.read(size, dtype="float32", always_2d=True)):
                frames += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            raise self._truncated(max(frames, sound.tell()) / rate, sound.frames / rate) from error
        if frames < sound.frames:
            raise self._truncated(frames / rate, sound.frames / rate)

    def _check_riff(self, file: "_Nameless") -> None:
        """Refuses a wav whose header is impossible or promises more sound than follows (libsndfile lets both pass)."""
        end = file.seek(0, os.SEEK_END)
        file.seek(12)
        bytes_per_second = 0
        while len(head := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            place = file.seek(0, os.SEEK_CUR)
            if name == b"fmt " and size >= 16:
                form = file.read(12)
                if len(form) < 12:
                    return
                channels, rate, bytes_per_second = struct.unpack("<2xHII", form)
                self._check(rate, channels)
            if name == b"data":
                # Sloppy writers count their header or padding as data; a tenth of a second is let pass.
                missing = size - (end - place) - 0.1 * bytes_per_second
                if size < _UNKNOWN_SIZE and missing > 0 and bytes_per_second:
                    raise self._truncated((end - place) / bytes_per_second, size / bytes_per_second)
                return
            file.seek(place + size + size % 2)

    @contextmanager
    def _av(self, file: Any) -> Generator[_Source]:
        import av
        from av.error import FFmpegError

        try:
            options = {"format_whitelist": _AV_FORMATS, "protocol_whitelist": ""}
            with av.open(file, options=options, metadata_errors="replace") as opened:
                container: Any = opened
                stream: Any = container.streams.best("audio")
                if stream is None:
                    raise AudioError(f"{self}: has no sound track; give a recording of a voice")
                if stream.codec_context is None:
                    raise AudioError(f"{self}: the encoding of its sound track is unknown; convert it to wav or mp3")
                self._check(stream.rate or 0, stream.channels)
                seconds = _promised(container, stream) or (container.duration or 0) / av.time_base or None
                yield _Source(stream.rate, seconds, self._av_blocks(container, stream))
        except FFmpegError as error:
            raise AudioError(f"{self}: not a sound file that can be decoded; convert it to wav, flac or mp3") from error

    def _av_blocks(self, container: Any, stream: Any) -> Iterator[Samples]:
        from av.error import FFmpegError

        rate, channels = stream.rate, stream.channels
        size, padding = _block_frames(rate, channels), round(_PADDING_SECONDS * rate)
        promised = _promised(container, stream)
        exact = promised is not None and container.format.name.split(",")[0] in _AV_PROMISES_LENGTH
        held: list[Samples] = []
        waiting = frames = 0
        end = 0.0
        try:
            for frame in container.decode(stream):
                if frame.sample_rate != rate or frame.layout.nb_channels != channels:
                    raise AudioError(f"{self}: changes its sample rate or channels on the way; export it at one rate")
                held.append(_frame_samples(frame))
                waiting, frames = waiting + frame.samples, frames + frame.samples
                end = (frame.time or 0.0) + frame.samples / rate
                if waiting >= size + padding:
                    joined = np.concatenate(held)
                    held, waiting = [joined[-padding:]], padding
                    yield joined[:-padding]
        except FFmpegError as error:
            if not frames:
                raise
            raise self._truncated(frames / rate, promised) from error
        if exact and promised and end < promised - _MISSING_SECONDS:
            raise self._truncated(end, promised)
        if held:
            excess = frames - round(promised * rate) if exact and promised else 0
            joined = np.concatenate(held)
            yield joined[: len(joined) - excess] if 0 < excess <= padding else joined

    def _check(self, rate: int, channels: int) -> None:
        if rate not in _RATES:
            raise AudioError(f"{self}: a sample rate of {rate} Hz is impossible; export it at 8,000 to 192,000 Hz")
        if not 1 <= channels <= _MAX_CHANNELS:
            raise AudioError(f"{self}: {channels} channels are out of range; export it as mono or stereo")

    def _truncated(self, seconds: float, promised: float | None) -> AudioError:
        whole = f" of {promised:.1f} s" if promised else ""
        return AudioError(
            f"{self}: damaged or truncated, {seconds:.1f} s{whole} can be read; copy it again, or export what is left"
        )


def read_audio(path: str | Path) -> Samples:
    """A whole recording as mono float32 samples at 16 kHz, shape ``(n,)``.

    Raises:
        AudioError: As :class:`AudioFile`.
    """
    return _joined(AudioFile(path))


def to_mono(samples: npt.NDArray[np.float32]) -> Samples:
    """The mean of the channels: ``(n, channels)`` to ``(n,)``; one channel passes as it is.

    To the last bit the same for every frame whatever its neighbours, as a product of matrices would not be.
    """
    return samples[:, 0] if samples.shape[1] == 1 else sum(samples.T[1:], samples[:, 0]) / np.float32(samples.shape[1])


def to_mono16k(samples: npt.ArrayLike, rate: int) -> Samples:
    """Samples of any rate, ``(n,)`` or ``(n, channels)``, as mono float32 at 16 kHz; integers are scaled to [-1, 1).

    Raises:
        AudioError: If the shape, the rate or the values cannot be sound.

    >>> to_mono16k(np.zeros((8_000, 2), np.int16), 8_000).shape
    (16000,)
    """
    try:
        array = np.asarray(samples)
    except ValueError as error:  # rows of unequal length
        raise AudioError(f"samples: {error}; give (n,) or (n, channels) numbers".replace("\n", " ")) from error
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
        raise AudioError(f"samples of shape {array.shape} and type {array.dtype}: give (n,) or (n, channels) numbers")
    if array.ndim == 2 and not 1 <= array.shape[1] <= _MAX_CHANNELS:
        raise AudioError(f"samples of shape {array.shape}: {array.shape[1]} channels are too many or none")
    if rate not in _RATES:
        raise AudioError(f"a sample rate of {rate} Hz is impossible; give 8,000 to 192,000 Hz")
    floats = _to_floats(array)
    good = np.abs(floats) < _LOUDEST
    if floats.size and not good.any():
        raise AudioError("samples are all NaN or infinite; check the source")
    usable = np.where(good, floats, np.float32(0))
    return _Resampler(rate)(to_mono(usable if usable.ndim == 2 else usable[:, None]), last=True)


def ascii_name(path: Path) -> str:
    """A file name that is safe on one line of any terminal: control and undecodable characters are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(path))


class _Resampler:
    """Streaming resampling to 16 kHz; passes samples through where the rate is already right."""

    def __init__(self, rate: int) -> None:
        if rate == RATE:
            self._stream = None
        else:
            import soxr

            self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")

    def __call__(self, block: Samples, *, last: bool = False) -> Samples:
        return block if self._stream is None else self._stream.resample_chunk(block, last=last)


class _Nameless:
    """An open file without its name, which libraries would take for a format or an address."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.read, self.readinto, self.tell = file.read, file.readinto, file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of a file, but -1 for an impossible place, as a damaged header may ask for."""
        try:
            return self._file.seek(offset, whence)
        except OSError:
            return -1


def _block_frames(rate: int, channels: int) -> int:
    return max(1, min(int(_BLOCK_SECONDS * rate), _BLOCK_SAMPLES // channels))


def _promised(container: Any, stream: Any) -> float | None:
    """Seconds of the sound track by its header, or None: a container's length may be that of the picture."""
    import av

    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration and len(container.streams) == 1 else None


def _frame_samples(frame: Any) -> Samples:
    """A frame of PyAV as floats of shape ``(n, channels)``."""
    array = frame.to_ndarray()
    return _to_floats(array.T if frame.format.is_planar else array.reshape(frame.samples, -1))


def _to_floats(array: npt.NDArray[Any]) -> Samples:
    """Integers scaled to [-1, 1), floats as they are (what is too large for float32 becomes infinite)."""
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    limits = np.iinfo(array.dtype)
    middle = 0 if limits.min < 0 else (limits.max + 1) // 2
    return ((array.astype(np.float64) - middle) / (limits.max + 1 - middle)).astype(np.float32)


def _joined(blocks: Iterable[Samples]) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *blocks])
