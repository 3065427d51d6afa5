"""What is left of a playlist from its current track on, as a start and options of `affetto.recommend`."""

from affetto.errors import OptionError
from affetto.music.library import Library
from affetto.recommendation.intent import Intent, Start
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.wishes import Options

__all__ = ["rest_of"]


def rest_of(
    playlist: Playlist,
    current: int,
    *,
    start: Start | str | None = None,
    intent: Intent | str | None = None,
    length: int | None = None,
    library: Library | str | None = None,
) -> tuple[Start | str, Options]:
    """The start and the options of `recommend` for what comes after the current track of a playlist."""
    if not 0 <= current <= len(playlist.items):
        raise OptionError(f"current = {current}: the playlist has tracks 1 to {len(playlist.items)}")
    request, steps = playlist.request, playlist.journey.steps
    options: Options = {
        "intent": intent or ",".join(playlist.plan.intents[_leg(playlist, current) :]),
        "length": length or max(1, len(playlist.items) - current),
        "before": playlist.tracks[:current],
        "library": library,
    }
    if request is not None:
        options |= {
            "strategy": request.strategy,
            "shape": request.shape,
            "novelty": request.novelty,
            "adventurous": request.adventurous,
            "library": library or (request.library if request.library != "given" else None),
            "before": (*request.heard, *playlist.tracks[:current]),
        }
    return playlist.journey.waypoints[steps[max(0, current - 1)]].affect if start is None else start, options


def _leg(playlist: Playlist, current: int) -> int:
    """Which of the intents is being served."""
    steps, intents = playlist.journey.steps, playlist.plan.intents
    now = playlist.journey.waypoints[steps[max(0, current - 1)]].intent
    return intents.index(now) if now in intents else 0
