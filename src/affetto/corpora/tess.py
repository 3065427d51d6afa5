"""TESS: two actresses of Toronto, 200 words in a carrier sentence, seven emotions (Pichora-Fuller & Dupuis 2020).

Names as in the published set (doi.org/10.5683/SP2/E8H2MF): ``OAF_bar_angry``; copies that spell out the pleasant
surprise (``OAF_bar_pleasant_surprise``) or join with hyphens are read too.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["TESS"]

_EMOTIONS = {
    "angry": Emotion.ANGRY,
    "disgust": Emotion.DISGUST,
    "fear": Emotion.FEARFUL,
    "happy": Emotion.HAPPY,
    "neutral": Emotion.NEUTRAL,
    "ps": Emotion.SURPRISED,  # pleasant surprise
    "pleasant_surprise": Emotion.SURPRISED,
    "pleasant_surprised": Emotion.SURPRISED,
    "sad": Emotion.SAD,
}
_NAME = re.compile(r"(?P<actress>OAF?|YAF)[_-](?P<word>[A-Za-z]+)[_-](?P<emotion>[A-Za-z]+([_-][A-Za-z]+)?)", re.I)


def _parse(path: PurePath) -> Facts:
    """``OAF_bar_angry``: actress (older or younger), word, emotion."""
    match = _NAME.fullmatch(path.stem)
    emotion = _EMOTIONS.get(match["emotion"].lower().replace("-", "_")) if match else None
    if match is None or emotion is None:
        raise CorpusNameError("expected actress, word and emotion such as OAF_bar_angry")
    speaker = "YAF" if match["actress"].upper() == "YAF" else "OAF"  # one published file is misnamed OA_...
    return Facts(speaker=speaker, gender="f", label=emotion, emotion=emotion, sentence=match["word"])


TESS = Corpus(
    name="tess",
    title="Toronto emotional speech set (2020)",
    language="en",
    licence="CC BY-NC-ND 4.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Pichora-Fuller & Dupuis 2020, Borealis, doi.org/10.5683/SP2/E8H2MF",
)
