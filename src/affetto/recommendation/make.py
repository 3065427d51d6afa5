"""From a start and wishes to a playlist: what is asked for is checked and becomes a request."""

import math

from affetto.affect import Emotion
from affetto.errors import CatalogError, OptionError
from affetto.music.library import Library
from affetto.recommendation.compose import compose
from affetto.recommendation.explain import doubt_note, is_doubtful
from affetto.recommendation.intent import Plan, Start, chosen_plan, default_plan, start_affect, start_emotion
from affetto.recommendation.moods import parse_mood
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.request import Request
from affetto.recommendation.shape import Shape
from affetto.recommendation.source import Music, find_music
from affetto.recommendation.taste import Taste
from affetto.recommendation.wishes import Wishes
from affetto.voice.reading import Reading

__all__ = ["checked_library", "make"]


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


def checked_library(library: Library | str | None) -> Music:
    """Where to look, as in `find_music`; a `CatalogError` if it holds no track."""
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
    music = checked_library(wishes.library)
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
