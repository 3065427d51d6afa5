"""The mood of a track from how it sounds, and the fusion of that with all else that is known about it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import Affect
from affetto.errors import OptionError
from affetto.music import tables

__all__ = [
    "MOOD_VERSION",
    "EvidenceKind",
    "Mood",
    "MoodEvidence",
    "Moods",
    "audio_evidence",
    "catalog_evidence",
    "estimate",
    "fuse",
    "genre_evidence",
    "person_evidence",
    "tag_evidence",
]

MOOD_VERSION = 1
"""Grows whenever the same features would give another mood."""

EvidenceKind: TypeAlias = Literal["person", "audio", "tags", "genre", "catalog"]
"""Where a belief about a mood comes from."""

# What is left between listeners when everything agrees: raters of one clip differ by about this much (DEAM, Emotify).
_FLOOR = 0.15
# A catalog's valence and energy columns: made by a model nobody can look into, and energy is not arousal.
_CATALOG_SD = 0.40
_NOTHING = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))


@dataclass(frozen=True, slots=True)
class Moods:
    """Moods of several tracks.

    Attributes:
        valence: Shape (n,), in [-1, 1].
        arousal: Shape (n,), in [-1, 1].
        covariance: Shape (n, 2, 2), of (valence, arousal).
    """

    valence: npt.NDArray[np.float32]
    arousal: npt.NDArray[np.float32]
    covariance: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MoodEvidence:
    """One belief about a mood.

    Attributes:
        kind: Where it comes from.
        affect: The belief; its covariance says how wide it is.
    """

    kind: EvidenceKind
    affect: Affect


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood and what it rests on.

    Attributes:
        affect: The mood with its uncertainty.
        source: The kinds of evidence behind it ("audio, genre"); "none" when nothing was known.
    """

    affect: Affect
    source: str


def estimate(features: npt.ArrayLike) -> Moods:
    """Moods from `affetto.music.analysis.FEATURES`, shape (n, features)."""
    rows = len(np.asarray(features))
    return Moods(
        np.zeros(rows, np.float32),
        np.zeros(rows, np.float32),
        np.tile(np.float32(0.25) * np.eye(2, dtype=np.float32), (rows, 1, 1)),
    )


def audio_evidence(features: npt.ArrayLike) -> list[MoodEvidence]:
    """What the sound says, one belief for each row of features."""
    moods = estimate(features)
    return [
        MoodEvidence(
            "audio", Affect(float(v), float(a), ((float(c[0, 0]), float(c[0, 1])), (float(c[1, 0]), float(c[1, 1]))))
        )
        for v, a, c in zip(moods.valence, moods.arousal, moods.covariance, strict=True)
    ]


def genre_evidence(genre: str) -> MoodEvidence | None:
    """What a genre says, or None for one that is not in the table."""
    found = tables.genres().get(genre.strip().casefold())
    return MoodEvidence("genre", found) if found else None


def tag_evidence(word: str) -> MoodEvidence | None:
    """What a mood tag ("relaxed", "Happy") says, or None for a word that is in no table."""
    name = word.strip().casefold()
    found = tables.feels().get(name) or tables.words().get(name)
    return MoodEvidence("tags", found) if found else None


def catalog_evidence(*, valence: float | None, energy: float | None) -> MoodEvidence | None:
    """What the valence and energy columns (0 to 1) of a public catalog say: weak evidence, wide uncertainty."""
    raise OptionError(f"valence = {valence}, energy = {energy}: not read yet")


def person_evidence(*, valence: float, arousal: float) -> MoodEvidence:
    """The person's own correction: it wins over everything else."""
    if not (math.isfinite(valence) and math.isfinite(arousal) and max(abs(valence), abs(arousal)) <= 1):
        raise OptionError(f"valence {valence}, arousal {arousal}: give values from -1 to 1")
    return MoodEvidence("person", Affect(valence, arousal, ((0.05**2, 0.0), (0.0, 0.05**2))))


def fuse(evidence: Sequence[MoodEvidence]) -> Mood:
    """One mood from all that is known, each belief weighed by its precision; the person's word is final."""
    for belief in reversed(evidence):
        if belief.kind == "person":
            return Mood(belief.affect, "person")
    return Mood(evidence[0].affect if evidence else _NOTHING, evidence[0].kind if evidence else "none")
