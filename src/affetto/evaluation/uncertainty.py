"""How sure readings may be, measured on out-of-fold predictions: calibration, plausible sets, unclear readings.

Every figure is cross-fitted: what is applied to a fold was fitted on the other folds of the same seed.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.evaluation.metrics import expected_calibration_error, unweighted_average_recall
from affetto.evaluation.predictions import Prediction, label_order, probabilities_of
from affetto.learning.calibrate import fit_temperature, fit_vector_scaling, softmax
from affetto.voice.uncertainty import Uncertainty

__all__ = [
    "COVERAGE",
    "Calibration",
    "Clarity",
    "PlausibleSets",
    "UncertaintyFigures",
    "conformal_level",
    "coverage_curve",
    "fit_uncertainty",
    "risk_coverage",
    "uncertainty_figures",
]

COVERAGE = 0.9
"""How often the emotion is to be among the plausible ones, and how many readings are to be clear."""

_FLOOR = 1e-6
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)

Floats: TypeAlias = npt.NDArray[np.floating]
Labels: TypeAlias = npt.NDArray[np.integer]
Method: TypeAlias = Literal["cumulative", "threshold"]
METHODS: tuple[Method, ...] = ("cumulative", "threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a way to calibrate gives on folds that it was not fitted on.

    Attributes:
        name: ``as given``, ``temperature``, ``vector``, or ``chosen``: the better of the two on further folds.
        loss: Mean negative log-likelihood, nats.
        error: Expected calibration error.
        uar: Unweighted average recall, mean over folds.
    """

    name: str
    loss: float
    error: float
    uar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibleSets:
    """What a rule for plausible sets gives on folds that it was not fitted on.

    Attributes:
        method: See :class:`~affetto.voice.uncertainty.Uncertainty`.
        coverage: How often the label is in the set.
        worst_label: The least coverage of a label.
        worst_fold: The least coverage of a fold.
        size: Mean number of labels in a set.
        single: Share of sets of one label.
        level: Fitted on all folds, for a model that is trained on all of them.
    """

    method: Method
    coverage: float
    worst_label: float
    worst_fold: float
    size: float
    single: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarity:
    """What calling the least sure tenth unclear gives, on folds that the bound was not fitted on.

    Attributes:
        clear: Share of clear readings.
        accuracy_clear: Accuracy of those.
        accuracy_unclear: Accuracy of the others.
        unclear_below: The bound, fitted on all folds.
    """

    clear: float
    accuracy_clear: float
    accuracy_unclear: float
    unclear_below: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyFigures:
    """Everything that predictions tell about uncertainty; means over the seeds.

    Attributes:
        calibrations: Ways to calibrate, side by side.
        vector_chosen: Share of folds in which vector scaling was better on the other folds.
        sets: Rules for plausible sets, side by side.
        clarity: Clear and unclear readings.
        risk: Accuracy of the surest share of readings, for some shares.
    """

    calibrations: tuple[Calibration, ...]
    vector_chosen: float
    sets: tuple[PlausibleSets, ...]
    clarity: Clarity
    risk: Mapping[float, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "risk": {f"{share:g}": value for share, value in self.risk.items()}}


@dataclass(frozen=True, slots=True)
class _Seed:
    """The predictions of one seed as arrays."""

    probabilities: Floats
    labels: Labels
    folds: npt.NDArray[np.int64]

    @property
    def logits(self) -> Floats:
        return np.log(np.maximum(self.probabilities, _FLOOR))

    def each(self) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
        """For every fold, its rows and those of the others."""
        for fold in np.unique(self.folds):
            yield self.folds == fold, self.folds != fold


def uncertainty_figures(predictions: Sequence[Prediction], *, coverage: float = COVERAGE) -> UncertaintyFigures:
    """Measures calibration, plausible sets and unclear readings, each on folds that they were not fitted on.

    Args:
        predictions: Out of fold, of one or more seeds.
        coverage: How often the label is to be plausible, and how many readings are to be clear.

    Raises:
        CorpusError: If there are fewer than three folds: two to fit on, one to judge.
    """
    seeds = _seeds(predictions)
    calibrations, chosen = zip(*map(_calibrations, seeds), strict=True)
    return UncertaintyFigures(
        calibrations=tuple(_mean(Calibration, same) for same in zip(*calibrations, strict=True)),
        vector_chosen=float(np.mean(chosen)),
        sets=tuple(_mean(PlausibleSets, [_sets(seed, method, coverage) for seed in seeds]) for method in METHODS),
        clarity=_mean(Clarity, [_clarity(seed, coverage) for seed in seeds]),
        risk={
            share: float(np.mean([risk_coverage(s.probabilities, s.labels)[share] for s in seeds])) for share in _SHARES
        },
    )


