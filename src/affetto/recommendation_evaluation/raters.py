"""What predicts ratings of the field study: taste, as listeners of one store have it, and simple rivals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.recommendation.taste import Event, Prior, Taste
from affetto.recommendation.taste.shared import CROWD, OWN, learn_common
from affetto.recommendation_evaluation.ratings import Rating, Tunes

__all__ = ["Choice", "alone", "baselines", "hybrid"]

_Scores: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is chosen where the study is learnt from.

    Attributes:
        trust: How much a rating of stage 1 counts beside one of stage 2.
        crowd: What is believed of the crowd before.
        own: What is believed of what is each one's own.
    """

    trust: float
    crowd: Prior = CROWD
    own: Prior = OWN


def _histories(train: Sequence[Rating], tunes: Tunes, trust: float) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for rating in train:
        event = tunes.event(rating)
        found.setdefault(rating.listener, []).append(event if rating.mood else replace(event, trust=trust))
    return found


def _stars(tastes: Mapping[str, Taste], test: Sequence[Rating], tunes: Tunes, now: float) -> _Scores:
    events = [(rating.listener, tunes.event(replace(rating, time=now))) for rating in test]
    return 3 + 2 * np.array([tastes[listener].expected(event) for listener, event in events])


def hybrid(train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes, choice: Choice) -> _Scores:
    """Stars by the taste of each listener on top of what the others like together, as where tracks are pooled.

    Args:
        train: What is learnt from.
        test: What is predicted.
        tunes: The tracks.
        choice: What was chosen.
    """
    histories, now = _histories(train, tunes, choice.trust), max(rating.time for rating in train)
    told = {who: [replace(event, context=None) for event in events] for who, events in histories.items()}
    tastes: dict[str, Taste] = {}
    for listener in {rating.listener for rating in test}:
        others = {who: events for who, events in told.items() if who != listener}
        common = learn_common(others, now=now, crowd=choice.crowd, own=choice.own)
        tastes[listener] = Taste.from_events(histories.get(listener, []), now=now, prior=choice.own, baseline=common)
    return _stars(tastes, test, tunes, now)


def alone(train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes, choice: Choice) -> _Scores:
    """Stars by the taste of each listener alone, as where nothing is pooled."""
    histories, now = _histories(train, tunes, choice.trust), max(rating.time for rating in train)
    listeners = {rating.listener for rating in test}
    tastes = {each: Taste.from_events(histories.get(each, []), now=now) for each in listeners}
    return _stars(tastes, test, tunes, now)


def _means(train: Sequence[Rating], of: Callable[[Rating], str], shrink: float) -> tuple[dict[str, float], float]:
    everywhere = float(np.mean([rating.stars for rating in train]))
    sums: dict[str, list[float]] = {}
    for rating in train:
        sums.setdefault(of(rating), []).append(rating.stars)
    return {key: (sum(stars) + shrink * everywhere) / (len(stars) + shrink) for key, stars in sums.items()}, everywhere


def baselines(train: Sequence[Rating], test: Sequence[Rating], tunes: Tunes) -> dict[str, _Scores]:
    """Scores of what is known of everybody: chance, popularity, means, and how near the mood is."""
    users, everywhere = _means(train, lambda rating: rating.listener, 0.0)
    items, _ = _means(train, lambda rating: rating.track, 1.0)
    played: dict[str, int] = {}
    for rating in train:
        played[rating.track] = played.get(rating.track, 0) + 1
    user = np.array([users.get(rating.listener, everywhere) for rating in test])
    item = np.array([items.get(rating.track, everywhere) for rating in test])
    apart = [
        np.hypot(*np.subtract(rating.mood or (0.0, 0.0), tunes.points.get(rating.track, (0.0, 0.0)))) for rating in test
    ]
    return {
        "random": np.random.default_rng(0).random(len(test)),
        "popularity": np.array([float(played.get(rating.track, 0)) for rating in test]),
        "popularity in the world": np.array([tunes.popularity.get(rating.track, 0.0) for rating in test]),
        "user mean": user,
        "item mean": item,
        "user and item mean": user + item - everywhere,
        "mood only": -np.array(apart, dtype=float),
    }
