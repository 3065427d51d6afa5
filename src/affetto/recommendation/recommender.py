"""From a reading and an intent to a playlist."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.errors import CatalogError, OptionError
from affetto.music.clusters import Region, region_of
from affetto.music.library import Library
from affetto.music.track import Track
from affetto.recommendation.compose import arrange, compose
from affetto.recommendation.explain import doubt_note, is_doubtful
from affetto.recommendation.intent import (
    Intent,
    Plan,
    Start,
    chosen_plan,
    default_plan,
    start_affect,
    start_emotion,
)
from affetto.recommendation.journey import plan_journey
from affetto.recommendation.moods import parse_mood
from affetto.recommendation.options import one_of
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.request import ADVENTUROUS, Request
from affetto.recommendation.shape import Shape
from affetto.recommendation.source import GIVEN, Music, find_music
from affetto.recommendation.taste import Taste
from affetto.recommendation.wishes import Options, Wishes, checked_length, checked_seed
from affetto.voice.reading import Reading

if TYPE_CHECKING:
    from affetto.recommendation.listener import Listener

__all__ = ["make", "mood_playlist", "recommend"]


def _checked_start(start: Start | str) -> Start:
    if isinstance(start, str) and not isinstance(start, Emotion):
        return parse_mood(start)
    here = start_affect(start)
    (vv, va), (_, aa) = here.covariance
    if not all(math.isfinite(x) and abs(x) <= 1 for x in (here.valence, here.arousal)):
        raise OptionError(f"start = ({here.valence}, {here.arousal}): valence and arousal each go from -1 to 1")
    if not (min(vv, aa) >= 0 and vv * aa + 1e-9 >= va * va and math.isfinite(vv + aa + va)):
        raise OptionError(f"start with covariance {here.covariance}: give a symmetric matrix with no negative variance")
    return start


def _checked_library(library: Library | str | None) -> Music:
    music = find_music(library)
    if not len(music.library):
        raise CatalogError("the library holds no track; add music or use the starter catalog")
    return music


def make(
    start: Start | str,
    wishes: Wishes,
    *,
    plan: Plan | None = None,
    taste: Taste | None = None,
    feedback: int | None = None,
    time: int | None = None,
) -> Playlist:
    """A playlist for anybody, or for the listener whose taste is given.

    Args:
        start: Where the listener is.
        wishes: What is asked for.
        plan: What is played where no intent is asked for; None for the default of the start.
        taste: What is known of the listener.
        feedback: Number of the newest feedback that taste knows.
        time: When, in milliseconds since 1970.

    Raises:
        OptionError: If the start is none.
        CatalogError: If the library is empty, or the listener wants none of it.
    """
    start = _checked_start(start)
    music = _checked_library(wishes.library)
    plan = chosen_plan(wishes.intents) if wishes.intents is not None else plan or default_plan(start)
    here = start_affect(start)
    doubtful = is_doubtful(here) and not (isinstance(start, Reading) and start.abstained)
    request = Request(
        start=here,
        emotion=start_emotion(start),
        intents=plan.intents,
        length=wishes.length,
        strategy=wishes.strategy,
        shape=wishes.shape or Shape.GRADUAL,
        novelty=wishes.novelty,
        adventurous=wishes.adventurous,
        seed=wishes.seed,
        library=music.source,
        heard=wishes.heard,
        feedback=feedback,
        time=time,
    )
    return compose(request, music, plan=plan, taste=taste, notes=[doubt_note(here)] if doubtful else [])


def recommend(
    start: Start | str,
    *,
    intent: Intent | str | None = None,
    length: int | None = None,
    strategy: str = "journey",
    seed: int | None = None,
    library: Library | str | None = None,
    listener: "Listener | str | None" = None,
    shape: Shape | str | None = None,
    novelty: float = 0.0,
    adventurous: float = ADVENTUROUS,
    before: Sequence[Track | str] = (),
) -> Playlist:
    """A playlist that leads from where the listener is to where the intent goes.

    Args:
        start: What was heard, a point on the circumplex, an emotion, or words for a mood ("calm", "a bit sad").
        intent: What the music is for, or several in order ("let out, calm"); None for what the listener chose before,
            else the default of the reading. The playlist explains it.
        length: Tracks, 1 to 500; None for the setting.
        strategy: One of `STRATEGIES`.
        seed: The same seed gives the same list. None draws one, so that lists vary a little between near-equal
            tracks; the playlist keeps it.
        library: Where to look: a library, or as in `affetto.recommendation.source.music_from`; None for the person's
            own music where there is some, else the starter catalog. The playlist says which.
        listener: For whom, by name or opened before: what they like is played, and the playlist is kept for them. None
            for anybody; then nothing is kept.
        shape: "gradual" or "direct", see `affetto.recommendation.shape.SHAPES`; None for what does the listener good.
        novelty: From -1, what they know well, to 1, what they have never heard.
        adventurous: How far to follow what taste only suspects, from 0 to 4.
        before: Tracks, or their ids, that were heard already, in order: none of them comes again, and the first new
            one follows the last of them.

    Raises:
        OptionError: If an option is not one that is offered.
        CatalogError: If the library is empty, or the listener wants none of it.

    >>> playlist = recommend(Emotion.SAD, length=6, seed=1)
    >>> len(playlist.items), playlist.plan.words
    (6, 'comfort, then lift')
    """
    options: Options = {
        "intent": intent,
        "length": length,
        "strategy": strategy,
        "seed": seed,
        "library": library,
        "shape": shape,
        "novelty": novelty,
        "adventurous": adventurous,
        "before": before,
    }
    if listener is None:
        return make(start, Wishes(**options))
    # The database is loaded only where it is wanted.
    from affetto.recommendation.listener import Listener

    someone = Listener.open(listener) if isinstance(listener, str) else listener
    return someone.recommend(start, **options)


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
        region, music = mood, Music(library=mood.library, name=GIVEN, source="given", key="given")
    else:
        music = _checked_library(library)
        emotion = mood if isinstance(mood, Emotion) else Emotion(one_of("emotion", mood, [str(e) for e in EMOTIONS]))
        region = region_of(emotion, music.library)
    length, seed = checked_length(length), checked_seed(seed)
    plan = Plan(intents=(Intent.STAY,), explanation=f'What the library holds in its region "{region.name}".')
    request = Request(
        start=Affect(region.centre.valence, region.centre.arousal), intents=plan.intents, length=length, seed=seed
    )
    journey = plan_journey(request.start, plan.intents, length, music.library)
    among = np.array(region.places, dtype=np.intp) if region.size >= length else None
    return arrange(plan, journey, music, request=request, strategy="mood", among=among)
