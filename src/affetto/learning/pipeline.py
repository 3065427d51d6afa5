"""The steps of a classical model: everything that is learnt from training clips stands in one pipeline.

What is chosen, scaled, projected or repeated is thereby fitted on training clips alone, whichever fold they come from.
"""

from collections import Counter
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import RFE, SelectKBest, f_classif, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from affetto.errors import ModelError
from affetto.learning.recipe.classical import (
    ClassicalRecipe,
    ExtraTreesRecipe,
    GradientBoostingRecipe,
    LinearSvmRecipe,
    LogisticRegressionRecipe,
    MlpRecipe,
    NearestNeighboursRecipe,
    RandomForestRecipe,
    ReduceRecipe,
    SelectRecipe,
    SvmRecipe,
)

__all__ = [
    "ClippedScaler",
    "KernelMachine",
    "MeanLength",
    "Oversampler",
    "SpeakerDirections",
    "build_pipeline",
    "fit_pipeline",
    "scores",
]

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[Any]

_CLIP = 4.0  # deviations: what is further out says that it is far out, not how far
_SMOTE_NEIGHBOURS = 5
_SPARSE_C = 0.05  # of the linear SVM that chooses features by L1: a few hundred of thousands are left
_RFE_C = 0.01
_RFE_STEP = 0.2  # share of all features dropped at a time
_SHARPNESS = 8.0  # of the logistic function of a distance: at the margin a pair of labels is as good as decided
_MIXED = 1e-3  # of an even distribution, mixed in before the logarithm: forests and neighbours say 0 too easily


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
            steps = min(200, len(x))
            scaler = _make(QuantileTransformer, n_quantiles=steps, output_distribution="normal", subsample=None)
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
        machine = _make(LinearSVC, C=_SPARSE_C, penalty="l1", dual=False, class_weight="balanced", tol=1e-3)
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
        self.pca_ = _make(PCA, count, random_state=self.seed).fit(x)
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
            return _make(RandomOverSampler, random_state=self.seed).fit_resample(x, y)
        counts = Counter(y.tolist())
        single = {label: 2 for label, count in counts.items() if count == 1}
        if single:
            x, y = _make(RandomOverSampler, sampling_strategy=single, random_state=self.seed).fit_resample(x, y)
        neighbours = min(_SMOTE_NEIGHBOURS, max(2, min(counts.values())) - 1)
        return _make(SMOTE, k_neighbors=neighbours, random_state=self.seed).fit_resample(x, y)


class KernelMachine(ClassifierMixin, BaseEstimator):
    """Support vector machines for each pair of labels, on a kernel matrix computed at once.

    Args:
        c: What a clip on the wrong side costs.
        gamma: Of the radial kernel ``exp(-gamma |a - b|^2)``; None for the linear one.
        balanced: Whether clips of labels with fewer of them cost more.
    """

    def __init__(self, c: float = 1.0, gamma: float | None = None, balanced: bool = True) -> None:
        self.c = c
        self.gamma = gamma
        self.balanced = balanced

    def fit(self, x: Floats, y: Labels) -> Self:
        """Finds the support vectors; the other clips are forgotten."""
        weights = "balanced" if self.balanced else None
        machine = SVC(kernel="precomputed", C=self.c, class_weight=weights, decision_function_shape="ovo")
        machine.fit(self._kernel(x, x), y)
        self.machine_ = machine
        self.classes_ = machine.classes_
        self.clips_ = len(x)
        self.support_vectors_ = np.ascontiguousarray(x[machine.support_])
        return self

    def decision_function(self, x: Floats) -> Floats:
        """How much each label is preferred to the others, shape ``(clips, labels)``.

        The sum over pairs of a label's logistic log-probabilities: votes, softened near the margin.
        """
        kernel = np.zeros((len(x), self.clips_), np.float64)
        kernel[:, self.machine_.support_] = self._kernel(x, self.support_vectors_)
        pairs = self.machine_.decision_function(kernel).reshape(len(x), -1)
        if len(self.classes_) == 2:
            pairs = -pairs  # scikit-learn turns the sign of a single pair
        preferred = np.zeros((len(x), len(self.classes_)))
        first, second = np.triu_indices(len(self.classes_), 1)
        for pair, (a, b) in enumerate(zip(first, second, strict=True)):
            margin = _SHARPNESS * pairs[:, pair]
            preferred[:, a] -= np.logaddexp(0, -margin)
            preferred[:, b] -= np.logaddexp(0, margin)
        return preferred

    def predict(self, x: Floats) -> Labels:
        """The preferred label of each clip."""
        return self.classes_[self.decision_function(x).argmax(axis=1)]

    def _kernel(self, a: Floats, b: Floats) -> Floats:
        product = (a @ b.T).astype(np.float64)
        if self.gamma is None:
            return product
        squares = [np.square(side, dtype=np.float64).sum(axis=1) for side in (a, b)]
        return np.exp(-self.gamma * np.maximum(squares[0][:, None] + squares[1][None] - 2 * product, 0))


