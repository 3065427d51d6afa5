"""What the lists are worth: measured over every emotion, intent and four seeds against random and the best possible.

pytest tests/recommendation/test_quality.py -s        # prints the figures
"""

from functools import cache

import numpy as np
import pytest

from affetto.affect import Emotion
from affetto.music import starter
from affetto.recommendation import Intent, recommend
from affetto.recommendation.rank import tempo_step

SEEDS = range(4)


@cache
def playlists():
    return [
        recommend(emotion, intent=intent, length=12, seed=seed)
        for emotion in Emotion
        for intent in (None, *Intent)
        for seed in SEEDS
    ]


def aims(playlist):
    places = np.array([(point.affect.valence, point.affect.arousal) for point in playlist.journey.waypoints])
    return places[list(playlist.journey.steps)]


def moods(tracks):
    return np.array([(track.mood.valence, track.mood.arousal) for track in tracks])


def best_possible(aim):
    """Mean distance when each waypoint in turn takes the nearest track that is left."""
    apart = np.linalg.norm(starter().points[None] - aim[:, None], axis=2)
    total = 0.0
    for row in apart:
        nearest = row.argmin()
        total += row[nearest]
        apart[:, nearest] = np.inf
    return total / len(aim)


def random_list(rng):
    return [starter()[int(place)] for place in rng.choice(len(starter()), 12, replace=False)]


def test_tracks_follow_the_journey():
    """Mean distance to the waypoint .15; random lists .68; the best possible .10: 91 % of the gap is closed."""
    rng = np.random.default_rng(0)
    rows = [
        (
            np.linalg.norm(moods(playlist.tracks) - aims(playlist), axis=1).mean(),
            np.linalg.norm(moods(random_list(rng)) - aims(playlist), axis=1).mean(),
            best_possible(aims(playlist)),
        )
        for playlist in playlists()
    ]
    ours, chance, best = np.mean(rows, axis=0)
    print(f"\ndistance to the waypoint {ours:.3f}, random {chance:.3f}, best possible {best:.3f}")
    assert ours < 0.16
    assert ours <= 1.6 * best
    assert (chance - ours) / (chance - best) > 0.88


def test_every_single_list_beats_random():
    rng = np.random.default_rng(0)
    for playlist in playlists():
        ours = np.linalg.norm(moods(playlist.tracks) - aims(playlist), axis=1).mean()
        chance = np.mean([np.linalg.norm(moods(random_list(rng)) - aims(playlist), axis=1).mean() for _ in range(20)])
        assert ours < 0.7 * chance, playlist.plan


def test_progress_is_monotone():
    """Mean mood at each waypoint, along the way of a single intent: 100 % of the steps advance."""
    advances = []
    for playlist in playlists():
        way = (
            np.array([point.affect.valence for point in playlist.journey.waypoints]),
            np.array([point.affect.arousal for point in playlist.journey.waypoints]),
        )
        if len(playlist.plan.intents) > 1 or len(way[0]) < 3:
            continue
        direction = np.array([axis[-1] - axis[0] for axis in way])
        along = moods(playlist.tracks) @ direction
        steps = np.array(playlist.journey.steps)
        advances += (np.diff([along[steps == step].mean() for step in range(steps.max() + 1)]) > 0).tolist()
    assert np.mean(advances) > 0.97


def test_tempo_flows():
    """Mean tempo step .09 of an octave; the same tracks in random order more than twice that."""
    rng = np.random.default_rng(0)
    steps, shuffled = [], []
    for playlist in playlists():
        octaves = np.array([np.nan if track.tempo is None else np.log2(track.tempo) for track in playlist.tracks])
        steps.append(np.nanmean(tempo_step(octaves[1:], octaves[:-1])))
        mixed = rng.permutation(octaves)
        shuffled.append(np.nanmean(tempo_step(mixed[1:], mixed[:-1])))
    print(f"\ntempo step {np.mean(steps):.3f} octave, the same tracks in random order {np.mean(shuffled):.3f}")
    assert np.mean(steps) < 0.12
    assert np.mean(steps) < 0.6 * np.mean(shuffled)


@pytest.mark.parametrize("part", ["genre", "feels"])
def test_neighbours_differ(part):
    """Neighbours of one genre: 1 %; with exactly the same feels: .2 %."""
    pairs = [
        getattr(one, part) == getattr(other, part)
        for playlist in playlists()
        for one, other in zip(playlist.tracks, playlist.tracks[1:], strict=False)
    ]
    assert np.mean(pairs) < 0.1


def test_lists_hold_several_genres():
    """Mean number of genres in a list of 12: 7."""
    assert np.mean([len({track.genre for track in playlist.tracks}) for playlist in playlists()]) > 6
