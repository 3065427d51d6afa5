"""What is done to features before a classifier sees them, each step fitted on the clips that are learnt from."""

from collections import Counter
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from imblearn.over_sampling import SMOTE, RandomOverSampler
from scipy.special import ndtri
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.svm import LinearSVC

from affetto.errors import ModelError

__all__ = [
    "ClippedScaler",
    "Components",
    "MeanLength",
    "NormalScores",
    "Oversampler",
    "SparseSelector",
    "SpeakerDirections",
    "make",
]

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[Any]

_CLIP = 4.0  # deviations: what is further out says that it is far out, not how far
_QUANTILES = 200
_EDGE = 1e-7
_SMOTE_NEIGHBOURS = 5
_SPARSE_C = 0.05  # of the linear SVM that chooses features by L1: a few hundred of thousands are left


def make(kind: Any, *values: Any, **options: Any) -> Any:
    """An estimator; what its options may be is wider than the types that are read off their defaults."""
    return kind(*values, **options)


class NormalScores(TransformerMixin, BaseEstimator):
    """Gives every feature the normal distribution, by its quantiles.

    What scikit-learn's ``QuantileTransformer`` answers, for all features at once: one that goes feature by feature
    through a distribution object takes minutes for thousands of them.
    """

    def fit(self, x: Floats, y: Labels | None = None) -> Self:
        """Learns the quantiles of each feature."""
        del y
        self.shares_ = np.linspace(0, 1, min(_QUANTILES, len(x)))
        self.quantiles_ = np.maximum.accumulate(np.quantile(x.astype(np.float64), self.shares_, axis=0))
        return self

    def transform(self, x: Floats) -> Floats:
        """The normal score of each value."""
        shares = np.empty(x.shape)
        for column, quantiles in enumerate(self.quantiles_.T):
            values = x[:, column].astype(np.float64)
            # the middle of where a value lies from below and from above, for values that occur often
            above = np.interp(-values, -quantiles[::-1], -self.shares_[::-1])
            shares[:, column] = 0.5 * (np.interp(values, quantiles, self.shares_) - above)
        lowest, highest = self.quantiles_[0], self.quantiles_[-1]
        shares[x + _EDGE > highest] = 1.0
        shares[x - _EDGE < lowest] = 0.0
        return ndtri(np.clip(shares, _EDGE, 1 - _EDGE))


class ClippedScaler(TransformerMixin, BaseEstimator):
    """Scales every feature, then cuts off what lies more than four deviations out.

    Args:
        kind: See :class:`~affetto.learning.recipe.classical.ClassicalRecipe`.
    """

    def __init__(self, kind: Literal["standard", "robust", "quantile"] = "standard") -> None:
        self.kind = kind

    def fit(self, x: Floats, y: Labels | None = None) -> Self:
        """Learns the scale of each feature."""
        del y
        if self.kind == "quantile":
            scaler = NormalScores()
        elif self.kind == "robust":
            scaler = RobustScaler(unit_variance=True)
        else:
            scaler = StandardScaler()
        self.scaler_ = scaler.fit(x)
        return self

    def transform(self, x: Floats) -> npt.NDArray[np.float32]:
        """Scaled features."""
        return np.clip(self.scaler_.transform(x), -_CLIP, _CLIP).astype(np.float32)


class SpeakerDirections(TransformerMixin, BaseEstimator):
    """Takes out the directions in which training speakers differ while they express the same emotion.

    Nuisance attribute projection (Solomonoff, Campbell & Boardman 2005): the mean of each speaker's deviations from
    the means of the labels spans what is projected away. Nothing about a test speaker is needed.

    Args:
        share: Of the variance between speakers, that is taken out with its strongest directions; 1 takes out all.
    """

    def __init__(self, share: float = 0.95) -> None:
        self.share = share

    def fit(self, x: Floats, y: Labels, speakers: Labels | None = None) -> Self:
        """Learns the directions; with fewer than two speakers there are none.

        Args:
            x: Features, shape ``(clips, features)``.
            y: Labels, shape ``(clips,)``.
            speakers: Who speaks in each clip, shape ``(clips,)``.
        """
        people = np.unique(speakers) if speakers is not None else np.array([])
        if len(people) < 2:
            self.directions_ = np.zeros((0, x.shape[1]), np.float32)
            return self
        rest = x.astype(np.float64)
        for label in np.unique(y):
            rest[y == label] -= rest[y == label].mean(axis=0)
        means = np.stack([rest[speakers == person].mean(axis=0) for person in people])
        _, spread, directions = np.linalg.svd(means, full_matrices=False)
        explained = np.cumsum(spread**2) / max(float((spread**2).sum()), 1e-30)
        rank = int((spread > 1e-6 * spread[0]).sum())
        count = min(rank, int(np.searchsorted(explained, self.share - 1e-9)) + 1)
        self.directions_ = directions[:count].astype(np.float32)
        return self

    def transform(self, x: Floats) -> Floats:
        """Features without those directions."""
        return x - (x @ self.directions_.T) @ self.directions_