def mutual_information(x: Floats, y: Labels) -> Floats:
    """What each feature tells about the label, nats (Kraskov et al. 2004; Ross 2014)."""
    return mutual_info_classif(x, y, random_state=0)


def build_pipeline(recipe: ClassicalRecipe, *, features: int, seed: int = 0) -> Pipeline:
    """The unfitted pipeline of a recipe.

    Args:
        recipe: Of one family.
        features: How many there are.
        seed: Decides every random choice.
    """
    steps: list[tuple[str, Any]] = [("scale", ClippedScaler(recipe.scale))]
    selector = _selector(recipe.select, features, seed)
    if selector is not None:
        steps.append(("select", selector))
    if recipe.speaker_directions:
        steps.append(("speakers", SpeakerDirections(recipe.speaker_directions)))
    steps += _reducer(recipe.reduce, seed)
    if recipe.balance in ("oversample", "smote"):
        steps.append(("balance", Oversampler(interpolate=recipe.balance == "smote", seed=seed)))
    if not isinstance(recipe, NearestNeighboursRecipe):
        steps.append(("length", MeanLength()))
    return Pipeline([*steps, ("classify", _classifier(recipe, seed))])


def fit_pipeline(pipeline: Pipeline, x: Floats, y: Labels, speakers: Labels) -> Pipeline:
    """Fits all steps in turn; the speakers are told to the step that asks for them."""
    asked = {"speakers__speakers": speakers} if "speakers" in pipeline.named_steps else {}
    return pipeline.fit(x, y, **asked)


def scores(pipeline: Pipeline, x: Floats) -> Floats:
    """Unscaled logits, shape ``(clips, labels that were learnt)``, in the order of ``pipeline.classes_``."""
    classifier = pipeline.steps[-1][1]
    if isinstance(classifier, KernelMachine):
        return np.asarray(pipeline.decision_function(x), np.float64)
    p = np.asarray(pipeline.predict_proba(x), np.float64)
    return np.log((1 - _MIXED) * p + _MIXED / p.shape[1])


def _make(kind: Any, *values: Any, **options: Any) -> Any:
    """An estimator; what its options may be is wider than the types that are read off their defaults."""
    return kind(*values, **options)


def _selector(recipe: SelectRecipe, features: int, seed: int) -> Any:
    count = min(recipe.features, features)
    match recipe.method:
        case "none":
            return None
        case "anova":
            return SelectKBest(f_classif, k=count)
        case "mutual-information":
            return SelectKBest(mutual_information, k=count)
        case "rfe":
            return _make(
                RFE,
                LinearSVC(C=_RFE_C, class_weight="balanced", random_state=seed),
                n_features_to_select=count,
                step=_RFE_STEP,
            )
        case "l1":
            return SparseSelector(count, seed)


def _reducer(recipe: ReduceRecipe, seed: int) -> list[tuple[str, Any]]:
    if recipe.method == "none":
        return []
    found: list[tuple[str, Any]] = [("pca", Components(recipe.components, seed))]
    if recipe.method == "lda":
        # in all dimensions it would learn the training clips by heart
        found.append(("lda", LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")))
    return found


def _classifier(recipe: ClassicalRecipe, seed: int) -> Any:
    weights = "balanced" if recipe.balance == "class-weight" else None
    match recipe:
        case SvmRecipe():
            return KernelMachine(recipe.c, recipe.gamma, balanced=weights is not None)
        case LinearSvmRecipe():
            return KernelMachine(recipe.c, None, balanced=weights is not None)
        case LogisticRegressionRecipe():
            return _make(LogisticRegression, C=recipe.c, max_iter=recipe.iterations, class_weight=weights)
        case RandomForestRecipe() | ExtraTreesRecipe():
            kind = RandomForestClassifier if isinstance(recipe, RandomForestRecipe) else ExtraTreesClassifier
            return _make(
                kind,
                recipe.trees,
                max_depth=recipe.depth or None,
                min_samples_leaf=recipe.leaf,
                max_features=recipe.share or "sqrt",
                class_weight=weights,
                random_state=seed,
            )
        case GradientBoostingRecipe():
            return _make(
                HistGradientBoostingClassifier,
                max_iter=recipe.rounds,
                learning_rate=recipe.rate,
                max_leaf_nodes=recipe.leaves,
                min_samples_leaf=recipe.leaf,
                max_features=recipe.share,
                l2_regularization=recipe.l2,
                early_stopping=False,  # it would hold out clips of the speakers it learns from
                class_weight=weights,
                random_state=seed,
            )
        case NearestNeighboursRecipe():
            return _make(
                KNeighborsClassifier, recipe.neighbours, algorithm="brute", weights=recipe.weights, metric=recipe.metric
            )
        case MlpRecipe():
            return _make(
                MLPClassifier,
                recipe.hidden,
                alpha=recipe.penalty,
                learning_rate_init=recipe.rate,
                max_iter=recipe.epochs,
                batch_size=recipe.batch,
                n_iter_no_change=recipe.epochs,  # as many epochs as were asked for
                random_state=seed,
            )
        case _:
            raise AssertionError(f"no classifier for {recipe.family}")
