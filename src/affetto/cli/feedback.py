"""``affetto feedback``: what a listener thinks of tracks, and of how a playlist went."""

import json
import sys
from typing import Annotated, Any

import typer

from affetto.cli.hear import AsJson, Source
from affetto.cli.recommend import ListenerName
from affetto.errors import OptionError

__all__ = ["register"]

_OUTCOMES = ("better", "same", "worse")
_KINDS = ("like", "dislike", "skip", "completed", "play", "not-this-mood", "never", "artist-more", "artist-less")
_LONGEST = 5  # digits of a number in a playlist; more is an id
_DONE = {
    "like": "likes",
    "dislike": "does not like",
    "skip": "skipped",
    "completed": "heard to the end",
    "play": "plays",
    "not_this_mood": "finds another mood in",
    "never": "never again wants",
    "artist_more": "wants more of",
    "artist_less": "wants less of",
}


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("feedback")(_feedback)


def _feedback(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="like, dislike, skip, completed, play, not-this-mood, never, artist-more, artist-less; of a playlist: "
            "better, same, worse, unsaid; undo; list; sync.",
        ),
    ],
    track: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TRACK]",
            help="Number in the playlist, words of its title, or its id; an artist's name; for undo, a number of list; "
            "for sync, a player, or none for all.",
        ),
    ] = None,
    playlist: Annotated[
        int | None, typer.Option("--playlist", min=1, help="Number of the playlist; default: the newest.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0, help="With skip: how much of it had played.")
    ] = None,
    library: Source = None,
    listener: ListenerName = None,
    as_json: AsJson = False,
) -> None:
    """Say what you think of a track, take it back, or see what you said.

    Likes, skips and completions teach what you like. Not-this-mood teaches only where the track lies for you. Better,
    same or worse after a playlist decides the shape of later journeys. Everything can be taken back: undo.
    """
    from affetto.recommendation.listener import Listener

    wanted = what.strip().casefold().replace("_", "-").replace(" ", "-")
    words = " ".join(track or []).strip()
    someone = Listener.open(listener)
    if wanted == "list":
        _list(someone, as_json=as_json)
    elif wanted == "undo":
        _undo(someone, words, as_json=as_json)
    elif wanted == "sync":
        _sync(someone, words, as_json=as_json)
    elif wanted == "unsaid":
        someone.unsay(playlist)
    elif wanted in _OUTCOMES:
        _outcome(someone, wanted, playlist, as_json=as_json)
    else:
        if not words:
            raise OptionError(
                f"feedback {what}: name a track, such as its number in the playlist: affetto feedback like 1"
            )
        _tell(someone, wanted, words, playlist=playlist, seconds=seconds, library=library, as_json=as_json)


def _tell(someone: Any, kind: str, words: str, *, as_json: bool, **options: Any) -> None:
    from affetto.cli import show
    from affetto.recommendation.options import one_of

    if kind.replace("-", "_") not in _DONE:
        one_of(
            "feedback",
            kind,
            [*(name.replace("-", "_") for name in _KINDS), *_OUTCOMES, "unsaid", "undo", "list", "sync"],
        )
    name: int | str = int(words) if words.isascii() and words.isdecimal() and len(words) < _LONGEST else words
    entry = someone.feedback(kind, name, **options)
    if as_json:
        print(json.dumps(entry.to_dict()))
        return
    of = entry.artist if not entry.track else f"{entry.title} · {entry.artist}"
    show.line(f"{entry.number}: {someone.name} {_DONE[str(entry.kind)]} {of}")
    lacking = someone.portrait().lacking
    if lacking:
        show.line(f"   {lacking} more until taste counts", style="dim")


def _undo(someone: Any, words: str, *, as_json: bool) -> None:
    from affetto.cli import show

    if words and not words.isdecimal():
        raise OptionError(f"feedback undo {words!r}: give the number that affetto feedback list shows, or none")
    entry = someone.undo(int(words) if words else None)
    if as_json:
        print(json.dumps(entry.to_dict() | {"undone": True}))
    else:
        show.line(f"{entry.number}: taken back: {entry.kind} {entry.title or entry.artist}; as if it never was")


def _sync(someone: Any, player: str, *, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.errors import PlayerError
    from affetto.players.connections import Connections, open_player
    from affetto.players.teaching import teach

    failed = False
    for name in [player] if player else [*(each.name for each in Connections().all()), "local"]:
        try:
            taught = teach(someone, open_player(name))
        except PlayerError as error:
            print(f"affetto: {error}", file=sys.stderr)
            failed = True
            continue
        if as_json:
            print(json.dumps(taught.to_dict()), flush=True)
        else:
            unknown = f", {taught.unknown:,} of it about music that is not in your library" if taught.unknown else ""
            show.line(f"{name}: {taught.read:,} read, {taught.new:,} new{unknown}")
    if failed:
        raise typer.Exit(2)


def _outcome(someone: Any, said: str, playlist: int | None, *, as_json: bool) -> None:
    from affetto.cli import show

    outcome = someone.outcome(said, playlist)
    if as_json:
        print(json.dumps(outcome.to_dict()))
        return
    journey = f" ({outcome.shape} journey)" if outcome.shape else ""
    show.line(f"playlist {outcome.playlist}{journey}: {said}")


def _list(someone: Any, *, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.cli.show import when

    entries = someone.history(undone=True)
    if as_json:
        for entry in entries:
            print(json.dumps(entry.to_dict()))
        return
    if not entries:
        show.line(f"{someone.name} has said nothing yet; after affetto recommend: affetto feedback like 1")
        return
    rows = [
        (
            str(entry.number),
            when(entry.at),
            str(entry.kind).replace("_", "-"),
            " · ".join(name for name in (entry.title, entry.artist) if name),
            _more(entry),
        )
        for entry in entries
    ]
    show.table(("number", "when", "what", "of", ""), rows)


def _more(entry: Any) -> str:
    parts = (
        "" if entry.playlist is None else f"playlist {entry.playlist}",
        "" if entry.seconds is None else f"after {entry.seconds:.0f} s",
        "" if entry.undone is None else "taken back",
    )
    return ", ".join(part for part in parts if part)
