"""The table that each corpus's own file names make."""

from itertools import product
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora import CORPORA
from affetto.corpora.table import CorpusNameError, Facts, OtherCorpusError

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
    ("ravdess", "01-01-08-01-01-01-03"): Facts(  # with picture
        speaker="A03", gender="m", label="surprised", emotion=Emotion.SURPRISED, intensity="normal", sentence="S01"
    ),
    ("tess", "YAF_germ_pleasant_surprise"): Facts(
        speaker="YAF", gender="f", label="surprised", emotion=Emotion.SURPRISED, sentence="germ"
    ),
    ("tess", "oaf-bar-ps"): Facts(
        speaker="OAF", gender="f", label="surprised", emotion=Emotion.SURPRISED, sentence="bar"
    ),
    ("ravdess-song", "03-02-06-02-02-01-17"): Facts(
        speaker="A17", gender="m", label="fearful", emotion=Emotion.FEARFUL, intensity="strong", sentence="S02"
    ),
    ("cremad", "1001_IEO_ANG_HI"): Facts(
        speaker="1001", gender="m", label="angry", emotion=Emotion.ANGRY, intensity="high", sentence="IEO"
    ),
    ("cremad", "1091_WSI_DIS_XX"): Facts(
        speaker="1091", gender="f", label="disgust", emotion=Emotion.DISGUST, intensity="unspecified", sentence="WSI"
    ),
    ("cremad", "1040_ITH_SAD_X"): Facts(  # published with a single X
        speaker="1040", gender="m", label="sad", emotion=Emotion.SAD, intensity="unspecified", sentence="ITH"
    ),
    ("savee", "DC_su15"): Facts(
        speaker="DC", gender="m", label="surprised", emotion=Emotion.SURPRISED, sentence="su15"
    ),
    ("savee", "KL_sa01"): Facts(speaker="KL", gender="m", label="sad", emotion=Emotion.SAD, sentence="sa01"),
    ("urdu", "SM20_F8_N012"): Facts(speaker="SM20", gender="m", label="neutral", emotion=Emotion.NEUTRAL),
    ("urdu", "SF9_F1_H0100"): Facts(speaker="SF9", gender="f", label="happy", emotion=Emotion.HAPPY),
    ("emovo", "gio-f2-b2"): Facts(speaker="f2", gender="f", label="happy", emotion=Emotion.HAPPY, sentence="b2"),
    ("emovo", "pau-m3-l4"): Facts(speaker="m3", gender="m", label="fearful", emotion=Emotion.FEARFUL, sentence="l4"),
    ("shemo", "F03S02"): Facts(speaker="F03", gender="f", label="sad", emotion=Emotion.SAD),
    ("shemo", "M02F01"): Facts(speaker="M02", gender="m", label="fearful", emotion=Emotion.FEARFUL),
    ("shemo", "F21W21"): Facts(speaker="F21", gender="f", label="surprised", emotion=Emotion.SURPRISED),
    ("jl", "female1_angry_9a_2"): Facts(
        speaker="female1", gender="f", label="angry", emotion=Emotion.ANGRY, sentence="9a"
    ),
    ("jl", "male2_excited_15b_1"): Facts(speaker="male2", gender="m", label="excited", emotion=None, sentence="15b"),
    ("jl", "male1_encouraging_2a_1"): Facts(
        speaker="male1", gender="m", label="encouraging", emotion=None, sentence="2a"
    ),
    ("mesd", "Anger_F_A_basta_ya"): Facts(
        speaker="women", gender="f", label="angry", emotion=Emotion.ANGRY, sentence="basta_ya"
    ),
    ("mesd", "Happiness_C_B_masaje"): Facts(
        speaker="children", gender="", label="happy", emotion=Emotion.HAPPY, sentence="masaje"
    ),
    ("cafe", "12-P-2-5"): Facts(
        speaker="12", gender="f", label="fearful", emotion=Emotion.FEARFUL, intensity="high", sentence="5"
    ),
    ("cafe", "01-T-1-6"): Facts(
        speaker="01", gender="m", label="sad", emotion=Emotion.SAD, intensity="low", sentence="6"
    ),
}

