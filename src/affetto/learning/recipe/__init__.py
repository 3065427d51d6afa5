"""Training recipes: everything that makes a model, in one TOML file.

A recipe has a ``name``, a ``[data]`` table and a ``[model]`` table whose ``family`` says what the rest of it means:
:class:`RecognizerRecipe`, a :class:`ClassicalRecipe`, :class:`SequenceRecipe` or :class:`EncoderRecipe`.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError

from affetto.errors import RecipeError
from affetto.learning.recipe.classical import ClassicalFamily, ClassicalRecipe
from affetto.learning.recipe.data import DataRecipe
from affetto.learning.recipe.encoder import EncoderRecipe
from affetto.learning.recipe.part import Part
from affetto.learning.recipe.recognizer import (
    AugmentRecipe,
    NetworkRecipe,
    RecognizerRecipe,
    StatisticsRecipe,
    TrainingRecipe,
)
from affetto.learning.recipe.sequence import SequenceRecipe

__all__ = [
    "FAMILIES",
    "AugmentRecipe",
    "ClassicalRecipe",
    "DataRecipe",
    "EncoderRecipe",
    "ModelRecipe",
    "NetworkRecipe",
    "Recipe",
    "RecognizerRecipe",
    "SequenceRecipe",
    "StatisticsRecipe",
    "TrainingRecipe",
    "load_recipe",
    "override",
]

ModelRecipe = Annotated[
    RecognizerRecipe | ClassicalFamily | SequenceRecipe | EncoderRecipe, Field(discriminator="family")
]


def _families() -> dict[str, type[Part]]:
    parts: tuple[type[Part], ...] = get_args(get_args(ModelRecipe)[0])
    return {family: part for part in parts for family in get_args(part.model_fields["family"].annotation)}


FAMILIES: dict[str, type[Part]] = _families()
"""Every model family and the table that describes it."""


class Recipe(Part):
    """A whole recipe.

    Attributes:
        name: Short name; reports and models carry it.
        data: What is learnt from.
        model: What learns, and how.
    """

    name: str
    data: DataRecipe
    model: ModelRecipe


def load_recipe(path: str | Path, *, changes: Sequence[str] = ()) -> Recipe:
    """Reads and checks a recipe.

    Args:
        path: The TOML file.
        changes: ``key=value`` each, such as ``model.training.steps=100``; they win over the file.

    Raises:
        RecipeError: If the file cannot be read, or a key or value in it is wrong; the nearest key is suggested.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"recipe {path}: {error}; see recipes/default.toml for the form") from error
    for change in changes:
        raw = override(raw, change)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {path}: {_explain(error)}") from error


def override(raw: Mapping[str, Any], change: str) -> dict[str, Any]:
    """The tables of a recipe with one value replaced.

    Args:
        raw: The tables.
        change: ``key=value``; the value is read as TOML, or as a string where it is none.

    Raises:
        RecipeError: If it is not of that form, or the key goes through something that is not a table.

    >>> override({"model": {"family": "svm"}}, "model.c=10")
    {'model': {'family': 'svm', 'c': 10}}
    """
    key, equals, text = change.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise RecipeError(f"{change!r} is not a change; write key=value, such as model.training.steps=100")
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    changed = dict(raw)
    table = changed
    for name in names[:-1]:
        inner = table.get(name, {})
        if not isinstance(inner, dict):
            raise RecipeError(f"{change!r}: {name} is not a table")
        table[name] = table = dict(inner)
    table[names[-1]] = value
    return changed


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    # pydantic names the member of the union too; the person wrote no such key
    loc = [str(part) for part in first["loc"]]
    if len(loc) > 1 and loc[0] == "model" and loc[1] in FAMILIES:
        family, loc = loc[1], [loc[0], *loc[2:]]
    else:
        family = None
    key = ".".join(loc)
    if first["type"] == "union_tag_invalid":
        wrong = str(first.get("ctx", {}).get("tag"))
        return f"model.family = {wrong!r}: unknown family{_nearest(wrong, list(FAMILIES))}"
    if first["type"] == "union_tag_not_found":
        return f"model.family is missing; known are {', '.join(FAMILIES)}"
    if first["type"] == "missing":
        return f"{key} is missing"
    if first["type"] == "value_error":  # of a whole table: what was received is in the message
        return f"{key}: {first['msg'].removeprefix('Value error, ')}"
    if first["type"] != "extra_forbidden":
        return f"{key} = {first.get('input')!r}: {first['msg']}"
    part: type[BaseModel] = Recipe
    for name in loc[:-1]:
        part = FAMILIES[family] if part is Recipe and name == "model" and family else _table(part, name)
    return f"unknown key {key}{_nearest(loc[-1], list(part.model_fields))}"


def _table(part: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = part.model_fields[name].annotation
    choices = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next(choice for choice in choices if isinstance(choice, type) and issubclass(choice, BaseModel))


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
