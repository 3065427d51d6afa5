"""``affetto connect``: players, their accounts, and what they allow."""

import json
import sys
from typing import Annotated, Any

import typer

from affetto.errors import OptionError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("connect")(_connect)


def _connect(
    kind: Annotated[str | None, typer.Argument(help="What to connect; --list names the kinds.")] = None,
    url: Annotated[str | None, typer.Argument(help="Its address, where it has one of its own.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; default: its kind.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="Name of the account.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="Spotify: id of your own app.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Spotify: port of the redirect address.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Try every call that is used, of a connected one.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List what is connected, and what can be.")] = False,
    remove: Annotated[str | None, typer.Option("--remove", help="Forget a player and its password.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Connect a player: where playlists go and, where that is allowed, likes come from.

    Passwords are asked for, never given on the command line. They lie in the system's keyring, or in a file that only
    you may read.
    """
    if list_all:
        _list(as_json=as_json)
    elif remove is not None:
        _remove(remove, as_json=as_json)
    elif kind is None:
        raise OptionError("nothing to connect; name a kind, or see affetto connect --list")
    elif check:
        _check(name or kind, as_json=as_json)
    else:
        given = {"url": url, "user": user, "client_id": client_id, "port": None if port is None else str(port)}
        _connect_one(kind, name, {key: value for key, value in given.items() if value is not None}, as_json=as_json)


def _connect_one(kind: str, name: str | None, given: dict[str, str], *, as_json: bool) -> None:
    from affetto.players.connections import connect
    from affetto.players.secrets import Secrets

    secrets = Secrets()
    made = connect(kind, name=name, given=given, ask=_Terminal(), secrets=secrets)
    if as_json:
        print(json.dumps({"name": made.name, "kind": made.kind, "facts": dict(made.facts)}))
    else:
        if secrets.get(made.name) is not None:
            _say(f"{made.name}: its secret lies in {secrets.place}")
        _say(f"{made.name}: connected; affetto hear VOICE --player {made.name} puts playlists there")


def _list(*, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.players.connections import KINDS, Connections

    connected = Connections().all()
    if as_json:
        for each in connected:
            print(json.dumps({"name": each.name, "kind": each.kind, "facts": dict(each.facts)}))
        return
    if connected:
        show.table(
            ["connected", "kind", "where"],
            [[each.name, each.kind, each.facts.get("url") or each.facts.get("user", "")] for each in connected],
        )
    else:
        show.line("Nothing is connected.")
    show.line("")
    rows = [
        [f"affetto connect {kind}" if facts.account else f"--player {facts.example or kind}", facts.words]
        for kind, facts in KINDS.items()
    ]
    show.table(["to use", "what it is"], rows)


def _remove(name: str, *, as_json: bool) -> None:
    from affetto.players.connections import forget

    gone = forget(name)
    if as_json:
        print(json.dumps({"removed": name}))
        return
    _say(f"{name}: forgotten here; take back what you allowed in the account itself")
    if gone is not None and gone.kind == "subsonic":
        _say(f"Songs of it in your library stay; affetto library remove subsonic:{name} forgets them too.")


def _check(name: str, *, as_json: bool) -> None:
    from affetto.players.connections import open_player

    failed = False
    for each in open_player(name).check():
        failed |= not each.ok
        if as_json:
            print(json.dumps({"call": each.call, "ok": each.ok, "note": each.note}), flush=True)
        else:
            _say(f"{'ok    ' if each.ok else 'FAILED'}  {each.call:<28}  {each.note}")
    if failed:
        raise typer.Exit(2)


def _say(text: str) -> None:
    from affetto.cli import show

    show.line(text)


class _Terminal:
    """Asks on the terminal; questions go to the error output, so that ``--json`` stays clean."""

    def line(self, question: str) -> str:
        """An answer that may be seen."""
        return str(typer.prompt(question, err=True))

    def secret(self, question: str) -> Any:
        """An answer that is not shown."""
        from affetto.players.secrets import Secret

        return Secret(str(typer.prompt(question, hide_input=True, err=True)))

    def tell(self, text: str) -> None:
        """Says something."""
        print(text, file=sys.stderr, flush=True)

    def open(self, address: str) -> None:
        """Opens a page, and says its address for browsers elsewhere."""
        import webbrowser

        print(f"Sign in here: {address}", file=sys.stderr, flush=True)
        webbrowser.open(address)