MALFORMED = {
    "ravdess": [
        "02-01-05-02-01-02-12",
        "03-01-05-02-01-02-25",
        "03-01-05-02-01-02",
        "03-01-09-02-01-02-12",
        "03-01-05-03-01-02-12",
        "03-01-05-02-01-02-xx",
        "letter",
    ],
    "tess": ["XAF_bar_angry", "OAF_bar_bored", "OAF_angry", "OAF_bar_angry_2", "OAF_pleasant_surprise", ""],
    "emodb": ["04a01Fa", "03a01Xa", "03a0", "", "a03a01F", "03c01Fa", "03a01Fab"],
    "nemo": ["EB0_anger", "EB0_joy_1", "EB0_anger_one", "EB0-anger-1", "EB0_anger_²"],
    "ased": ["x9-01-02-01-03", "n1-01-02-01", "n1_01_02_01_03", "n2-01-01-01-01"],
    "ravdess-song": ["03-02-07-01-01-01-01", "03-02-08-01-01-01-01", "02-02-05-01-01-01-01", "03-02-05"],
    "cremad": ["1000_IEO_ANG_HI", "1092_IEO_ANG_HI", "1001_IEO_ANG_", "1001_XXX_ANG_HI", "1001_IEO_SUR_HI", "1001"],
    "savee": ["a01", "AB_a01", "DC_b01", "DC_a1", "DC_sa001"],
    "urdu": ["SM20_F8_X012", "SX20_F8_N012", "SM20_F8", "SM_F8_N012"],
    "emovo": ["gio-f4-b2", "xyz-f1-b2", "gio-f2", "gio_f2_b2", "gio-f2-z2"],
    "shemo": ["F03X02", "X03S02", "F3S02", "F03S2"],
    "jl": ["female3_angry_9a_2", "male1_bored_9a_2", "fale1_angry_9a_2", "female1_angry_9c_2", "male1_angry_9a"],
    "mesd": ["Anger_X_A_hoy", "Joy_F_A_hoy", "Anger_F_C_hoy", "Anger_F_A_"],
    "cafe": ["13-P-2-5", "12-X-2-5", "12-P-3-5", "12-P-2-7", "12-P-2", "12_P_2_5"],
}


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".opus", ".WAV", ""])
@pytest.mark.parametrize(("corpus", "stem"), GOOD)
def test_a_good_name_in_any_format(corpus: str, stem: str, suffix: str) -> None:
    assert CORPORA[corpus].parse(PurePath("some", "folder", stem + suffix)) == GOOD[corpus, stem]


@pytest.mark.parametrize(("corpus", "stem"), [(corpus, stem) for corpus, stems in MALFORMED.items() for stem in stems])
def test_a_malformed_name(corpus: str, stem: str) -> None:
    with pytest.raises(CorpusNameError, match=r"expected .* such as ") as caught:
        CORPORA[corpus].parse(Path(f"{stem}.wav"))
    example = str(caught.value).split(" such as ")[1].split(" or ")[0]
    assert CORPORA[corpus].parse(Path(f"{example}.wav")).label  # the way out leads out


@pytest.mark.parametrize("name", CORPORA)
@given(stem=st.text(max_size=30) | st.from_regex(r"[0-9A-Za-z_-]{1,30}", fullmatch=True))
def test_any_name_is_either_understood_or_refused(name: str, stem: str) -> None:
    corpus = CORPORA[name]
    try:
        facts = corpus.parse(PurePath("DC") / f"x{stem}")
    except CorpusNameError:
        return
    assert facts.target in corpus.targets


@pytest.mark.parametrize(("corpus", "stem"), GOOD)
@given(data=st.data())
def test_a_letter_too_many_is_not_a_name_of_another_emotion(corpus: str, stem: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(stem)))
    damaged = stem[:place] + data.draw(st.characters(exclude_characters="/")) + stem[place:]
    try:
        facts = CORPORA[corpus].parse(PurePath("folder") / damaged)
    except CorpusNameError:
        return
    assert facts.target in CORPORA[corpus].targets
    assert facts.speaker


def test_every_name_of_crema_d_is_read() -> None:
    corpus = CORPORA["cremad"]
    sentences = ["IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI"]
    facts = [
        corpus.parse(PurePath(f"{actor}_{sentence}_{emotion}_{level}.mp3"))
        for actor, sentence, emotion in product(
            range(1001, 1092), sentences, ["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"]
        )
        for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
    ]
    assert len(facts) == 91 * (11 * 6 + 5 * 3 + 1)
    speakers = {one.speaker: one.gender for one in facts}
    assert sorted(speakers.values()).count("f") == 43  # as the README of the corpus counts
    assert sorted(speakers.values()).count("m") == 48


def test_a_speaker_of_savee_is_the_folder_or_in_the_name() -> None:
    parse = CORPORA["savee"].parse
    assert parse(PurePath("AudioData/JE/sa03.wav")) == parse(PurePath("elsewhere/JE_sa03.wav"))


def test_song_and_speech_of_ravdess_are_two_corpora() -> None:
    with pytest.raises(OtherCorpusError, match="belongs to ravdess-song"):
        CORPORA["ravdess"].parse(PurePath("03-02-05-02-01-02-12.wav"))
    with pytest.raises(OtherCorpusError, match=r"belongs to ravdess$"):
        CORPORA["ravdess-song"].parse(PurePath("03-01-05-02-01-02-12.wav"))


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_says_what_it_is(name: str) -> None:
    corpus = CORPORA[name]
    assert corpus.name == name == name.lower()
    assert corpus.title
    assert corpus.licence
    assert corpus.citation
    assert len(corpus.language) == 2
    assert corpus.emotions <= set(EMOTIONS)
    assert {facts.emotion for (owner, _), facts in GOOD.items() if owner == name} - {None} <= corpus.emotions
    assert corpus.mask == tuple(emotion in corpus.emotions for emotion in EMOTIONS)
    assert corpus.targets[: sum(corpus.mask)] == tuple(emotion for emotion in EMOTIONS if emotion in corpus.emotions)
    assert corpus.targets[sum(corpus.mask) :] == tuple(sorted(corpus.others))
    for (owner, _), facts in GOOD.items():
        assert owner != name or facts.target in corpus.targets


def test_the_target_is_the_emotion_or_else_the_corpus_own_word() -> None:
    assert CORPORA["emodb"].parse(PurePath("08a02La")).target == "boredom"
    assert CORPORA["tess"].parse(PurePath("YAF_youth_ps")).target == "surprised"
