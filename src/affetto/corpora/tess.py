"""TESS: two actresses of Toronto, 200 words in a carrier sentence, seven emotions (Pichora-Fuller & Dupuis 2020)."""

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
    "sad": Emotion.SAD,
}


def _parse(path: PurePath) -> Facts:
    """``OAF_bar_angry``: actress (older or younger), word, emotion."""
    parts = path.stem.split("_")
    if len(parts) != 3 or parts[0] not in ("OAF", "YAF", "OA") or parts[2].lower() not in _EMOTIONS:
        raise CorpusNameError("expected actress, word and emotion such as OAF_bar_angry")
    emotion = _EMOTIONS[parts[2].lower()]
    speaker = "OAF" if parts[0].startswith("OA") else "YAF"  # one published file is misnamed OA_...
    return Facts(speaker=speaker, gender="f", label=emotion, emotion=emotion, sentence=parts[1])


TESS = Corpus(
    name="tess",
    title="Toronto emotional speech set (2020)",
    language="en",
    licence="CC BY-NC-ND 4.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
)
