"""What a caller may ask of a playlist, checked before anything is done."""

import secrets
from collections.abc import Sequence
from typing import TypedDict, Unpack

from affetto.music.library import Library
from affetto.music.track import Track
from affetto.recommendation.intent import Intent, parse_intents
from affetto.recommendation.options import number, one_of, whole_number
from affetto.recommendation.request import ADVENTUROUS
from affetto.recommendation.shape import Shape
from affetto.settings import settings

__all__ = ["STRATEGIES", "Options", "Wishes", "check_options", "checked_length", "checked_seed"]

STRATEGIES = ("journey", "genre")
"""``journey`` looks among all tracks, ``genre`` among those of the genres that the settings name for the emotion."""

_LONGEST = 500
_LARGEST_SEED = 2**63 - 1


class Options(TypedDict, total=False):
    """The options of `affetto.recommend`, which tells what they mean."""

    intent: Intent | str | None
    length: int | None
    strategy: str
    seed: int | None
    library: Library | str | None
    shape: Shape | str | None
    novelty: float
    adventurous: float
    before: Sequence[Track | str]


class Wishes:
    """Options that are on offer, with the settings and a drawn seed in place of what was left out.

    Attributes:
        intents: What the music is for; None for what suits.
        length: Tracks.
        strategy: One of `STRATEGIES`.
        seed: Source of chance.
        library: Where to look, as it was given.
        shape: How the journey gets to its goal; None for what does the listener good.
        novelty: From -1, the familiar, to 1, the new.
        adventurous: How much of its doubt taste acts on, from 0 to 4.
        heard: Ids of the tracks that were heard.

    Raises:
        OptionError: If one of them is not on offer; the message names it, the choices and the nearest.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        intent, shape = options.get("intent"), options.get("shape")
        self.intents = None if intent is None else parse_intents(intent)
        self.strategy = one_of("strategy", options.get("strategy", STRATEGIES[0]), STRATEGIES)
        self.length = checked_length(options.get("length"))
        self.seed = checked_seed(options.get("seed"))
        self.shape = None if shape is None else Shape(one_of("shape", shape, [str(each) for each in Shape]))
        self.novelty = number("novelty", options.get("novelty", 0.0), -1, 1)
        self.adventurous = number("adventurous", options.get("adventurous", ADVENTUROUS), 0, 4)
        self.library = options.get("library")
        self.heard = tuple(each.id if isinstance(each, Track) else each for each in options.get("before", ()))


def check_options(**options: Unpack[Options]) -> None:
    """Refuse options that `affetto.recommend` would refuse, before anything is heard.

    Raises:
        OptionError: If one of them is not on offer; the message names it, the choices and the nearest.
    """
    Wishes(**options)


def checked_length(length: int | None) -> int:
    """A number of tracks; that of the settings for None."""
    return settings().length if length is None else whole_number("length", length, 1, _LONGEST)


def checked_seed(seed: int | None) -> int:
    """A seed; one is drawn for None."""
    return secrets.randbelow(2**31) if seed is None else whole_number("seed", seed, 0, _LARGEST_SEED)
