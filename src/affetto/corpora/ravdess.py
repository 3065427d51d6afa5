"""RAVDESS: 24 North American actors, two sentences, eight emotions (Livingstone & Russo 2018)."""

import re
from pathlib import PurePath

from affetto.affect import EMOTIONS
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["RAVDESS"]

_EMOTIONS = {f"{code:02d}": emotion for code, emotion in enumerate(EMOTIONS, start=1)}  # RAVDESS counts in our order
_INTENSITIES = {"01": "normal", "02": "strong"}
_NAME = re.compile(r"0[1-3]-0[12]-0[1-8]-0[12]-0[12]-0[12]-(0[1-9]|1[0-9]|2[0-4])")


def _parse(path: PurePath) -> Facts:
    """``03-01-05-02-01-02-12``: modality, channel, emotion, intensity, statement, repetition, actor (odd: male)."""
    if not _NAME.fullmatch(path.stem):
        raise CorpusNameError("expected seven numbers such as 03-01-05-02-01-02-12")
    parts = path.stem.split("-")
    emotion = _EMOTIONS[parts[2]]
    return Facts(
        speaker=f"A{parts[6]}",
        gender="m" if int(parts[6]) % 2 else "f",
        label=emotion,
        emotion=emotion,
        intensity=_INTENSITIES[parts[3]],
        sentence=f"S{parts[4]}",
    )


RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS speech (2018)",
    language="en",
    licence="CC BY-NC-SA 4.0",
    emotions=frozenset(EMOTIONS),
    parse=_parse,
)
