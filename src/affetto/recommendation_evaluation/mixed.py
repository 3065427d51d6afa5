"""Crossed random effects with variances by their evidence: what the priors of taste are held against."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste.evidence import features_of
from affetto.recommendation.taste.shared import CROWD
from affetto.recommendation_evaluation.ratings import Rating, Tunes

__all__ = ["mixed_effects"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Kernel: TypeAlias = Callable[["_Rows", "_Rows"], _Floats]

_DAY = 86400.0
_EFFECT, _NOISE, _DOUBT = 0.1, 0.8, 2.0  # variances that are expected, in stars, and how many e-folds they may be off
_STEPS = 25


class _Rows:
    """Ratings as arrays."""

    def __init__(self, ratings: Sequence[Rating], tunes: Tunes) -> None:
        self.listener = np.array([rating.listener for rating in ratings])
        self.track = np.array([rating.track for rating in ratings])
        self.genre = np.array([tunes.genre.get(rating.track, "") for rating in ratings])
        self.first = np.array([rating.mood is None for rating in ratings])
        self.time = np.array([rating.time for rating in ratings])
        contents = [features_of(tunes.content.get(rating.track, ()), None)[1:8] for rating in ratings]
        self.content = np.array(contents).reshape(len(ratings), 7)


def _same(name: str) -> _Kernel:
    return lambda a, b: (getattr(a, name)[:, None] == getattr(b, name)).astype(np.float64)


def _content(a: _Rows, b: _Rows) -> _Floats:
    return a.content @ b.content.T


def _own(of: _Kernel) -> _Kernel:
    return lambda a, b: _same("listener")(a, b) * of(a, b)


_EFFECTS: Mapping[str, _Kernel] = {
    "listener": _same("listener"),
    "listener in stage 1": _own(lambda a, b: np.outer(a.first, b.first).astype(np.float64)),
    "track": _same("track"),
    "genre": _same("genre"),
    "content": _content,
    "listener by track": _own(_same("track")),
    "listener by genre": _own(_same("genre")),
    "listener by content": _own(_content),
}


def mixed_effects(train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes) -> _Floats:
    """Stars that a mixed-effects model predicts.

    Listeners, tracks, genres, content, and what each listener makes of them, are random effects around one mean, so
    that the mean of the listener and of the track are nested in it, each shrunk as far as the ratings ask for: all
    variances, and those of the noise in either stage, are found by the marginal likelihood of what is learnt from.

    Args:
        train: What is learnt from.
        test: What is predicted.
        tunes: The tracks.
    """
    from scipy.linalg import cho_factor, cho_solve
    from scipy.optimize import minimize

    here, there = _Rows(train, tunes), _Rows(test, tunes)
    stars = np.array([rating.stars for rating in train])
    left = stars - stars.mean()
    faded = 2.0 ** ((here.time.max() - here.time) / (CROWD.half_life * _DAY))
    noises = [np.diag(np.where(here.first, faded, 0.0)), np.diag(np.where(here.first, 0.0, faded))]
    parts = [kernel(here, here) for kernel in _EFFECTS.values()] + noises
    expected = np.log([_EFFECT] * len(_EFFECTS) + [_NOISE] * len(noises))
    mean = np.ones((len(train), len(train)))  # what everybody thinks of everything is as good as free

    def unlikely(logs: _Floats) -> tuple[float, _Floats]:
        variances = np.exp(logs)
        root = cho_factor(mean + sum(v * part for v, part in zip(variances, parts, strict=True)), lower=True)
        inverse = cho_solve(root, np.eye(len(left)))
        weights = inverse @ left
        slope = inverse - np.outer(weights, weights)
        off = (logs - expected) / _DOUBT
        value = left @ weights / 2 + np.log(np.diag(root[0])).sum() + off @ off / 2
        each = [v * np.sum(slope * part) / 2 for v, part in zip(variances, parts, strict=True)]
        return float(value), np.array(each) + off / _DOUBT

    found = minimize(unlikely, expected, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    variances = np.exp(np.asarray(found.x, dtype=np.float64))
    covariance = mean + sum(v * part for v, part in zip(variances, parts, strict=True))
    across = [kernel(there, here) for kernel in _EFFECTS.values()]
    between = 1.0 + sum(v * part for v, part in zip(variances[: len(across)], across, strict=True))
    return stars.mean() + between @ np.linalg.solve(covariance, left)
