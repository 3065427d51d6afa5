"""From a request to a playlist: everything that follows from it, the library and what is known of the listener."""

from collections.abc import Sequence

import numpy as np

from affetto.affect import Emotion
from affetto.errors import CatalogError
from affetto.music.library import Indices
from affetto.recommendation.explain import TasteReasons, track_reasons
from affetto.recommendation.genres import tracks_in_genres
from affetto.recommendation.intent import Plan, chosen_plan, default_plan
from affetto.recommendation.journey import Journey, plan_journey
from affetto.recommendation.leaning import Leaning, lean
from affetto.recommendation.playlist import Playlist, PlaylistItem
from affetto.recommendation.rank import Chosen, rank
from affetto.recommendation.request import Request
from affetto.recommendation.source import Music
from affetto.recommendation.taste import Taste
from affetto.settings import settings

__all__ = ["arrange", "compose"]

_NEXT_DRAW = 1  # taste draws from a stream of its own, so that it changes nothing while it is cold


def compose(
    request: Request,
    music: Music,
    *,
    plan: Plan | None = None,
    taste: Taste | None = None,
    notes: Sequence[str] = (),
) -> Playlist:
    """The playlist that a request makes.

    Args:
        request: What is wanted; the same request, library and taste make the same playlist.
        music: Where it is made from.
        plan: Why these intents; None for what the request tells of it.
        taste: What is known of the listener; None for anybody.
        notes: What the listener should know already.

    Raises:
        CatalogError: If no track is left that may be played.
    """
    plan = plan or _plan(request)
    library = music.library
    among: Indices | None = None
    if request.strategy == "genre":
        among, note = _of_genre(request.emotion or Emotion.NEUTRAL, music, request.length)
        notes = (*notes, note)
    journey = plan_journey(request.start, request.intents, request.length, library, shape=request.shape)
    leaning = None
    if taste is not None:
        leaning = lean(
            taste,
            library,
            music.key,
            rng=np.random.default_rng([request.seed, _NEXT_DRAW]),
            novelty=request.novelty,
            adventurous=request.adventurous,
        )
    return arrange(plan, journey, music, request=request, among=among, leaning=leaning, notes=notes)


def arrange(
    plan: Plan,
    journey: Journey,
    music: Music,
    *,
    request: Request,
    strategy: str | None = None,
    among: Indices | None = None,
    leaning: Leaning | None = None,
    notes: Sequence[str] = (),
) -> Playlist:
    """Fills a journey with tracks and reasons.

    Args:
        plan: What is served, and why.
        journey: The way.
        music: Where the tracks are from.
        request: What asks for it.
        strategy: What to call the way it was made; None for that of the request.
        among: Places to choose from; None for all.
        leaning: The listener; None for anybody.
        notes: What the listener should know already.

    Raises:
        CatalogError: If no track is left that may be played.
    """
    library, wanted = music.library, len(journey.steps)
    heard = [place for identity in request.heard if (place := library.find(identity)) is not None]
    before = library.take(heard)

    def chosen_from(left_out: Sequence[int]) -> tuple[Chosen, ...]:
        return rank(
            journey,
            library,
            rng=np.random.default_rng(request.seed),
            among=among,
            weights=None,
            leaning=leaning,
            before=before,
            heard=np.array(left_out, dtype=np.intp),
        )

    chosen = chosen_from(heard)
    again = not chosen and bool(heard)
    if again:  # everything was heard: then only the track that plays now does not come at once again
        chosen = chosen_from(heard[-1:]) or chosen_from(())
    if not chosen:
        raise CatalogError("every track here is marked never to be played; take one back: affetto feedback undo")
    tracks = [each.track for each in chosen]
    told = None if leaning is None else TasteReasons(leaning.take(np.array([each.place for each in chosen])))
    items = tuple(
        PlaylistItem(track=each.track, reasons=reasons, parts=each.parts, propensity=each.propensity)
        for each, reasons in zip(chosen, track_reasons(journey, tracks, taste=told), strict=True)
    )
    left = "" if not heard else "left "
    short = f"The library holds {len(tracks)} of the {wanted} tracks that were asked for."
    if heard:
        short = f"The library has {len(tracks)} of the {wanted} tracks {left}that were asked for and not heard yet."
    return Playlist(
        plan=plan,
        journey=journey,
        items=items,
        strategy=strategy or request.strategy,
        seed=request.seed,
        notes=(
            *notes,
            *journey.notes,
            *(["Everything here was heard; the list begins again."] if again else []),
            *([short] if len(tracks) < wanted and not again else []),
        ),
        library=music.name,
        request=None if strategy else request,
    )


def _plan(request: Request) -> Plan:
    if request.emotion is not None:
        usual = default_plan(request.emotion)
        if usual.intents == request.intents:
            return usual
    return chosen_plan(request.intents)


def _of_genre(emotion: Emotion, music: Music, length: int) -> tuple[Indices, str]:
    """Where the tracks of the emotion's genres are, and a note that says which genres those are."""
    # Twice as many as wanted leaves the journey something to choose from.
    places, matches = tracks_in_genres(emotion, music.library, 2 * length)
    names = ", ".join(match.held.lower() for match in matches) or "any genre"
    wanted = ", ".join(settings().genres[emotion])
    missing = "" if any(match.exact for match in matches) else f"; this library holds no {wanted}"
    return np.array(places, dtype=np.intp), f"Genre for {emotion}: {wanted} (played: {names}{missing})."
