"""The recipes of the classical models: functionals of a clip, then a scikit-learn pipeline.

The steps of the pipeline stand in the order in which they happen; everything in them is learnt from training clips
alone. Each family has keys of its own, beside those that all share.
"""

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, model_validator

from affetto.learning.recipe.part import Part

__all__ = [
    "Balance",
    "ClassicalFamily",
    "ClassicalRecipe",
    "ExtraTreesRecipe",
    "GradientBoostingRecipe",
    "LinearSvmRecipe",
    "LogisticRegressionRecipe",
    "MlpRecipe",
    "NearestNeighboursRecipe",
    "RandomForestRecipe",
    "ReduceRecipe",
    "SelectRecipe",
    "SvmRecipe",
]

Balance: TypeAlias = Literal["none", "class-weight", "oversample", "smote"]
"""What is done where a label has fewer clips than another."""

_Positive = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(ge=1)]


class SelectRecipe(Part):
    """Which features are kept.

    Attributes:
        method: ``anova`` keeps those whose F ratio between labels is highest, ``mutual-information`` those that tell
            most about the label, ``rfe`` drops the least of a linear SVM's weights again and again, ``l1`` keeps those
            that a sparse linear SVM uses.
        features: How many are kept.
    """

    method: Literal["none", "anova", "mutual-information", "rfe", "l1"] = "none"
    features: _Count = 1000


class ReduceRecipe(Part):
    """How the features that are kept are put together into fewer.

    Attributes:
        method: ``pca`` for the directions of most variance, ``lda`` for those that tell labels apart (one less than
            there are labels).
        components: How many; for ``pca`` below 1 the share of the variance that they carry.
    """

    method: Literal["none", "pca", "lda"] = "none"
    components: _Positive = 0.95

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.components > 1 and self.components != int(self.components):
            raise ValueError("components is a share below 1, or a whole number")
        return self


class ClassicalRecipe(Part, frozen=True):  # pyright: ignore[reportGeneralTypeIssues] -- Part says so in its config
    """What every classical model shares.

    Attributes:
        scale: ``standard`` to mean 0 and deviation 1, ``robust`` by median and quartiles, ``quantile`` to a bell by
            rank; each clipped to four deviations.
        select: Which features are kept.
        speaker_directions: Share of the variance between training speakers, within a label, whose directions are
            taken out of every clip (nuisance attribute projection, Solomonoff et al. 2005); 0 keeps all.
        reduce: How features are put together into fewer.
        balance: What is done where a label has fewer clips than another.
        speeds: Copies of the training clips are learnt from too, played at these speeds.
        grid: Values to try, by key: every combination is judged by cross-validation over the training speakers.
        folds: Groups of training speakers in that cross-validation, which also calibrates the probabilities.
    """

    family: str
    scale: Literal["standard", "robust", "quantile"] = "standard"
    select: SelectRecipe = SelectRecipe()
    speaker_directions: float = Field(default=0.0, ge=0, le=1)
    reduce: ReduceRecipe = ReduceRecipe()
    balance: Balance = "class-weight"
    speeds: tuple[Annotated[float, Field(ge=0.5, le=2)], ...] = ()
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(default={})
    folds: int = Field(default=5, ge=2)

    @model_validator(mode="after")
    def _grid_fits(self) -> Self:
        for key in self.grid:
            if key in ("family", "grid", "folds") or key not in type(self).model_fields:
                known = sorted(set(type(self).model_fields) - {"family", "grid", "folds"})
                raise ValueError(f"grid.{key}: no key of {self.family} that can be tried; known are {', '.join(known)}")
        if self.grid:
            for _ in self.candidates():
                pass
        return self

    def candidates(self) -> "Iterator[tuple[dict[str, Any], ClassicalRecipe]]":
        """Every combination of the grid, with the recipe that it makes; one without changes where there is no grid."""
        plain = self.model_dump(exclude={"grid"})
        for values in itertools.product(*self.grid.values()):
            changes = dict(zip(self.grid, values, strict=True))
            try:
                yield changes, type(self).model_validate({**plain, **changes})
            except ValidationError as error:
                first = error.errors()[0]
                key = ".".join(str(part) for part in first["loc"])
                raise ValueError(f"{key} = {first.get('input')!r} in the grid: {first['msg']}") from error


