"""Signing in to ListenBrainz, and sending it what was heard."""

from collections.abc import Mapping
from datetime import UTC, datetime

from affetto.errors import OptionError
from affetto.players.base import AccessError, Watch
from affetto.players.connections import Ask, Connection, Connections
from affetto.players.feedback import FeedbackLog
from affetto.players.http import check_url
from affetto.players.listenbrainz.api import AGAIN, API, open_http, user_of
from affetto.players.listenbrainz.listens import Sent
from affetto.players.listenbrainz.player import ListenBrainz
from affetto.players.secrets import Secret, Secrets

__all__ = ["connect", "open_player", "submit_heard"]


def connect(name: str, given: Mapping[str, str], *, ask: Ask, secrets: Secrets) -> Connection:
    """Takes the account's token, and asks whether what is played here shall be sent there.

    Raises:
        OptionError: If the address cannot be one, or no token is given.
        AccessError: If the token is not valid.
        PlayerError: If the service cannot be reached.
    """
    url = check_url(given.get("url") or API)
    token = ask.secret("User token (listenbrainz.org/settings)")
    if not token.reveal().strip():
        raise OptionError("no token was given; it stands on listenbrainz.org/settings")
    token = Secret(token.reveal().strip())
    watch = Watch(tell=ask.tell)
    with open_http(url, token) as http:
        user = user_of(http.json("GET", "/1/validate-token", watch=watch))
    ask.tell(
        "What you play here can be sent to ListenBrainz, where everyone can read it. It is not, unless you say so."
    )
    submits = ask.line("Send what you play here? yes or no").strip().casefold() == "yes"
    secrets.put(name, token)
    if submits:
        Sent(name, None).write(datetime.now(UTC).timestamp())  # what was heard before nobody agreed to send
    ask.tell(f"Connected to ListenBrainz as {user}; what you play is {'' if submits else 'not '}sent there.")
    return Connection(
        name=name, kind="listenbrainz", facts={"url": url, "user": user, "submit": "yes" if submits else "no"}
    )


def open_player(connection: Connection, *, secrets: Secrets) -> ListenBrainz:
    """The player of a connection.

    Raises:
        AccessError: If its token is gone.
    """
    token = secrets.get(connection.name)
    if token is None:
        raise AccessError(f"ListenBrainz: the token is not in {secrets.place} any more; {AGAIN}")
    return ListenBrainz(
        connection.name,
        http=open_http(check_url(connection.facts.get("url", API)), token),
        user=connection.facts.get("user", ""),
        submits=connection.facts.get("submit") == "yes",
    )


def submit_heard(*, secrets: Secrets | None = None, watch: Watch | None = None) -> int:
    """Sends what was heard here to every connected account that wants it; the number of listens that went.

    Raises:
        PlayerError: If an account cannot be reached; the next call goes on from there.
    """
    wanted = [each for each in Connections().all() if each.kind == "listenbrainz" and each.facts.get("submit") == "yes"]
    count = 0
    for connection in wanted:
        player = open_player(connection, secrets=secrets or Secrets())
        count += player.submit(FeedbackLog().read(), watch=watch)
    return count
