"""SAVEE: four British men, 120 sentences each, seven emotions (Haq & Jackson 2010).

Names as in the ``Info.txt`` of the published set: ``DC/a01``, the speaker being the folder; copies that put the speaker
into the name (``DC_a01``) are read too.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["SAVEE"]

_EMOTIONS = {
    "a": Emotion.ANGRY,
    "d": Emotion.DISGUST,
    "f": Emotion.FEARFUL,
    "h": Emotion.HAPPY,
    "n": Emotion.NEUTRAL,
    "sa": Emotion.SAD,
    "su": Emotion.SURPRISED,
}
_SPEAKERS = {"DC", "JE", "JK", "KL"}
_NAME = re.compile(r"((?P<speaker>[A-Z]{2})_)?(?P<emotion>a|d|f|h|n|sa|su)(?P<number>\d\d)", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``DC_a01`` or ``DC/a01``: speaker, emotion, number of the sentence within the emotion."""
    match = _NAME.fullmatch(path.stem)
    speaker = (match["speaker"] or path.parent.name) if match else ""
    if match is None or speaker not in _SPEAKERS:
        raise CorpusNameError("expected speaker, emotion and number such as DC_a01 or DC/a01")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=speaker,
        gender="m",
        label=emotion,
        emotion=emotion,
        sentence=match["emotion"] + match["number"],
    )


SAVEE = Corpus(
    name="savee",
    title="Surrey Audio-Visual Expressed Emotion (2010)",
    language="en",
    licence="research only, on registration",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Haq & Jackson 2010, Multimodal Emotion Recognition, in Machine Audition, IGI Global",
)
