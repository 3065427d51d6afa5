from pathlib import Path

import pytest

from affetto.errors import RecipeError
from affetto.learning.recipe import FAMILIES, RecognizerRecipe, load_recipe

DEFAULT = Path(__file__).parents[2] / "recipes" / "default.toml"
MINIMAL = 'name = "x"\n[data]\ncorpora = ["ravdess"]\n[model]\nfamily = "recognizer"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.toml"
    file.write_text(text)
    return file


def test_the_default_recipe_is_complete() -> None:
    recipe = load_recipe(DEFAULT)
    assert recipe.name == "default"
    assert recipe.data.corpora == ("ravdess", "tess", "emodb", "nemo", "ased")
    assert isinstance(recipe.model, RecognizerRecipe)
    assert set(recipe.model.shares) == set(recipe.data.corpora)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    model = load_recipe(write(tmp_path, MINIMAL)).model
    assert isinstance(model, RecognizerRecipe)
    assert model.training.batch == 64


def test_changes_win_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, MINIMAL + "[model.training]\nsteps = 5\n")
    recipe = load_recipe(file, changes=["model.training.steps = 7", "name=other", "data.corpora=['tess', 'emodb']"])
    assert isinstance(recipe.model, RecognizerRecipe)
    assert (recipe.name, recipe.model.training.steps, recipe.data.corpora) == ("other", 7, ("tess", "emodb"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("steps", "'steps' is not a change; write key=value"),
        ("=3", "is not a change"),
        ("name.of=3", "name is not a table"),
        ("model.training.step=3", "unknown key model.training.step; did you mean 'steps'?"),
        ("model.family=svn", "unknown family; did you mean 'svm'?"),
    ],
)
def test_a_wrong_change_is_refused(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_recipe(write(tmp_path, MINIMAL), changes=[change])
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "[model.training]\nstep = 5\n", "unknown key model.training.step; did you mean 'steps'?"),
        (MINIMAL + "[trainin]\nsteps = 5\n", "unknown key trainin; known are name, data, model"),
        (MINIMAL + "[model.trainin]\nsteps = 5\n", "unknown key model.trainin; did you mean 'training'?"),
        (MINIMAL + "[model.training]\nsteps = 'many'\n", "model.training.steps = 'many'"),
        (MINIMAL + "[model.training]\nsteps = 0\n", "model.training.steps = 0"),
        (MINIMAL.replace("recognizer", "recogniser"), "unknown family; did you mean 'recognizer'?"),
        (MINIMAL.replace("family", "famly"), f"model.family is missing; known are {', '.join(FAMILIES)}"),
        ('name = "x"\n', "data is missing"),
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