class SparseSelector(TransformerMixin, BaseEstimator):
    """Keeps the features that a linear SVM with an absolute penalty uses, those of the largest weights first.

    Args:
        features: How many at most.
        seed: Of the optimizer.
    """

    def __init__(self, features: int = 1000, seed: int = 0) -> None:
        self.features = features
        self.seed = seed

    def fit(self, x: Floats, y: Labels) -> Self:
        """Finds the features.

        Raises:
            ModelError: If none is used, because there are too few clips.
        """
        machine = make(LinearSVC, C=_SPARSE_C, penalty="l1", dual=False, class_weight="balanced", tol=1e-3)
        weights = np.abs(machine.set_params(random_state=self.seed).fit(x, y).coef_).max(axis=0)
        if not weights.any():
            raise ModelError(
                f"select.method = 'l1' keeps none of {x.shape[1]} features, {len(x)} clips are too few for it; "
                "use method = 'anova'"
            )
        self.kept_ = (weights > 0) & (weights >= np.sort(weights)[::-1][: self.features].min())
        return self

    def transform(self, x: Floats) -> Floats:
        """Those features."""
        return x[:, self.kept_]


class Components(TransformerMixin, BaseEstimator):
    """Principal components, never more than there are features or clips.

    Args:
        count: How many; below 1 the share of the variance that they carry.
        seed: Of the approximation that is used where there are many.
    """

    def __init__(self, count: float = 0.95, seed: int = 0) -> None:
        self.count = count
        self.seed = seed

    def fit(self, x: Floats, y: Labels | None = None) -> Self:
        """Finds the directions."""
        del y
        count = self.count if self.count < 1 else min(int(self.count), *x.shape)
        self.pca_ = make(PCA, count, random_state=self.seed).fit(x)
        return self

    def transform(self, x: Floats) -> Floats:
        """Where clips lie along them."""
        return self.pca_.transform(x)


class MeanLength(TransformerMixin, BaseEstimator):
    """Divides by one number, so that the mean squared length of a training clip is 1.

    A penalty or a kernel width thereby means the same whatever the number of features.
    """

    def fit(self, x: Floats, y: Labels | None = None) -> Self:
        """Learns the number."""
        del y
        self.length_ = float(np.sqrt(np.square(x, dtype=np.float64).sum(axis=1).mean())) or 1.0
        return self

    def transform(self, x: Floats) -> Floats:
        """Features in units of it."""
        return x / np.float32(self.length_)


class Oversampler(BaseEstimator):
    """Adds clips to the labels that have fewer, until all have as many.

    Args:
        interpolate: Whether added clips lie between two neighbours (SMOTE, Chawla et al. 2002) or are copies. A label
            of few clips has fewer neighbours; that of a single clip is copied.
        seed: Decides which.
    """

    def __init__(self, interpolate: bool = False, seed: int = 0) -> None:
        self.interpolate = interpolate
        self.seed = seed

    def fit_resample(self, x: Floats, y: Labels) -> tuple[Floats, Labels]:
        """The clips with those added."""
        if not self.interpolate:
            return make(RandomOverSampler, random_state=self.seed).fit_resample(x, y)
        counts = Counter(y.tolist())
        single = {label: 2 for label, count in counts.items() if count == 1}
        if single:
            x, y = make(RandomOverSampler, sampling_strategy=single, random_state=self.seed).fit_resample(x, y)
        neighbours = min(_SMOTE_NEIGHBOURS, max(2, min(counts.values())) - 1)
        return make(SMOTE, k_neighbors=neighbours, random_state=self.seed).fit_resample(x, y)
