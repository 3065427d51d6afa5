"""Whether explanations are true: without the moment that is said to weigh most, an answer should fall the farthest.

The moment is found by hiding (see :mod:`affetto.voice.saliency`) and tested by another means: it is cut out.
"""

import contextlib
import csv
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS
from affetto.errors import AffettoError, CorpusError
from affetto.evaluation.robustness.judges import Judge, Recording
from affetto.voice.audio import RATE, Samples, read_audio
from affetto.voice.explanation_figure import explanation_svg
from affetto.voice.recognizer import Recognizer
from affetto.voice.saliency import log_odds, weigh, without
from affetto.voice.speech import find_utterances

__all__ = [
    "FIGURES",
    "Cut",
    "Faithfulness",
    "cut_clips",
    "draw_examples",
    "faithfulness",
    "read_cuts",
    "write_cuts",
]

_RANDOM = 5  # cuts at random, of which the mean is taken
_REPEATS = 1000

FIGURES = {
    "strongest": "log-odds lost without the second that weighed most (nats)",
    "random": "without a random second",
    "weakest": "without the second that weighed least",
    "wins": "share of clips in which the first costs more than a random one",
    "changed": "another emotion is read without the second that weighed most",
    "changed_random": "without a random second",
}
"""The figures of :class:`Faithfulness` in words."""

