"""Words for emotions, brought to the eight."""

import difflib
from collections.abc import Iterable, Mapping

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError

__all__ = ["map_labels"]

_SYNONYMS = {
    "neutrality": Emotion.NEUTRAL,
    "calmness": Emotion.CALM,
    "relaxed": Emotion.CALM,
    "happiness": Emotion.HAPPY,
    "joy": Emotion.HAPPY,
    "sadness": Emotion.SAD,
    "anger": Emotion.ANGRY,
    "fear": Emotion.FEARFUL,
    "afraid": Emotion.FEARFUL,
    "disgusted": Emotion.DISGUST,
    "surprise": Emotion.SURPRISED,
}
_KNOWN = {**{emotion.value: emotion for emotion in EMOTIONS}, **_SYNONYMS}


def map_labels(found: Iterable[str], given: Mapping[str, str], *, corpus: str) -> dict[str, str]:
    """Each label of a table as one of the eight emotions, or as a word of its own where a person says so.

    Args:
        found: Labels that occur.
        given: What a person says a label means: one of the eight, or any other word, which the label then keeps as one
            that has no place among them.
        corpus: For messages.

    Raises:
        CorpusError: If a label is not known and nothing is said of it, or something is said of one that does not occur.
    """
    labels = sorted(set(found))
    strange = [label for label in given if label not in labels]
    if strange:
        raise CorpusError(
            f"{corpus}: --label {strange[0]}={given[strange[0]]}: no clip is labelled {strange[0]!r}"
            f"{_nearest(strange[0], labels)}"
        )
    mapped = {label: given.get(label) or _KNOWN.get(label.strip().lower(), "") for label in labels}
    unknown = [label for label, word in mapped.items() if not word]
    if unknown:
        near = difflib.get_close_matches(unknown[0].strip().lower(), _KNOWN, n=1)
        guess = _KNOWN[near[0]].value if near else "happy"
        raise CorpusError(
            f"{corpus}: label {unknown[0]!r} is not one of the eight; say what it is with --label {unknown[0]}={guess},"
            f" or keep it as its own with --label {unknown[0]}={unknown[0]}"
            + (f" (unknown too: {', '.join(unknown[1:])})" if unknown[1:] else "")
        )
    return {label: word.strip().lower() for label, word in mapped.items()}


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
