"""What makes a playlist, as a line of text that makes it again."""

import math
import shlex
from dataclasses import dataclass, fields, replace
from urllib.parse import quote, unquote

from affetto.affect import Affect, Covariance, Emotion
from affetto.errors import OptionError
from affetto.recommendation.intent import Intent
from affetto.recommendation.shape import Shape
from affetto.recommendation.taste import ADVENTUROUS

__all__ = ["ADVENTUROUS", "Request", "format_request", "parse_request"]

_EXACT: Covariance = ((0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that a playlist follows from, beside the library itself.

    Attributes:
        start: Where the listener is.
        emotion: The emotion that was heard or named, None where none was.
        intents: What the music is for, in order.
        length: Tracks.
        strategy: "journey" or "genre".
        shape: How the journey gets to its goal.
        novelty: From -1, what is well known, to 1, what was never heard.
        adventurous: From 0, what is surely liked, to 4; 1 follows doubt to the full.
        seed: Source of all chance.
        library: The music: "own", "starter", the path of a catalog, or "given" for one that only the caller knows.
        heard: Ids of the tracks that were heard in this session, in order: none comes again, and the first of the new
            ones follows the last of these.
        feedback: Number of the newest feedback that was known; None where taste took no part.
        time: When, in milliseconds since 1970; None where taste took no part.
    """

    start: Affect
    emotion: Emotion | None = None
    intents: tuple[Intent, ...]
    length: int
    strategy: str = "journey"
    shape: Shape = Shape.GRADUAL
    novelty: float = 0.0
    adventurous: float = ADVENTUROUS
    seed: int
    library: str = "starter"
    heard: tuple[str, ...] = ()
    feedback: int | None = None
    time: int | None = None


def _numbers(text: str, count: int) -> list[float]:
    values = [float(part) for part in text.split(",")]
    if len(values) != count or not all(map(math.isfinite, values)):
        raise ValueError(f"give {count} numbers")
    return values


def _between(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError(f"give a number from {low:g} to {high:g}")
    return value


def _whole(text: str, low: int, high: int) -> int:
    value = int(text)
    if not low <= value <= high:
        raise ValueError(f"give a whole number from {low} to {high}")
    return value


def format_request(request: Request) -> str:
    """The request as one line; `parse_request` reads it back. What is as usual is left out.

    >>> print(format_request(Request(start=Affect(-0.65, -0.27), emotion=Emotion.SAD, length=12, seed=42,
    ...     intents=(Intent.COMFORT, Intent.LIFT))))
    at=-0.65,-0.27 emotion=sad intent=comfort,lift length=12 seed=42 library=starter
    """
    start = request.start
    parts = {"at": f"{start.valence!r},{start.arousal!r}"}
    if start.covariance != _EXACT:
        (vv, va), (_, aa) = start.covariance
        parts["spread"] = f"{vv!r},{aa!r},{va!r}"
    if request.emotion is not None:
        parts["emotion"] = str(request.emotion)
    parts |= {"intent": ",".join(request.intents), "length": str(request.length)}
    usual = {field.name: field.default for field in fields(Request)}
    for name in ("strategy", "shape", "novelty", "adventurous"):
        value = getattr(request, name)
        if value != usual[name]:
            parts[name] = repr(value) if isinstance(value, float) else str(value)
    parts |= {"seed": str(request.seed), "library": request.library}
    if request.heard:
        parts["heard"] = ",".join(quote(identity, safe="") for identity in request.heard)
    for name in ("feedback", "time"):
        if getattr(request, name) is not None:
            parts[name] = str(getattr(request, name))
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in parts.items())


def parse_request(text: str) -> Request:
    """The request that a line of text stands for.

    Raises:
        OptionError: If it is not such a line; the message names the part.
    """
    try:
        parts = dict(part.split("=", 1) for part in shlex.split(text))
    except ValueError:
        raise OptionError(f"request {text[:80]!r}: give parts like at=0.4,-0.3 intent=calm length=12 seed=1") from None
    lacking = [name for name in ("at", "intent", "length", "seed") if name not in parts]
    if lacking:
        raise OptionError(f"request {text[:80]!r}: has no {lacking[0]}; it needs at, intent, length and seed")
    request = Request(start=Affect(0.0, 0.0), intents=(), length=1, seed=0)
    for name, value in parts.items():
        try:
            request = _with(request, name, value)
        except (ValueError, OverflowError) as error:
            raise OptionError(f"request: {name} = {value[:80]!r}: {error}") from None
    (vv, va), (_, aa) = request.start.covariance
    if min(vv, aa) < 0 or vv * aa + 1e-9 < va * va:
        raise OptionError(f"request: spread = {parts['spread'][:80]!r}: no covariance has these values")
    return request


def _with(request: Request, name: str, value: str) -> Request:
    match name:
        case "at":
            valence, arousal = (_between(part, -1, 1) for part in value.split(","))
            return replace(request, start=Affect(valence, arousal, request.start.covariance))
        case "spread":
            vv, aa, va = _numbers(value, 3)
            return replace(request, start=Affect(request.start.valence, request.start.arousal, ((vv, va), (va, aa))))
        case "emotion":
            return replace(request, emotion=Emotion(value))
        case "intent":
            return replace(request, intents=tuple(Intent(part) for part in value.split(",")))
        case "length":
            return replace(request, length=_whole(value, 1, 500))
        case "strategy":
            if value not in ("journey", "genre"):
                raise ValueError("give journey or genre")
            return replace(request, strategy=value)
        case "shape":
            return replace(request, shape=Shape(value))
        case "novelty":
            return replace(request, novelty=_between(value, -1, 1))
        case "adventurous":
            return replace(request, adventurous=_between(value, 0, 4))
        case "seed":
            return replace(request, seed=_whole(value, 0, 2**63 - 1))
        case "library":
            return replace(request, library=value)
        case "heard":
            return replace(request, heard=tuple(unquote(part) for part in value.split(",")))
        case "feedback":
            return replace(request, feedback=_whole(value, 0, 2**63 - 1))
        case "time":
            return replace(request, time=_whole(value, -(2**63), 2**63 - 1))
        case _:
            raise ValueError("is not known")
