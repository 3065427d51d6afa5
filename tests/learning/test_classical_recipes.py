from pathlib import Path

import pytest

from affetto.errors import RecipeError
from affetto.learning.recipe import FAMILIES, ClassicalRecipe, load_recipe

LAB = Path(__file__).parents[2] / "recipes" / "lab"


@pytest.mark.parametrize("family", [family for family, part in FAMILIES.items() if issubclass(part, ClassicalRecipe)])
def test_the_laboratory_has_a_recipe_for_each_family(family: str) -> None:
    found = load_recipe(LAB / f"{family}.toml")
    assert (found.name, found.model.family) == (family, family)


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        ("svm", "model.trees=5", "unknown key model.trees; known are"),
        ("random-forest", "model.c=5", "unknown key model.c; known are"),
        ("svm", "model.gama=5", "unknown key model.gama; did you mean 'gamma'?"),
        ("svm", "model.c=0", "model.c = 0"),
        ("svm", "model.select.methd='anova'", "unknown key model.select.methd; did you mean 'method'?"),
        ("svm", "model.grid.trees=[1]", "model: grid.trees: no key of svm that can be tried; known are"),
        ("svm", "model.grid.c=[1, -1]", "model: c = -1 in the grid: Input should be greater than 0"),
        ("svm", "model.grid.c=[]", "model.grid.c = []"),
        ("svm", "model.reduce.components=2.5", "model.reduce: components is a share below 1, or a whole number"),
        ("mlp", "model.balance='class-weight'", "model.balance = 'class-weight'"),
        ("k-nearest-neighbours", "model.balance='class-weight'", "model.balance = 'class-weight'"),
    ],
)
def test_a_wrong_key_says_what_is_wrong(family: str, change: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe(LAB / f"{family}.toml", changes=[change])
    assert message in str(error.value)
