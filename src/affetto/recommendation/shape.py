"""The shape of a journey, and which one does a listener good by their own account."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import numpy as np

__all__ = ["SHAPES", "Shape", "choose_shape", "shape_odds"]


class Shape(StrEnum):
    """How a journey gets to its goal."""

    GRADUAL = "gradual"
    DIRECT = "direct"


SHAPES: Mapping[Shape, str] = MappingProxyType(
    {
        Shape.GRADUAL: "starts where the voice is and eases to the goal",
        Shape.DIRECT: "plays at the goal from the first track on",
    }
)
"""Each shape in a few words. Gradual is the iso principle of music therapy (Altshuler 1948): match, then shift. It is
plausible and not proven better than a direct lift (Starcke et al. 2021), so people's own reports decide."""

_WORTH: Mapping[str, float] = MappingProxyType({"better": 1.0, "same": 0.5, "worse": 0.0})
_DRAWS = 4096


def shape_odds(outcomes: Iterable[tuple[str, str]]) -> dict[Shape, tuple[float, float]]:
    """What outcomes say of each shape: the two numbers of its Beta distribution, from (1, 1).

    Args:
        outcomes: Shape and what was said: "better" is a success, "worse" a failure, "same" half of each. Those of
            playlists without a way to go (an empty shape) say nothing.

    >>> shape_odds([("gradual", "better"), ("gradual", "same"), ("", "worse")])[Shape.GRADUAL]
    (2.5, 1.5)
    """
    odds = dict.fromkeys(Shape, (1.0, 1.0))
    for shape, said in outcomes:
        if shape in odds and said in _WORTH:
            good, bad = odds[Shape(shape)]
            odds[Shape(shape)] = (good + _WORTH[said], bad + 1 - _WORTH[said])
    return odds


def choose_shape(outcomes: Iterable[tuple[str, str]], rng: np.random.Generator) -> tuple[Shape, float]:
    """The shape for the next journey, and how likely it was to be chosen.

    Without any outcome it is gradual. Then a Beta-Bernoulli bandit: each shape draws from what is believed of it, and
    the higher draw wins (Thompson sampling), so that the one that does better is played more and the other now and
    then.

    Args:
        outcomes: As in `shape_odds`.
        rng: Source of the draw.

    >>> choose_shape([], np.random.default_rng(0))
    (<Shape.GRADUAL: 'gradual'>, 1.0)
    """
    odds = shape_odds(outcomes)
    if all(pair == (1.0, 1.0) for pair in odds.values()):
        return Shape.GRADUAL, 1.0
    (good, bad), (fair, poor) = odds[Shape.DIRECT], odds[Shape.GRADUAL]
    direct = rng.beta(good, bad) > rng.beta(fair, poor)
    draws = np.random.default_rng(0)  # the share of wins is an integral, not a choice
    share = float(np.mean(draws.beta(good, bad, _DRAWS) > draws.beta(fair, poor, _DRAWS)))
    share = min(1 - 1 / _DRAWS, max(1 / _DRAWS, share))
    return (Shape.DIRECT, share) if direct else (Shape.GRADUAL, 1 - share)
