"""EmoDB: ten German actors, ten sentences, six emotions and boredom (Burkhardt et al. 2005).

Names as on emodb.bilderbar.info: ``03a01Fa``.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["EMODB"]

_LABELS = {  # the code letter is the German word's first
    "W": ("angry", Emotion.ANGRY),
    "L": ("boredom", None),
    "E": ("disgust", Emotion.DISGUST),
    "A": ("fearful", Emotion.FEARFUL),
    "F": ("happy", Emotion.HAPPY),
    "T": ("sad", Emotion.SAD),
    "N": ("neutral", Emotion.NEUTRAL),
}
_WOMEN = {"08", "09", "13", "14", "16"}
_MEN = {"03", "10", "11", "12", "15"}
_NAME = re.compile(r"(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<label>[A-Z])[a-z]?", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``03a01Fa``: speaker, sentence, emotion, take."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match["speaker"] not in _WOMEN | _MEN or match["label"] not in _LABELS:
        raise CorpusNameError("expected speaker, sentence, emotion and take such as 03a01Fa")
    label, emotion = _LABELS[match["label"]]
    return Facts(
        speaker=match["speaker"],
        gender="f" if match["speaker"] in _WOMEN else "m",
        label=label,
        emotion=emotion,
        sentence=match["sentence"],
    )


EMODB = Corpus(
    name="emodb",
    title="Berlin Database of Emotional Speech (2005)",
    language="de",
    licence="CC0 1.0",
    emotions=frozenset(emotion for _, emotion in _LABELS.values() if emotion),
    parse=_parse,
    citation="Burkhardt et al. 2005, Interspeech, A Database of German Emotional Speech",
    others=frozenset(label for label, emotion in _LABELS.values() if not emotion),
)
