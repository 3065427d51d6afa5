"""What corrections gain and cost, simulated on out-of-fold predictions.

People are made of the speakers of a report. Half of each one's clips are lived with: readings are corrected, and those
that follow are shifted by what the corrections so far have taught. The other half is then read without and with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError
from affetto.evaluation.predictions import EIGHT, Prediction, probabilities_of
from affetto.voice.correction import Correction, learn_shift, shifted

__all__ = ["PEOPLE", "CorrectionFigures", "Person", "simulate_corrections"]

Person: TypeAlias = Literal["as they are", "biased", "own words", "at random"]

PEOPLE: Mapping[Person, str] = {
    "as they are": "the speakers of the report, who correct wrong readings",
    "biased": "the same, their readings shifted throughout: a number for each emotion, drawn once for each person",
    "own words": "the same, who call one emotion, drawn once for each person, by the name of another",
    "at random": "the same, who correct every other reading to an emotion that they draw by lot",
}
"""Who corrects, in words."""

_COUNTS = (3, 6, 12)
_FEWEST_CLIPS = 16
_BIAS = 1.5  # nats, standard deviation
_FLOOR = 1e-4

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionFigures:
    """What so many corrections do, mean over people.

    Attributes:
        person: Who corrects; see :data:`PEOPLE`.
        corrections: How many were made, at most.
        people: How many people there were.
        accuracy_before: Accuracy on the other half of the clips without them.
        accuracy_after: The same with them.
        loss_before: Mean negative log-likelihood without them, nats.
        loss_after: The same with them.
    """

    person: Person
    corrections: int
    people: int
    accuracy_before: float
    accuracy_after: float
    loss_before: float
    loss_after: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def simulate_corrections(
    predictions: Sequence[Prediction], *, repeats: int = 3, seed: int = 0
) -> tuple[CorrectionFigures, ...]:
    """Lets the speakers of a report correct their readings, and tells what it changes.

    Args:
        predictions: Out of fold; the first seed's are used, of corpora whose labels are among the eight emotions.
        repeats: How often each speaker lives through it, with clips in another order.
        seed: Decides every random choice.

    Raises:
        CorpusError: If no speaker has clips enough.
    """
    first = min(p.seed for p in predictions)
    of_speaker: dict[tuple[str, str], list[Prediction]] = {}
    for p in predictions:
        if p.seed == first and p.label in EIGHT:
            of_speaker.setdefault((p.corpus, p.speaker), []).append(p)
    people = [_arrays(own) for own in of_speaker.values() if len(own) >= _FEWEST_CLIPS]
    if not people:
        raise CorpusError(f"no speaker has {_FEWEST_CLIPS} clips; corrections are simulated on half of a speaker's")
    found: list[CorrectionFigures] = []
    for person in PEOPLE:
        for count in _COUNTS:
            lives = [
                _live(*one, person, count, np.random.default_rng((seed, life, place)))
                for life in range(repeats)
                for place, one in enumerate(people)
            ]
            means = map(float, np.mean(lives, axis=0))
            names = ("accuracy_before", "accuracy_after", "loss_before", "loss_after")
            found.append(
                CorrectionFigures(
                    person=person, corrections=count, people=len(people), **dict(zip(names, means, strict=True))
                )
            )
    return tuple(found)


def _arrays(own: Sequence[Prediction]) -> tuple[Floats, npt.NDArray[np.int64]]:
    probabilities = np.maximum(probabilities_of(own, EIGHT), _FLOOR)
    return np.log(probabilities), np.array([EIGHT.index(p.label) for p in own])


def _live(
    logits: Floats, labels: npt.NDArray[np.int64], person: Person, count: int, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    order = rng.permutation(len(labels))
    logits, labels = logits[order].copy(), labels[order].copy()
    if person == "biased":
        logits += _BIAS * rng.standard_normal(logits.shape[1])
    elif person == "own words":
        one, other = rng.choice(logits.shape[1], 2, replace=False)
        labels[labels == one] = other
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    half = len(labels) // 2
    shift = _correct(probabilities[:half], labels[:half], person, count, rng)
    before, after = probabilities[half:], _shift_all(probabilities[half:], shift)
    return (*_accuracies(before, after, labels[half:]), *_losses(before, after, labels[half:]))


def _correct(
    probabilities: Floats, labels: npt.NDArray[np.int64], person: Person, count: int, rng: np.random.Generator
) -> tuple[float, ...]:
    """The shift after living with readings and correcting up to so many."""
    corrections: list[Correction] = []
    shift: tuple[float, ...] = ()
    for p, label in zip(probabilities, labels, strict=True):
        if len(corrections) == count:
            break
        if person == "at random":
            wrong, label = bool(rng.random() < 0.5), int(rng.integers(len(EMOTIONS)))
        else:
            wrong = int(_shift_all(p[None], shift)[0].argmax()) != label
        if wrong:
            corrections.append(
                Correction(emotion=EMOTIONS[label], probabilities=tuple(map(float, p)), model="", when="")
            )
            shift = learn_shift(corrections)
    return shift


def _shift_all(probabilities: Floats, shift: tuple[float, ...]) -> Floats:
    rows: list[dict[Emotion, float]] = [
        shifted(dict(zip(EMOTIONS, map(float, p), strict=True)), shift) for p in probabilities
    ]
    return np.array([[row[emotion] for emotion in EMOTIONS] for row in rows])


def _accuracies(before: Floats, after: Floats, labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    return float(np.mean(before.argmax(axis=1) == labels)), float(np.mean(after.argmax(axis=1) == labels))


def _losses(before: Floats, after: Floats, labels: npt.NDArray[np.int64]) -> tuple[float, float]:
    rows = np.arange(len(labels))
    first, second = (float(-np.log(np.maximum(p[rows, labels], _FLOOR)).mean()) for p in (before, after))
    return first, second
