"""The mood of a track from how it sounds, and the fusion of that with all else that is known about it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from affetto.affect import Affect
from affetto.errors import ModelError, OptionError
from affetto.music import tables
from affetto.music.analysis import FEATURES
from affetto.music.process import Process

__all__ = [
    "MOOD_VERSION",
    "EvidenceKind",
    "Mood",
    "MoodEvidence",
    "MoodModel",
    "Moods",
    "audio_evidence",
    "catalog_evidence",
    "estimate",
    "fuse",
    "genre_evidence",
    "person_evidence",
    "said",
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
# The person's own word is taken as it is; a zero would make a point that nothing can be compared with.
_PERSON_SD = 0.05
_NOTHING = Affect(0.0, 0.0, ((0.25, 0.0), (0.0, 0.25)))
_ORDER: tuple[EvidenceKind, ...] = ("audio", "tags", "genre", "catalog")

_Floats: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Moods:
    """Moods of several tracks.

    Attributes:
        valence: Shape (n,), in [-1, 1].
        arousal: Shape (n,), in [-1, 1].
        covariance: Shape (n, 2, 2), of (valence, arousal).
    """

    valence: _Floats
    arousal: _Floats
    covariance: _Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MoodModel:
    """What estimates a mood from features: two processes that learnt from different listeners.

    Attributes:
        table: Learnt from the table of DEAM: what music is heard to express.
        rated: Learnt from Emotify's sound: what it makes listeners feel; its first two outputs are used.
        share: How much of valence and of arousal is the table's word, shape (2,).
        widening: What standard deviations of valence and of arousal are multiplied by, so that 1.645 of them hold
            90 % of tracks that were held out, shape (2,).
    """

    table: Process
    rated: Process
    share: _Floats
    widening: _Floats

    def estimate(self, features: npt.NDArray[np.floating]) -> Moods:
        """Moods from features, shape (n, all features)."""
        mean, covariance = blend(belief(self.table, features), belief(self.rated, features), self.share)
        wide = covariance * np.outer(self.widening, self.widening)
        mean = np.clip(mean, -1, 1).astype(np.float32)
        return Moods(mean[:, 0], mean[:, 1], wide.astype(np.float32))


Belief: TypeAlias = tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]


def belief(process: Process, features: npt.NDArray[np.floating]) -> Belief:
    """Means (n, 2) and covariances (n, 2, 2) of valence and arousal, the first two outputs of a process."""
    mean, variance = process.predict(features)
    return mean[:, :2], variance[:, None, None] * process.covariance[:2, :2]


def blend(first: Belief, second: Belief, share: npt.ArrayLike) -> Belief:
    """Two beliefs in given shares: their errors are alike, so the covariances are shared out and none is gained."""
    part = np.asarray(share, np.float64)
    a, b = np.outer(np.sqrt(part), np.sqrt(part)), np.outer(np.sqrt(1 - part), np.sqrt(1 - part))
    return part * first[0] + (1 - part) * second[0], a * first[1] + b * second[1]


@cache
def _shipped() -> MoodModel:
    from affetto.music import weights

    with resources.as_file(resources.files(weights).joinpath("mood.npz")) as path:
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["version"]) != MOOD_VERSION or tuple(file["features"].tolist()) != FEATURES:
                    raise ModelError(f"{path.name}: made for other features; train it again: affetto mood train")
                processes = {
                    name: Process.from_arrays({key: file[f"{name}.{key}"] for key in Process.__dataclass_fields__})
                    for name in ("table", "rated")
                }
                return MoodModel(**processes, share=file["share"], widening=file["widening"])
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"{path.name}: damaged or missing ({error}); install Affetto again") from error


def estimate(features: npt.ArrayLike) -> Moods:
    """Moods from `affetto.music.analysis.FEATURES`, shape (n, features).

    Raises:
        ModelError: If the shape is not that of this version's features, or the model that ships is damaged.
    """
    rows = np.asarray(features, np.float32)
    if rows.ndim != 2 or rows.shape[1] != len(FEATURES):
        raise ModelError(f"features of shape {rows.shape}: expected (n, {len(FEATURES)}); analyse the music again")
    return _shipped().estimate(np.nan_to_num(rows))


def audio_evidence(features: npt.ArrayLike) -> list["MoodEvidence"]:
    """What the sound says, one belief for each row of features, shape (n, features)."""
    moods = estimate(features)
    return [
        MoodEvidence(
            "audio",
            Affect(float(v), float(a), ((float(c[0, 0]), float(c[0, 1])), (float(c[1, 0]), float(c[1, 1])))),
        )
        for v, a, c in zip(moods.valence, moods.arousal, moods.covariance, strict=True)
    ]


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


def genre_evidence(genre: str) -> MoodEvidence | None:
    """What a genre says, or None for one that is not in the table.

    >>> genre_evidence("Reggae").affect.valence
    0.5
    """
    found = tables.genres().get(genre.strip().casefold())
    return MoodEvidence("genre", found) if found else None


def tag_evidence(word: str) -> MoodEvidence | None:
    """What a mood tag says ("relaxed", "Happy"), or None for a word that is in no table.

    Feels and emotions come with how far music so described spreads; a bare mood word is as wide as the widest feel.
    """
    name = word.strip().casefold()
    found = tables.feels().get(name)
    if found is None and name in tables.words():
        place = tables.words()[name]
        found = Affect(place.valence, place.arousal, ((0.3**2, 0.0), (0.0, 0.3**2)))
    return MoodEvidence("tags", found) if found else None


def catalog_evidence(*, valence: float | None, energy: float | None) -> MoodEvidence | None:
    """What the valence and energy columns of a public catalog say, 0 to 1: weak evidence, standard deviation 0.4.

    None where both are unknown or no such number; one that is unknown says nothing about its axis.

    >>> catalog_evidence(valence=1.0, energy=0.5).affect.arousal
    0.0
    """
    known = [value if value is not None and 0 <= value <= 1 else None for value in (valence, energy)]
    if known == [None, None]:
        return None
    (v, vv), (a, aa) = ((0.0, 1.0) if value is None else (2 * value - 1, _CATALOG_SD**2) for value in known)
    return MoodEvidence("catalog", Affect(v, a, ((vv, 0.0), (0.0, aa))))


def person_evidence(*, valence: float | None, arousal: float | None) -> MoodEvidence:
    """The person's own correction: it wins over everything else. None says nothing about that axis.

    Raises:
        OptionError: If a value is not from -1 to 1.
    """
    for name, value in (("valence", valence), ("arousal", arousal)):
        if value is not None and not (math.isfinite(value) and abs(value) <= 1):
            raise OptionError(f"{name} = {value}; give a number from -1 to 1")
    vv, aa = (1.0 if value is None else _PERSON_SD**2 for value in (valence, arousal))
    return MoodEvidence("person", Affect(valence or 0.0, arousal or 0.0, ((vv, 0.0), (0.0, aa))))


def said(correction: MoodEvidence) -> tuple[float | None, float | None]:
    """Valence and arousal of a correction; None for what it says nothing about."""
    affect, ((vv, _), (_, aa)) = correction.affect, correction.affect.covariance
    return affect.valence if vv < 0.5 else None, affect.arousal if aa < 0.5 else None


def fuse(evidence: Sequence[MoodEvidence]) -> Mood:
    """One mood from all that is known, each belief weighed by its precision; the person's word is final.

    With means ``m_i`` and covariances ``S_i`` the covariance is ``(sum S_i^-1)^-1`` and the mean that of the means so
    weighed. Where beliefs contradict each other more than their widths allow, the covariance grows by the Birge ratio
    ``max(1, chi^2 / 2(n - 1))``. What a correction leaves open is estimated as without it. Beliefs from words
    never count as surer than what listeners agree on: without a listen to the sound the floor of 0.15 is added, as in
    :func:`affetto.music.mood.estimate_mood`.

    >>> mood = fuse([genre_evidence("ambient"), tag_evidence("calm")])
    >>> mood.source, mood.affect.arousal < -0.4
    ('tags, genre', True)
    >>> fuse([]).source
    'none'
    """
    for one in reversed(evidence):
        if one.kind == "person":
            return _corrected(one, [other for other in evidence if other.kind != "person"])
    if not evidence:
        return Mood(_NOTHING, "none")
    means = [np.array([one.affect.valence, one.affect.arousal]) for one in evidence]
    precisions = [np.linalg.inv(np.array(one.affect.covariance)) for one in evidence]
    covariance = np.linalg.inv(np.sum(precisions, axis=0))
    mean = covariance @ np.sum([p @ m for p, m in zip(precisions, means, strict=True)], axis=0)
    if len(evidence) > 1:
        chi2 = sum(float((m - mean) @ p @ (m - mean)) for p, m in zip(precisions, means, strict=True))
        covariance = covariance * max(1.0, chi2 / (2 * (len(evidence) - 1)))
    kinds = {one.kind for one in evidence}
    if "audio" not in kinds:
        covariance = covariance + _FLOOR**2 * np.eye(2)
    v, a = (float(value) for value in np.clip(mean, -1, 1))
    (vv, va), (_, aa) = covariance.tolist()
    return Mood(Affect(v, a, ((vv, va), (va, aa))), ", ".join(kind for kind in _ORDER if kind in kinds))


def _corrected(correction: MoodEvidence, others: Sequence[MoodEvidence]) -> Mood:
    """The person's word on the axes that they spoke of, and the estimate on the other."""
    valence, arousal = said(correction)
    if valence is not None and arousal is not None:
        return Mood(correction.affect, "person")
    rest = fuse(others)
    (vv, _), (_, aa) = rest.affect.covariance
    affect = Affect(
        rest.affect.valence if valence is None else valence,
        rest.affect.arousal if arousal is None else arousal,
        ((vv if valence is None else _PERSON_SD**2, 0.0), (0.0, aa if arousal is None else _PERSON_SD**2)),
    )
    return Mood(affect, f"person, {rest.source}" if others else "person")
