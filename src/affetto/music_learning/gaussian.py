"""Fitting a Gaussian process: kernel by evidence, weights in closed form."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.music.kmeans import kmeans
from affetto.music.process import Process, distances

__all__ = ["fit_process"]

_Array: TypeAlias = npt.NDArray[np.float64]

_START_LENGTH = 0.4  # squared distance of two typical rows at the start, over all groups
_START_NOISE = 0.5
_JITTER = 1e-6


def _evidence(theta: _Array, squared: _Array, y: _Array, start: _Array) -> tuple[float, _Array]:
    """Negative log evidence of all outputs under one kernel, with a log-normal prior around the start, and its slope.

    Rasmussen & Williams 2006, equations 5.8 and 5.9.
    """
    from scipy.linalg import cho_solve, cholesky

    groups = len(squared)
    widths, signal, noise = np.exp(theta[:groups]), np.exp(theta[groups]), np.exp(theta[groups + 1])
    r = np.sqrt(np.tensordot(widths, squared, 1) + 1e-12)
    kernel = signal * np.exp(-r)
    count, outputs = y.shape
    try:
        factor = cholesky(kernel + (noise + _JITTER) * np.eye(count), lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e12, np.zeros_like(theta)
    inverse = cho_solve((factor, True), np.eye(count), check_finite=False)
    solved = inverse @ y
    value = 0.5 * float((y * solved).sum()) + outputs * float(np.log(np.diag(factor)).sum())
    pull = outputs * inverse - solved @ solved.T
    along = pull * kernel / (2 * r)
    slope = np.empty_like(theta)
    slope[:groups] = -0.5 * widths * np.einsum("gij,ij->g", squared, along)
    slope[groups] = 0.5 * float((pull * kernel).sum())
    slope[groups + 1] = 0.5 * noise * float(np.trace(pull))
    away = theta - start
    return value + 0.5 * float(away @ away), slope + away


def fit_process(
    features: _Array,
    ratings: _Array,
    *,
    groups: Sequence[Sequence[int]],
    anchors: int | None,
    evidence_rows: int,
    iterations: int,
    seed: int,
    like: Process | None = None,
) -> Process:
    """Fits a process to ratings.

    Features of one group share a width; the widths, the signal and the noise are those of the largest evidence, all
    outputs together. Nothing outside the rows given is looked at.

    Args:
        features: Shape (n, all features).
        ratings: Shape (n, outputs).
        groups: Places of the features of each group; what is in none is left out.
        anchors: Number of anchors (centres of K-means); None to use every row.
        evidence_rows: Rows drawn for the evidence.
        iterations: Steps of its optimizer.
        seed: Of all draws.
        like: Take widths, signal and noise from this process over the same groups instead.
    """
    columns = np.array([place for group in groups for place in group], np.int32)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    chosen = features[:, columns]
    centre, spread = chosen.mean(0), chosen.std(0) + 1e-6
    unit = np.clip((chosen - centre) / spread, -4, 4)
    offset, height = ratings.mean(0), ratings.std(0)
    y = (ratings - offset) / height
    if like is None:
        theta = _search(unit, y, owner, evidence_rows, iterations, seed)
        sizes = np.bincount(owner)
        scale = np.sqrt(np.exp(theta[:-2]) / sizes)[owner]
        signal, noise = float(np.exp(theta[-2])), float(np.exp(theta[-1]))
    else:
        scale, signal, noise = like.scale.astype(np.float64), like.signal, like.noise
    scaled = unit * scale
    points = scaled if anchors is None or anchors >= len(scaled) else _centres(scaled, anchors, seed)
    # The anchors are shipped in half precision; the weights must fit the anchors as they will be.
    points = points.astype(np.float16).astype(np.float64)
    inner = signal * np.exp(-distances(points, points)) + _JITTER * np.eye(len(points))
    cross = signal * np.exp(-distances(points, scaled))
    whole = inner + cross @ cross.T / noise
    weights = np.linalg.solve(whole, cross @ y) / noise
    reduction = np.linalg.inv(inner) - np.linalg.inv(whole)
    return Process(
        columns=columns,
        centre=centre.astype(np.float32),
        spread=spread.astype(np.float32),
        scale=scale.astype(np.float32),
        anchors=points.astype(np.float32),
        weights=(weights * height).astype(np.float32),
        offset=offset.astype(np.float32),
        reduction=reduction.astype(np.float32),
        signal=signal,
        noise=noise,
        covariance=np.outer(height, height).astype(np.float32) * np.corrcoef(y.T).astype(np.float32),
    )


def _search(unit: _Array, y: _Array, owner: npt.NDArray[np.intp], rows: int, iterations: int, seed: int) -> _Array:
    from scipy.optimize import minimize

    some = np.random.default_rng(seed).permutation(len(unit))[:rows]
    groups = int(owner.max()) + 1
    squared = np.stack([distances(part, part) ** 2 / part.shape[1] for part in _parts(unit[some], owner)])
    start = np.log(np.array([_START_LENGTH / groups] * groups + [1.0, _START_NOISE]))
    found = minimize(
        _evidence,
        start,
        args=(squared, y[some], start),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations},
    )
    return np.asarray(found.x, np.float64)


def _parts(unit: _Array, owner: npt.NDArray[np.intp]) -> list[_Array]:
    return [unit[:, owner == group] for group in range(int(owner.max()) + 1)]


def _centres(scaled: _Array, count: int, seed: int) -> _Array:
    return kmeans(scaled, count, seed=seed, restarts=1, rounds=15).centres