class SvmRecipe(ClassicalRecipe, frozen=True):
    """Support vector machine with a radial kernel (Cortes & Vapnik 1995).

    Attributes:
        c: What a clip on the wrong side costs.
        gamma: Sharpness of the kernel ``exp(-gamma d)``, with ``d`` the squared distance of two clips in units of the
            mean squared length of a clip.
    """

    family: Literal["svm"]
    c: _Positive = 10.0
    gamma: _Positive = 0.5


class LinearSvmRecipe(ClassicalRecipe, frozen=True):
    """Linear support vector machine, one for each pair of labels.

    Attributes:
        c: What a clip on the wrong side costs; clips have mean squared length 1.
    """

    family: Literal["linear-svm"]
    c: _Positive = 6.0


class LogisticRegressionRecipe(ClassicalRecipe, frozen=True):
    """Multinomial logistic regression with a quadratic penalty.

    Attributes:
        c: Inverse of the penalty's weight; clips have mean squared length 1.
        iterations: Most steps of the optimizer.
    """

    family: Literal["logistic-regression"]
    c: _Positive = 10.0
    iterations: _Count = 1000


class _TreesRecipe(ClassicalRecipe, frozen=True):
    """What both forests share.

    Attributes:
        trees: How many.
        depth: Most questions on the way to a leaf; 0 for no limit.
        leaf: Fewest clips in a leaf.
        share: Share of the features looked at for a question; 0 for the square root of their number.
    """

    trees: _Count = 500
    depth: int = Field(default=0, ge=0)
    leaf: _Count = 2
    share: float = Field(default=0.0, ge=0, le=1)


class RandomForestRecipe(_TreesRecipe, frozen=True):
    """Random forest (Breiman 2001).

    Attributes:
        trees: How many.
        depth: Most questions on the way to a leaf; 0 for no limit.
        leaf: Fewest clips in a leaf.
        share: Share of the features looked at for a question; 0 for the square root of their number.
    """

    family: Literal["random-forest"]


class ExtraTreesRecipe(_TreesRecipe, frozen=True):
    """Extremely randomized trees (Geurts et al. 2006).

    Attributes:
        trees: How many.
        depth: Most questions on the way to a leaf; 0 for no limit.
        leaf: Fewest clips in a leaf.
        share: Share of the features looked at for a question; 0 for the square root of their number.
    """

    family: Literal["extra-trees"]


class GradientBoostingRecipe(ClassicalRecipe, frozen=True):
    """Gradient boosting over histograms (Friedman 2001; Ke et al. 2017).

    Attributes:
        rounds: Trees per label.
        rate: Weight of each tree.
        leaves: Most leaves of a tree.
        leaf: Fewest clips in a leaf.
        share: Share of the features looked at for a question.
        l2: Penalty on the values of the leaves.
    """

    family: Literal["gradient-boosting"]
    rounds: _Count = 150
    rate: _Positive = 0.1
    leaves: int = Field(default=15, ge=2)
    leaf: _Count = 10
    share: float = Field(default=0.1, gt=0, le=1)
    l2: float = Field(default=1.0, ge=0)


class NearestNeighboursRecipe(ClassicalRecipe, frozen=True):
    """The labels of the nearest training clips.

    Attributes:
        neighbours: How many.
        weights: Whether near ones count more.
        metric: What near means.
    """

    family: Literal["k-nearest-neighbours"]
    neighbours: _Count = 15
    weights: Literal["uniform", "distance"] = "distance"
    metric: Literal["euclidean", "cosine", "manhattan"] = "cosine"
    balance: Literal["none", "oversample", "smote"] = "none"


class MlpRecipe(ClassicalRecipe, frozen=True):
    """Multilayer perceptron, Adam.

    Attributes:
        hidden: Units of each hidden layer.
        penalty: Weight of the quadratic penalty.
        rate: Learning rate.
        epochs: Times that every clip is seen.
        batch: Clips in a step.
    """

    family: Literal["mlp"]
    hidden: Annotated[tuple[_Count, ...], Field(min_length=1)] = (128,)
    penalty: float = Field(default=1.0, ge=0)
    rate: _Positive = 1e-3
    epochs: _Count = 60
    batch: _Count = 64
    balance: Literal["none", "oversample", "smote"] = "oversample"


ClassicalFamily: TypeAlias = (
    SvmRecipe
    | LinearSvmRecipe
    | LogisticRegressionRecipe
    | RandomForestRecipe
    | ExtraTreesRecipe
    | GradientBoostingRecipe
    | NearestNeighboursRecipe
    | MlpRecipe
)
"""Every classical recipe, one class per family."""
