"""Ratings of a field study as events: SiTunes (Grigorev et al. 2024), whose listeners rated tracks in their days."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.errors import CorpusError
from affetto.music.kmeans import kmeans
from affetto.recommendation.taste import CONTENT, Event, Kind

__all__ = ["LIKED", "Rating", "Tunes", "in_time", "read_ratings", "read_tunes"]

LIKED = 4
"""Stars from which a track counts as liked."""

_CLUSTERS = 8
# For each of `CONTENT` what the study's table has that comes nearest.
_COLUMNS: Mapping[str, str] = {
    "valence": "valence",
    "arousal": "energy",
    "tempo": "tempo",
    "loudness": "loudness",
    "brightness": "pcm_fftMag_psySharpness_sma_amean",
    "percussion": "danceability",
    "density": "acousticness",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One rating.

    Attributes:
        listener: Who rated.
        track: What was rated.
        time: When, in seconds since 1970.
        stars: 1 to 5.
        mood: Valence and arousal before listening, as the listener told; None where they were not asked.
    """

    listener: str
    track: str
    time: float
    stars: float
    mood: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tunes:
    """The tracks of the study.

    Attributes:
        content: Content of each track, as events carry it.
        genre: Genre of each track.
        cluster: Group of each track among tracks that sound alike.
        points: Valence and energy of each track, from -1 to 1.
        popularity: Popularity of each track in the world.
    """

    content: Mapping[str, tuple[float, ...]]
    genre: Mapping[str, str]
    cluster: Mapping[str, str]
    points: Mapping[str, tuple[float, float]]
    popularity: Mapping[str, float]

    def event(self, rating: Rating) -> Event:
        """A rating as an event."""
        track = rating.track
        return Event(
            kind=Kind.RATED,
            time=rating.time,
            track=track,
            genre=self.genre.get(track, ""),
            cluster=self.cluster.get(track, ""),
            content=self.content.get(track, ()),
            stars=rating.stars,
            context=rating.mood,
        )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: {error}; --data names the folder that holds music/situnes") from error


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _spread(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.clip((values - np.nanmean(values)) / (np.nanstd(values) or 1.0), -4, 4)


def read_tunes(path: Path) -> Tunes:
    """Reads the table of tracks; content is standardized over all of them, rated or not.

    Raises:
        CorpusError: If it cannot be read or lacks a column.
    """
    rows = _rows(path)
    try:
        keys = [row["item_id"] for row in rows]
        genre = {row["item_id"]: row["general_genre"] for row in rows}
        raw = {name: np.array([_number(row[column]) for row in rows]) for name, column in _COLUMNS.items()}
        popularity = np.nan_to_num(np.array([_number(row["popularity"]) for row in rows]))
    except KeyError as error:
        raise CorpusError(f"{path}: no column {error}; expected the tracks of SiTunes") from error
    points = np.nan_to_num(np.stack([2 * raw["valence"] - 1, 2 * raw["arousal"] - 1], axis=1))
    raw["tempo"], raw["density"] = np.log2(np.where(raw["tempo"] > 0, raw["tempo"], np.nan)), -raw["density"]
    content = np.stack([_spread(raw[name]) for name in CONTENT], axis=1)
    labels = kmeans(np.nan_to_num(content), min(_CLUSTERS, len(rows))).labels
    return Tunes(
        content={key: tuple(map(float, row)) for key, row in zip(keys, content, strict=True)},
        genre=genre,
        cluster={key: f"sound {label}" for key, label in zip(keys, labels, strict=True)},
        points={key: (float(v), float(a)) for key, (v, a) in zip(keys, points, strict=True)},
        popularity=dict(zip(keys, popularity.tolist(), strict=True)),
    )


def read_ratings(path: Path) -> list[Rating]:
    """Reads one stage of the study.

    The moods of stage 1 are left out: they were asked after listening, and the sign of their arousal is flipped.

    Raises:
        CorpusError: If it cannot be read or lacks a column.
    """
    found: list[Rating] = []
    for row in _rows(path):
        try:
            valence, arousal = _number(row.get("emo_pre_valence")), _number(row.get("emo_pre_arousal"))
            known = np.isfinite(valence) and np.isfinite(arousal)
            mood = (float(np.clip(valence, -1, 1)), float(np.clip(arousal, -1, 1))) if known else None
            time, stars = float(row["timestamp"]), float(row["rating"])
            found.append(Rating(listener=row["user_id"], track=row["item_id"], time=time, stars=stars, mood=mood))
        except (KeyError, ValueError) as error:
            raise CorpusError(f"{path}: {error}; expected user_id, item_id, timestamp, rating") from error
    return found


def in_time(ratings: Sequence[Rating], share: float) -> tuple[list[Rating], list[Rating]]:
    """The first ``share`` of each listener's ratings, and the rest: what came later is never learnt from."""
    of: dict[str, list[Rating]] = {}
    for rating in sorted(ratings, key=lambda rating: rating.time):
        of.setdefault(rating.listener, []).append(rating)
    early = [rating for own in of.values() for rating in own[: int(share * len(own))]]
    late = [rating for own in of.values() for rating in own[int(share * len(own)) :]]
    return early, late
