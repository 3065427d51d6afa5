"""A Gaussian process as it is shipped: anchors, weights, and how sure it is at each place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Process"]

_Array = npt.NDArray[np.float32]

_FARTHEST = 4.0  # standard deviations: what lies beyond is as strange as it gets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Process:
    """A sparse Gaussian process with kernel ``k(x, z) = s exp(-|x - z|)`` over scaled features.

    The mean at ``x`` is ``k(x, anchors) @ weights + offset``, and the variance relative to that of the ratings
    ``s + noise - k M k^T`` (Rasmussen & Williams 2006, section 8.3.4: projected process). Far from all anchors the
    mean goes back to that of the ratings and the variance to theirs.

    Attributes:
        columns: Places of the features it looks at, shape (d,).
        centre: Their mean, shape (d,).
        scale: What each is multiplied by once centred in standard deviations, shape (d,).
        spread: Their standard deviation, shape (d,).
        anchors: Scaled, shape (m, d).
        weights: Shape (m, outputs).
        offset: Shape (outputs,).
        reduction: ``M``, shape (m, m).
        signal: ``s``.
        noise: Variance of the ratings that no feature explains, relative.
        covariance: Covariance of the outputs' errors where the relative variance is 1, shape (outputs, outputs).
    """

    columns: npt.NDArray[np.int32]
    centre: _Array
    spread: _Array
    scale: _Array
    anchors: _Array
    weights: _Array
    offset: _Array
    reduction: _Array
    signal: float
    noise: float
    covariance: _Array

    def scaled(self, features: npt.NDArray[np.floating]) -> _Array:
        """Features in the space of the anchors, shape (n, d)."""
        centred = (features[:, self.columns] - self.centre) / self.spread
        return (np.clip(centred, -_FARTHEST, _FARTHEST) * self.scale).astype(np.float32)

    def kernel(self, scaled: _Array) -> _Array:
        """Likeness of scaled features to each anchor, shape (n, m)."""
        return np.float32(self.signal) * np.exp(-distances(scaled, self.anchors))

    def predict(self, features: npt.NDArray[np.floating]) -> tuple[_Array, _Array]:
        """Means, shape (n, outputs), and relative variances, shape (n,)."""
        likeness = self.kernel(self.scaled(features))
        variance = self.signal + self.noise - np.einsum("nm,nm->n", likeness @ self.reduction, likeness)
        return likeness @ self.weights + self.offset, np.maximum(variance, self.noise).astype(np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """As arrays for a file; half precision where that is enough."""
        arrays = {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}
        return {name: a.astype(np.float16) if name == "anchors" else a for name, a in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> "Process":
        """The process that `to_arrays` was called on."""
        numbers = {name: float(np.asarray(arrays[name])) for name in ("signal", "noise")}
        rest = {name: np.asarray(arrays[name]) for name in cls.__dataclass_fields__ if name not in numbers}
        floats = {name: a if name == "columns" else a.astype(np.float32) for name, a in rest.items()}
        return cls(**floats, **numbers)  # type: ignore[arg-type]


def distances(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Euclidean distance of each row of ``a`` to each row of ``b``."""
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 1e-12))
