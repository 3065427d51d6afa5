"""JL-Corpus: four speakers of New Zealand English, five primary and five secondary emotions (James et al. 2018).

Names as listed by EmoBox (github.com/emo-box/EmoBox, ``data/jlcorpus``): ``female1_angry_10a_1``. Excitement and the
secondary emotions have no place among the eight and keep their own words.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["JL"]

_EMOTIONS = {
    "angry": Emotion.ANGRY,
    "happy": Emotion.HAPPY,
    "neutral": Emotion.NEUTRAL,
    "sad": Emotion.SAD,
}
_OTHERS = frozenset({"anxious", "apologetic", "assertive", "concerned", "encouraging", "excited"})
_NAME = re.compile(
    r"(?P<speaker>(?P<gender>f(?=emale)|m(?=ale))(?:em)?ale[12])_(?P<label>[a-z]+)_(?P<sentence>\d+[ab])_(?P<take>\d)",
    re.ASCII,
)


def _parse(path: PurePath) -> Facts:
    """``female1_angry_10a_1``: speaker, emotion, sentence, repetition."""
    match = _NAME.fullmatch(path.stem)
    if match is None or match["label"] not in _EMOTIONS.keys() | _OTHERS:
        raise CorpusNameError("expected speaker, emotion, sentence and repetition such as female1_angry_10a_1")
    return Facts(
        speaker=match["speaker"],
        gender=match["gender"],
        label=match["label"],
        emotion=_EMOTIONS.get(match["label"]),
        sentence=match["sentence"],
    )


JL = Corpus(
    name="jl",
    title="JL-Corpus (2018)",
    language="en",
    licence="CC0 1.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="James et al. 2018, Interspeech, An Open Source Emotional Speech Corpus for Human Robot Interaction",
    others=_OTHERS,
)
