"""From a reading and an intent to a playlist."""

import math
import secrets
from collections.abc import Sequence

import numpy as np

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.errors import CatalogError, OptionError
from affetto.music.clusters import Region, region_of
from affetto.music.library import Indices, Library
from affetto.recommendation.explain import doubt_note, is_doubtful, track_reasons
from affetto.recommendation.genres import tracks_in_genres
from affetto.recommendation.intent import (
    INTENTS,
    Intent,
    Plan,
    Start,
    default_plan,
    parse_intent,
    start_affect,
    start_emotion,
)
from affetto.recommendation.journey import Journey, plan_journey
from affetto.recommendation.options import one_of, whole_number
from affetto.recommendation.playlist import Playlist, PlaylistItem
from affetto.recommendation.rank import choose
from affetto.recommendation.source import GIVEN, music_from
from affetto.settings import settings
from affetto.voice.reading import Reading

__all__ = ["STRATEGIES", "check_options", "mood_playlist", "recommend"]

STRATEGIES = ("journey", "genre")
"""``journey`` looks among all tracks, ``genre`` among those of the genres that the settings name for the emotion."""

_LONGEST = 500
_LARGEST_SEED = 2**63 - 1


def _checked_start(start: Start | str) -> Start:
    if isinstance(start, str) and not isinstance(start, Emotion):
        return Emotion(one_of("emotion", start, [str(emotion) for emotion in EMOTIONS]))
    here = start_affect(start)
    (vv, va), (_, aa) = here.covariance
    if not all(math.isfinite(x) and abs(x) <= 1 for x in (here.valence, here.arousal)):
        raise OptionError(f"start = ({here.valence}, {here.arousal}): valence and arousal each go from -1 to 1")
    if not (min(vv, aa) >= 0 and vv * aa + 1e-9 >= va * va and math.isfinite(vv + aa + va)):
        raise OptionError(f"start with covariance {here.covariance}: give a symmetric matrix with no negative variance")
    return start


def _checked_library(library: Library | str | None) -> tuple[Library, str]:
    found, name = music_from(library)
    if not len(found):
        raise CatalogError("the library holds no track; add music or use the starter catalog")
    return found, name


def _checked_length(length: int | None) -> int:
    return settings().length if length is None else whole_number("length", length, 1, _LONGEST)


def _checked_seed(seed: int | None) -> int:
    return secrets.randbelow(2**31) if seed is None else whole_number("seed", seed, 0, _LARGEST_SEED)


def check_options(
    *, intent: Intent | str | None = None, length: int | None = None, strategy: str = "journey", seed: int | None = None
) -> None:
    """Refuse options that `recommend` would refuse, before anything is heard.

    Raises:
        OptionError: If one of them is not offered; the message names it, the choices and the nearest.
    """
    if intent is not None:
        parse_intent(intent)
    one_of("strategy", strategy, STRATEGIES)
    _checked_length(length)
    _checked_seed(seed)


def _plan(start: Start, intent: Intent | str | None) -> Plan:
    if intent is None:
        return default_plan(start)
    chosen = parse_intent(intent)
    return Plan(intents=(chosen,), explanation=f"As asked: {INTENTS[chosen]}.")


def _of_genre(start: Start, library: Library, length: int) -> tuple[Indices, str]:
    """Where the tracks of the emotion's genres are, and a note that says which genres those are."""
    emotion = start_emotion(start) or Emotion.NEUTRAL
    # Twice as many as wanted leaves the journey something to choose from.
    places, matches = tracks_in_genres(emotion, library, 2 * length)
    names = ", ".join(match.held.lower() for match in matches) or "any genre"
    wanted = ", ".join(settings().genres[emotion])
    missing = "" if any(match.exact for match in matches) else f"; this library holds no {wanted}"
    return np.array(places, dtype=np.intp), f"Genre for {emotion}: {wanted} (played: {names}{missing})."


