"""Examples to learn from: the speech of every clip as mel power, prepared once and kept on disk."""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from affetto.corpora.table import Clip
from affetto.errors import AffettoError
from affetto.learning.augment import change_speed, random_room
from affetto.learning.networks import FRAME_LENGTH, N_MELS, MelPower
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.speech import find_utterances

__all__ = ["VARIANTS", "Spectrograms", "join", "prepare_noise", "prepare_speech", "speech_of", "synthetic_noise"]

VARIANTS = ("plain", "whole", "slow", "slower", "faster", "fast", "room", "office", "hall")
"""Forms in which each clip is kept: its speech, all of it, the speech at four other speeds, in three rooms."""

_SPEEDS = {"slow": 0.88, "slower": 0.94, "faster": 1.06, "fast": 1.12}

_ROOMS = ("room", "office", "hall")

_VERSION = 2  # raise when the preparation changes, so that old files are not used
_LOG_FLOOR = 1e-10
_WORTH_PROCESSES = 200  # clips: fewer are prepared before the processes have started
_log = logging.getLogger(__name__)

Half = npt.NDArray[np.float16]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spectrograms:
    """Log mel power of many sounds of different lengths, stored end to end.

    Attributes:
        frames: Natural log of mel power, ``(all frames, mels)`` in half precision; other sounds may lie between.
        starts: Where each sound begins, ``(sounds,)``.
        lengths: Frames of each sound, ``(sounds,)``; 0 for one that could not be decoded.
    """

    frames: Half
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Half:
        """One sound, ``(frames, mels)``."""
        return self.frames[self.starts[index] : self.starts[index] + self.lengths[index]]

    def only(self, chosen: npt.NDArray[np.bool_] | slice) -> "Spectrograms":
        """Some of the sounds."""
        return Spectrograms(self.frames, self.starts[chosen], self.lengths[chosen])

    def power(self, index: int) -> npt.NDArray[np.float32]:
        """Mel power of one sound, ``(mels, frames)``."""
        return np.exp(self[index].astype(np.float32)).T


def speech_of(samples: Samples) -> Samples:
    """What surely is speech in a clip, its utterances joined; the whole clip where none is found."""
    utterances = list(find_utterances([samples], sure=True))
    return np.concatenate([utterance.samples for utterance in utterances]) if utterances else samples


def prepare_speech(
    clips: Sequence[Clip], cache: Path, *, progress: Callable[[str, int, int], None] | None = None
) -> dict[str, Spectrograms]:
    """Spectrograms of all clips in all variants, one cached file per corpus and variant.

    Args:
        clips: The clips, those of one corpus together; their order is kept.
        cache: Folder of the prepared files.
        progress: Called with what is being done, how much is done and how much there is.

    Returns:
        The spectrograms of each variant; a clip that cannot be decoded is logged as a warning and has no frames.
    """
    found: list[dict[str, Path]] = []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        paths = [clip.path for clip in clips if clip.corpus == corpus]
        key = hashlib.sha256(repr((_VERSION, [(p.name, p.stat().st_size) for p in paths])).encode()).hexdigest()[:12]
        files = {variant: cache / f"{corpus}-{key}-{variant}.npz" for variant in VARIANTS}
        if not all(file.is_file() for file in files.values()):
            _prepare_corpus(corpus, paths, files, progress)
        found.append(files)
    whole = join([_load(files[variant]) for variant in VARIANTS for files in found])
    count = len(clips)
    return {variant: whole.only(slice(k * count, (k + 1) * count)) for k, variant in enumerate(VARIANTS)}


def _prepare_corpus(
    corpus: str, paths: list[Path], files: dict[str, Path], progress: Callable[[str, int, int], None] | None
) -> None:
    sounds: dict[str, list[Half]] = {variant: [] for variant in VARIANTS}
    for done, (variants, error) in enumerate(_in_processes(_prepare_clip, range(len(paths)), paths)):
        if progress and done % 20 == 0:
            progress(f"preparing {corpus}", done, len(paths))
        if error:
            _log.warning("%s: left out: %s", corpus, error)
        for variant, kept in sounds.items():
            kept.append(variants.get(variant, np.zeros((0, N_MELS), np.float16)))
    for variant, file in files.items():
        _save(file, sounds[variant])


def _in_processes(work: Callable[..., T], *values: Sequence[Any]) -> Iterator[T]:
    """``map``, by several processes where there is much to do."""
    if len(values[0]) < _WORTH_PROCESSES:
        yield from map(work, *values)
        return
    jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(work, *values, chunksize=16)


