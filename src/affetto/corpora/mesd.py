"""MESD: single Mexican Spanish words in six emotions by women, men and children (Duville et al. 2021).

Names as listed by EmoBox (github.com/emo-box/EmoBox, ``data/mesd``) of the published set
(doi.org/10.17632/cy34mh68j9): ``Anger_F_A_basta_ya``. They tell the kind of voice, not which of the three women, two
men and six children it is: the kind stands for the speaker, so that whoever is left out is left out with all their
words.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["MESD"]

_EMOTIONS = {
    "anger": Emotion.ANGRY,
    "disgust": Emotion.DISGUST,
    "fear": Emotion.FEARFUL,
    "happiness": Emotion.HAPPY,
    "neutral": Emotion.NEUTRAL,
    "sadness": Emotion.SAD,
}
_VOICES = {"F": ("women", "f"), "M": ("men", "m"), "C": ("children", "")}
_NAME = re.compile(r"(?P<emotion>[A-Za-z]+)_(?P<voice>[FMC])_(?P<list>[AB])_(?P<word>\w+)")


def _parse(path: PurePath) -> Facts:
    """``Anger_F_A_basta_ya``: emotion, kind of voice, list of words, word."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match["emotion"].lower() not in _EMOTIONS:
        raise CorpusNameError("expected emotion, voice, list and word such as Anger_F_A_basta_ya")
    emotion = _EMOTIONS[match["emotion"].lower()]
    speaker, gender = _VOICES[match["voice"]]
    return Facts(speaker=speaker, gender=gender, label=emotion, emotion=emotion, sentence=match["word"])


MESD = Corpus(
    name="mesd",
    title="Mexican Emotional Speech Database (2021)",
    language="es",
    licence="CC BY 4.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Duville et al. 2021, Data 6(12), doi.org/10.3390/data6120130",
)
