"""Sounds behind a voice: other people, the surroundings, music, hiss, a cough, a sneeze."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from affetto.corpora.non_speech import split_non_speech
from affetto.errors import CorpusError
from affetto.evaluation.robustness.sound import Floats, Rng, level, mix
from affetto.voice.audio import RATE, Samples, read_audio

__all__ = ["Backgrounds", "babble", "coughing", "environmental_noise", "music", "sneezing", "white_noise"]

_BACKGROUND_DB, _BURST_DB = 20.0, 10.0
_TRIES = 20
_NOISES, _MUSIC = "speech/noise/*/?-*", "music/emotify/*.opus"
_SNEEZES = "person_sneeze"


@dataclass(frozen=True, slots=True)
class Backgrounds:
    """Where the sounds come from; what there is no recording of is synthesized.

    Attributes:
        voices: Recordings of speech for babble, each with its speaker.
        environments: Recordings of surroundings.
        music: Recordings of music.
        sneezes: Recordings of sneezes.
    """

    voices: tuple[tuple[str, Path], ...] = ()
    environments: tuple[Path, ...] = ()
    music: tuple[Path, ...] = ()
    sneezes: tuple[Path, ...] = ()

    @classmethod
    def of_data(cls, data: Path | None, voices: Sequence[tuple[str, Path]]) -> "Backgrounds":
        """The recordings of a data folder that no recognizer of its recipes has learnt from.

        Args:
            data: Folder with ``speech/noise`` and ``music/emotify``; None, or one without them, to synthesize.
            voices: Speech for babble, each with its speaker.
        """
        noises, songs = _held_out(data, _NOISES), _held_out(data, _MUSIC)
        return cls(
            voices=tuple(voices),
            environments=tuple(path for path in noises if path.parent.name != _SNEEZES),
            music=songs,
            sneezes=tuple(path for path in noises if path.parent.name == _SNEEZES),
        )

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Which recordings they are, whatever folder they lie in."""
        voices = tuple(f"{speaker}/{path.name}" for speaker, path in self.voices)
        others = (self.environments, self.music, self.sneezes)
        return (voices, *(tuple(path.name for path in group) for group in others))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is synthesized for want of recordings."""
        missing = {
            "voices for babble": self.voices,
            "surroundings": self.environments,
            "music": self.music,
            "sneezes": self.sneezes,
        }
        return tuple(f"{name}: synthesized, no recordings given" for name, found in missing.items() if not found)


def _held_out(data: Path | None, pattern: str) -> tuple[Path, ...]:
    if data is None:
        return ()
    try:
        return split_non_speech(data, [pattern])[1]
    except CorpusError:
        return ()


def babble(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """4 to 7 other people speaking, 20 dB below."""
    others = [path for name, path in around.voices if name != speaker or not name]
    noise = np.zeros(len(samples))
    for _ in range(int(rng.integers(4, 8))):
        gain = 10 ** (rng.uniform(-20, -13) / 20)
        voice = _excerpt(others, len(samples), rng) if others else _synthetic_voice(len(samples), rng)
        noise += gain * voice
    return mix(samples, noise, snr_db=_BACKGROUND_DB)


def environmental_noise(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """Rain, a dog, a helicopter and so on, 20 dB below."""
    del speaker
    noise = _excerpt(around.environments, len(samples), rng) if around.environments else _hum(len(samples), rng)
    return mix(samples, noise, snr_db=_BACKGROUND_DB)


def music(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """Music, 20 dB below."""
    del speaker
    noise = _excerpt(around.music, len(samples), rng) if around.music else _chords(len(samples), rng)
    return mix(samples, noise, snr_db=_BACKGROUND_DB)


def white_noise(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """Gaussian white noise, 20 dB below."""
    del around, speaker
    return mix(samples, rng.standard_normal(len(samples)), snr_db=_BACKGROUND_DB)


def coughing(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """One cough somewhere; its level over the whole recording is 10 dB below."""
    del around, speaker
    return mix(samples, _placed(_cough(rng), len(samples), rng), snr_db=_BURST_DB)


def sneezing(samples: Samples, rng: Rng, around: Backgrounds, speaker: str) -> Samples:
    """One sneeze somewhere; its level over the whole recording is 10 dB below."""
    del speaker
    if around.sneezes:
        burst = _loud_part(_sound(around.sneezes[int(rng.integers(len(around.sneezes)))]))
    else:
        burst = _sneeze(rng)
    return mix(samples, _placed(burst, len(samples), rng), snr_db=_BURST_DB)


@lru_cache(maxsize=256)
def _sound(path: Path) -> Samples:
    return read_audio(path)


def _excerpt(paths: Sequence[Path], length: int, rng: Rng) -> Floats:
    """A stretch of one of the recordings, from a random place, repeated where it is too short."""
    for _ in range(_TRIES):
        sound = _sound(paths[int(rng.integers(len(paths)))])
        start = int(rng.integers(max(len(sound), 1)))
        found = np.resize(np.roll(sound, -start), length)
        if level(found) > 1e-5:  # some recordings are silent at their end
            return found
    return rng.standard_normal(length).astype(np.float32)


def _placed(burst: Floats, length: int, rng: Rng) -> Floats:
    noise = np.zeros(length)
    start = int(rng.integers(max(length - len(burst), 1)))
    part = burst[: length - start]
    noise[start : start + len(part)] = part
    return noise


def _loud_part(sound: Floats, *, block: int = RATE // 50) -> Floats:
    """From the first to the last moment within 30 dB of the loudest."""
    blocks = sound[: len(sound) // block * block].reshape(-1, block)
    loud = np.sqrt(np.mean(np.square(blocks), axis=1))
    places = np.flatnonzero(loud > loud.max(initial=0.0) * 10 ** (-30 / 20))
    return sound[places[0] * block : (places[-1] + 1) * block] if len(places) else sound


def _coloured(length: int, rng: Rng, shape: Callable[[np.ndarray], np.ndarray]) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(length)) * shape(np.fft.rfftfreq(length, 1 / RATE))
    return np.fft.irfft(spectrum, length)


def _bump(centre: float, octaves: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda hz: np.exp(-0.5 * (np.log2(np.maximum(hz, 1) / centre) / octaves) ** 2)


def _cough(rng: Rng) -> Floats:
    """One to three bursts of broad noise that start at once and fade, the first the strongest (Korpas et al. 1996)."""
    parts: list[Floats] = []
    for place in range(int(rng.integers(1, 4))):
        length = int(rng.uniform(0.18, 0.3) * RATE)
        time = np.arange(length) / RATE
        noise = _coloured(length, rng, _bump(rng.uniform(600, 1800), 1.2))
        fade = np.minimum(time / 0.003, 1) * np.exp(-time / rng.uniform(0.04, 0.08))
        parts += [noise * fade * 0.7**place, np.zeros(int(rng.uniform(0.08, 0.16) * RATE))]
    return np.concatenate(parts)


def _sneeze(rng: Rng) -> Floats:
    """A rising breath and a bright burst."""
    breath, burst = int(rng.uniform(0.15, 0.3) * RATE), int(rng.uniform(0.25, 0.4) * RATE)
    time = np.arange(burst) / RATE
    return np.concatenate(
        [
            0.05 * _coloured(breath, rng, _bump(1500, 1.5)) * np.linspace(0, 1, breath),
            _coloured(burst, rng, _bump(3500, 1.0)) * np.minimum(time / 0.005, 1) * np.exp(-time / 0.1),
        ]
    )


def _synthetic_voice(length: int, rng: Rng) -> Floats:
    """Noise with the long-term spectrum of speech and the rhythm of syllables (Byrne et al. 1994)."""
    noise = _coloured(length, rng, lambda hz: (hz > 80) / np.maximum(hz / 500, 1) ** 1.5)
    time = np.arange(length) / RATE
    return noise * (0.6 + 0.4 * np.sin(2 * np.pi * (rng.uniform(3, 6) * time + rng.random())))


def _hum(length: int, rng: Rng) -> Floats:
    """Noise of a random colour that swells slowly, as wind, rain and engines do."""
    slope = rng.uniform(0.3, 1.5)
    noise = _coloured(length, rng, lambda hz: 1 / np.maximum(hz, 30) ** slope)
    return noise * (0.7 + 0.3 * np.sin(2 * np.pi * (rng.uniform(0.2, 1) * np.arange(length) / RATE + rng.random())))


def _chords(length: int, rng: Rng) -> Floats:
    """Chords of struck strings over a beat."""
    time = np.arange(length) / RATE
    beat, sound = rng.uniform(0.35, 0.8), np.zeros(length)
    for start in np.arange(0, length / RATE, beat):
        since = np.maximum(time - start, 0)
        struck = (time >= start) * np.exp(-since / 0.5)
        root = 110 * 2 ** (rng.integers(24) / 12)
        for step in (0, 4 if rng.random() < 0.5 else 3, 7):
            hz = root * 2 ** (step / 12)
            sound += struck * sum(np.sin(2 * np.pi * hz * part * since) / part for part in (1, 2, 3))
    return sound
