import math

import numpy as np
import pytest

from affetto.recommendation.taste import CONTENT, Event, Familiarity, Kind, MoodShift, Taste, reward_of, standardized
from tests.recommendation.taste.test_model import DAY, columns


def test_earlier_skips_cost_more_and_words_weigh_more_than_deeds() -> None:
    seconds = [0, 5, 10, 60, 120, 200]
    values = [reward_of(Event(kind=Kind.SKIP, time=0, second=s, length=200.0)).value for s in seconds]  # type: ignore[union-attr]
    assert values == sorted(values)
    assert values[0] == pytest.approx(-0.8)
    assert values[-1] == pytest.approx(0.1)
    like, completed = (reward_of(Event(kind=kind, time=0)) for kind in (Kind.LIKE, Kind.COMPLETED))
    assert like is not None
    assert completed is not None
    assert like.weight > completed.weight
    assert reward_of(Event(kind=Kind.SKIP, time=0, second=105.0, length=math.nan)) == reward_of(
        Event(kind=Kind.SKIP, time=0, second=105.0)
    )


def test_stars_are_worth_what_they_say() -> None:
    values = [reward_of(Event(kind=Kind.RATED, time=0, stars=stars)) for stars in (1, 3, 5)]
    assert [value and value.value for value in values] == [-1, 0, 1]
    assert reward_of(Event(kind=Kind.RATED, time=0)) is None


@pytest.mark.parametrize("kind", [Kind.PLAY, Kind.NOT_THIS_MOOD])
def test_some_deeds_say_nothing_of_taste(kind: Kind) -> None:
    assert reward_of(Event(kind=kind, time=0)) is None


def listened(key: str, *kinds: Kind, time: float = 0.0) -> list[Event]:
    return [Event(kind=kind, time=time + n, track=key) for n, kind in enumerate(kinds)]


def known(*events: Event) -> Familiarity:
    found = Familiarity()
    for event in events:
        found.add(event)
    return found


def test_a_listening_counts_once_whether_its_start_or_end_or_both_were_noticed() -> None:
    both = known(*listened("a", Kind.PLAY, Kind.COMPLETED))
    assert both.of("a", 0) == pytest.approx(0.5, abs=1e-3)
    assert known(*listened("a", Kind.COMPLETED)).of("a", 0) == pytest.approx(0.5)
    assert known(*listened("a", Kind.PLAY)).of("a", 0) == pytest.approx(0.5)  # a crash before the end
    twice = known(*listened("a", Kind.PLAY, Kind.SKIP), *listened("a", Kind.PLAY, Kind.SKIP, time=2))
    assert twice.of("a", 2) == pytest.approx(0.75, abs=1e-3)
    assert known(*listened("a", Kind.LIKE, Kind.DISLIKE)).of("a", 0) == 0


def test_the_familiar_becomes_new_again() -> None:
    found = known(*listened("3", Kind.PLAY))
    assert found.of("3", 60 * DAY) == pytest.approx(1 - 2**-0.5, abs=1e-3)
    scores = found.scores(columns(), 0)
    assert scores[3] == pytest.approx(0.5)
    assert np.count_nonzero(scores) == 1
    assert known(*listened("elsewhere", Kind.PLAY)).scores(columns(), 0).sum() == 0


def not_this_mood(context: tuple[float, float] | None, mood: tuple[float, float] = (0.5, 0.2)) -> Event:
    content = tuple(standardized([*mood, *(7.0,) * (len(CONTENT) - 2)]).tolist())
    return Event(kind=Kind.NOT_THIS_MOOD, time=0, track="7", content=content, context=context)


def test_not_this_mood_moves_the_mood_for_this_listener_and_not_the_taste() -> None:
    taste = Taste.from_events([not_this_mood((0.5, -0.3))] * 6, now=0)
    assert taste.cold
    assert taste.mood_shift("8") == MoodShift()
    once = Taste.from_events([not_this_mood((0.5, -0.3))], now=0).mood_shift("7")
    assert once.valence == pytest.approx(0, abs=1e-6)
    assert once.arousal == pytest.approx(0.25)
    assert taste.mood_shift("7").arousal == pytest.approx(0.75)
    assert taste.mood_shift("7").variance > once.variance > 0
    assert set(taste.mood_shifts) == {"7"}


@pytest.mark.parametrize("event", [not_this_mood(None), not_this_mood((0.5, 0.2), mood=(0.5, 0.2))])
def test_without_a_direction_only_the_doubt_grows(event: Event) -> None:
    shift = Taste.from_events([event], now=0).mood_shift("7")
    assert math.hypot(shift.valence, shift.arousal) <= 0.25
    assert shift.variance > 0
    assert math.isfinite(shift.valence + shift.arousal)
