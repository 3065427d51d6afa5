import numpy as np

from affetto.recommendation.taste import Event, Kind, Taste, reward_of
from affetto.recommendation.taste.evidence import FIXED, features_of
from affetto.recommendation.taste.shared import CROWD, OWN, Common, learn_common
from tests.recommendation.taste.test_model import CLUSTERS, DAY, GENRES, columns, event


def learn_together(own: dict[str, list[Event]], now: float) -> tuple[Common, dict[str, Taste]]:
    common = learn_common(own, now=now)
    return common, {
        name: Taste.from_events(events, now=now, prior=OWN, baseline=common) for name, events in own.items()
    }


def histories() -> dict[str, list[Event]]:
    rng = np.random.default_rng(0)
    return {
        name: [
            event(Kind.RATED, int(rng.integers(12)), time=float(n) * DAY, stars=float(rng.integers(1, 6)))
            for n in range(10)
        ]
        for name in ("one", "two", "three")
    }


def joint(own: dict[str, list[Event]], now: float) -> dict[str, list[float]]:
    """What one large dense regression expects of every event."""
    names = [*range(FIXED), *GENRES, *CLUSTERS, *(str(n) for n in range(12)), *("Ada", "Ben", "Cleo")]

    def spreads(prior: object) -> list[float]:
        p = prior
        fixed = [p.generosity] + [p.content] * 7 + [p.context] * 6  # type: ignore[attr-defined]
        return fixed + [p.genre] * 2 + [p.cluster] * 2 + [p.track] * 12 + [p.artist] * 3  # type: ignore[attr-defined]

    people = list(own)
    spread = np.array(spreads(CROWD) + spreads(OWN) * len(people))
    rows, weights, rewards = [], [], []
    for number, name in enumerate(people):
        for one in own[name]:
            labels = (one.genre, one.cluster, one.track, one.artist)
            x = np.concatenate([features_of(one.content, one.context), [float(n in labels) for n in names[FIXED:]]])
            whole = np.zeros((1 + len(people), len(names)))
            whole[0] = whole[1 + number] = x
            reward = reward_of(one)
            assert reward is not None
            rows.append(whole.ravel())
            weights.append(reward.weight * 2 ** (-(now - one.time) / (CROWD.half_life * DAY)))
            rewards.append(reward.value)
    z, w, y = np.array(rows), np.array(weights) / CROWD.noise**2, np.array(rewards)
    found = np.linalg.solve(z.T @ (w[:, None] * z) + np.diag(1 / spread**2), z.T @ (w * y))
    said = iter(z @ found)
    return {name: [next(said) for _ in own[name]] for name in people}


def test_both_parts_are_the_mean_of_their_joint_posterior() -> None:
    own, now = histories(), 10 * DAY
    _, tastes = learn_together(own, now=now)
    expected = joint(own, now)
    for name, events in own.items():
        assert np.allclose([tastes[name].expected(one) for one in events], expected[name], atol=2e-3)


def test_what_all_like_is_common_and_what_one_likes_is_their_own() -> None:
    everyone = {str(n): [event(Kind.LIKE, 0)] * 3 + [event(Kind.DISLIKE, 1)] * 3 for n in range(6)}
    everyone["alone"] = [event(Kind.DISLIKE, 0)] * 6
    common, tastes = learn_together(everyone, now=0)
    here = columns()
    assert common.scores(here)[0] > common.scores(here)[1]
    assert tastes["alone"].mean(here)[0] < common.scores(here)[0]
    stranger, _ = learn_together({"new": [], **everyone}, now=0)
    assert np.allclose(stranger.scores(here), common.scores(here), atol=1e-4)


def test_nobody_likes_nothing() -> None:
    common, tastes = learn_together({}, now=0)
    assert not common.scores(columns()).any()
    assert tastes == {}
    votes = {"a": [Event(kind=Kind.ARTIST_MORE, time=0, artist="Ada"), Event(kind=Kind.PLAY, time=0, track="1")]}
    common, _ = learn_together(votes, now=0)
    assert common.scores(columns())[0] > 0