def fit_uncertainty(predictions: Sequence[Prediction], *, coverage: float = COVERAGE) -> Uncertainty:
    """The rules for a model that is trained on all folds.

    They are fitted on the corpora with the most labels: where fewer answers are possible, smaller sets cover.

    Raises:
        CorpusError: If there are fewer than three folds.
    """
    wide = _widest(predictions)
    seeds = _seeds(wide)
    levels = [conformal_level(one.probabilities, one.labels, method="cumulative", coverage=coverage) for one in seeds]
    return Uncertainty(
        coverage=coverage,
        method="cumulative",
        level=math.ceil(1e4 * float(np.mean(levels))) / 1e4,
        unclear_below=round(float(np.mean([_clarity(one, coverage).unclear_below for one in seeds])), 4),
    )


def _widest(predictions: Sequence[Prediction]) -> list[Prediction]:
    possible: dict[str, set[str]] = {}
    for p in predictions:
        given = (label for label, value in zip(p.labels, p.probabilities, strict=True) if value > 0)
        possible.setdefault(p.corpus, set()).update(given)
    most = max(map(len, possible.values()))
    return [p for p in predictions if len(possible[p.corpus]) == most]


def conformal_level(probabilities: Floats, labels: Labels, *, method: Method, coverage: float = COVERAGE) -> float:
    """The level at which sets cover as promised, for exchangeable predictions (split conformal prediction).

    Args:
        probabilities: Shape ``(n, classes)``.
        labels: Shape ``(n,)``.
        method: See :class:`~affetto.voice.uncertainty.Uncertainty`.
        coverage: How often the label is to be in the set.
    """
    own = probabilities[np.arange(len(labels)), labels]
    scores = _likelier(probabilities)[np.arange(len(labels)), labels] if method == "cumulative" else -own
    rank = math.ceil((len(labels) + 1) * coverage)
    if rank > len(labels):  # too few for any promise but that of all labels
        return 1.0 if method == "cumulative" else 0.0
    level = float(np.sort(scores)[rank - 1])
    return level if method == "cumulative" else -level


def risk_coverage(probabilities: Floats, labels: Labels, *, shares: Sequence[float] = _SHARES) -> dict[float, float]:
    """Accuracy of the surest readings, for some shares of them (El-Yaniv & Wiener 2010).

    >>> risk_coverage(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]), shares=[0.5, 1.0])
    {0.5: 1.0, 1.0: 0.5}
    """
    order = np.argsort(-probabilities.max(axis=1), kind="stable")
    right = (probabilities.argmax(axis=1) == labels)[order]
    return {share: float(right[: max(1, round(share * len(right)))].mean()) for share in shares}


def coverage_curve(predictions: Sequence[Prediction], *, points: int = 50) -> tuple[tuple[float, float], ...]:
    """Share of the surest readings and their accuracy, from few to all of them; the mean over the seeds."""
    shares = [(place + 1) / points for place in range(points)]
    curves = [risk_coverage(seed.probabilities, seed.labels, shares=shares) for seed in _seeds(predictions, fewest=1)]
    return tuple((share, float(np.mean([curve[share] for curve in curves]))) for share in shares)


def _seeds(predictions: Sequence[Prediction], *, fewest: int = 3) -> list[_Seed]:
    every = label_order({label for p in predictions for label in p.labels})
    matrix = probabilities_of(predictions, every)
    labels = np.array([every.index(p.label) for p in predictions])
    names = sorted({p.fold for p in predictions})
    if len(names) < fewest:
        raise CorpusError(
            f"{len(names)} fold(s): uncertainty is fitted on folds and judged on others; three are needed"
        )
    folds = np.array([names.index(p.fold) for p in predictions])
    seeds = np.array([p.seed for p in predictions])
    return [_Seed(matrix[seeds == seed], labels[seeds == seed], folds[seeds == seed]) for seed in np.unique(seeds)]


Fit: TypeAlias = Callable[[Floats, Labels], Callable[[Floats], Floats]]


def _temperature(logits: Floats, labels: Labels) -> Callable[[Floats], Floats]:
    temperature = fit_temperature(logits, labels)
    return lambda values: softmax(values, temperature)


