"""URDU: 400 utterances of 38 people in Urdu talk shows, four emotions (Latif et al. 2018).

Names as in the published set (github.com/siddiquelatif/URDU-Dataset): ``SM20_F8_N012``. A speaker's number tells the
person in every emotion (SM6 is both happy and sad).
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["URDU"]

_EMOTIONS = {"A": Emotion.ANGRY, "H": Emotion.HAPPY, "N": Emotion.NEUTRAL, "S": Emotion.SAD}
_NAME = re.compile(r"S(?P<gender>[MF])(?P<speaker>\d+)_F(?P<file>\d+)_(?P<emotion>[AHNS])(?P<number>\d+)", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``SM20_F8_N012``: sex and number of the speaker, number of the file, emotion and number within it."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise CorpusNameError("expected speaker, file and emotion such as SM20_F8_N012")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=f"S{match['gender']}{match['speaker']}",
        gender=match["gender"].lower(),
        label=emotion,
        emotion=emotion,
    )


URDU = Corpus(
    name="urdu",
    title="URDU (2018)",
    language="ur",
    licence="research only",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Latif et al. 2018, Cross Lingual Speech Emotion Recognition, arXiv 1812.10411",
)
