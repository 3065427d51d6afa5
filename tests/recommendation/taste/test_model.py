import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.errors import OptionError
from affetto.recommendation.taste import CONTENT, Event, Kind, Prior, Taste, TasteColumns, reward_of, standardized
from affetto.recommendation.taste.evidence import FIXED, features_of

DAY = 86400.0
ARTISTS = ("Ada", "Ben", "Cleo")
GENRES = ("jazz", "rock")
CLUSTERS = ("calm, slow", "bright, fast")


def columns(count: int = 12, *, seed: int = 0) -> TasteColumns:
    rng = np.random.default_rng(seed)
    content = rng.normal(size=(count, len(CONTENT))).astype(np.float32)
    content[0, 3] = np.nan
    keys = {str(n): n for n in range(count)}
    return TasteColumns(
        content=content,
        artist=np.arange(count) % 3,
        artists=ARTISTS,
        genre=np.arange(count) % 2,
        genres=GENRES,
        cluster=np.arange(count) // 2 % 2,
        clusters=CLUSTERS,
        place=keys.get,
    )


def event(kind: Kind, place: int, *, time: float = 0.0, at: TasteColumns | None = None, **more: object) -> Event:
    here = at or columns()
    return Event(
        kind=kind,
        time=time,
        track=str(place),
        artist=here.artists[here.artist[place]],
        genre=here.genres[here.genre[place]],
        cluster=here.clusters[here.cluster[place]],
        content=tuple(here.content[place].tolist()),
        **more,  # type: ignore[arg-type]
    )


events = st.lists(
    st.builds(
        event,
        st.sampled_from(list(Kind)),
        st.integers(0, 11),
        time=st.floats(0, 400 * DAY),
        second=st.none() | st.floats(0, 300),
        stars=st.none() | st.floats(1, 5),
        trust=st.floats(0, 1),
        context=st.none() | st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    ),
    max_size=25,
)


def same(one: Taste, other: Taste) -> bool:
    here = columns()
    return (
        np.allclose(one.mean(here), other.mean(here), atol=1e-6)
        and np.allclose(
            one.scores(here, np.random.default_rng(1)), other.scores(here, np.random.default_rng(1)), atol=1e-6
        )
        and np.allclose(one.familiarity.scores(here, one.now), other.familiarity.scores(here, other.now))
        and one.never == other.never
        and one.likes == other.likes
        and one.mood_shifts == other.mood_shifts
    )


@settings(deadline=None, max_examples=40)
@given(events)
def test_learning_one_by_one_is_the_same_as_replaying_all(history: list[Event]) -> None:
    history = sorted(history, key=lambda one: one.time)
    now = 500 * DAY
    taste = Taste.from_events([], now=now)
    for one in history:
        taste = taste.update(one, now=one.time)
    taste = taste.update(Event(kind=Kind.PLAY, time=now), now=now)  # says nothing, but brings it to now
    assert same(taste, Taste.from_events(history, now=now))


@settings(deadline=None, max_examples=20)
@given(events, st.data())
def test_the_order_in_which_events_arrive_does_not_matter_and_an_undone_one_never_was(
    history: list[Event], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(history))
    times = [one.time for one in history]
    if len(set(times)) == len(times):
        assert same(Taste.from_events(shuffled, now=400 * DAY), Taste.from_events(history, now=400 * DAY))
    if history:
        undone = data.draw(st.integers(0, len(history) - 1))
        without = history[:undone] + history[undone + 1 :]
        before = Taste.from_events(without, now=400 * DAY)
        before.update(history[undone], now=400 * DAY)
        assert same(before, Taste.from_events(without, now=400 * DAY))


def dense_solution(history: list[Event], taste: Taste) -> np.ndarray:
    """Mean scores from the one large system that the elimination avoids."""
    here, prior = columns(), taste.prior
    names = [*range(FIXED), *GENRES, *CLUSTERS, *ARTISTS, *map(str, range(12))]
    spreads = [prior.generosity] + [prior.content] * len(CONTENT) + [prior.context] * 6
    spreads += [prior.genre] * 2 + [prior.cluster] * 2 + [prior.artist] * 3 + [prior.track] * 12

    def row(one: Event) -> np.ndarray:
        return np.concatenate(
            [
                features_of(one.content, one.context),
                [float(name in (one.genre, one.cluster, one.artist, one.track)) for name in names[FIXED:]],
            ]
        )

    precision, answer = np.diag(prior.noise**2 / np.square(spreads)), np.zeros(len(names))
    for one in history:
        reward = reward_of(one)
        if reward is None:
            continue
        x = row(one)
        if one.kind in (Kind.ARTIST_MORE, Kind.ARTIST_LESS):
            x = np.array([float(name == one.artist) for name in names])
        weight = reward.weight * one.trust * 2 ** (-(taste.now - one.time) / (prior.half_life * DAY))
        precision += weight * np.outer(x, x)
        answer += weight * reward.value * x
    mean = np.linalg.solve(precision, answer)
    mean[0] = 0
    rows = np.stack([row(event(Kind.PLAY, place, at=here)) for place in range(12)])
    return rows @ mean


