"""From a reading and an intent to a playlist."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from affetto.affect import EMOTIONS, Affect, Emotion
from affetto.music.clusters import Region, region_of
from affetto.music.library import Library
from affetto.music.track import Track
from affetto.recommendation.compose import arrange
from affetto.recommendation.intent import Intent, Plan, Start
from affetto.recommendation.journey import plan_journey
from affetto.recommendation.make import checked_library, make
from affetto.recommendation.options import one_of
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.request import ADVENTUROUS, Request
from affetto.recommendation.shape import Shape
from affetto.recommendation.source import GIVEN, Music
from affetto.recommendation.wishes import Options, Wishes, checked_length, checked_seed

if TYPE_CHECKING:
    from affetto.recommendation.listener import Listener

__all__ = ["mood_playlist", "recommend"]


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
        music = checked_library(library)
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
