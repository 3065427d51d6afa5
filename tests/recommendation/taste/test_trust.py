"""Taste is acted on as far as it foretold what was done."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from affetto.recommendation.portrait import portrait
from affetto.recommendation.taste import Event, Kind, Prior, Taste, reward_of
from affetto.recommendation.taste.evidence import FIXED, features_of
from tests.recommendation.taste.test_model import Others, columns, event, events

DAY = 86400.0
VOTES = (Kind.ARTIST_MORE, Kind.ARTIST_LESS)


def covariances(history: list[Event], prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Of the rewards over the variance of the noise, noise left out: as taste and as chance have it."""
    names = [("genre", prior.genre), ("cluster", prior.cluster), ("artist", prior.artist), ("track", prior.track)]
    spread = np.array([prior.generosity] + [prior.content] * 7 + [prior.context] * (FIXED - 8))
    taste = np.zeros((len(history), len(history)))
    chance = np.zeros_like(taste)
    for i, one in enumerate(history):
        for j, other in enumerate(history):
            votes = one.kind in VOTES, other.kind in VOTES
            kinds = [pair for pair in names if not any(votes) or pair[0] == "artist"]
            alike = sum(sd**2 for kind, sd in kinds if getattr(one, kind) == getattr(other, kind))
            if not any(votes):
                x, y = features_of(one.content, one.context), features_of(other.content, other.context)
                alike += float((x * spread**2) @ y)
            taste[i, j] = alike
            chance[i, j] = alike if i == j else 0.0 if any(votes) else prior.generosity**2
    return taste / prior.noise**2, chance / prior.noise**2


@settings(deadline=None, max_examples=30)
@given(events)
def test_trust_is_the_evidence_of_the_whole_system(history: list[Event]) -> None:
    now, prior = 400 * DAY, Prior()
    said = [(one, found) for one in history if (found := reward_of(one)) is not None and one.trust > 0.01]
    kept = [one for one, _ in said]
    fade = np.array([2 ** (-(now - one.time) / (prior.half_life * DAY)) for one in kept])
    weight = fade * np.array([found.weight * one.trust for one, found in said])
    reward = np.array([found.value for _, found in said])
    logs = []
    for covariance in covariances(kept, prior):
        whole = np.eye(len(kept)) + covariance * np.sqrt(np.outer(weight, weight))
        scaled = np.sqrt(weight) * reward
        rest = 4 * prior.noise**2 + float(scaled @ np.linalg.solve(whole, scaled)) if len(kept) else 1.0
        logs.append(-(4 + fade.sum()) / 2 * math.log(rest) - np.linalg.slogdet(whole)[1] / 2)
    expected = 1 / (1 + math.exp(min(700.0, logs[1] - logs[0])))
    assert Taste.from_events(kept, now=now).trust == pytest.approx(expected, abs=1e-6)


def heard(rewarded: np.ndarray) -> Taste:
    """Three listenings to each of twelve tracks, liked or not."""
    kinds = [Kind.LIKE if liked else Kind.DISLIKE for liked in rewarded]
    return Taste.from_events([event(kind, n % 12) for n, kind in enumerate(kinds)], now=0)


def test_who_likes_the_same_again_is_trusted_and_who_has_no_order_is_not() -> None:
    here, rng = columns(), np.random.default_rng(3)
    steady = heard(np.tile(here.artist == 1, 3))
    assert steady.trust > 0.99
    random = [heard(rng.random(36) < 0.5) for _ in range(20)]
    assert np.median([taste.trust for taste in random]) < 0.1
    least = min(random, key=lambda taste: taste.trust)
    assert "foretells what you like" in portrait(steady, []).standing
    assert "not found yet" in portrait(least, []).standing
    assert "until taste counts" in portrait(Taste.from_events([], now=0), []).standing
    assert abs(least.scores(here, rng)).max() < 0.05 * abs(least.mean(here)).max()


def test_trust_can_be_lost_and_undoing_brings_it_back() -> None:
    likes = [event(Kind.LIKE if n % 3 == 1 else Kind.DISLIKE, n % 12) for n in range(24)]
    opposite = [event(Kind.DISLIKE if n % 3 == 1 else Kind.LIKE, n % 12) for n in range(24)]
    before = Taste.from_events(likes, now=0)
    after = before
    for one in opposite:
        after = after.update(one, now=0)
    assert after.trust < 0.1 < 0.9 < before.trust
    assert Taste.from_events(likes, now=0).trust == before.trust


def test_nothing_said_is_neither_for_nor_against() -> None:
    assert Taste.from_events([], now=0).trust == 0.5
    assert Taste.from_events([event(Kind.PLAY, n) for n in range(9)], now=0).trust == 0.5
    centuries = [event(Kind.LIKE, 1, time=year * 3650 * DAY) for year in range(6)]
    assert Taste.from_events(centuries, now=1e6 * DAY).trust == pytest.approx(0.5, abs=1e-6)


def test_what_others_like_needs_no_trust() -> None:
    here, others = columns(), Others()
    taste = Taste.from_events([event(Kind.LIKE, n) for n in range(6)], now=0, baseline=others)
    assert np.allclose(taste.scores(here, np.random.default_rng(0), trust=0), others.scores(here))
