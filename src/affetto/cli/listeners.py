"""``affetto listeners``, ``affetto taste`` and ``affetto playlists``: what is kept of people who listen."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from affetto.cli.hear import AsJson, Save, Source
from affetto.cli.play import Delivery, Play, PlayerName
from affetto.cli.recommend import ListenerName, deliver, show_kept
from affetto.errors import OptionError

__all__ = ["register"]

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_LARGEST = 256 << 20  # bytes of an export that is read

people = typer.Typer(
    name="listeners", help="Who listens here; export or delete everything of one.", no_args_is_help=True
)
taste = typer.Typer(name="taste", help="What was learnt of what you like.", no_args_is_help=True)
playlists = typer.Typer(name="playlists", help="The playlists that were made for you.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for group in (people, taste, playlists):
        app.add_typer(group)


def _confirm(question: str, *, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)


def _known(listener: str | None) -> Any:
    from affetto.recommendation.listener import Listener
    from affetto.settings import settings

    someone = Listener.known(listener)
    if someone is None:
        raise OptionError(f"listener {listener or settings().listener!r}: nothing is kept; `affetto listeners list`")
    return someone


def _write(path: Path, held: Any) -> None:
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        beside.replace(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OptionError(f"export {path}: {reason}; give another name or folder") from error
    finally:
        beside.unlink(missing_ok=True)


# -- listeners --------------------------------------------------------------------------------------------------------


@people.command("list")
def list_listeners(as_json: AsJson = False) -> None:
    """Who listens here."""
    from affetto.cli import show
    from affetto.cli.show import when
    from affetto.recommendation.people import list_people
    from affetto.store import default_store, default_store_exists

    found = list_people(default_store()) if default_store_exists() else []
    if as_json:
        for each in found:
            print(json.dumps(each.to_dict()))
    elif found:
        rows = [(each.name, str(each.feedback), str(each.playlists), when(each.created)) for each in found]
        show.table(("listener", "feedback", "playlists", "since"), rows)
    else:
        show.line("Nobody yet; affetto recommend --mood calm makes the first.")


@people.command("export")
def export_listener(
    name: Annotated[str, typer.Argument(help="The listener.")],
    file: Annotated[Path | None, typer.Argument(help="Where to write it; default: the standard output.")] = None,
) -> None:
    """Write everything that is kept of a listener as JSON."""
    held = _known(name).export()
    if file is None:
        print(json.dumps(held))
    else:
        _write(file, held)


@people.command("delete")
def delete_listener(
    name: Annotated[str, typer.Argument(help="The listener.")],
    yes: Yes = False,
) -> None:
    """Delete everything that is kept of a listener."""
    from affetto.cli import show

    someone = _known(name)
    _confirm(f"Delete everything of {someone.name}?", yes=yes)
    someone.delete()
    show.line(f"{someone.name}: everything is deleted")


@people.command("ask")
def ask_listener(
    wanted: Annotated[str, typer.Argument(help="on or off.")],
    listener: ListenerName = None,
) -> None:
    """Be asked how you feel after a playlist, or not."""
    from affetto.cli import show
    from affetto.recommendation.listener import Listener
    from affetto.recommendation.options import one_of

    on = one_of("choice", wanted, ("on", "off")) == "on"
    someone = Listener.open(listener)
    someone.ask(on)
    show.line(f"{someone.name} is {'' if on else 'not '}asked after playlists")


# -- taste ------------------------------------------------------------------------------------------------------------


@taste.command("show")
def show_taste(listener: ListenerName = None, as_json: AsJson = False) -> None:
    """What was learnt of what you like, in words and numbers."""
    from affetto.cli import show

    someone = _known(listener)
    found, shapes, choices = someone.portrait(), someone.shapes(), someone.choices()
    if as_json:
        more = {
            "listener": someone.name,
            "shapes": {str(shape): list(odds) for shape, odds in shapes.items()},
            "choices": {emotion: list(intents) for emotion, intents in choices.items()},
        }
        print(json.dumps(found.to_dict() | more))
        return
    said = ", ".join(f"{count} {kind.replace('_', '-')}" for kind, count in found.feedback.items()) or "nothing yet"
    show.line(f"{someone.name} said: {said}", style="bold")
    show.line(f"  {found.standing}")
    for title, pairs in (("artists", found.artists), ("genres", found.genres), ("sound", found.sound)):
        if pairs:
            show.line("")
            show.table((title, "a like is 1"), [(name, f"{value:+.2f}") for name, value in pairs])
    if found.never:
        show.line(f"  never again: {found.never} tracks")
    told = {shape: odds for shape, odds in shapes.items() if odds != (1.0, 1.0)}
    if told:
        show.line("")
        rows = [(str(shape), f"{good / (good + bad):.0%}".replace("%", " %")) for shape, (good, bad) in shapes.items()]
        show.table(("journey", "does good"), rows)
    for emotion, intents in choices.items():
        show.line(f"  sounds {emotion}: you chose {', then '.join(intents).replace('_', ' ')}")


@taste.command("forget")
def forget_choice(
    emotion: Annotated[str, typer.Argument(help="One of the eight emotions.")], listener: ListenerName = None
) -> None:
    """Forget what you chose when it sounded so: the default counts again."""
    from affetto.cli import show

    someone = _known(listener)
    someone.forget_choice(emotion)
    show.line(f"{someone.name}: {emotion} is answered as by default again")


@taste.command("reset")
def reset_taste(listener: ListenerName = None, yes: Yes = False) -> None:
    """Forget all feedback, and with it all that was learnt. Playlists stay."""
    from affetto.cli import show

    someone = _known(listener)
    _confirm(f"Forget all that {someone.name} said about tracks?", yes=yes)
    show.line(f"{someone.name}: {someone.forget_taste()} forgotten")


@taste.command("export")
def export_taste(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; default: the standard output.")] = None,
    listener: ListenerName = None,
) -> None:
    """Write all feedback as JSON, to take it to another machine or listener."""
    from affetto.recommendation.people import ONLY_FEEDBACK

    held = {name: value for name, value in _known(listener).export().items() if name in ONLY_FEEDBACK}
    if file is None:
        print(json.dumps(held))
    else:
        _write(file, held)


@taste.command("import")
def import_taste(
    file: Annotated[Path, typer.Argument(help="What taste export, or listeners export, has written.")],
    listener: ListenerName = None,
) -> None:
    """Take in feedback of an export; what is known already counts once."""
    from affetto.cli import show
    from affetto.recommendation.listener import Listener

    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError(f"is over {_LARGEST >> 20} MB")
        held = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(held, dict):
            raise ValueError("is no export of a listener")
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OptionError(f"import {file}: {reason}; give what affetto taste export has written") from error
    someone = Listener.open(listener)
    show.line(f"{someone.name}: {someone.import_feedback(held)} taken in")


# -- playlists --------------------------------------------------------------------------------------------------------


@playlists.callback()
def list_playlists(
    context: typer.Context,
    listener: ListenerName = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The playlists that were made for you, newest first."""
    if context.invoked_subcommand is not None:
        return
    from affetto.cli import show
    from affetto.cli.show import when

    found = _known(listener).playlists(limit=limit)
    if as_json:
        for kept in found:
            print(json.dumps(kept.to_dict()))
        return
    rows = [
        (str(kept.number), when(kept.made), kept.title, str(len(kept.tracks)), kept.shape, kept.outcome or "")
        for kept in found
    ]
    if rows:
        show.table(("number", "made", "playlist", "tracks", "journey", "after it"), rows)
    else:
        show.line("No playlist yet; affetto recommend --mood calm makes one.")


