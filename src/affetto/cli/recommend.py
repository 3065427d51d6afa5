"""``affetto recommend`` and ``affetto why``: music for a mood that is named, and why it was chosen."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affetto.cli.hear import AsJson, Intention, Length, Save, Seed, Source, Strategy
from affetto.cli.play import Delivery, Play, PlayerName
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.recommendation.account import Account
    from affetto.recommendation.playlist import Playlist

__all__ = ["ListenerName", "register", "show_kept"]

ListenerName = Annotated[
    str | None, typer.Option("--listener", help="For whom; default: the one of the settings, me.", show_default=False)
]
_BOLD = 1.5  # how much of its doubt taste acts on with --adventurous


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("recommend")(_recommend)
    app.command("why")(_why)


def _recommend(
    mood: Annotated[
        str | None, typer.Option("--mood", help='A mood in words: calm, "a bit sad", "tired but happy".')
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="A place on the circumplex: valence and arousal, as 0.4,-0.3.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--from", help="A recording of a voice: start where it sounds.")] = None,
    intent: Intention = None,
    length: Length = None,
    shape: Annotated[
        str | None,
        typer.Option("--shape", help="gradual (eases to the goal) or direct; default: what did you good."),
    ] = None,
    strategy: Strategy = "journey",
    familiar: Annotated[bool, typer.Option("--familiar", help="What you know well.")] = False,
    new: Annotated[bool, typer.Option("--new", help="What you have never heard.")] = False,
    adventurous: Annotated[bool, typer.Option("--adventurous", help="Find out what you may like.")] = False,
    seed: Seed = None,
    library: Source = None,
    listener: ListenerName = None,
    save: Save = None,
    player: PlayerName = None,
    play: Play = False,
    as_json: AsJson = False,
) -> None:
    """Make a playlist for a mood, by what you like.

    Say where you are with --mood, --at or --from. The playlist is kept for the listener with its reasons; affetto why
    tells more, affetto feedback teaches.
    """
    start = _start(mood, at, file)
    options: dict[str, Any] = {
        "intent": intent,
        "length": length,
        "strategy": strategy,
        "seed": seed,
        "library": library,
        "shape": shape,
        "novelty": _novelty(familiar=familiar, new=new),
    }
    if adventurous:
        options["adventurous"] = _BOLD
    from affetto.players import check_target
    from affetto.recommendation import check_options
    from affetto.recommendation.listener import Listener

    check_options(**options)
    if save is not None:
        check_target(save)
    delivery = Delivery(player, play=play, save=save) if player is not None or play else None
    someone = Listener.open(listener)
    playlist = someone.recommend(start, **options)
    deliver(playlist, save=save, delivery=delivery, as_json=as_json)
    if not as_json and delivery is None:
        _say_what_next(playlist, asked=someone.wants_outcome(playlist))


def _start(mood: str | None, at: str | None, file: Path | None) -> Any:
    from affetto.recommendation.moods import parse_mood, parse_point

    given = [name for name, value in (("--mood", mood), ("--at", at), ("--from", file)) if value is not None]
    if not given:
        raise OptionError("where to start? Say it with --mood calm, with --at 0.4,-0.3 or with --from VOICE.wav")
    if len(given) > 1:
        raise OptionError(f"{' and '.join(given)} both say where to start; leave all but one out")
    if mood is not None:
        return parse_mood(mood)
    if at is not None:
        return parse_point(at)
    from affetto.api import hear

    return hear(str(file))


def _novelty(*, familiar: bool, new: bool) -> float:
    if familiar and new:
        raise OptionError("--familiar and --new contradict each other; leave one out, or both for some of each")
    return -1.0 if familiar else 1.0 if new else 0.0


def deliver(playlist: "Playlist", *, save: Path | None, delivery: Delivery | None, as_json: bool) -> None:
    """Shows a playlist, saves it and hands it to a player, as it was asked for."""
    from affetto.cli import show
    from affetto.players import save_playlist
    from affetto.voice.audio import ascii_name

    if save is not None:
        save_playlist(playlist, save)
    if as_json:
        plain = playlist.to_dict()
        placed = None if delivery is None else delivery.place(playlist, as_json=True)
        print(json.dumps(plain if placed is None else plain | {"placed": placed}))
    else:
        show.playlist(playlist)
        if save is not None:
            show.line(f"Saved as {ascii_name(save)}")
        if delivery is not None:
            delivery.place(playlist, as_json=False)
    if delivery is not None:
        delivery.play(playlist, as_json=as_json)


def _say_what_next(playlist: "Playlist", *, asked: bool) -> None:
    from affetto.cli import show

    show.line("")
    show.line(
        f"Playlist {playlist.number} for {playlist.listener}. Why a track: affetto why {playlist.number} 1", style="dim"
    )
    show.line("Teach it: affetto feedback like 1, skip 2, not-this-mood 3, undo", style="dim")
    if asked:
        show.line("How do you feel after it? affetto feedback better, same or worse", style="dim")


def _why(
    playlist: Annotated[int | None, typer.Argument(help="Number of a playlist; default: the newest.", min=1)] = None,
    track: Annotated[int | None, typer.Argument(help="Number of a track in it; default: all.", min=1)] = None,
    listener: ListenerName = None,
    as_json: AsJson = False,
) -> None:
    """Show the full account of why tracks were chosen: what spoke for and against each, in numbers."""
    from affetto.cli import show
    from affetto.recommendation.listener import Listener

    someone = Listener.open(listener)
    kept = someone.playlist(playlist)
    accounts = someone.why(kept.number, track)
    if as_json:
        for account in accounts:
            print(json.dumps({"playlist": kept.number, **account.to_dict()}))
        return
    show.line(f"Playlist {kept.number}: {kept.title}", style="bold")
    show.line(f"  {kept.content['explanation']}")
    show.line(f"  {kept.request}", style="dim")
    for account in accounts:
        _show_account(account)


def _show_account(account: "Account") -> None:
    from affetto.cli import show
    from affetto.recommendation.account import PARTS

    show.line("")
    show.line(f"{account.number:>3}  {account.title} · {account.artist}", style="bold")
    show.line(f"     {'; '.join(account.reasons)}")
    show.line(f"     {account.place}")
    rows = [
        (name, f"{account.parts[name]:+.2f}", words)
        for name, words in PARTS.items()
        if name in account.parts and abs(account.parts[name]) >= 0.005
    ]
    show.table(("     part", "cost", "for"), [(f"     {name}", cost, words) for name, cost, words in rows])
    likely = "" if account.propensity is None else f"; put here in {account.propensity:.0%} of draws".replace("%", " %")
    show.line(f"     together {account.total:+.2f}, less is better{likely}", style="dim")


def show_kept(kept: Any) -> None:
    """A kept playlist as it was: what it was for, then each track with its reasons."""
    from affetto.cli import show

    show.line(f"Playlist {kept.number}: {kept.title}", style="bold")
    show.line(f"  {kept.content['explanation']}")
    for note in kept.content["notes"]:
        show.line(f"  {note}", style="dim")
    show.line("")
    for number, track in enumerate(kept.tracks, start=1):
        show.line(f"{number:>3}  {track['title']} · {track['artist']}", style="bold")
        show.line(f"     {'; '.join(track['reasons'])}")
        show.line(f"     {track['uri']}", style="dim")
    show.line("")
    show.line(kept.request, style="dim")
