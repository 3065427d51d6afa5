"""The same piece twice: which tracks are versions of one recording, and which one of them is used."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import bindparam, func, or_, select, update

from affetto.store import Store
from affetto.store.tables import FeaturesRow, TrackRow

__all__ = ["Candidate", "best", "groups", "is_same", "likeness", "settle"]

_OTHER_TAKES = frozenset({"live", "remaster", "demo", "edit", "mono"})
_LABELLED = ("live", "remaster", "demo", "edit", "mono", "bonus", "compilation")
# Plain before the same sound on a compilation, before another master or cut, before another performance.
_PREFERENCE = ("", "bonus", "compilation", "remaster", "mono", "edit", "demo", "live")
_ALIKE = 0.5
_IDENTICAL = 0.9
_TOLERANCE = 0.12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """What is compared.

    Attributes:
        id: Number of the track.
        version: Kind of version, see `affetto.music.identity.piece_of`.
        seconds: Length, or None.
        quality: Higher is better.
        codes: Recording ids (MusicBrainz, ISRC); a shared one decides.
        features: Float32 features of the sound, or None.
    """

    id: int
    version: str = ""
    seconds: float | None = None
    quality: float = 0.0
    codes: frozenset[str] = frozenset()
    features: npt.NDArray[np.float32] | None = None


def likeness(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """How alike two sounds are: the share of features that differ by less than 12 % of the larger; 1 for the same.

    >>> likeness(np.float32([1, 2, 3, 0]), np.float32([1.05, 2.5, 3, 0]))
    0.75
    """
    if a.shape != b.shape or not a.size:
        return 0.0
    return float((np.abs(a - b) <= _TOLERANCE * np.maximum(np.abs(a), np.abs(b)) + 1e-6).mean())


def is_same(a: Candidate, b: Candidate) -> bool:
    """Whether two tracks of one name are versions of one recording or performance, so that one of them will do.

    A shared recording id decides. A label ("live", "remaster") says that they are versions, whatever their length.
    Otherwise their lengths agree within 3 s or 2 % and their sounds are not unlike, or their lengths agree within a
    fifth and their sounds are the same: "Intro" of two albums is two pieces.

    >>> is_same(Candidate(id=1, seconds=200), Candidate(id=2, seconds=201))
    True
    >>> is_same(Candidate(id=1, seconds=200), Candidate(id=2, seconds=90))
    False
    >>> is_same(Candidate(id=1, seconds=200), Candidate(id=2, seconds=290, version="live"))
    True
    """
    if a.codes & b.codes:
        return True
    if a.version != b.version and _OTHER_TAKES & {a.version, b.version}:
        return True
    return _is_alike(a, b)


def _is_alike(a: Candidate, b: Candidate) -> bool:
    """Whether length and sound, as far as they are known, allow them to be the same."""
    alike = None if a.features is None or b.features is None else likeness(a.features, b.features)
    if a.seconds is None or b.seconds is None:
        return alike is None or alike >= _ALIKE
    apart, longest = abs(a.seconds - b.seconds), max(a.seconds, b.seconds)
    if apart <= max(3.0, 0.02 * longest):
        return alike is None or alike >= _ALIKE
    return alike is not None and alike >= _IDENTICAL and apart <= 0.2 * longest


def groups(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates of one name, joined where any two are the same.

    Lengths and sounds join groups. A label, or a length that is not known, only puts a track to the group nearest in
    length: the live version of a song does not make one piece of two that share its name.
    """
    joined = _joined(candidates)
    settled = [group for group in joined if any(map(_is_settled, group))]
    for group in joined:
        if group in settled:
            continue
        fitting = [other for other in settled if any(is_same(a, b) for a in group for b in other)]
        if fitting:
            min(fitting, key=lambda other: _apart(group, other)).extend(group)
        else:
            settled.append(group)
    return settled