@settings(deadline=None, max_examples=40)
@given(events)
def test_the_elimination_solves_the_whole_system(history: list[Event]) -> None:
    taste = Taste.from_events(history, now=400 * DAY)
    if not taste.cold:
        assert np.allclose(taste.mean(columns()), dense_solution(history, taste), atol=1e-5)


def test_samples_scatter_around_the_mean_as_believed() -> None:
    history = [event(Kind.LIKE if n % 2 else Kind.DISLIKE, n) for n in range(8)]
    taste, here = Taste.from_events(history, now=0), columns()
    rng = np.random.default_rng(0)
    drawn = np.stack([taste.scores(here, rng, adventurous=1, trust=1) for _ in range(4000)])
    assert np.allclose(drawn.mean(0), taste.mean(here), atol=0.04)
    assert np.allclose(taste.scores(here, rng, adventurous=0, trust=1), taste.mean(here))
    assert np.allclose(taste.scores(here, rng, adventurous=0), taste.trust * taste.mean(here))
    bold = np.stack([taste.scores(here, rng, adventurous=2, trust=1) for _ in range(400)])
    assert (bold.std(0) > 1.5 * drawn.std(0)).all()


def test_the_spread_of_a_sample_is_the_posterior_one() -> None:
    # One artist, nothing else known: a known formula.
    history = [Event(kind=Kind.COMPLETED, time=0, artist="Ada") for _ in range(6)]
    prior = Prior(generosity=1e-6, content=1e-6, context=1e-6)
    taste = Taste.from_events(history, now=0, prior=prior)
    here = columns()
    rng = np.random.default_rng(0)
    drawn = np.array([taste.posterior.sample(rng).artists[0] for _ in range(4000)])
    # Without a key these events have no track, so they speak of everything but the artist's own tracks.
    assert drawn.std() == pytest.approx(prior.artist, rel=0.1)
    votes = [Event(kind=Kind.ARTIST_MORE, time=0, artist="Ada") for _ in range(5)]
    taste = Taste.from_events(votes, now=0, prior=prior)
    drawn = np.array([taste.posterior.sample(rng).artists[0] for _ in range(4000)])
    variance = 1 / (1 / prior.artist**2 + 20 / prior.noise**2)
    assert drawn.std() == pytest.approx(math.sqrt(variance), rel=0.1)
    assert drawn.mean() == pytest.approx(20 / prior.noise**2 * variance, rel=0.05)
    assert taste.mean(here)[here.artist == 0].min() > 0.5


def test_cold_is_the_identity() -> None:
    here = columns()
    for history in ([], [event(Kind.LIKE, n) for n in range(4)], [event(Kind.PLAY, n) for n in range(12)]):
        taste = Taste.from_events(history, now=0)
        assert taste.cold
        assert not taste.mean(here).any()
        assert not taste.scores(here, np.random.default_rng(0), context=(0.5, 0.5)).any()
        assert taste.parts(here, 0).total == 0
    assert not Taste.from_events([event(Kind.LIKE, n) for n in range(5)], now=0).cold


def test_what_is_not_renewed_fades_until_nothing_is_known_again() -> None:
    history = [event(Kind.LIKE, 0) for _ in range(20)]
    here = columns()
    means = [Taste.from_events(history, now=days * DAY).mean(here)[0] for days in (0, 180, 360, 5000)]
    assert means == sorted(means, reverse=True)
    assert means[-1] == 0
    assert Taste.from_events(history, now=5000 * DAY).cold


def test_centuries_do_no_harm() -> None:
    history = [event(Kind.LIKE, 0, time=year * 365 * DAY) for year in range(0, 2000, 40)]
    history += [event(Kind.LIKE, 1, time=2000 * 365 * DAY) for _ in range(6)]
    scores = Taste.from_events(history, now=2000 * 365 * DAY).mean(columns())
    assert np.isfinite(scores).all()
    assert scores[1] > scores[0]
    assert scores[1] > 0


def test_a_clock_that_went_backwards_counts_as_now() -> None:
    history = [event(Kind.LIKE, n, time=9 * DAY) for n in range(6)]
    early = Taste.from_events(history, now=0)
    assert np.allclose(early.mean(columns()), Taste.from_events(history, now=9 * DAY).mean(columns()))


def test_likes_lift_artist_genre_region_and_track_and_the_parts_add_up() -> None:
    here = columns()
    taste = Taste.from_events([event(Kind.LIKE, 0)] * 3 + [event(Kind.DISLIKE, 1)] * 3, now=0)
    for row in range(12):
        assert taste.parts(here, row).total == pytest.approx(float(taste.mean(here)[row]), abs=1e-5)
        context = (0.4, -0.2)
        assert taste.parts(here, row, context=context).total == pytest.approx(
            float(taste.mean(here, context=context)[row]), abs=1e-5
        )
    parts = taste.parts(here, 0)
    assert min(parts.artist, parts.track, parts.genre) > 0
    assert taste.parts(here, 1).artist < 0


