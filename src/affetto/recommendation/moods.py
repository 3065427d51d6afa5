"""Words for moods, read generously: "calm", "a bit sad", "tired but happy", "not angry"."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from affetto.affect import EMOTIONS, Affect, Emotion, circumplex
from affetto.errors import OptionError
from affetto.music import tables
from affetto.voice.reading import Reading

__all__ = ["parse_mood", "parse_point"]

_SAME: Mapping[str, str] = MappingProxyType(
    {
        "afraid": "fearful",
        "scared": "fearful",
        "anxious": "tense",
        "nervous": "tense",
        "stressed": "tense",
        "worried": "tense",
        "mad": "angry",
        "furious": "angry",
        "annoyed": "restless",
        "irritated": "restless",
        "frustrated": "restless",
        "disgusted": "disgust",
        "joyful": "happy",
        "joy": "happy",
        "glad": "happy",
        "merry": "cheerful",
        "good": "bright",
        "fine": "easygoing",
        "content": "gentle",
        "sadness": "sad",
        "unhappy": "sad",
        "down": "sad",
        "blue": "sad",
        "low": "somber",
        "gloomy": "somber",
        "melancholic": "wistful",
        "melancholy": "wistful",
        "nostalgic": "wistful",
        "lonely": "wistful",
        "depressed": "somber",
        "bored": "brooding",
        "moody": "brooding",
        "tired": "still",
        "sleepy": "still",
        "exhausted": "still",
        "quiet": "peaceful",
        "serene": "peaceful",
        "tender": "gentle",
        "soft": "gentle",
        "mellow": "gentle",
        "chill": "relaxed",
        "chilled": "relaxed",
        "relaxing": "relaxed",
        "energetic": "exuberant",
        "energized": "exuberant",
        "excited": "exuberant",
        "upbeat": "uplifting",
        "party": "exuberant",
        "powerful": "bold",
        "neutral": "neutral",
        "ok": "neutral",
        "okay": "neutral",
        "normal": "neutral",
        "surprise": "surprised",
        "amazed": "surprised",
        "fear": "fearful",
        "anger": "angry",
        "happiness": "happy",
    }
)
_MUCH: Mapping[str, float] = MappingProxyType(
    {
        "a bit": 0.6,
        "a little": 0.6,
        "a little bit": 0.6,
        "slightly": 0.55,
        "somewhat": 0.65,
        "kind of": 0.65,
        "kinda": 0.65,
        "rather": 0.8,
        "quite": 0.9,
        "pretty": 0.9,
        "very": 1.3,
        "really": 1.3,
        "so": 1.3,
        "extremely": 1.5,
        "not": -0.5,
        "not so": -0.3,
        "not very": -0.3,
    }
)
_PAUSE = re.compile(r"\s*(?:,|;|\+|/|&|\band\b|\bbut\b|\bthen\b|\byet\b)\s*")
_FILLER = re.compile(r"^(?:i am|i'm|im|i feel|feeling|feel|something|music|sounds?|mood)\s+|\s+(?:music|mood|songs?)$")
_SPREAD = 0.15  # a word is a place to within about this much
_LONGEST = 200


@cache
def _places() -> Mapping[str, Affect]:
    """Where each word lies; the names of the emotions win over words for music."""
    found = {**tables.feels(), **tables.words(), **{str(emotion): point for emotion, point in circumplex().items()}}
    return MappingProxyType(found | {word: found[same] for word, same in _SAME.items()})


@cache
def _amounts() -> re.Pattern[str]:
    return re.compile(f"^({'|'.join(sorted(map(re.escape, _MUCH), key=len, reverse=True))})\\s+")


def _part(text: str) -> tuple[str, float]:
    """The word of one part, and how much of it is meant."""
    word, amount = text, 1.0
    while shorter := _FILLER.sub("", word):
        if shorter == word:
            break
        word = shorter
    while found := _amounts().match(word):
        amount *= _MUCH[found.group(1)]
        word = word[found.end() :]
    word = word if word in _places() else word.removesuffix("ly")
    if word not in _places():
        near = get_close_matches(word, _places(), n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]}?" if near else f"; say for example {', '.join(EMOTIONS)}, peaceful, lively"
        raise OptionError(f"mood {text[:_LONGEST]!r}: {word[:40]!r} is no word for a mood that is known here{hint}")
    return _SAME.get(word, word), amount


def parse_mood(text: str) -> Reading | Affect | Emotion:
    """What words for a mood mean.

    An emotion by its name is itself, and "a bit" of one is a reading between it and neutral. Any other words are a
    place on the circumplex: "a bit" goes part of the way from the middle, "very" a third beyond, "not" to the other
    side, and several words meet halfway.

    Raises:
        OptionError: If a word is not known; the message names the nearest.

    >>> parse_mood("Sad")
    <Emotion.SAD: 'sad'>
    >>> parse_mood("a bit sad").emotion
    <Emotion.SAD: 'sad'>
    >>> place = parse_mood("a bit sad, but energetic")
    >>> round(place.valence, 2), round(place.arousal, 2)
    (0.11, 0.28)
    """
    wanted = " ".join(text.casefold().split()).strip(" .!?\"'")
    parts = [part for part in _PAUSE.split(wanted[:_LONGEST]) if part]
    if not parts:
        raise OptionError(f"mood {text[:40]!r}: give a word, such as calm, or two, such as a bit sad")
    meant = [_part(part) for part in parts]
    if len(meant) == 1 and meant[0][0] in list(Emotion):
        emotion, amount = Emotion(meant[0][0]), meant[0][1]
        if amount == 1:
            return emotion
        if 0 < amount < 1:
            return Reading(probabilities={emotion: amount, Emotion.NEUTRAL: 1 - amount}, seconds=0.0)
    places = [(_places()[word], amount) for word, amount in meant]
    valence = sum(amount * place.valence for place, amount in places) / len(places)
    arousal = sum(amount * place.arousal for place, amount in places) / len(places)
    bounded = (max(-1.0, min(1.0, valence)), max(-1.0, min(1.0, arousal)))
    return Affect(*bounded, ((_SPREAD**2, 0.0), (0.0, _SPREAD**2)))


def parse_point(text: str) -> Affect:
    """A place on the circumplex from two numbers, "0.4,-0.3".

    Raises:
        OptionError: If it is not two numbers from -1 to 1.

    >>> parse_point("0.4, -0.3")
    Affect(valence=0.4, arousal=-0.3, covariance=((0.0, 0.0), (0.0, 0.0)))
    """
    try:
        valence, arousal = (float(part) for part in text.replace(";", ",").split(","))
        if not (abs(valence) <= 1 and abs(arousal) <= 1):
            raise ValueError
    except ValueError:
        raise OptionError(f"place {text[:40]!r}: give valence and arousal, each from -1 to 1, as 0.4,-0.3") from None
    return Affect(valence, arousal)
