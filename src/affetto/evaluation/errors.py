"""Where a model errs, without listening: which labels, speakers, lengths, intensities and sentences, and how surely."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from affetto.affect import Emotion, circumplex
from affetto.evaluation.facts import facts_of, gender_of
from affetto.evaluation.metrics import accuracy, unweighted_average_recall
from affetto.evaluation.predictions import EIGHT, Prediction
from affetto.evaluation.report import GroupFigures, length_of
from affetto.evaluation.tables import Table

__all__ = ["Confusion", "Errors", "SureError", "error_tables", "find_errors"]

_LISTED = 10
_SURE = 0.8
_NEAR = 0.7  # on the circumplex: within it, what sounds is alike although the name is not
_GENDERS = {"f": "women", "m": "men"}


@dataclass(frozen=True, slots=True)
class Confusion:
    """A label taken for another.

    Attributes:
        label: What the corpus states.
        taken_for: What was answered.
        clips: How often, seeds pooled.
        of_label: As a share of the label's clips.
        of_errors: As a share of all errors.
    """

    label: str
    taken_for: str
    clips: int
    of_label: float
    of_errors: float


@dataclass(frozen=True, slots=True)
class SureError:
    """A clip that is wrong with much confidence.

    Attributes:
        clip: Corpus and name.
        label: What the corpus states.
        taken_for: What was answered.
        confidence: Its probability, mean over the seeds that erred so.
    """

    clip: str
    label: str
    taken_for: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What is known of the errors, seeds pooled.

    Attributes:
        share: Share of the predictions that are wrong.
        second: Share of the errors whose right answer came second.
        near: Share of the errors between emotions that lie within .7 of each other on the circumplex; None where no
            error is between two of the eight.
        sure: Share of the errors made with a confidence of 80 % or more.
        confusions: Pairs, the most frequent first.
        groups: Figures by ``speaker``, ``voice``, ``length``, ``intensity`` and ``sentence``, the hardest first; what
            nothing is known of is left out.
        surest: The errors made with most confidence.
    """

    share: float
    second: float
    near: float | None
    sure: float
    confusions: tuple[Confusion, ...]
    groups: dict[str, tuple[GroupFigures, ...]]
    surest: tuple[SureError, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The findings in words."""
        found = [f"{self.share:.0%} of the answers are wrong; in {self.second:.0%} of these the right one came second."]
        if self.near is not None:
            found.append(
                f"{self.near:.0%} of the errors are between emotions that lie close together on the circumplex."
            )
        found.append(f"{self.sure:.0%} of the errors are made with a confidence of {_SURE:.0%} or more.")
        if self.confusions:
            first = self.confusions[0]
            found.append(
                f"Most often {first.label} is taken for {first.taken_for}: {first.of_errors:.0%} of all errors, "
                f"{first.of_label:.0%} of its clips."
            )
        for kind, groups in self.groups.items():
            if len(groups) > 1:
                hard, easy = groups[0], groups[-1]
                found.append(f"By {kind}, UAR goes from {hard.uar:.2f} ({hard.name}) to {easy.uar:.2f} ({easy.name}).")
        return tuple(found)


def find_errors(predictions: Sequence[Prediction]) -> Errors:
    """Looks into the errors of predictions.

    Args:
        predictions: At least one.
    """
    wrong = [p for p in predictions if p.guess != p.label]
    kinds: dict[str, Callable[[Prediction], str]] = {
        "speaker": lambda p: f"{p.corpus}:{p.speaker}" if p.speaker else "",
        "voice": lambda p: _GENDERS.get(gender_of(p), ""),
        "length": lambda p: length_of(p.seconds),
        "intensity": lambda p: _of_name(p, "intensity"),
        "sentence": lambda p: _of_name(p, "sentence"),
    }
    groups = {kind: _groups(predictions, key) for kind, key in kinds.items()}
    return Errors(
        share=len(wrong) / len(predictions),
        second=_share(_came_second(p) for p in wrong),
        near=_near(wrong),
        sure=_share(p.probabilities.max() >= _SURE for p in wrong),
        confusions=_confusions(predictions, wrong),
        groups={kind: found for kind, found in groups.items() if len(found) > 1},
        surest=_surest(wrong),
    )


def _share(flags: Any) -> float:
    found = list(flags)
    return float(np.mean(found)) if found else 0.0


def _of_name(p: Prediction, what: str) -> str:
    facts = facts_of(p)
    value = str(getattr(facts, what)) if facts else ""
    return f"{p.corpus}: {value}" if value else ""


def _came_second(p: Prediction) -> bool:
    return p.label in p.labels and int(np.argsort(-p.probabilities)[1]) == p.labels.index(p.label)


def _near(wrong: Sequence[Prediction]) -> float | None:
    places = circumplex()
    far = [
        np.hypot(a.valence - b.valence, a.arousal - b.arousal)
        for p in wrong
        if p.label in EIGHT and p.guess in EIGHT
        for a, b in [(places[Emotion(p.label)], places[Emotion(p.guess)])]
    ]
    return float(np.mean(np.array(far) <= _NEAR)) if far else None


def _confusions(predictions: Sequence[Prediction], wrong: Sequence[Prediction]) -> tuple[Confusion, ...]:
    of_label = Counter(p.label for p in predictions)
    pairs = Counter((p.label, p.guess) for p in wrong)
    return tuple(
        Confusion(label, guess, count, count / of_label[label], count / len(wrong))
        for (label, guess), count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    )


def _groups(predictions: Sequence[Prediction], key: Callable[[Prediction], str]) -> tuple[GroupFigures, ...]:
    names = np.array([key(p) for p in predictions])
    both = np.array([[p.label for p in predictions], [p.guess for p in predictions]])
    labels, guesses = np.unique(both, return_inverse=True)[1].reshape(2, -1)
    seeds = len({p.seed for p in predictions})
    found = [
        GroupFigures(
            name=str(name),
            clips=int(np.sum(names == name)) // seeds,
            uar=unweighted_average_recall(labels[names == name], guesses[names == name]),
            accuracy=accuracy(labels[names == name], guesses[names == name]),
        )
        for name in np.unique(names)
        if name
    ]
    return tuple(sorted(found, key=lambda group: (group.uar, group.name)))


def _surest(wrong: Sequence[Prediction]) -> tuple[SureError, ...]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for p in wrong:
        found.setdefault((f"{p.corpus} {p.stem}", p.label, p.guess), []).append(float(p.probabilities.max()))
    every = [SureError(*key, float(np.mean(values))) for key, values in found.items()]
    return tuple(sorted(every, key=lambda error: (-error.confidence, error.clip))[:_LISTED])


def error_tables(errors: Errors, kinds: Sequence[str] = ("speaker", "intensity", "sentence")) -> tuple[Table, ...]:
    """The findings as tables, each with its first rows.

    Args:
        errors: The findings.
        kinds: Which groups have a table of their own.
    """
    tables = [
        Table(
            "what is taken for what, most often first",
            ("label", "taken for", "clips", "of its clips", "of all errors"),
            tuple(
                (one.label, one.taken_for, str(one.clips), f"{one.of_label:.3f}", f"{one.of_errors:.3f}")
                for one in errors.confusions[:_LISTED]
            ),
        ),
        *(
            Table(
                f"by {kind}, the hardest first",
                (kind, "clips", "UAR", "accuracy"),
                tuple((one.name, str(one.clips), f"{one.uar:.3f}", f"{one.accuracy:.3f}") for one in groups[:_LISTED]),
            )
            for kind, groups in errors.groups.items()
            if kind in kinds
        ),
        Table(
            "surest errors",
            ("clip", "label", "taken for", "confidence"),
            tuple((one.clip, one.label, one.taken_for, f"{one.confidence:.3f}") for one in errors.surest),
        ),
    ]
    return tuple(table for table in tables if table.rows)
