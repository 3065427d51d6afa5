"""EmoDB: ten German actors, ten sentences, six emotions and boredom (Burkhardt et al. 2005)."""

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


def _parse(path: PurePath) -> Facts:
    """``03a01Fa``: speaker, sentence, emotion, take."""
    stem = path.stem
    if len(stem) < 6 or stem[:2] not in _WOMEN | _MEN or stem[5] not in _LABELS:
        raise CorpusNameError("expected speaker, sentence, emotion and take such as 03a01Fa")
    label, emotion = _LABELS[stem[5]]
    return Facts(
        speaker=stem[:2], gender="f" if stem[:2] in _WOMEN else "m", label=label, emotion=emotion, sentence=stem[2:5]
    )


EMODB = Corpus(
    name="emodb",
    title="Berlin Database of Emotional Speech (2005)",
    language="de",
    licence="CC0 1.0",
    emotions=frozenset(emotion for _, emotion in _LABELS.values() if emotion),
    parse=_parse,
)