def _fill(
    plan: Plan,
    journey: Journey,
    library: Library,
    *,
    strategy: str,
    seed: int,
    notes: Sequence[str],
    among: Indices | None,
    source: str,
) -> Playlist:
    wanted = len(journey.steps)
    places = choose(journey, library, rng=np.random.default_rng(seed), among=among)
    tracks = library.take(places)
    items = tuple(
        PlaylistItem(track=track, reasons=reasons)
        for track, reasons in zip(tracks, track_reasons(journey, tracks), strict=True)
    )
    short = f"The library holds {len(tracks)} of the {wanted} tracks that were asked for."
    return Playlist(
        plan=plan,
        journey=journey,
        items=items,
        strategy=strategy,
        seed=seed,
        notes=(*notes, *journey.notes, *([short] if len(tracks) < wanted else [])),
        library=source,
    )


def recommend(
    start: Start | str,
    *,
    intent: Intent | str | None = None,
    length: int | None = None,
    strategy: str = "journey",
    seed: int | None = None,
    library: Library | str | None = None,
) -> Playlist:
    """A playlist that leads from where the listener is to where the intent goes.

    Args:
        start: What was heard, a point on the circumplex, or an emotion or its name.
        intent: What the music is for; None for the default of the reading, which the playlist explains.
        length: Tracks, 1 to 500; None for the setting.
        strategy: One of `STRATEGIES`.
        seed: The same seed gives the same list. None draws one, so that lists vary a little between near-equal
            tracks; the playlist keeps it.
        library: Where to look: a library, or as in `affetto.recommendation.source.music_from`; None for the person's
            own music where there is some, else the starter catalog. The playlist says which.

    Raises:
        OptionError: If the start, intent, length, strategy or seed is not one that is offered.
        CatalogError: If the library is empty.

    >>> playlist = recommend(Emotion.SAD, length=6, seed=1)
    >>> len(playlist.items), playlist.plan.words
    (6, 'comfort, then lift')
    """
    start = _checked_start(start)
    music, source = _checked_library(library)
    strategy = one_of("strategy", strategy, STRATEGIES)
    length, seed, plan = _checked_length(length), _checked_seed(seed), _plan(start, intent)
    here = start_affect(start)
    notes: list[str] = []
    if is_doubtful(here) and not (isinstance(start, Reading) and start.abstained):
        notes.append(doubt_note(here))
    among = None
    if strategy == "genre":
        among, note = _of_genre(start, music, length)
        notes.append(note)
    journey = plan_journey(here, plan.intents, length, music)
    return _fill(plan, journey, music, strategy=strategy, seed=seed, notes=notes, among=among, source=source)


def mood_playlist(
    mood: Emotion | Region | str,
    *,
    length: int | None = None,
    seed: int | None = None,
    library: Library | str | None = None,
) -> Playlist:
    """A live playlist: what the library holds now in a region, or in the region nearest to an emotion.

    Never empty; when the region holds too few tracks, the nearest ones of the library join in.

    Args:
        mood: A region of the library, or an emotion or its name.
        length: Tracks, 1 to 500; None for the setting.
        seed: As in `recommend`.
        library: Where to look for an emotion, as in `recommend`; a region knows its own.

    Raises:
        OptionError: If the mood, length or seed is not one that is offered.
        CatalogError: If the library is empty.

    >>> mood_playlist("calm", length=3, seed=1).plan.explanation
    'What the library holds in its region "calm, relaxed, steady".'
    """
    if isinstance(mood, Region):
        region, music, source = mood, mood.library, GIVEN
    else:
        music, source = _checked_library(library)
        emotion = mood if isinstance(mood, Emotion) else Emotion(one_of("emotion", mood, [str(e) for e in EMOTIONS]))
        region = region_of(emotion, music)
    length, seed = _checked_length(length), _checked_seed(seed)
    plan = Plan(intents=(Intent.STAY,), explanation=f'What the library holds in its region "{region.name}".')
    centre = Affect(region.centre.valence, region.centre.arousal)
    journey = plan_journey(centre, plan.intents, length, music)
    among = np.array(region.places, dtype=np.intp) if region.size >= length else None
    return _fill(plan, journey, music, strategy="mood", seed=seed, notes=(), among=among, source=source)
