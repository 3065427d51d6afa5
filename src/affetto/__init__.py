"""Affetto hears the emotion in a voice and answers with music.

>>> import affetto
>>> affetto.recommend(affetto.Emotion.SAD, intent="comfort", length=3, seed=1).intent
<Intent.COMFORT: 'comfort'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from affetto.version import __version__ as __version__

if TYPE_CHECKING:
    from affetto.affect import Affect, Emotion
    from affetto.api import Answer, hear, hear_and_recommend
    from affetto.music import Library, Track
    from affetto.recommendation import Intent, Playlist, recommend
    from affetto.voice.reading import Reading
    from affetto.voice.recognizer import Recognizer

__all__ = [
    "Affect",
    "Answer",
    "Emotion",
    "Intent",
    "Library",
    "Playlist",
    "Reading",
    "Recognizer",
    "Track",
    "hear",
    "hear_and_recommend",
    "recommend",
]

_HOMES = {
    "Affect": "affetto.affect",
    "Answer": "affetto.api",
    "Emotion": "affetto.affect",
    "Intent": "affetto.recommendation",
    "Library": "affetto.music",
    "Playlist": "affetto.recommendation",
    "Reading": "affetto.voice.reading",
    "Recognizer": "affetto.voice.recognizer",
    "Track": "affetto.music",
    "hear": "affetto.api",
    "hear_and_recommend": "affetto.api",
    "recommend": "affetto.recommendation",
}


def __getattr__(name: str) -> Any:
    """Names are loaded when first used, so that importing the package costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'affetto' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
