"""Plain words for a mood and for a tempo."""

from affetto.affect import Affect
from affetto.music import tables

__all__ = ["mood_word", "mood_words", "pace_word"]

_PACES = (("slow", 80), ("steady", 110), ("brisk", 135))


def mood_words(mood: Affect) -> tuple[str, ...]:
    """Every mood word, nearest first.

    >>> mood_words(Affect(-0.5, 0.6))[:2]
    ('fierce', 'tense')
    """
    return tuple(sorted(tables.words(), key=lambda word: tables.words()[word].distance(mood)))


def mood_word(mood: Affect) -> str:
    """The word nearest to a mood.

    >>> mood_word(Affect(0.5, -0.4))
    'calm'
    """
    return mood_words(mood)[0]


def pace_word(tempo: float | None) -> str:
    """The pace of a tempo in beats per minute; "free" when it has none.

    Slow below 80 (adagio), steady below 110 (andante, moderato), brisk below 135 (allegretto, allegro), then fast.

    >>> [pace_word(tempo) for tempo in (70, 100, 120, 140, None)]
    ['slow', 'steady', 'brisk', 'fast', 'free']
    """
    if tempo is None:
        return "free"
    return next((word for word, below in _PACES if tempo < below), "fast")
