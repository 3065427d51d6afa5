"""ASED: 65 speakers of Amharic, five emotions (Retta et al. 2023).

Names as in the README of the published set (github.com/Ethio2021/ASED_V1): ``n1-01-02-01-03``.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["ASED"]

_EMOTIONS = {
    "n1": Emotion.NEUTRAL,
    "f2": Emotion.FEARFUL,
    "h3": Emotion.HAPPY,
    "s4": Emotion.SAD,
    "a5": Emotion.ANGRY,
}
_GENDERS = {"01": "f", "02": "m"}
_NAME = re.compile(r"(?P<emotion>[a-z]\d)-(?P<sentence>\d+)-(?P<take>\d+)-(?P<gender>\d+)-(?P<speaker>\d+)", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``n1-01-02-01-03``: emotion, sentence, repetition, gender, speaker; a few names begin with a capital."""
    match = _NAME.fullmatch(path.stem.lower())
    if match is None or match["emotion"] not in _EMOTIONS:
        raise CorpusNameError("expected emotion, sentence, repetition, gender and speaker such as n1-01-02-01-03")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=match["speaker"],
        gender=_GENDERS.get(match["gender"], ""),
        label=emotion,
        emotion=emotion,
        sentence=match["sentence"],
    )


ASED = Corpus(
    name="ased",
    title="Amharic Speech Emotion Dataset (2023)",
    language="am",
    licence="none stated, free to download",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Retta et al. 2023, A New Amharic Speech Emotion Dataset and Classification Benchmark, arXiv 2201.02710",
)
