"""The mean of the listener and of the track are nested in a mixed-effects model, each as far as it tells anything."""

import numpy as np
import pytest

from affetto.recommendation_evaluation.mixed import mixed_effects
from affetto.recommendation_evaluation.ratings import Rating, Tunes

NOTHING = Tunes(content={}, genre={}, cluster={}, points={}, popularity={})


def rating(listener: int, track: int, stars: float) -> Rating:
    return Rating(listener=f"{listener}", track=f"{track}", time=1.6e9 + track, stars=stars, mood=(0.0, 0.0))


@pytest.mark.parametrize("telling", ["listener", "track"])
def test_it_finds_out_which_mean_tells(telling: str) -> None:
    rng = np.random.default_rng(0)
    worth = rng.normal(size=12)

    def stars(listener: int, track: int) -> float:
        return 3 + float(worth[listener if telling == "listener" else track])

    train = [
        rating(listener, track, stars(listener, track) + rng.normal(0, 0.3))
        for listener in range(12)
        for track in range(12)
        if (listener + track) % 3
    ]
    held = [(listener, track) for listener in range(12) for track in range(12) if not (listener + track) % 3]
    truth = [stars(*pair) for pair in held]
    said = mixed_effects(train, [rating(*pair, 3.0) for pair in held], NOTHING)
    assert np.sqrt(np.mean((said - truth) ** 2)) < 0.3
    stranger, new = mixed_effects(train, [rating(99, 3, 3.0), rating(3, 99, 3.0)], NOTHING)
    known, mean = (stranger, new) if telling == "track" else (new, stranger)
    assert known == pytest.approx(3 + worth[3], abs=0.3)
    assert mean == pytest.approx(np.mean([each.stars for each in train]), abs=0.3)
