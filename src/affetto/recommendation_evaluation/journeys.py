"""Journeys over music that people rated: what was chosen by estimates is judged by the true mood."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import Affect, Emotion, circumplex
from affetto.music import Library, Track
from affetto.music.clusters import regions
from affetto.music_learning.evaluate import Prediction, read_predictions
from affetto.recommendation.genres import tracks_in_genres
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import SMALLEST_STEP, Journey, Waypoint
from affetto.recommendation.rank import choose, tempo_step
from affetto.recommendation_evaluation.ceilings import calibrated, known_share
from affetto.recommendation_evaluation.figures import Figure, Report
from affetto.recommendation_evaluation.songs import Sound

__all__ = ["Rated", "evaluate_journeys", "journey_to", "rated_libraries"]

_Floats: TypeAlias = npt.NDArray[np.float64]
Progress: TypeAlias = Callable[[str, int, int], None]

_LENGTH = 12
_DRAWS = 40
_SHARE = 0.8
_Z90 = 1.6449
_NEIGHBOURS = 5
_TARGETS: Mapping[Emotion, float] = {Emotion.HAPPY: 0.6, Emotion.SAD: 0.6, Emotion.CALM: 0.45, Emotion.ANGRY: 0.45}
_FROM: Mapping[Emotion, Emotion] = {
    Emotion.HAPPY: Emotion.SAD,
    Emotion.SAD: Emotion.HAPPY,
    Emotion.CALM: Emotion.ANGRY,
    Emotion.ANGRY: Emotion.CALM,
}
_MONOTONE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rated:
    """Tracks with moods estimated while they (their artists, on Emotify) were held out, and the moods they truly have.

    Attributes:
        library: The tracks as the recommender sees them.
        truth: Shape (n, 2), mean ratings of valence and arousal.
        sound: Shape (n, features), standardized, for how much tracks differ; None where it is not known.
        loudness: In LUFS; NaN where it is not known.
    """

    library: Library
    truth: _Floats
    sound: _Floats | None
    loudness: _Floats

    def draw(self, rng: np.random.Generator) -> "Rated":
        """Four fifths of it."""
        size = len(self.truth)
        rows = np.sort(rng.choice(size, int(_SHARE * size), replace=False))
        return Rated(
            library=self.library.subset(rows.tolist()),
            truth=self.truth[rows],
            sound=None if self.sound is None else self.sound[rows],
            loudness=self.loudness[rows],
        )


def _track(name: str, own: Mapping[str, Prediction], sound: Sound | None) -> Track:
    spread = [(own[axis].high - own[axis].low) / (2 * _Z90) for axis in ("valence", "arousal")]
    return Track(
        id=name,
        title=name,
        artist=name if sound is None else sound.artist or name,
        uri=name,
        mood=Affect(own["valence"].predicted, own["arousal"].predicted, ((spread[0] ** 2, 0.0), (0.0, spread[1] ** 2))),
        mood_source="audio",
        genre=own["valence"].genre,
        tempo=None if sound is None else sound.tempo,
        loudness=None if sound is None else sound.loudness,
    )


def rated_libraries(
    predictions: Sequence[Prediction], sounds: Mapping[tuple[str, str], Sound]
) -> dict[str, list[Rated]]:
    """For each source its tracks with held-out moods, once for each draw of the folds.

    Args:
        predictions: As `affetto mood evaluate` wrote them.
        sounds: What is known of the sound of a track, by source and name.
    """
    own: dict[tuple[str, int], dict[str, dict[str, Prediction]]] = {}
    for one in predictions:
        if one.target in ("valence", "arousal"):
            own.setdefault((one.source, one.repeat), {}).setdefault(one.track, {})[one.target] = one
    found: dict[str, list[Rated]] = {}
    for (source, _), tracks in sorted(own.items()):
        known = [sounds.get((source, name)) for name in tracks]
        rows = [sound.features for sound in known if sound is not None and len(sound.features)]
        table = np.stack(rows) if len(rows) == len(tracks) else None
        if table is not None:
            table = (table - table.mean(0)) / np.maximum(table.std(0), 1e-9)
        found.setdefault(source, []).append(
            Rated(
                library=Library(_track(name, tracks[name], sound) for name, sound in zip(tracks, known, strict=True)),
                truth=np.array([[each["valence"].truth, each["arousal"].truth] for each in tracks.values()]),
                sound=table,
                loudness=np.array([np.nan if s is None or s.loudness is None else s.loudness for s in known]),
            )
        )
    return found


def journey_to(start: Affect, aim: Affect, library: Library, *, stay: bool = False) -> Journey:
    """Twelve tracks on a straight way in equal steps of .25 or more, to the aim or the nearest the library holds."""
    if stay:
        return Journey(start=aim, waypoints=(Waypoint(affect=aim, intent=Intent.STAY, tracks=_LENGTH, progress=1.0),))
    v, a = library.points[library.nearest(aim, _NEIGHBOURS)].mean(0)
    held = Affect(float(v), float(a))
    end = aim if aim.distance(held) <= SMALLEST_STEP else held
    steps = max(1, int(start.distance(end) / SMALLEST_STEP))
    tracks = np.diff(np.linspace(0, _LENGTH, steps + 2).round().astype(int))
    return Journey(
        start=start,
        waypoints=tuple(
            Waypoint(
                affect=Affect(
                    start.valence + step / steps * (end.valence - start.valence),
                    start.arousal + step / steps * (end.arousal - start.arousal),
                ),
                intent=Intent.STAY,
                tracks=int(count),
                progress=step / steps,
            )
            for step, count in enumerate(tracks)
        ),
    )


def _points(journey: Journey) -> _Floats:
    """Where each track should lie, shape (tracks, 2)."""
    at = [(point.affect.valence, point.affect.arousal) for point in journey.waypoints]
    return np.array([at[step] for step in journey.steps])


def _in_turn(cost: _Floats) -> list[int]:
    """For each row of costs the cheapest column not taken before."""
    taken: list[int] = []
    for row in cost:
        row = row.copy()
        row[taken] = np.inf
        taken.append(int(np.argmin(row)))
    return taken


def _clusters(journey: Journey, library: Library, rng: np.random.Generator) -> list[int]:
    """The K-means lookup: for each waypoint a random track of the region whose centre is nearest."""
    found = regions(library)
    taken: list[int] = []
    for step in journey.steps:
        at = journey.waypoints[step].affect
        near = sorted(found, key=lambda region: region.centre.distance(at))
        left = [place for region in near for place in rng.permutation(region.places).tolist() if place not in taken]
        taken.append(int(left[0]))
    return taken


def _chosen(journey: Journey, rated: Rated, goal: Emotion, rng: np.random.Generator) -> dict[str, list[int]]:
    """Places of the tracks that each way of choosing plays."""
    library, wanted = rated.library, _points(journey)
    true = np.linalg.norm(wanted[:, None] - rated.truth[None], axis=2)
    guess = library.points.astype(np.float64)
    stretched = guess.mean(0) + (guess - guess.mean(0)) * rated.truth.std(0) / guess.std(0)
    found = {
        "ours": list(choose(journey, library, rng=rng)),
        "random": rng.choice(len(library), _LENGTH, replace=False).tolist(),
        "K-means lookup": _clusters(journey, library, rng),
        "nearest": _in_turn(np.linalg.norm(wanted[:, None] - guess[None], axis=2)),
        # What if estimates, which shrink towards the mean, had the spread of the truth?
        "nearest, stretched": _in_turn(np.linalg.norm(wanted[:, None] - stretched[None], axis=2)),
        "best possible": _in_turn(true),
    }
    # What could be done by estimates that tell as much of each axis, and are wrong by nothing but chance?
    share = known_share(guess, rated.truth)
    for name, seen in (("an estimate of this R2", guess), ("the same, axes as apart as true ones", rated.truth)):
        together = float(np.atleast_2d(np.corrcoef(seen.T))[0, 1])
        estimate = calibrated(rated.truth, share, together, np.random.default_rng(len(guess)))
        found[name] = _in_turn(np.linalg.norm(wanted[:, None] - estimate[None], axis=2))
    if len(library.columns.genres) > 1:
        places, _ = tracks_in_genres(goal, library, 2 * _LENGTH)
        found["genre mapping"] = rng.choice(places, _LENGTH, replace=False).tolist()
    return found


def _progress(journey: Journey, truth: _Floats) -> float:
    """Share of the steps from waypoint to waypoint on which the true mood goes the right way."""
    first, last = journey.waypoints[0].affect, journey.waypoints[-1].affect
    way = np.array([last.valence - first.valence, last.arousal - first.arousal])
    steps = np.array(journey.steps)
    along = [float((truth[steps == step] @ way).mean()) for step in range(len(journey.waypoints))]
    return float(np.mean(np.diff(along) > 0)) if len(along) > 1 else float("nan")


def _smoothness(rated: Rated, places: Sequence[int]) -> dict[str, float]:
    """Mean steps of tempo and loudness, and how far the tracks differ from each other."""
    rows = np.array(places)
    octave, loud = rated.library.columns.octave[rows], rated.loudness[rows]
    steps = tempo_step(octave[1:], octave[:-1])
    found = {"tempo step": _mean(steps), "loudness step": _mean(np.abs(np.diff(loud)))}
    if rated.sound is not None:
        sound = rated.sound[rows]
        apart = np.linalg.norm(sound[:, None] - sound[None], axis=2) / np.sqrt(sound.shape[1])
        found["diversity"] = float(apart[np.triu_indices(len(rows), 1)].mean())
    return found


def _mean(values: npt.NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


class _Tally:
    """Values by what, method and metric, one for each draw."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], dict[int, list[float]]] = {}

    def add(self, draw: int, what: str, method: str, metric: str, value: float) -> None:
        self.values.setdefault((what, method, metric), {}).setdefault(draw, []).append(value)

    def figures(self, targets: Callable[[str, str], float | None]) -> list[Figure]:
        found: list[Figure] = []
        for (what, method, metric), draws in self.values.items():
            each = np.array([np.nanmean(values) for values in draws.values() if np.isfinite(values).any()])
            if not len(each):
                continue
            low, high = np.percentile(each, [2.5, 97.5])
            found.append(
                Figure(
                    what=what,
                    method=method,
                    metric=metric,
                    value=float(each.mean()),
                    low=float(low),
                    high=float(high),
                    target=targets(what, metric) if method == "ours" else None,
                )
            )
        return found