def _prepare_clip(number: int, path: Path) -> tuple[dict[str, Half], str]:
    """A clip in all variants; or why it cannot be decoded."""
    try:
        samples = read_audio(path)
    except AffettoError as error:
        return {}, str(error)
    made = _variants(samples, np.random.default_rng([_VERSION, number]))
    return {variant: log_power(samples) for variant, samples in made.items()}, ""


def _one_thread() -> None:
    torch.set_num_threads(1)


def _variants(samples: Samples, rng: np.random.Generator) -> dict[str, Samples]:
    speech = speech_of(samples)
    varied = {
        **{name: change_speed(speech, speed) for name, speed in _SPEEDS.items()},
        **{name: random_room(change_speed(speech, rng.uniform(0.93, 1.07)), rng) for name in _ROOMS},
        "whole": samples,
    }
    # frames begin anywhere in what is heard, not always with its first sample
    return {"plain": speech, **{name: one[int(rng.integers(FRAME_LENGTH)) :] for name, one in varied.items()}}


_mel_power = MelPower()


def log_power(samples: Samples) -> Half:
    """Log mel power of a waveform, ``(frames, mels)``, by the very module that is exported."""
    if len(samples) < FRAME_LENGTH:
        samples = np.pad(samples, (0, FRAME_LENGTH - len(samples)))
    with torch.inference_mode():
        power = _mel_power(torch.from_numpy(np.ascontiguousarray(samples))[None])[0].numpy()
    return np.log(power.T + np.float32(_LOG_FLOOR)).astype(np.float16)


def prepare_noise(paths: Sequence[Path], cache: Path, *, seconds: float = 10.0) -> Spectrograms:
    """Spectrograms of recordings that are not speech (at most ``seconds`` of each), and of synthetic noises.

    Raises:
        AudioError: If a recording cannot be decoded.
    """
    key = hashlib.sha256(repr((_VERSION, seconds, [path.name for path in paths])).encode()).hexdigest()[:12]
    file = cache / f"noise-{key}.npz"
    if not file.is_file():
        recorded = _in_processes(partial(_prepare_noise, seconds=seconds), paths)
        _save(file, [*recorded, *(log_power(sound) for sound in synthetic_noise())])
    return _load(file)


def _prepare_noise(path: Path, *, seconds: float) -> Half:
    return log_power(read_audio(path)[: int(seconds * RATE)])


def synthetic_noise(*, seconds: float = 4.0, seed: int = 0) -> list[Samples]:
    """Noises of several colours, hums, tones, chirps and clicks: what a microphone hears when nobody speaks."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    time = np.arange(n) / RATE
    sounds: list[npt.NDArray[np.float64]] = []
    for slope in (0.0, 0.5, 1.0, 1.5, 2.0):
        for _ in range(6):
            spectrum = np.fft.rfft(rng.standard_normal(n)) / np.maximum(np.arange(n // 2 + 1), 1) ** slope
            sounds.append(np.fft.irfft(spectrum, n))
    for _ in range(12):
        base = rng.uniform(50, 2000)
        harmonics = range(1, int(rng.integers(2, 8)))
        sounds.append(np.sum([np.sin(2 * np.pi * base * k * time) / k for k in harmonics], axis=0))
        rise = rng.uniform(-300, 300)
        sounds.append(np.sin(2 * np.pi * (base + 300) * time + np.pi * rise * time**2))
        clicks = (rng.random(n) < rng.uniform(1, 20) / RATE).astype(float)
        sounds.append(np.convolve(clicks, np.exp(-np.arange(200) / rng.uniform(5, 60)))[:n] + 1e-4)
    return [(sound / (np.abs(sound).max() + 1e-9) * 0.3).astype(np.float32) for sound in sounds]


def join(parts: Sequence[Spectrograms]) -> Spectrograms:
    """All sounds of several sets, one after another; what they share is not copied."""
    if all(part.frames is parts[0].frames for part in parts):
        frames, offsets = parts[0].frames, [0] * len(parts)
    else:
        frames = np.concatenate([part.frames for part in parts])
        offsets = np.cumsum([0, *(len(part.frames) for part in parts[:-1])]).tolist()
    starts = [part.starts + offset for part, offset in zip(parts, offsets, strict=True)]
    return Spectrograms(frames, np.concatenate(starts), np.concatenate([part.lengths for part in parts]))


def _save(file: Path, sounds: Sequence[Half]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".partial.npz")
    np.savez(
        unfinished, frames=np.concatenate(list(sounds)), lengths=np.array([len(sound) for sound in sounds], np.int64)
    )
    unfinished.replace(file)


def _load(file: Path) -> Spectrograms:
    with np.load(file) as data:
        lengths: npt.NDArray[np.int64] = data["lengths"]
        return Spectrograms(data["frames"], np.cumsum(lengths) - lengths, lengths)
