"""Any recording a person has, as mono float32 at 16 kHz, block by block.

libsndfile reads what it knows (wav, flac, ogg, mp3, aiff); PyAV reads the rest (m4a, webm, aac, opus, video with a
sound track). Both get an open file, never a path or an address, so that a file name cannot be taken for a protocol.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from affetto.errors import AudioError

__all__ = ["RATE", "AudioFile", "Samples", "read_audio", "to_mono16k"]

RATE = 16_000
"""Samples per second of everything inside Affetto."""

Samples = npt.NDArray[np.float32]

_BLOCK_SECONDS = 4.0
_RATES = range(1_000, 768_001)
_MAX_CHANNELS = 64
# Containers that people record into. Playlists and scripts (hls, concat, dash, ...) are left out: they open other files.
_AV_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,aac,adts,flac,wav,w64,aiff,au,caf,avi,asf,flv,mpegts,mpeg,amr,ac3,opus"


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
        self.seconds: float | None = None
        if self.path.is_dir():
            raise AudioError(f"{self}: is a folder; give the files in it")
        try:
            size = self.path.stat().st_size
            with self.path.open("rb"):
                pass
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise AudioError(f"{self}: cannot be opened ({reason}); check the name and your permissions") from error
        if size == 0:
            raise AudioError(f"{self}: the file is empty; record it again")

    def __str__(self) -> str:
        return ascii_name(self.path)

    def __iter__(self) -> Iterator[Samples]:
        """Blocks of mono float32 samples at 16 kHz.

        Raises:
            AudioError: If the sound cannot be decoded, ends before its header says, or holds no finite sample.
        """
        finite = False
        with self.path.open("rb") as file:
            for block in self._decode(file):
                good = np.isfinite(block)
                finite = finite or bool(good.any())
                yield block if good.all() else np.where(good, block, np.float32(0))
        if not finite:
            raise AudioError(f"{self}: holds no usable sample (all are NaN or infinite, or there are none)")

    def _decode(self, file: BinaryIO) -> Iterator[Samples]:
        import soundfile

        try:
            sound = soundfile.SoundFile(file)
        except (soundfile.LibsndfileError, RuntimeError):
            file.seek(0)
            yield from self._decode_av(file)
            return
        with sound:
            self._check(sound.samplerate, sound.channels)
            self.seconds = sound.frames / sound.samplerate
            yield from self._decode_soundfile(sound)

    def _decode_soundfile(self, sound: Any) -> Iterator[Samples]:
        import soundfile

        resample = _Resampler(sound.samplerate)
        frames = 0
        try:
            while len(block := sound.read(int(_BLOCK_SECONDS * sound.samplerate), dtype="float32", always_2d=True)):
                frames += len(block)
                yield resample(to_mono(block))
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{self}: broken after {frames / sound.samplerate:.1f} s; copy or export it again") from error
        # The frame count of an mp3 is an estimate; elsewhere a shortfall means that the end is missing.
        if frames < sound.frames and sound.format != "MP3":
            raise AudioError(
                f"{self}: truncated, {frames / sound.samplerate:.1f} s of {sound.frames / sound.samplerate:.1f} s "
                "could be read; copy or export it again"
            )
        yield resample(np.zeros(0, np.float32), last=True)

    def _decode_av(self, file: BinaryIO) -> Iterator[Samples]:
        import av

        try:
            with av.open(file, options={"format_whitelist": _AV_FORMATS, "protocol_whitelist": ""}) as container:
                if not container.streams.audio:
                    raise AudioError(f"{self}: has no sound track; give a recording of a voice")
                stream = container.streams.audio[0]
                self._check(stream.rate or 0, stream.channels)
                self.seconds = container.duration / av.time_base if container.duration else None
                resample = _Resampler(stream.rate)
                to_float = av.AudioResampler(format="fltp")
                for frame in container.decode(stream):
                    for plane in to_float.resample(frame):
                        if plane.sample_rate != stream.rate:
                            raise AudioError(f"{self}: changes its sample rate on the way; export it at one rate")
                        yield resample(to_mono(plane.to_ndarray().T))
                yield resample(np.zeros(0, np.float32), last=True)
        except av.FFmpegError as error:
            raise AudioError(f"{self}: not a sound file that can be decoded; convert it to wav, flac or mp3") from error

    def _check(self, rate: int, channels: int) -> None:
        if rate not in _RATES:
            raise AudioError(f"{self}: a sample rate of {rate} Hz is impossible; export it at 8,000 to 192,000 Hz")
        if not 1 <= channels <= _MAX_CHANNELS:
            raise AudioError(f"{self}: {channels} channels are out of range; export it as mono or stereo")


def read_audio(path: str | Path) -> Samples:
    """A whole recording as mono float32 samples at 16 kHz, shape ``(n,)``.

    Raises:
        AudioError: As :class:`AudioFile`.
    """
    return np.concatenate(list(AudioFile(path)))


def to_mono(samples: npt.NDArray[np.float32]) -> Samples:
    """The mean of the channels: ``(n, channels)`` to ``(n,)``; one channel passes as it is."""
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)


def to_mono16k(samples: npt.ArrayLike, rate: int) -> Samples:
    """Samples of any rate, ``(n,)`` or ``(n, channels)``, as mono float32 at 16 kHz; integers are scaled to [-1, 1).

    Raises:
        AudioError: If the shape, the rate or the values cannot be sound.

    >>> to_mono16k(np.zeros((8_000, 2), np.int16), 8_000).shape
    (16000,)
    """
    array = np.asarray(samples)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiu":
        raise AudioError(f"samples of shape {array.shape} and type {array.dtype}: give (n,) or (n, channels) numbers")
    if rate not in _RATES:
        raise AudioError(f"a sample rate of {rate} Hz is impossible; give 8,000 to 192,000 Hz")
    if array.dtype.kind == "f":
        floats = array.astype(np.float32)
    else:
        limits = np.iinfo(array.dtype)
        middle = 0 if limits.min < 0 else (limits.max + 1) // 2
        floats = ((array.astype(np.float64) - middle) / (limits.max + 1 - middle)).astype(np.float32)
    mono = to_mono(floats if floats.ndim == 2 else floats[:, None])
    good = np.isfinite(mono)
    if mono.size and not good.any():
        raise AudioError("samples are all NaN or infinite; check the source")
    return _Resampler(rate)(np.where(good, mono, np.float32(0)), last=True)


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
