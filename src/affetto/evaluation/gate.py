"""The speech gate: what is not a voice speaking is to be refused, and speech is to be let through."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.corpora.non_speech import split_non_speech
from affetto.errors import AudioError, CorpusError
from affetto.evaluation.robustness.judges import Judge
from affetto.learning.model import Progress
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.recognizer import MIN_SPEECH_SECONDS, Recognizer
from affetto.voice.speech import find_utterances

__all__ = [
    "SPEECH",
    "TOO_SHORT",
    "GateRow",
    "GateShare",
    "gate_shares",
    "judge_gate",
    "made_sounds",
    "read_rows",
    "recorded_sounds",
    "write_rows",
]

SPEECH, TOO_SHORT = "speech", "speech, too short"
"""Kinds of sounds that are cut from the clips of speakers; all others are no speech."""

_SHORT_SECONDS = (0.1, 0.4)
_FIELDS = ("kind", "name", "fold", "seconds", "score")

Sounds: TypeAlias = dict[str, dict[str, "Samples | Path"]]
"""By kind, then by name: a recording, or samples."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One sound and what a model makes of it.

    Attributes:
        kind: What it is.
        name: Which one.
        fold: The fold whose model judged it, or ``""``.
        seconds: Seconds in which voice activity detection hears a voice.
        score: How likely the network thinks that it is speech; 0 where there is nothing to judge.
    """

    kind: str
    name: str
    fold: str
    seconds: float
    score: float

    def refused(self, threshold: float) -> bool:
        """Whether nothing is read in it."""
        return self.seconds < MIN_SPEECH_SECONDS or self.score < threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class GateShare:
    """How many sounds of a kind are refused.

    Attributes:
        kind: What they are; ``"no speech"`` and ``"speech"`` are all of either.
        refused: How many are refused.
        total: How many there are.
    """

    kind: str
    refused: int
    total: int

    @property
    def share(self) -> float:
        """Share that is refused."""
        return self.refused / self.total

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"kind": self.kind, "refused": self.refused, "total": self.total, "share": self.share}


def recorded_sounds(root: Path, patterns: Sequence[str], *, learnt: bool = False) -> Sounds:
    """Noise and music that the gate did not learn from, or that it did, to choose a threshold on.

    Raises:
        CorpusError: If a pattern matches no file.
    """
    found: Sounds = {}
    for pattern in patterns:
        kind = pattern.split("*")[0].strip("/").replace("/", " ") or pattern
        train, test = split_non_speech(root, [pattern])
        found[kind] = {f"{path.parent.name}/{path.stem}": path for path in (train if learnt else test)}
    return found


def made_sounds(seed: int = 0) -> Sounds:
    """Silence, noises, tones and the like of three seconds, the same for the same seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(3 * RATE) / RATE
    white = [rng.standard_normal(len(time)) for _ in range(12)]

    def tone(hz: float) -> Samples:
        return np.sin(2 * np.pi * hz * time).astype(np.float32)

    def coloured(noise: npt.NDArray[np.float64], slope: float) -> npt.NDArray[np.float64]:
        spectrum = np.fft.rfft(noise)
        shaped = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 20) ** slope, len(noise))
        return shaped / np.abs(shaped).max()

    clicks = [np.where(rng.random(len(time)) < share, 1.0, 0.0) for share in (1e-4, 5e-4, 2e-3, 1e-2)]
    beats = [tone(hz) * (np.sin(2 * np.pi * rate * time) > 0) for hz in (300, 700, 1500) for rate in (2, 5)]
    chords = [sum(tone(root * step) for step in (1, 1.26, 1.5)) / 3 for root in (110, 165, 220, 330)]
    notes = [np.repeat(rng.choice([262, 294, 330, 349, 392, 440, 494], 12), RATE // 4) for _ in range(4)]
    sweeps = [np.sin(2 * np.pi * np.cumsum(np.geomspace(low, high, len(time))) / RATE)
              for low, high in ((100, 4000), (4000, 100), (200, 800), (50, 7000))]  # fmt: skip
    groups: dict[str, list[Any]] = {
        "silence": [np.zeros(len(time)), *(level * white[0] for level in (1e-5, 1e-4, 1e-3))],
        "steady noise": [level * coloured(noise, slope) for noise in white[:4] for slope in (0, 0.5, 1)
                         for level in (0.05, 0.5)],
        "tones": [0.3 * tone(hz) for hz in (100, 150, 220, 330, 440, 660, 1000, 2000, 4000)],
        "hum": [sum(tone(base * k) / k for k in (1, 2, 3, 5)) * level for base in (50, 60) for level in (0.05, 0.3)],
        "chords and tunes": [*(0.3 * chord for chord in chords),
                             *(0.3 * np.sin(2 * np.pi * np.cumsum(line) / RATE) for line in notes)],
        "sweeps and beeps": [*(0.3 * sound for sound in (*sweeps, *beats))],
        "clicks": clicks,
    }  # fmt: skip
    return {
        kind: {f"{number}": np.asarray(sound, np.float32) for number, sound in enumerate(sounds, start=1)}
        for kind, sounds in groups.items()
    }


def judge_gate(
    judges: Sequence[Judge], sounds: Sounds, *, short: int = 40, progress: Progress | None = None
) -> tuple[GateRow, ...]:
    """Lets every model judge all sounds that are no speech, the clips of its speakers, and short pieces of some.

    Args:
        judges: Models with the clips that they may judge.
        sounds: What is no speech.
        short: From so many clips of each judge a piece of 0.1 to 0.4 s is cut.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        CorpusError: If a sound cannot be read.
    """
    rows: list[GateRow] = []
    count = sum(map(len, sounds.values()))
    total, done = sum(count + len(judge.clips) for judge in judges), 0
    for judge in judges:
        recognizer = Recognizer(judge.model)
        rng = np.random.default_rng(0)
        every = max(1, len(judge.clips) // short) if short else 0
        for kind, name, sound in _all(judge, sounds):
            samples = _read(sound)
            rows.append(_row(recognizer, samples, kind, name, judge.fold))
            if kind == SPEECH and every and done % every == 0:
                piece = _piece(samples, rng)
                if piece is not None:
                    rows.append(_row(recognizer, piece, TOO_SHORT, name, judge.fold))
            done += 1
            if progress:
                progress("judging sounds", done, total)
    return tuple(rows)


def gate_shares(rows: Iterable[GateRow], *, threshold: float) -> tuple[GateShare, ...]:
    """What is refused of each kind and of the speech of each corpus, then of all that is no speech, and of speech."""
    rows = tuple(rows)
    kinds = list(dict.fromkeys(row.kind for row in rows if row.kind != SPEECH))
    groups = {kind: [row for row in rows if row.kind == kind] for kind in kinds}
    corpora = list(dict.fromkeys(row.name.partition("/")[0] for row in rows if row.kind == SPEECH))
    for corpus in corpora if len(corpora) > 1 else ():
        own = [row for row in rows if row.kind == SPEECH and row.name.startswith(f"{corpus}/")]
        groups[f"{SPEECH} of {corpus}"] = own
    groups["no speech"] = [row for row in rows if row.kind != SPEECH]
    groups[SPEECH] = [row for row in rows if row.kind == SPEECH]
    return tuple(
        GateShare(kind=kind, refused=sum(row.refused(threshold) for row in group), total=len(group))
        for kind, group in groups.items()
        if group
    )


def _all(judge: Judge, sounds: Sounds) -> Iterator[tuple[str, str, Samples | Path]]:
    for kind, named in sounds.items():
        for name, sound in named.items():
            yield kind, name, sound
    for clip in judge.clips:
        yield SPEECH, clip.name, clip.path


def _read(sound: Samples | Path) -> Samples:
    if not isinstance(sound, Path):
        return sound
    try:
        return read_audio(sound)
    except AudioError as error:
        raise CorpusError(f"{sound}: {error}; leave it out") from error


def _row(recognizer: Recognizer, samples: Samples, kind: str, name: str, fold: str) -> GateRow:
    seconds, score = recognizer.speech_score(find_utterances([samples]))
    return GateRow(kind, name, fold, round(seconds, 3), round(score, 4))


def _piece(samples: Samples, rng: np.random.Generator) -> Samples | None:
    """A short piece from within the first utterance, between silences; None where there is no utterance."""
    utterance = next(find_utterances([samples]), None)
    if utterance is None:
        return None
    length = round(float(rng.uniform(*_SHORT_SECONDS)) * RATE)
    start = max(0, (len(utterance.samples) - length) // 2)
    return np.pad(utterance.samples[start : start + length], RATE)


def write_rows(rows: Iterable[GateRow], path: Path) -> None:
    """Keeps what was judged, as CSV.

    Raises:
        CorpusError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_FIELDS)
            writer.writerows([getattr(row, name) for name in _FIELDS] for row in rows)
    except OSError as error:
        raise CorpusError(f"{path} cannot be written: {error}") from error


def read_rows(path: Path) -> tuple[GateRow, ...]:
    """The inverse of :func:`write_rows`.

    Raises:
        CorpusError: If it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(
                GateRow(row["kind"], row["name"], row["fold"], float(row["seconds"]), float(row["score"]))
                for row in csv.DictReader(file)
            )
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(f"{path}: {error!r}; make it with 'affetto evaluate-gate --out'") from error
