"""What the page says, in the languages it speaks: one catalogue for each, all with the same keys."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

__all__ = ["LANGUAGES", "catalogue", "choose_language", "sayings"]

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "de": "Deutsch"})
"""The languages by their code, each by its own name; the first is the one for everybody else."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every sentence and label in a language, by its key."""
    return _read(f"{language}.json")


@cache
def sayings(language: str) -> Mapping[str, str]:
    """What the server says in English, reasons and cues, with blanks, and how a language puts it.

    Of several that fit a sentence the first is meant. Nothing for English, which is said as it is.
    """
    return MappingProxyType({}) if language == "en" else _read(f"sayings.{language}.json")


def _read(name: str) -> Mapping[str, str]:
    text = resources.files("affetto.server.pages").joinpath("catalogues", name).read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def choose_language(chosen: str | None, accepted: str | None) -> str:
    """The language for a request.

    Args:
        chosen: What the person chose in the settings, if anything.
        accepted: What their browser accepts (``Accept-Language``).

    >>> choose_language(None, "fr-CH, de;q=0.8, en;q=0.5")
    'de'
    >>> choose_language("en", "de")
    'en'
    """
    if chosen is not None and chosen in LANGUAGES:
        return chosen
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate((accepted or "").split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        wishes.append((-quality, place, tag.strip().lower().partition("-")[0]))
    return next((tag for quality, _, tag in sorted(wishes) if quality < 0 and tag in LANGUAGES), "en")