def _once(tally: _Tally, draw: int, source: str, rated: Rated, goal: Emotion, rng: np.random.Generator) -> None:
    aim, neutral, away = circumplex()[goal], Affect(0.0, 0.0), circumplex()[_FROM[goal]]
    aim, away = Affect(aim.valence, aim.arousal), Affect(away.valence, away.arousal)
    for kind, journey in {
        "stay": journey_to(aim, aim, rated.library, stay=True),
        "journey": journey_to(neutral, aim, rated.library),
        "long journey": journey_to(away, aim, rated.library),
    }.items():
        what, wanted = f"{source}, {kind}, {goal}", _points(journey)
        chosen = _chosen(journey, rated, goal, rng)
        apart = {
            name: float(np.linalg.norm(rated.truth[places] - wanted, axis=1).mean()) for name, places in chosen.items()
        }
        # Random is every track, not twelve: its mean is known without drawing.
        apart["random"] = float(np.linalg.norm(wanted[:, None] - rated.truth[None], axis=2).mean())
        for name, value in apart.items():
            tally.add(draw, what, name, "distance", value)
        span = apart["random"] - apart["best possible"]
        for name in chosen:
            if name not in ("random", "best possible"):
                tally.add(draw, what, name, "gap closed", (apart["random"] - apart[name]) / span)
        if kind != "stay":
            for name in ("ours", "K-means lookup", "best possible"):
                tally.add(draw, f"{source}, {kind}", name, "progress", _progress(journey, rated.truth[chosen[name]]))
        shuffled = rng.permutation(chosen["ours"]).tolist()
        for name, places in {
            "ours": chosen["ours"],
            "the same at random": shuffled,
            "random": chosen["random"],
        }.items():
            for metric, value in _smoothness(rated, places).items():
                tally.add(draw, f"{source}, {kind}", name, metric, value)


