"""ShEMO: 3,000 utterances of 87 people in Persian radio plays, six emotions (Mohamad Nezami et al. 2019).

Names as in the README of the published set (github.com/pariajm/sharif-emotional-speech-dataset): ``F03S02``.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["SHEMO"]

_EMOTIONS = {
    "A": Emotion.ANGRY,
    "F": Emotion.FEARFUL,
    "H": Emotion.HAPPY,
    "N": Emotion.NEUTRAL,
    "S": Emotion.SAD,
    "W": Emotion.SURPRISED,
}
_NAME = re.compile(r"(?P<speaker>(?P<gender>[MF])\d\d)(?P<emotion>[AFHNSW])(?P<number>\d{2,3})", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``F03S02``: sex and number of the speaker, emotion, number of the utterance within it."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise CorpusNameError("expected speaker, emotion and number such as F03S02")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(speaker=match["speaker"], gender=match["gender"].lower(), label=emotion, emotion=emotion)


SHEMO = Corpus(
    name="shemo",
    title="Sharif Emotional Speech Database (2019)",
    language="fa",
    licence="academic use, free of charge",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Mohamad Nezami et al. 2019, Language Resources and Evaluation 53(1), doi.org/10.1007/s10579-018-9427-x",
)