def test_the_moods_in_which_things_are_liked_are_told_apart() -> None:
    here = columns(40, seed=3)
    history: list[Event] = []
    for n in range(40):
        lively = here.content[n, 1] > 0
        for context in ((0.0, 0.8), (0.0, -0.8)):
            liked = lively == (context[1] > 0)
            history.append(event(Kind.LIKE if liked else Kind.DISLIKE, n, at=here, context=context))
    taste = Taste.from_events(history, now=0)
    high, low = taste.mean(here, context=(0.0, 0.8)), taste.mean(here, context=(0.0, -0.8))
    assert np.corrcoef(high - low, here.content[:, 1])[0, 1] > 0.9


def test_only_what_was_played_teaches() -> None:
    shown = [event(Kind.PLAY, n, propensity=0.1) for n in range(12)]
    played = [event(Kind.COMPLETED, n, time=1) for n in range(6)]
    here = columns()
    assert np.allclose(Taste.from_events(shown + played, now=1).mean(here), Taste.from_events(played, now=1).mean(here))


def test_deeds_about_an_artist_say_nothing_about_the_sound() -> None:
    taste = Taste.from_events([Event(kind=Kind.ARTIST_LESS, time=0, artist=" ADA ")] * 5, now=0)
    scores = taste.mean(columns())
    assert (scores[columns().artist == 0] < -0.5).all()
    assert not scores[columns().artist != 0].any()


def test_never_again_bans_until_it_is_liked() -> None:
    taste = Taste.from_events([event(Kind.NEVER, 3)], now=0)
    assert taste.never == {"3"}
    assert Taste.from_events([event(Kind.NEVER, 3), event(Kind.LIKE, 3, time=1)], now=1).never == frozenset()


def test_feedback_for_a_removed_track_still_teaches_about_its_artist() -> None:
    gone = [Event(kind=Kind.LIKE, time=0, track="gone", artist="Ada") for _ in range(5)]
    assert Taste.from_events(gone, now=0).mean(columns())[0] > 0.1


def test_nothing_known_of_tracks_is_fine() -> None:
    history = [Event(kind=Kind.COMPLETED, time=n, track=str(n), content=(math.nan,) * 7) for n in range(9)]
    assert np.isfinite(Taste.from_events(history, now=9).mean(columns())).all()
    empty = TasteColumns(
        content=np.zeros((0, len(CONTENT)), np.float32),
        artist=np.zeros(0, np.intp),
        artists=(),
        genre=np.zeros(0, np.intp),
        genres=(),
        cluster=np.zeros(0, np.intp),
        clusters=(),
        place=lambda _: None,
    )
    taste = Taste.from_events([event(Kind.LIKE, 0)] * 6, now=0)
    assert taste.mean(empty).shape == taste.scores(empty, np.random.default_rng(0)).shape == (0,)


class Others:
    def of(self, event: Event) -> float:
        return 0.3 if event.track == "0" else 0.0

    def scores(self, columns: TasteColumns) -> np.ndarray:
        return np.array([0.3] + [0.0] * (len(columns) - 1), np.float32)


def test_what_others_like_is_where_taste_starts() -> None:
    here = columns()
    cold = Taste.from_events([], now=0, baseline=Others())
    assert cold.mean(here)[0] == pytest.approx(0.3)
    assert cold.parts(here, 0).others == pytest.approx(0.3)
    known = Taste.from_events([event(Kind.COMPLETED, 0)] * 6, now=0, baseline=Others())
    # It completes just as others would: nothing is left to learn.
    assert known.mean(here)[0] == pytest.approx(0.3, abs=1e-6)


def test_others_are_asked_once_for_a_library() -> None:
    asked: list[int] = []

    class Counting(Others):
        def scores(self, columns: TasteColumns) -> np.ndarray:
            asked.append(len(columns))
            return super().scores(columns)

    here, other, rng = columns(), columns(), np.random.default_rng(0)
    taste = Taste.from_events([event(Kind.LIKE, 0)] * 6, now=0, baseline=Counting())
    for _ in range(3):
        taste.scores(here, rng)
        taste.mean(here)
        taste.parts(here, 0)
    taste.mean(other)
    assert asked == [len(here), len(other)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time": math.inf}, "time"),
        ({"second": -1.0}, "second"),
        ({"stars": 6.0}, "stars"),
        ({"trust": -1.0}, "trust"),
        ({"propensity": 0.0}, "propensity"),
        ({"context": (2.0, 0.0)}, "context"),
    ],
)
def test_events_that_cannot_be_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Event(**{"kind": Kind.SKIP, "time": 0.0, **changes})  # type: ignore[arg-type]


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(OptionError, match="now"):
        Taste.from_events([], now=math.nan)
    with pytest.raises(OptionError, match="adventurous"):
        Taste.from_events([], now=0).scores(columns(), np.random.default_rng(0), adventurous=9)


def test_content_is_kept_within_four_spreads() -> None:
    assert standardized([9.0, 0, 6.8, -13, 0, 0, 0])[0] == 4