def evaluate_journeys(
    predictions: Path, sounds: Mapping[tuple[str, str], Sound], *, draws: int = _DRAWS, progress: Progress
) -> Report:
    """Judges lists of twelve by the true moods of their tracks.

    ``stay`` plays at the mood itself; ``journey`` leads there from neutral and ``long journey`` from the opposite mood,
    each to the nearest that the library holds. Everything is repeated on draws of four fifths of the tracks.

    Args:
        predictions: ``predictions.csv`` of ``affetto mood evaluate``.
        sounds: What is known of the sound of each track.
        draws: How many draws of each source.
        progress: Told of each step.

    Raises:
        CorpusError: If the predictions cannot be read.
    """
    tally, sizes, alike, told = _Tally(), dict[str, int](), dict[str, list[float]](), dict[str, list[float]]()
    for source, repeats in rated_libraries(read_predictions(predictions), sounds).items():
        sizes[source] = len(repeats[0].truth)
        alike[source] = [
            round(float(np.corrcoef(points.T)[0, 1]), 2) for points in (repeats[0].library.points, repeats[0].truth)
        ]
        guess, truth = repeats[0].library.points.astype(np.float64), repeats[0].truth
        told[source] = [
            round(float(np.corrcoef(guess @ way, truth @ way)[0, 1]), 2)
            for way in (np.array([1, 1]), np.array([1, -1]))
        ]
        for draw in range(draws):
            rng = np.random.default_rng([draw, len(source)])
            rated = repeats[draw % len(repeats)].draw(rng)
            for goal in _TARGETS:
                _once(tally, draw, source, rated, goal, rng)
            progress(f"journeys on {source}", draw + 1, draws)

    def target(what: str, metric: str) -> float | None:
        if metric == "progress":
            return _MONOTONE
        return _TARGETS[Emotion(what.rsplit(", ", 1)[1])] if metric == "gap closed" else None

    facts = {
        "tracks": sizes,
        "correlation of valence and arousal, estimated and true": alike,
        "correlation of estimates with the truth, of valence plus arousal and of valence less arousal": told,
        "length": _LENGTH,
        "draws": draws,
        "interval": "95 % of draws of four fifths of the tracks",
    }
    return Report(
        study="journeys",
        command="affetto evaluate-recommender journeys",
        facts=facts,
        figures=tally.figures(target),
    )
