"""The calls of ListenBrainz, and what is in their answers."""

import contextlib
import re
from datetime import UTC, datetime
from typing import Any, cast

from affetto.errors import PlayerError
from affetto.music.text import clean
from affetto.players.base import AccessError
from affetto.players.http import Http
from affetto.players.patience import Patience
from affetto.players.secrets import Secret

__all__ = [
    "AGAIN",
    "API",
    "AT_ONCE",
    "MBID",
    "MOST_PAGES",
    "PAGE",
    "object_of",
    "objects_of",
    "open_http",
    "text_of",
    "time_of",
    "user_of",
]

API = "https://api.listenbrainz.org"
"""Where the API lies."""
AGAIN = "connect again: affetto connect listenbrainz"
"""What to do when it lets us in no longer."""
MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
"""An id of MusicBrainz."""
PAGE = 100
"""What is asked for at once."""
MOST_PAGES = 200
"""Pages that are read at most."""
AT_ONCE = 100
"""Recordings and listens in one request at most."""

# The service counts requests in windows of ten seconds: waiting for one has to be possible.
_PATIENCE = Patience(tries=6)


def open_http(url: str, token: Secret, patience: Patience = _PATIENCE) -> Http:
    """Requests with the token of an account."""
    headers = {"Authorization": f"Token {token.reveal()}"}
    return Http(url, who="ListenBrainz", access=AGAIN, headers=headers, patience=patience)


def user_of(answer: object) -> str:
    """The name of the account behind a token.

    Raises:
        AccessError: If the token is not valid.
    """
    user = text_of(answer, "user_name")
    if object_of(answer).get("valid") is not True or not user:
        raise AccessError(f"ListenBrainz: does not know this token; {AGAIN}")
    return clean(user)


def object_of(value: object) -> dict[str, Any]:
    """An object of an answer; an empty one for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def objects_of(value: object, key: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer.

    Raises:
        PlayerError: If the list is not there.
    """
    found = object_of(value).get(key)
    if not isinstance(found, list):
        raise PlayerError(f"ListenBrainz: an answer without {key!r}; check the address, or try again later")
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def text_of(value: object, key: str) -> str:
    """A text within an object of an answer; empty where it is not there."""
    found = object_of(value).get(key)
    return found if isinstance(found, str) else ""


def time_of(stamp: object) -> datetime | None:
    """Seconds since 1970 as a time; None for nonsense."""
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(stamp, UTC)
    return None
