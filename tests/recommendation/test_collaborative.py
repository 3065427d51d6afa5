import sys

import numpy as np
import pytest

from affetto.errors import AffettoError, OptionError
from affetto.recommendation.collaborative import FEWEST, learn_others
from affetto.recommendation.taste import CONTENT, Event, Kind, Taste, TasteColumns

ARTISTS = tuple(f"{circle} {n}" for circle in ("folk", "techno") for n in range(12))


def likes(count: int = 40) -> dict[str, list[str]]:
    rng = np.random.default_rng(0)
    return {str(n): [ARTISTS[12 * (n % 2) + int(k)] for k in rng.choice(12, 6, replace=False)] for n in range(count)}


def columns() -> TasteColumns:
    size = len(ARTISTS)
    zeros = np.zeros(size, dtype=np.intp)
    return TasteColumns(
        content=np.full((size, len(CONTENT)), np.nan, np.float32),
        artist=np.arange(size),
        artists=ARTISTS,
        genre=zeros,
        genres=("",),
        cluster=zeros,
        clusters=("",),
        place=lambda _: None,
    )


def test_who_likes_folk_is_expected_to_like_other_folk() -> None:
    baseline = learn_others(likes()).for_listener(["Folk 1", "folk  2", "nobody knows them"])
    scores = baseline.scores(columns())
    assert scores[:12].min() > scores[12:].max()
    assert baseline.of(Event(kind=Kind.PLAY, time=0, artist="folk 5")) > 0
    assert baseline.of(Event(kind=Kind.PLAY, time=0, artist="elsewhere")) == 0


def test_it_is_where_a_new_listeners_taste_starts() -> None:
    baseline = learn_others(likes()).for_listener(["folk 1"])
    taste = Taste.from_events((), now=0, baseline=baseline)
    assert taste.cold
    assert np.allclose(taste.mean(columns()), baseline.scores(columns()))


def test_who_likes_nothing_that_others_know_gets_no_opinion() -> None:
    others = learn_others(likes())
    assert not others.for_listener(["nobody knows them"]).scores(columns()).any()
    assert not others.scores([]).any()


def test_too_few_listeners_are_refused() -> None:
    with pytest.raises(OptionError, match=f"from {FEWEST} listeners on"):
        learn_others(likes(FEWEST - 1))


def test_neighbours_do_without_implicit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "implicit.als", None)
    others = learn_others(likes())
    assert others.factors is None
    scores = others.scores([others.artists["techno 1"]])
    assert scores[others.artists["techno 2"]] > scores[others.artists["folk 2"]]
    with pytest.raises(AffettoError, match=r"affetto\[collaborative\]"):
        others.factorized([0])


def test_the_same_seed_gives_the_same_factors() -> None:
    one, other = learn_others(likes(), seed=3), learn_others(likes(), seed=3)
    assert one.factors is not None
    assert np.allclose(one.factors, other.factors)
