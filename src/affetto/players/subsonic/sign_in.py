"""Signing in to a Subsonic server."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from affetto.errors import OptionError, PlayerError
from affetto.players.base import AccessError, StoppedError, Watch
from affetto.players.connections import Ask, Connection
from affetto.players.http import check_url
from affetto.players.patience import Patience
from affetto.players.secrets import Secret, Secrets, redact
from affetto.players.subsonic.api import Fault, SubsonicApi, parameters
from affetto.players.subsonic.player import Subsonic

__all__ = ["connect", "open_player"]

_OLD_TOKENS = (10, 41, 42)  # errors that say: not with a token
_CONNECT = Patience(tries=2, timeout=15.0)


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Signs in with an API key where the server offers it, else with a token made of the password.

    Raises:
        OptionError: If the address cannot be one, or the listener declines to send the password itself.
        AccessError: If the server does not let us in.
        PlayerError: If it is not a Subsonic server, or cannot be reached.
    """
    url = check_url(given.get("url") or ask.line("Address of the server"))
    url = url.removesuffix("/rest")
    watch, user = Watch(tell=ask.tell), (given.get("user") or "").strip()
    offered = _extensions(url, watch)
    way = "token"
    if "apiKeyAuthentication" in offered and not user:
        ask.tell("This server takes API keys, which can be taken back one by one.")
        way = "key" if ask.line("Sign in with a key or a password").strip().casefold() == "key" else way
    if way != "key":
        user = user or ask.line("User name").strip()
    secret = ask.secret("API key" if way == "key" else f"Password of {user}")
    if not secret.reveal() or (way != "key" and not user):
        raise OptionError("neither a name and a password nor a key was given; run the command again")
    forms = "formPost" in offered
    way, answer = _let_in(url, way, secret, user, forms=forms, ask=ask, watch=watch)
    forms = forms or _takes_forms(url, way, secret, user, watch)
    if way == "key":
        with_key = SubsonicApi(url, sent=parameters(way, secret, user), forms=forms, patience=_CONNECT)
        found = with_key.call("tokenInfo", watch=watch).get("tokenInfo")
        user = str(found.get("username", "")) if isinstance(found, dict) else ""
    secrets.put(name, secret)
    kind = redact(" ".join(str(answer.get("type") or "Subsonic").split())[:40])
    ask.tell(f"Connected to {kind} as {user or 'the owner of the key'}.")
    return Connection(
        name=name,
        kind="subsonic",
        facts={"url": url, "user": user, "way": way, "forms": "yes" if forms else "no", "type": kind},
    )


def open_player(connection: Connection, *, secrets: Secrets, spacing: float = 0.0) -> Subsonic:
    """The player of a connection.

    Raises:
        AccessError: If its secret is gone.
    """
    again = f"connect again: affetto connect subsonic {connection.facts.get('url', '')}".strip()
    secret = secrets.get(connection.name)
    if secret is None:
        raise AccessError(f"Subsonic: the password is not in {secrets.place} any more; {again}")
    user = connection.facts.get("user", "")
    api = SubsonicApi(
        check_url(connection.facts.get("url", "")),
        who=f"Subsonic at {urlsplit(connection.facts.get('url', '')).hostname}",
        access=again,
        sent=parameters(connection.facts.get("way", "token"), secret, user),
        forms=connection.facts.get("forms") == "yes",
        spacing=spacing,
    )
    return Subsonic(connection.name, api=api, user=user)


def _extensions(url: str, watch: Watch) -> frozenset[str]:
    """What of OpenSubsonic the server offers; nothing for servers that do not know the question."""
    try:
        found = SubsonicApi(url, forms=False, patience=_CONNECT).call("getOpenSubsonicExtensions", watch=watch)
    except StoppedError:
        raise
    except PlayerError:  # what is really wrong with the server, the ping that follows will say
        return frozenset()
    listed = found.get("openSubsonicExtensions")
    return frozenset(str(each.get("name")) for each in listed if isinstance(each, dict)) if listed else frozenset()


def _let_in(
    url: str, way: str, secret: Secret, user: str, *, forms: bool, ask: Ask, watch: Watch
) -> tuple[str, dict[str, Any]]:
    """The way that the server lets us in, and its answer to a ping."""
    try:
        api = SubsonicApi(url, sent=parameters(way, secret, user), forms=forms, patience=_CONNECT)
        return way, api.call("ping", watch=watch)
    except Fault as fault:
        if way != "token" or fault.code not in _OLD_TOKENS:
            raise
    if not _is_private(url):
        ask.tell("This server takes the password itself only, and what is sent to it can be read on the way (http).")
        if ask.line("Send the password all the same? Type yes").strip().casefold() != "yes":
            raise OptionError("the password was not sent; use the server's https address")
    api = SubsonicApi(url, sent=parameters("password", secret, user), forms=True, patience=_CONNECT)
    return "password", api.call("ping", watch=watch)


def _takes_forms(url: str, way: str, secret: Secret, user: str, watch: Watch) -> bool:
    """Whether parameters may be sent in the body, where they stand in no log of addresses."""
    try:
        SubsonicApi(url, sent=parameters(way, secret, user), forms=True, patience=_CONNECT).call("ping", watch=watch)
    except StoppedError:
        raise
    except PlayerError:
        return False
    return True


def _is_private(url: str) -> bool:
    """Whether nobody else can read what is sent: https, or this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