Number = Annotated[int | None, typer.Argument(help="Number of the playlist; default: the newest.", min=1)]


@playlists.command("show")
def show_playlist(number: Number = None, listener: ListenerName = None, as_json: AsJson = False) -> None:
    """Show a playlist as it was, and the line that remakes it."""
    kept = _known(listener).playlist(number)
    if as_json:
        print(json.dumps(kept.to_dict()))
    else:
        show_kept(kept)


@playlists.command("remake")
def remake_playlist(
    number: Number = None,
    library: Source = None,
    listener: ListenerName = None,
    save: Save = None,
    player: PlayerName = None,
    play: Play = False,
    as_json: AsJson = False,
) -> None:
    """Make a playlist again from its request, with the taste of that time less what was taken back since."""
    from affetto.players import check_target

    if save is not None:
        check_target(save)
    delivery = Delivery(player, play=play, save=save) if player is not None or play else None
    deliver(_known(listener).remake(number, library=library), save=save, delivery=delivery, as_json=as_json)


@playlists.command("delete")
def delete_playlist(
    number: Annotated[int, typer.Argument(help="Number of the playlist.", min=1)], listener: ListenerName = None
) -> None:
    """Delete a playlist; what you said of its tracks stays."""
    from affetto.cli import show

    _known(listener).delete_playlist(number)
    show.line(f"playlist {number}: deleted")
