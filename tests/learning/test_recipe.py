from pathlib import Path

import pytest

from affetto.errors import RecipeError
from affetto.learning.recipe import load_recipe

DEFAULT = Path(__file__).parents[2] / "recipes" / "default.toml"
MINIMAL = 'name = "x"\n[data.shares]\nravdess = 1.0\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.toml"
    file.write_text(text)
    return file


def test_the_default_recipe_is_complete() -> None:
    recipe = load_recipe(DEFAULT)
    assert recipe.name == "default"
    assert recipe.corpora == ("ravdess", "tess", "emodb", "nemo", "ased")


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, MINIMAL)).training.batch == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "[training]\nstep = 5\n", "unknown key training.step; did you mean 'steps'?"),
        (MINIMAL + "[trainin]\nsteps = 5\n", "unknown key trainin; did you mean 'training'?"),
        (MINIMAL + "[training]\nsteps = 'many'\n", "training.steps = 'many'"),
        (MINIMAL + "[training]\nsteps = 0\n", "training.steps = 0"),
        ('name = "x"\n[data.shares]\nravdes = 1.0\n', "unknown corpus; did you mean 'ravdess'?"),
        ('name = "x"\n[data.shares]\nqqqq = 1.0\n', "unknown corpus; known are ravdess"),
        ('name = "x"\n', "data"),
        ("name = ", "see recipes/default.toml"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe(write(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.toml"):
        load_recipe(tmp_path / "nowhere.toml")