Progress: TypeAlias = Callable[[str, int, int], None]
Floats: TypeAlias = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One clip, with the second that weighed most cut out, and with others.

    Attributes:
        stem: File name without suffix.
        corpus: Its corpus, or ``""``.
        speaker: Its speaker, or ``""``.
        fold: The fold whose model judged it, or ``""``.
        emotion: What was read.
        strongest: By how many nats the log-odds of the emotion fall without the second that weighed most.
        random: The same without a second drawn at random, mean of five.
        weakest: The same without the second that weighed least.
        changed: Whether another emotion is read without the second that weighed most.
        changed_random: Share of the five random cuts that change it.
    """

    stem: str
    corpus: str
    speaker: str
    fold: str
    emotion: str
    strongest: float
    random: float
    weakest: float
    changed: bool
    changed_random: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """What cuts tell; means over clips, with 95 % intervals over speakers.

    Attributes:
        clips: Clips that were long enough.
        strongest: Fall of the log-odds without the second that weighed most.
        random: Without a random one.
        weakest: Without the one that weighed least.
        wins: Share of clips in which the first is larger than the second.
        changed: Share of clips whose emotion changes without the second that weighed most.
        changed_random: Without a random one.
        intervals: Of each figure, and of ``gain``, the difference of the first two.
    """

    clips: int
    strongest: float
    random: float
    weakest: float
    wins: float
    changed: float
    changed_random: float
    intervals: dict[str, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def cut_clips(judges: Sequence[Judge], *, seed: int = 0, progress: Progress | None = None) -> tuple[Cut, ...]:
    """Explains every clip, and cuts.

    Clips in which nothing is read, or with less than a second and a half of speech, are passed over: there is no second
    to choose.

    Args:
        judges: Who judges what.
        seed: Decides the random cuts, with the clip's name.
        progress: Called with what is being done, how much is done and how much there is.
    """
    found: list[Cut] = []
    total, done = sum(len(judge.clips) for judge in judges), 0
    for judge in judges:
        recognizer = Recognizer(judge.model)
        for clip in judge.clips:
            cut = _cut(recognizer, clip, judge.fold, seed)
            if cut is not None:
                found.append(cut)
            done += 1
            if progress:
                progress("explaining and cutting", done, total)
    if not found:
        raise CorpusError("no clip with a reading and a second and a half of speech; give others")
    return tuple(found)


def _cut(recognizer: Recognizer, clip: Recording, fold: str, seed: int) -> Cut | None:
    try:
        samples = read_audio(clip.path)
    except AffettoError:
        return None
    utterances = list(find_utterances([samples]))
    reading = recognizer.read_utterances(utterances)
    if reading.emotion is None:
        return None
    speech = np.concatenate([utterance.samples for utterance in utterances])
    if len(speech) < 1.5 * RATE:
        return None
    place = EMOTIONS.index(reading.emotion)

    def probability(part: Samples) -> float:
        return float(recognizer.probabilities(part)[0][place])

    saliency = weigh(speech, probability, bands=0)
    whole = log_odds(probability(speech))

    def fall(start: int) -> tuple[float, bool]:
        begin = start * saliency.step
        left, _ = recognizer.probabilities(without(speech, begin, begin + saliency.span))
        return whole - log_odds(float(left[place])), int(left.argmax()) != place

    rng = np.random.default_rng([seed, zlib.crc32(clip.name.encode())])
    drawn = [fall(int(start)) for start in rng.integers(len(saliency.curve), size=_RANDOM)]
    strongest, changed = fall(int(np.argmax(saliency.curve)))
    return Cut(
        stem=clip.path.stem,
        corpus=clip.corpus,
        speaker=clip.speaker,
        fold=fold,
        emotion=reading.emotion.value,
        strongest=round(strongest, 4),
        random=round(float(np.mean([value for value, _ in drawn])), 4),
        weakest=round(fall(int(np.argmin(saliency.curve)))[0], 4),
        changed=changed,
        changed_random=float(np.mean([flag for _, flag in drawn])),
    )


def faithfulness(cuts: Sequence[Cut]) -> Faithfulness:
    """The figures of some cuts.

    Args:
        cuts: At least one.
    """
    columns: dict[str, Floats] = {
        name: np.array([float(getattr(cut, name)) for cut in cuts])
        for name in ("strongest", "random", "weakest", "changed", "changed_random")
    }
    columns["wins"] = (columns["strongest"] > columns["random"]).astype(float)
    columns["gain"] = columns["strongest"] - columns["random"]
    names = [f"{cut.corpus}/{cut.speaker}" if cut.speaker else cut.stem for cut in cuts]
    people = np.unique(names, return_inverse=True)[1]
    count = int(people.max()) + 1
    times = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=_REPEATS)[:, people]
    around: dict[str, tuple[float, float]] = {}
    for name, values in columns.items():
        low, high = np.percentile(times @ values / times.sum(axis=1), [2.5, 97.5])
        around[name] = float(low), float(high)
    means = {name: float(values.mean()) for name, values in columns.items() if name != "gain"}
    return Faithfulness(clips=len(cuts), **means, intervals=around)


def draw_examples(judges: Sequence[Judge], cuts: Sequence[Cut]) -> tuple[tuple[str, str], ...]:
    """An explanation of each emotion that was read: the clip in which the second that weighed most costs most.

    Returns:
        Drawings (SVG), each with its caption.
    """
    chosen: dict[str, Cut] = {}
    for cut in sorted(cuts, key=lambda cut: -cut.strongest):
        chosen.setdefault(cut.emotion, cut)
    drawings: list[tuple[str, str]] = []
    for judge in judges:
        wanted = {(cut.corpus, cut.speaker, cut.stem): cut for cut in chosen.values() if cut.fold == judge.fold}
        clips = [clip for clip in judge.clips if (clip.corpus, clip.speaker, clip.path.stem) in wanted]
        recognizer = Recognizer(judge.model) if clips else None
        for clip in clips:
            reading = recognizer.hear(clip.path, explain=True) if recognizer else None
            if reading is not None and reading.explanation is not None:
                label = f", labelled {clip.label}" if clip.label else ""
                caption = f"{clip.path.stem}{label}: {reading.words}; {reading.explanation.words}"
                drawings.append((explanation_svg(reading.explanation), caption))
    return tuple(drawings)


def write_cuts(cuts: Sequence[Cut], path: Path) -> None:
    """Writes a CSV, a row for each clip.

    Raises:
        CorpusError: If it cannot be written.
    """
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [part.name for part in fields(Cut)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(cut) | {"changed": int(cut.changed)} for cut in cuts)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise CorpusError(f"{path} cannot be written: {error}") from error


def read_cuts(path: Path) -> tuple[Cut, ...]:
    """Reads what :func:`write_cuts` wrote.

    Raises:
        CorpusError: If the file cannot be read, or is of something else.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            cuts = tuple(_parse(row) for row in csv.DictReader(file))
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise CorpusError(f"{path}: {error!r}; make it with 'affetto faithfulness --out'") from error
    if not cuts:
        raise CorpusError(f"{path}: no row in it; make it with 'affetto faithfulness --out'")
    return cuts


def _parse(row: dict[str, str]) -> Cut:
    return Cut(
        stem=row["stem"],
        corpus=row["corpus"],
        speaker=row["speaker"],
        fold=row["fold"],
        emotion=row["emotion"],
        strongest=float(row["strongest"]),
        random=float(row["random"]),
        weakest=float(row["weakest"]),
        changed=bool(int(row["changed"])),
        changed_random=float(row["changed_random"]),
    )
