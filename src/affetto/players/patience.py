"""How often and how long a player is asked: attempts, pauses, and what the last failure means for people."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from affetto.errors import PlayerError
from affetto.players.base import AbsentError, AccessError, LaterError, UnsureError, Watch

__all__ = ["Patience", "Trouble", "persevere", "seconds_to_wait"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to keep trying.

    Attributes:
        tries: Attempts at most, the first included.
        pause: Seconds before the second attempt; doubled each time, with up to a quarter more at random.
        longest: Seconds to wait at most between two attempts; a service that asks for more gets a `LaterError`.
        timeout: Seconds without a sign of life until an attempt is given up.
        whole: Seconds for a whole answer, so that one that drips in does not hold for ever.
    """

    tries: int = 4
    pause: float = 0.5
    longest: float = 60.0
    timeout: float = 15.0
    whole: float = 60.0


class Trouble(Exception):  # noqa: N818 - not an error of its own: persevere() turns it into one or tries again
    """An attempt that did not succeed.

    Attributes:
        words: What went wrong, without secrets, to follow the name of the service.
        status: The HTTP status; None when there was no whole answer.
        retry_after: Seconds that the service asks to wait; None when it does not say.
        unsure: Whether the service may have done what it was asked.
        transient: Whether another attempt may do better.
        quota: Whether a quota is used up, which short waits do not mend.
    """

    def __init__(
        self,
        words: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        unsure: bool = False,
        transient: bool = False,
        quota: bool = False,
    ) -> None:
        super().__init__(words)
        self.words, self.status, self.retry_after = words, status, retry_after
        self.unsure, self.transient, self.quota = unsure, transient, quota


def persevere(
    attempt: Callable[[], _T], *, who: str, again: bool, watch: Watch, patience: Patience, access: str = ""
) -> _T:
    """Makes an attempt, and others after it where that is safe and may help.

    Args:
        attempt: Does the work or raises `Trouble`.
        who: Name of the service for messages.
        again: Whether repeating does no harm when an earlier attempt may have had its effect.
        watch: Who watches, and may call it off.
        patience: How long to keep trying.
        access: What to do when the service lets us in no longer ("connect again: affetto connect spotify").

    Raises:
        AccessError: On status 401 and 403.
        LaterError: When a quota is used up or the service asks for a longer wait than ``patience`` allows.
        UnsureError: When the answer to something that must not be repeated got lost.
        AbsentError: On status 404.
        PlayerError: When it did not succeed.
        StoppedError: When it was called off.
    """
    for number in range(1, patience.tries + 1):
        watch.check()
        try:
            return attempt()
        except Trouble as trouble:
            wait = _wait_before_next(trouble, number, who=who, again=again, patience=patience, access=access)
        if wait >= 1:
            watch.tell(f"{who} asks for patience: going on in {wait:.0f} s")
        watch.wait(wait)
    raise AssertionError("the last attempt returns or raises")


def _wait_before_next(
    trouble: Trouble, number: int, *, who: str, again: bool, patience: Patience, access: str
) -> float:
    """Seconds until the next attempt; raises where there is none."""
    if trouble.status in (401, 403):
        raise AccessError(f"{who}: {trouble.words}{'; ' + access if access else ''}") from None
    if trouble.status == 429 or trouble.quota:
        asked = trouble.retry_after
        if trouble.quota or (asked or 0) > patience.longest or number == patience.tries:
            raise LaterError(_later(who, trouble), seconds=asked) from None
        return _pause(number, patience) if asked is None else asked
    if trouble.unsure and not again:
        raise UnsureError(f"{who}: {trouble.words}; it may have been done or not") from None
    if not trouble.transient or number == patience.tries:
        tried = f" (tried {number} times)" if number > 1 else ""
        kind = AbsentError if trouble.status == 404 else PlayerError
        raise kind(f"{who}: {trouble.words}{tried}; {_way_out(trouble)}") from None
    if trouble.retry_after is None:
        return _pause(number, patience)
    if trouble.retry_after > patience.longest:
        raise LaterError(_later(who, trouble), seconds=trouble.retry_after) from None
    return trouble.retry_after


def _way_out(trouble: Trouble) -> str:
    if trouble.transient and trouble.status is None and not trouble.unsure:
        return "check the address, that the service behind it runs, and the network"
    if trouble.transient:
        return "run the same command again later, it goes on where it stopped"
    return "check the address and that the service behind it is the right one"


def _later(who: str, trouble: Trouble) -> str:
    limit = "the quota is used up" if trouble.quota else "too many requests"
    when = "later" if trouble.retry_after is None else f"in {_span(trouble.retry_after)}"
    return f"{who}: {limit}; what was done is kept, run the same command again {when}"


def _span(seconds: float) -> str:
    """A length of time in words.

    >>> _span(40), _span(600), _span(36_000)
    ('40 s', '10 min', '10 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"


def _pause(number: int, patience: Patience) -> float:
    return min(patience.longest, patience.pause * 2 ** (number - 1) * random.uniform(1.0, 1.25))


def seconds_to_wait(header: str | None) -> float | None:
    """A ``Retry-After`` header in seconds; None when there is none or it is nonsense.

    >>> seconds_to_wait("7"), seconds_to_wait("soon"), seconds_to_wait("-1"), seconds_to_wait(None)
    (7.0, None, None, None)
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
