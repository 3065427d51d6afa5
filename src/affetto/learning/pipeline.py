"""The steps of a classical model: everything that is learnt from training clips stands in one pipeline.

What is chosen, scaled, projected or repeated is thereby fitted on training clips alone, whichever fold they come from.
"""

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from imblearn.pipeline import Pipeline
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectKBest, f_classif, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC

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
from affetto.learning.transforms import (
    ClippedScaler,
    Components,
    MeanLength,
    Oversampler,
    SparseSelector,
    SpeakerDirections,
    make,
)

__all__ = ["KernelMachine", "answer_in_blocks", "build_pipeline", "fit_pipeline", "scores"]

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[Any]

_RFE_C = 0.01
_RFE_STEP = 0.2  # share of all features dropped at a time
_SHARPNESS = 8.0  # of the logistic function of a distance: at the margin a pair of labels is as good as decided
_BLOCK = 128  # clips asked at once
_MIXED = 1e-3  # of an even distribution, mixed in before the logarithm: forests and neighbours say 0 too easily


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
    with warnings.catch_warnings():
        # a perceptron learns for as many epochs as asked, converged or not, and may have fewer clips than a batch
        warnings.filterwarnings("ignore", category=ConvergenceWarning, message="Stochastic Optimizer")
        warnings.filterwarnings("ignore", category=UserWarning, message="Got `batch_size`")
        # a feature that is the same in all clips tells nothing, and is chosen last
        warnings.filterwarnings("ignore", category=UserWarning, message="Features .* are constant")
        warnings.filterwarnings("ignore", category=RuntimeWarning, message="invalid value encountered in divide")
        return pipeline.fit(x, y, **asked)


def answer_in_blocks(answer: Callable[[Floats], Floats], x: Floats) -> Floats:
    """What ``answer`` says of each row, the same to the last bit whatever other rows are asked with it.

    How a product of matrices is rounded depends on its shape, so that a clip would be read differently alone and among
    others. Every block has the same shape here; its empty rows are filled with repetitions.

    Args:
        answer: From rows to one row each.
        x: At least one row.
    """
    found: list[Floats] = []
    for start in range(0, len(x), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(x)))
        found.append(answer(x[np.resize(rows, _BLOCK)])[: len(rows)])
    return np.concatenate(found)


def scores(pipeline: Pipeline, x: Floats) -> Floats:
    """Unscaled logits, shape ``(clips, labels that were learnt)``, in the order of ``pipeline.classes_``."""
    classifier = pipeline.steps[-1][1]
    if isinstance(classifier, KernelMachine):
        return np.asarray(answer_in_blocks(pipeline.decision_function, x), np.float64)
    p = np.asarray(answer_in_blocks(pipeline.predict_proba, x), np.float64)
    return np.log((1 - _MIXED) * p + _MIXED / p.shape[1])


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
            return make(
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
            return make(LogisticRegression, C=recipe.c, max_iter=recipe.iterations, class_weight=weights)
        case RandomForestRecipe() | ExtraTreesRecipe():
            kind = RandomForestClassifier if isinstance(recipe, RandomForestRecipe) else ExtraTreesClassifier
            return make(
                kind,
                recipe.trees,
                max_depth=recipe.depth or None,
                min_samples_leaf=recipe.leaf,
                max_features=recipe.share or "sqrt",
                class_weight=weights,
                random_state=seed,
            )
        case GradientBoostingRecipe():
            return make(
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
            return make(
                KNeighborsClassifier, recipe.neighbours, algorithm="brute", weights=recipe.weights, metric=recipe.metric
            )
        case MlpRecipe():
            return make(
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
