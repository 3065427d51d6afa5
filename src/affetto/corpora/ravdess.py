"""RAVDESS: 24 North American actors, two sentences, eight emotions spoken and six sung (Livingstone & Russo 2018).

Names as in the README of the published archives (doi.org/10.5281/zenodo.1188976). The sung recordings are a corpus of
their own: what is learnt from speech is not judged on song unawares.
"""

import re
from pathlib import PurePath

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora.table import Corpus, CorpusNameError, Facts, OtherCorpusError

__all__ = ["RAVDESS", "RAVDESS_SONG"]

_EMOTIONS = {f"{code:02d}": emotion for code, emotion in enumerate(EMOTIONS, start=1)}  # RAVDESS counts in our order
_INTENSITIES = {"01": "normal", "02": "strong"}
_NAME = re.compile(
    r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])-(?P<statement>0[12])-"
    r"(?P<repetition>0[12])-(?P<actor>0[1-9]|1[0-9]|2[0-4])",
    re.ASCII,
)
_CHANNELS = {"01": "ravdess", "02": "ravdess-song"}
_VIDEO_ONLY = "02"


def _parse(path: PurePath, *, channel: str) -> Facts:
    """``03-01-05-02-01-02-12``: modality, channel, emotion, intensity, statement, repetition, actor (odd: male).

    Sound with picture (modality 01) and sound alone (03) are taken, pictures alone (02) are not.
    """
    match = _NAME.fullmatch(path.stem)
    if not match:
        raise CorpusNameError(f"expected seven numbers such as 03-{channel}-05-02-01-02-12")
    if match["modality"] == _VIDEO_ONLY:
        raise CorpusNameError(f"a picture without sound; expected modality 03 such as 03-{channel}-05-02-01-02-12")
    if match["channel"] != channel:
        raise OtherCorpusError(_CHANNELS[match["channel"]])
    emotion = _EMOTIONS[match["emotion"]]
    return Facts(
        speaker=f"A{match['actor']}",
        gender="m" if int(match["actor"]) % 2 else "f",
        label=emotion,
        emotion=emotion,
        intensity=_INTENSITIES[match["intensity"]],
        sentence=f"S{match['statement']}",
    )


def _parse_speech(path: PurePath) -> Facts:
    return _parse(path, channel="01")


def _parse_song(path: PurePath) -> Facts:
    facts = _parse(path, channel="02")
    if facts.emotion not in RAVDESS_SONG.emotions:
        raise CorpusNameError(f"{facts.label} is not sung; expected emotion 01 to 06 such as 03-02-05-02-01-02-12")
    return facts


_CITATION = "Livingstone & Russo 2018, PLoS ONE 13(5), doi.org/10.1371/journal.pone.0196391"

RAVDESS = Corpus(
    name="ravdess",
    title="RAVDESS speech (2018)",
    language="en",
    licence="CC BY-NC-SA 4.0",
    emotions=frozenset(EMOTIONS),
    parse=_parse_speech,
    citation=_CITATION,
)

RAVDESS_SONG = Corpus(
    name="ravdess-song",
    title="RAVDESS song (2018)",
    language="en",
    licence="CC BY-NC-SA 4.0",
    emotions=frozenset(EMOTIONS) - {Emotion.DISGUST, Emotion.SURPRISED},
    parse=_parse_song,
    citation=_CITATION,
)
