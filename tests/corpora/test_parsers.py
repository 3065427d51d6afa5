"""The table that each corpus's own file names make."""

from pathlib import Path, PurePath

import pytest

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora import CORPORA
from affetto.corpora.table import CorpusNameError, Facts

GOOD = {
    ("ravdess", "03-01-05-02-01-02-12"): Facts(
        speaker="A12", gender="f", label="angry", emotion=Emotion.ANGRY, intensity="strong", sentence="S01"
    ),
    ("ravdess", "03-01-01-01-02-01-01"): Facts(
        speaker="A01", gender="m", label="neutral", emotion=Emotion.NEUTRAL, intensity="normal", sentence="S02"
    ),
    ("ravdess", "03-01-02-01-02-01-24"): Facts(
        speaker="A24", gender="f", label="calm", emotion=Emotion.CALM, intensity="normal", sentence="S02"
    ),
    ("tess", "OAF_bar_angry"): Facts(speaker="OAF", gender="f", label="angry", emotion=Emotion.ANGRY, sentence="bar"),
    ("tess", "YAF_youth_ps"): Facts(
        speaker="YAF", gender="f", label="surprised", emotion=Emotion.SURPRISED, sentence="youth"
    ),
    ("tess", "OA_bite_neutral"): Facts(  # published without its F
        speaker="OAF", gender="f", label="neutral", emotion=Emotion.NEUTRAL, sentence="bite"
    ),
    ("tess", "YAF_germ_Fear"): Facts(
        speaker="YAF", gender="f", label="fearful", emotion=Emotion.FEARFUL, sentence="germ"
    ),
    ("emodb", "03a01Fa"): Facts(speaker="03", gender="m", label="happy", emotion=Emotion.HAPPY, sentence="a01"),
    ("emodb", "16b10Wb"): Facts(speaker="16", gender="f", label="angry", emotion=Emotion.ANGRY, sentence="b10"),
    ("emodb", "08a02La"): Facts(speaker="08", gender="f", label="boredom", emotion=None, sentence="a02"),
    ("emodb", "09b03Ta"): Facts(speaker="09", gender="f", label="sad", emotion=Emotion.SAD, sentence="b03"),
    ("nemo", "EB0_anger_1"): Facts(speaker="EB0", gender="f", label="angry", emotion=Emotion.ANGRY, sentence="1"),
    ("nemo", "WR0_surprised_90"): Facts(
        speaker="WR0", gender="m", label="surprised", emotion=Emotion.SURPRISED, sentence="90"
    ),
    ("ased", "n1-01-02-01-03"): Facts(
        speaker="03", gender="f", label="neutral", emotion=Emotion.NEUTRAL, sentence="01"
    ),
    ("ased", "S4-04-02-01-29"): Facts(  # published with a capital
        speaker="29", gender="f", label="sad", emotion=Emotion.SAD, sentence="04"
    ),
    ("ased", "a5-07-02-02-64"): Facts(speaker="64", gender="m", label="angry", emotion=Emotion.ANGRY, sentence="07"),
}

MALFORMED = {
    "ravdess": ["03-01-05-02-01-02", "03-01-09-02-01-02-12", "03-01-05-03-01-02-12", "03-01-05-02-01-02-xx", "letter"],
    "tess": ["XAF_bar_angry", "OAF_bar_bored", "OAF_angry", "OAF_bar_angry_2", ""],
    "emodb": ["04a01Fa", "03a01Xa", "03a0", "", "a03a01F"],
    "nemo": ["EB0_anger", "EB0_joy_1", "EB0_anger_one", "EB0-anger-1"],
    "ased": ["x9-01-02-01-03", "n1-01-02-01", "n1_01_02_01_03", "n2-01-01-01-01"],
}


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus", ".WAV", ""])
@pytest.mark.parametrize(("corpus", "stem"), GOOD)
def test_a_good_name_in_any_format(corpus: str, stem: str, suffix: str) -> None:
    assert CORPORA[corpus].parse(PurePath("some", "folder", stem + suffix)) == GOOD[corpus, stem]


@pytest.mark.parametrize(("corpus", "stem"), [(corpus, stem) for corpus, stems in MALFORMED.items() for stem in stems])
def test_a_malformed_name(corpus: str, stem: str) -> None:
    with pytest.raises(CorpusNameError, match=r"expected .* such as "):
        CORPORA[corpus].parse(Path(f"{stem}.wav"))


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_says_what_it_is(name: str) -> None:
    corpus = CORPORA[name]
    assert corpus.name == name == name.lower()
    assert corpus.title
    assert corpus.licence.startswith(("CC", "none stated"))
    assert len(corpus.language) == 2
    assert corpus.emotions <= set(EMOTIONS)
    assert {facts.emotion for (owner, _), facts in GOOD.items() if owner == name} - {None} <= corpus.emotions


def test_the_target_is_the_emotion_or_else_the_corpus_own_word() -> None:
    assert CORPORA["emodb"].parse(PurePath("08a02La")).target == "boredom"
    assert CORPORA["tess"].parse(PurePath("YAF_youth_ps")).target == "surprised"
