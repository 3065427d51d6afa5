"""EMOVO: six Italian actors, fourteen sentences, seven emotions (Costantini et al. 2014).

Names as listed by EmoBox (github.com/emo-box/EmoBox, ``data/emovo``): ``rab-f2-b3``.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["EMOVO"]

_EMOTIONS = {
    "dis": Emotion.DISGUST,  # disgusto
    "gio": Emotion.HAPPY,  # gioia
    "neu": Emotion.NEUTRAL,  # neutro
    "pau": Emotion.FEARFUL,  # paura
    "rab": Emotion.ANGRY,  # rabbia
    "sor": Emotion.SURPRISED,  # sorpresa
    "tri": Emotion.SAD,  # tristezza
}
_NAME = re.compile(r"(?P<emotion>[a-z]{3})-(?P<speaker>(?P<gender>[mf])[1-3])-(?P<sentence>[bdln]\d)", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``rab-f2-b3``: emotion, actor, sentence (short, long, nonsense or a question)."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match["emotion"] not in _EMOTIONS:
        raise CorpusNameError("expected emotion, actor and sentence such as rab-f2-b3")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=match["speaker"],
        gender=match["gender"],
        label=emotion,
        emotion=emotion,
        sentence=match["sentence"],
    )


EMOVO = Corpus(
    name="emovo",
    title="EMOVO (2014)",
    language="it",
    licence="not stated",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Costantini et al. 2014, LREC, EMOVO Corpus: an Italian Emotional Speech Database",
)
