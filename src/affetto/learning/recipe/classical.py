"""The recipe of a classical model: functionals, then a scikit-learn pipeline."""

from typing import Literal

from affetto.learning.recipe.part import Part

__all__ = ["ClassicalRecipe"]


class ClassicalRecipe(Part):
    """A classifier on the functionals of a clip.

    Attributes:
        family: The classifier.
    """

    family: Literal[
        "svm",
        "linear-svm",
        "logistic-regression",
        "random-forest",
        "extra-trees",
        "gradient-boosting",
        "k-nearest-neighbours",
        "mlp",
    ]
