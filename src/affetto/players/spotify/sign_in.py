"""Signing in to Spotify, in the listener's browser."""

import re
import secrets as random_secrets
from collections.abc import Mapping

from affetto.errors import OptionError
from affetto.players.base import AccessError, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.landing import Landing
from affetto.players.patience import Patience, persevere
from affetto.players.secrets import Secrets
from affetto.players.spotify import client as calls
from affetto.players.spotify.answers import AGAIN, library
from affetto.players.spotify.client import PORT, Tokens, redirect_address, sign_in_manager
from affetto.players.spotify.player import Spotify

__all__ = ["connect", "open_player"]

_SIGN_IN = 300.0  # seconds to sign in
_CLIENT_ID = re.compile(r"[0-9a-f]{32}\Z")


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Signs in with PKCE, in the listener's browser.

    Raises:
        OptionError: If the client id or the port cannot be one.
        AccessError: If the listener declines, or Spotify does.
        PlayerError: If the extra is missing, the port is taken, or nobody signs in within five minutes.
    """
    port = _port(given.get("port") or str(PORT))
    redirect = redirect_address(port)
    client_id = given.get("client_id") or _ask_for_id(ask, redirect)
    if not _CLIENT_ID.match(client_id):
        raise OptionError("the client id is not one: 32 digits and letters a to f, from your app's Settings at Spotify")
    patience, tokens = Patience(), Tokens(name, secrets)
    manager = sign_in_manager(client_id, redirect, accounts=calls.ACCOUNTS, patience=patience, tokens=tokens)
    state = random_secrets.token_urlsafe(16)
    with Landing(port, state) as landing:
        ask.open(manager.get_authorize_url(state=state))
        code = landing.code(_SIGN_IN).reveal()
    persevere(
        lambda: manager.get_access_token(code=code, check_cache=False),
        who="Spotify",
        again=False,
        watch=Watch(tell=ask.tell),
        patience=patience,
        access=AGAIN,
    )
    player = Spotify(name, client_id=client_id, secrets=secrets)
    user = player.user(watch=Watch(tell=ask.tell))
    ask.tell(
        f"Connected to Spotify as {user}. Only what you ask for is sent there, and nothing from there is learnt from."
    )
    return Connection(name=name, kind="spotify", facts={"client_id": client_id, "user": user, "port": str(port)})


def open_player(connection: Connection, *, secrets: Secrets) -> Spotify:
    """The player of a connection.

    Raises:
        AccessError: If its token is gone.
        PlayerError: If the extra is missing.
    """
    library()
    if secrets.get(connection.name) is None:
        raise AccessError(f"Spotify: the token is not in {secrets.place} any more; {AGAIN}")
    return Spotify(
        connection.name,
        client_id=connection.facts.get("client_id", ""),
        user=connection.facts.get("user", ""),
        secrets=secrets,
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65_535):
        raise OptionError(f"--port {text}: 1024 to 65535")
    return int(text)


def _ask_for_id(ask: Ask, redirect: str) -> str:
    ask.tell("Spotify wants you to use an app of your own; it takes two minutes and needs Premium:")
    ask.tell("  1. https://developer.spotify.com/dashboard, Create app, tick Web API")
    ask.tell(f"  2. Redirect URI: {redirect}")
    ask.tell("  3. User Management: add your own account; then copy the client id from Settings")
    return ask.line("Client ID").strip().lower()
