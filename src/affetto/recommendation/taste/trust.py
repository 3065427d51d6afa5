"""How far taste has earned to be acted on: how much better than chance it foretold what the listener did."""

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste.evidence import Sums
from affetto.recommendation.taste.posterior import Posterior

__all__ = ["log_odds", "probability"]

_Floats: TypeAlias = npt.NDArray[np.float64]

_DEGREES = 4.0  # how many deeds what is believed of the noise counts for


def log_odds(sums: Sums, posterior: Posterior, *, spreads: _Floats, noise: float) -> float:
    """Log of the odds that taste foretells rewards against those that chance does, if both were as likely before.

    Taste says ``y = x.w + e``. Chance gives each reward the same mean and variance, but what one deed shows of a sound,
    an artist or a track then says nothing of the next: only the generosity of the listener is shared. Neither knows the
    variance of ``e``, which is integrated out (inverse gamma). With ``C`` the covariance of the ``n`` rewards over that
    variance, as either has it, this is

        log p(y | taste) - log p(y | chance),    log p(y) = -(4 + n) / 2 log(4 noise^2 + y C^-1 y) - log|C| / 2

    and by the chain rule the sum, over all deeds, of how much better taste foretold each from those before it
    (prequential, Dawid 1984). Older deeds count less, as everywhere.

    Args:
        sums: What was heard.
        posterior: What follows from it.
        spreads: Standard deviations of the weights of each of `affetto.recommendation.taste.evidence.KINDS`.
        noise: Standard deviation of a reward.
    """
    weight, reward, shared = sums.deeds[:, 0] * sums.faded, sums.deeds[:, 1], sums.deeds[:, 2]
    wider = 1 + weight * (sums.deeds[:, 3:] @ np.square(spreads[1:])) / noise**2
    weighed = weight / wider
    ridge = (noise / spreads[0]) ** 2
    common = ridge + float(weighed @ shared)
    by_chance = float(weighed @ reward**2 - (weighed @ (shared * reward)) ** 2 / common)
    by_taste = float(weight @ reward**2) - sums.faded * posterior.explained
    chance_volume = float(np.log(wider).sum() + math.log(common / ridge))
    before, count = _DEGREES * noise**2, _DEGREES + sums.count * sums.faded
    better = math.log((before + max(by_chance, 0.0)) / (before + max(by_taste, 0.0)))
    return (count * better + chance_volume - posterior.volume) / 2


def probability(log_odds: float) -> float:
    """The probability of some log odds.

    >>> probability(0.0), probability(1000.0), probability(-1000.0)
    (0.5, 1.0, 0.0)
    """
    return 0.5 + 0.5 * math.tanh(log_odds / 2)
