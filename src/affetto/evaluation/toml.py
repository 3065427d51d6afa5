"""Recipes as TOML."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from affetto.learning.recipe import Recipe

__all__ = ["recipe_key", "recipe_text", "to_toml"]


def recipe_text(recipe: Recipe, *, comment: str = "") -> str:
    """The recipe as a file that :func:`~affetto.learning.recipe.load_recipe` reads.

    Defaults are left out, and so is where the data lay: it is a matter of one machine.
    """
    tables: dict[str, Any] = recipe.model_dump(mode="json", exclude_defaults=True, exclude={"data": {"root"}})
    tables["model"] = {"family": recipe.model.family, **tables.get("model", {})}
    return "".join(f"# {line}\n" for line in comment.splitlines()) + to_toml(tables)


def recipe_key(recipe: Recipe) -> str:
    """A short key that changes whenever the recipe does, and not when it gets options that it does not use."""
    text = to_toml(recipe.model_dump(mode="json", exclude_defaults=True, exclude={"data": {"root"}}))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def to_toml(tables: Mapping[str, Any]) -> str:
    """Nested tables of numbers, strings, truth values and lists as TOML; None is left out.

    >>> print(to_toml({"name": "a", "model": {"family": "svm", "c": 10.0}}), end="")
    name = "a"
    <BLANKLINE>
    [model]
    family = "svm"
    c = 10.0
    """
    return "\n".join(_lines(tables, ())).strip() + "\n"


def _lines(table: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    own = {key: value for key, value in table.items() if key not in inner and value is not None}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in own.items()]
    if path and (lines or not inner):
        lines = ["", f"[{'.'.join(map(_key, path))}]", *lines]
    for key, value in inner.items():
        lines += _lines(value, (*path, key))
    return lines


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value if item is not None) + "]"
    return json.dumps(value, ensure_ascii=False)