def _vector(logits: Floats, labels: Labels) -> Callable[[Floats], Floats]:
    return fit_vector_scaling(logits, labels).apply


_FITS: Mapping[str, Fit] = {"temperature": _temperature, "vector": _vector}


def _calibrations(seed: _Seed) -> tuple[list[Calibration], float]:
    """Each way to calibrate, and the share of folds in which the other folds would have chosen vector scaling."""
    logits = seed.logits
    found = {name: np.zeros_like(logits) for name in ("as given", *_FITS, "chosen")}
    found["as given"] = softmax(logits)
    vectors = 0
    for inside, outside in seed.each():
        others = _Seed(seed.probabilities[outside], seed.labels[outside], seed.folds[outside])
        for name, fit in _FITS.items():
            found[name][inside] = fit(logits[outside], seed.labels[outside])(logits[inside])
        best = min(_FITS, key=lambda name: _cross_fitted_loss(others, _FITS[name]))
        found["chosen"][inside] = found[best][inside]
        vectors += best == "vector"
    count = len(np.unique(seed.folds))
    return [_judged(name, seed, p) for name, p in found.items()], vectors / count


def _cross_fitted_loss(seed: _Seed, fit: Fit) -> float:
    logits, total = seed.logits, 0.0
    for inside, outside in seed.each():
        p = fit(logits[outside], seed.labels[outside])(logits[inside])
        total += _loss(p, seed.labels[inside]) * int(inside.sum())
    return total / len(seed.labels)


def _loss(probabilities: Floats, labels: Labels) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], _FLOOR)).mean())


def _judged(name: str, seed: _Seed, p: Floats) -> Calibration:
    guesses = p.argmax(axis=1)
    return Calibration(
        name=name,
        loss=_loss(p, seed.labels),
        error=expected_calibration_error(seed.labels, p),
        uar=float(np.mean([unweighted_average_recall(seed.labels[fold], guesses[fold]) for fold, _ in seed.each()])),
    )


def _likelier(probabilities: Floats) -> Floats:
    """For each label, the probability of all that are likelier."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.zeros_like(ranked)
    before[:, 1:] = np.cumsum(ranked, axis=1)[:, :-1]  # summed as Uncertainty.plausible does, to the last bit
    found = np.empty_like(before)
    np.put_along_axis(found, order, before, axis=1)
    return found


def _members(probabilities: Floats, method: Method, level: float) -> npt.NDArray[np.bool_]:
    inside = _likelier(probabilities) <= level if method == "cumulative" else probabilities >= level
    inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
    return inside & (probabilities > 0)


def _sets(seed: _Seed, method: Method, coverage: float) -> PlausibleSets:
    inside = np.zeros(seed.probabilities.shape, bool)
    for fold, others in seed.each():
        level = conformal_level(seed.probabilities[others], seed.labels[others], method=method, coverage=coverage)
        inside[fold] = _members(seed.probabilities[fold], method, level)
    covered = inside[np.arange(len(seed.labels)), seed.labels]
    sizes = inside.sum(axis=1)
    return PlausibleSets(
        method=method,
        coverage=float(covered.mean()),
        worst_label=min(float(covered[seed.labels == label].mean()) for label in np.unique(seed.labels)),
        worst_fold=min(float(covered[fold].mean()) for fold, _ in seed.each()),
        size=float(sizes.mean()),
        single=float(np.mean(sizes == 1)),
        level=conformal_level(seed.probabilities, seed.labels, method=method, coverage=coverage),
    )


def _clarity(seed: _Seed, coverage: float) -> Clarity:
    confidence = seed.probabilities.max(axis=1)
    right = seed.probabilities.argmax(axis=1) == seed.labels
    clear = np.zeros(len(right), bool)
    for fold, others in seed.each():
        clear[fold] = confidence[fold] >= np.quantile(confidence[others], 1 - coverage)
    return Clarity(
        clear=float(clear.mean()),
        accuracy_clear=float(right[clear].mean()),
        accuracy_unclear=float(right[~clear].mean()) if not clear.all() else 0.0,
        unclear_below=float(np.quantile(confidence, 1 - coverage)),
    )


def _mean(kind: Callable[..., Any], same: Sequence[Any]) -> Any:
    """The mean over the seeds of everything that is a number."""
    first = asdict(same[0])
    return kind(
        **{
            name: value if isinstance(value, str) else float(np.mean([asdict(one)[name] for one in same]))
            for name, value in first.items()
        }
    )
