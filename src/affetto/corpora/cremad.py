"""CREMA-D: 91 actors, twelve sentences, six emotions, rated by 2,443 listeners (Cao et al. 2014).

Names, sexes of the actors (``VideoDemographics.csv``) and votes as published in the repository
github.com/CheyneyComputerScience/CREMA-D. The label is what the actor meant; what listeners heard is in the votes
(:mod:`affetto.corpora.votes`).
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["CREMAD"]

_EMOTIONS = {
    "ANG": Emotion.ANGRY,
    "DIS": Emotion.DISGUST,
    "FEA": Emotion.FEARFUL,
    "HAP": Emotion.HAPPY,
    "NEU": Emotion.NEUTRAL,
    "SAD": Emotion.SAD,
}
_INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
_SENTENCES = {"IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI"}
_ACTORS = range(1001, 1092)
_WOMEN = {
    *(1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025, 1028, 1029, 1030),
    *(1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060, 1061, 1063, 1072, 1073, 1074, 1075),
    *(1076, 1078, 1079, 1082, 1084, 1089, 1091),
}
_NAME = re.compile(
    r"(?P<actor>\d{4})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<intensity>LO|MD|HI|XX?)", re.ASCII
)  # one published file ends in a single X


def _parse(path: PurePath) -> Facts:
    """``1001_DFA_ANG_XX``: actor, sentence, emotion, intensity."""
    match = _NAME.fullmatch(path.stem)
    if (
        match is None
        or int(match["actor"]) not in _ACTORS
        or match["sentence"] not in _SENTENCES
        or match["emotion"] not in _EMOTIONS
    ):
        raise CorpusNameError("expected actor, sentence, emotion and intensity such as 1001_DFA_ANG_XX")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=match["actor"],
        gender="f" if int(match["actor"]) in _WOMEN else "m",
        label=emotion,
        emotion=emotion,
        intensity=_INTENSITIES[match["intensity"]],
        sentence=match["sentence"],
    )


CREMAD = Corpus(
    name="cremad",
    title="CREMA-D (2014)",
    language="en",
    licence="ODbL 1.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Cao et al. 2014, IEEE Transactions on Affective Computing 5(4), doi.org/10.1109/TAFFC.2014.2336244",
)