def _joined(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    of = list(range(len(candidates)))
    for (i, a), (j, b) in combinations(enumerate(candidates), 2):
        if of[i] != of[j] and (a.codes & b.codes or (_known(a, b) and _is_alike(a, b))):
            old, new = max(of[i], of[j]), min(of[i], of[j])
            of = [new if group == old else group for group in of]
    return [[candidates[place] for place in range(len(of)) if of[place] == group] for group in dict.fromkeys(of)]


def _known(a: Candidate, b: Candidate) -> bool:
    return a.seconds is not None and b.seconds is not None


def _is_settled(track: Candidate) -> bool:
    return track.seconds is not None and track.version not in _OTHER_TAKES


def _apart(one: Sequence[Candidate], two: Sequence[Candidate]) -> float:
    lengths = [[track.seconds for track in group if track.seconds is not None] for group in (one, two)]
    return min((abs(a - b) for a in lengths[0] for b in lengths[1]), default=0.0)


def best(group: Iterable[Candidate]) -> Candidate:
    """The one that is used: the plain version before others, then the better encoding, then the one known longest."""
    return min(group, key=lambda track: (_PREFERENCE.index(track.version), -track.quality, track.id))


_COLUMNS = (
    TrackRow.id,
    TrackRow.work,
    TrackRow.version,
    TrackRow.seconds,
    TrackRow.quality,
    TrackRow.recording_mbid,
    TrackRow.isrc,
    TrackRow.same_as,
)
_MANY = 64  # tracks of one name: beyond, it is no name but a habit ("Track 1")


def settle(store: Store) -> int:
    """Finds the versions among all tracks that are there, and chooses one of each; the number that are not used.

    Tracks of one artist and title are compared, and tracks whose names were guessed with those of the same length to a
    second, by their sound. Memory is that of one group.
    """
    used: dict[int, int] = {}
    for rows in _namesakes(store):
        _join(rows, used)
    for rows in _unnamed(store):
        _join_by_sound(rows, used)
    return _write(store, used)


def _candidates(store: Store, rows: Sequence[Any]) -> list[Candidate]:
    with store.read() as connection:
        found = connection.execute(
            select(FeaturesRow.track_id, FeaturesRow.data).where(FeaturesRow.track_id.in_([row.id for row in rows]))
        )
        features = {row.track_id: np.frombuffer(row.data, "<f4") for row in found}
    return [
        Candidate(
            id=row.id,
            version=row.version if row.version in _LABELLED else "",
            seconds=row.seconds,
            quality=row.quality,
            codes=frozenset(code for code in (row.recording_mbid, row.isrc) if code),
            features=features.get(row.id),
        )
        for row in rows
    ]


def _here() -> tuple[Any, ...]:
    return TrackRow.present, TrackRow.aside == ""


def _namesakes(store: Store) -> Iterator[list[Candidate]]:
    """Tracks that share a name, group by group."""
    several = (
        select(TrackRow.work)
        .where(*_here(), TrackRow.work != "")
        .group_by(TrackRow.work)
        .having(func.count().between(2, _MANY))
    )
    last = ""
    while True:
        with store.read() as connection:
            names = connection.scalars(several.where(TrackRow.work > last).order_by(TrackRow.work).limit(200)).all()
            if not names:
                return
            rows = connection.execute(
                select(*_COLUMNS).where(*_here(), TrackRow.work.in_(names)).order_by(TrackRow.work, TrackRow.id)
            ).all()
        last = names[-1]
        known = {track.id: track for track in _candidates(store, rows)}
        for _, group in groupby(rows, key=lambda row: row.work):
            yield [known[row.id] for row in group]


def _join(tracks: Sequence[Candidate], used: dict[int, int]) -> None:
    for group in groups(tracks):
        chosen = best(group)
        used.update({track.id: chosen.id for track in group if track is not chosen})


def _unnamed(store: Store) -> Iterator[tuple[Candidate, list[Candidate]]]:
    """Tracks whose names were guessed, each with those of its length."""
    last = 0
    guessed = or_(TrackRow.guessed.contains("title"), TrackRow.artist == "")
    while True:
        with store.read() as connection:
            rows = connection.execute(
                select(*_COLUMNS)
                .where(*_here(), guessed, TrackRow.content.is_not(None), TrackRow.id > last)
                .order_by(TrackRow.id)
                .limit(200)
            ).all()
        if not rows:
            return
        last = rows[-1].id
        for row in rows:
            if row.seconds is None:
                continue
            near = TrackRow.seconds.between(row.seconds - 1, row.seconds + 1)
            with store.read() as connection:
                others = connection.execute(
                    select(*_COLUMNS).where(*_here(), near, TrackRow.id != row.id).limit(2000)
                ).all()
            if others:
                track, *rest = _candidates(store, [row, *others])
                yield track, rest


def _join_by_sound(pair: tuple[Candidate, list[Candidate]], used: dict[int, int]) -> None:
    track, others = pair
    if track.id in used or track.features is None:
        return
    heard = [other for other in others if other.features is not None and len(other.features) == len(track.features)]
    if not heard:
        return
    sounds = np.stack([other.features for other in heard if other.features is not None])
    tolerance = _TOLERANCE * np.maximum(np.abs(sounds), np.abs(track.features)) + 1e-6
    alike = (np.abs(sounds - track.features) <= tolerance).mean(1)
    for place in np.flatnonzero(alike >= _IDENTICAL):
        other = heard[int(place)]
        stands_for = used.get(other.id, other.id)
        if stands_for == track.id:
            continue
        # A track whose name is known is of higher quality: what version a guessed name is nobody knows.
        if other.id in used or (other.quality, -other.id) > (track.quality, -track.id):
            used[track.id] = stands_for
            return
        used[other.id] = track.id


def _write(store: Store, used: dict[int, int]) -> int:
    """Writes what changed, and resolves chains: a is b and b is c makes both c."""
    for track, chosen in list(used.items()):
        seen = {track}
        while chosen in used and chosen not in seen:
            seen.add(chosen)
            chosen = used[chosen]
        used[track] = chosen
    with store.read() as connection:
        rows = connection.execute(select(TrackRow.id, TrackRow.same_as).where(TrackRow.same_as.is_not(None)))
        before = {row.id: row.same_as for row in rows}
    changes = [{"track": track, "chosen": chosen} for track, chosen in used.items() if before.get(track) != chosen]
    changes += [{"track": track, "chosen": None} for track in before if track not in used]
    if changes:
        with store.write() as connection:
            connection.execute(
                update(TrackRow).where(TrackRow.id == bindparam("track")).values(same_as=bindparam("chosen")), changes
            )
    return len(used)
