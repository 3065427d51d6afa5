"""CaFE: twelve speakers of Canadian French, six sentences, seven emotions (Gournay et al. 2018).

Names as in the ``Readme.txt`` of the published set (doi.org/10.5281/zenodo.1219621): ``12-P-2-5``.
"""

import re
from pathlib import PurePath

from affetto.affect import Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts

__all__ = ["CAFE"]

_EMOTIONS = {
    "C": Emotion.ANGRY,  # colère
    "D": Emotion.DISGUST,  # dégoût
    "J": Emotion.HAPPY,  # joie
    "N": Emotion.NEUTRAL,  # neutre
    "P": Emotion.FEARFUL,  # peur
    "S": Emotion.SURPRISED,  # surprise
    "T": Emotion.SAD,  # tristesse
}
_INTENSITIES = {"1": "low", "2": "high"}
_NAME = re.compile(r"(?P<actor>0[1-9]|1[0-2])-(?P<emotion>[CDJNPST])-(?P<intensity>[12])-(?P<sentence>[1-6])", re.ASCII)


def _parse(path: PurePath) -> Facts:
    """``12-P-2-5``: actor (odd: male), emotion, intensity, sentence."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        raise CorpusNameError("expected actor, emotion, intensity and sentence such as 12-P-2-5")
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=match["actor"],
        gender="m" if int(match["actor"]) % 2 else "f",
        label=emotion,
        emotion=emotion,
        intensity=_INTENSITIES[match["intensity"]],
        sentence=match["sentence"],
    )


CAFE = Corpus(
    name="cafe",
    title="Canadian French Emotional speech database (2018)",
    language="fr",
    licence="CC BY-NC-SA 4.0",
    emotions=frozenset(_EMOTIONS.values()),
    parse=_parse,
    citation="Gournay et al. 2018, ACM Multimedia Systems, A Canadian French Emotional Speech Dataset",
)
