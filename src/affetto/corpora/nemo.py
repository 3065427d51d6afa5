"""nEMO: nine Polish actors, 90 sentences, six emotions (Christop 2024).

Names as in the published set (huggingface.co/datasets/amu-cai/nEMO): ``EB0_anger_1``.
"""

from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["NEMO"]

_EMOTIONS = {
    "anger": Emotion.ANGRY,
    "fear": Emotion.FEARFUL,
    "happiness": Emotion.HAPPY,
    "neutral": Emotion.NEUTRAL,
    "sadness": Emotion.SAD,
    "surprised": Emotion.SURPRISED,
    "surprise": Emotion.SURPRISED,
}
_GENDERS = {"EB0": "f", "KD0": "f", "MK0": "f", "SB0": "f", "MP0": "m", "TP0": "m", "WR0": "m"}


def _parse(path: PurePath) -> Facts:
    """``EB0_anger_1``: speaker, emotion, sentence."""
    parts = path.stem.split("_")
    if len(parts) != 3 or parts[1] not in _EMOTIONS or not (parts[2].isascii() and parts[2].isdecimal()):
        raise CorpusNameError("expected speaker, emotion and sentence such as EB0_anger_1")
    emotion = _EMOTIONS[parts[1]]
    return Facts(speaker=parts[0], gender=_GENDERS.get(parts[0], ""), label=emotion, emotion=emotion, sentence=parts[2])


NEMO = Corpus(
    name="nemo",
    title="nEMO, emotional speech in Polish (2024)",
    language="pl",
    licence="CC BY-NC-SA 4.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Christop 2024, LREC-COLING, arXiv 2404.06292",
)
