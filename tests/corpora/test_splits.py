"""Nobody is both learnt from and tested."""

import csv
from collections import Counter
from itertools import product
from pathlib import Path, PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto.affect import EMOTIONS, Emotion
from affetto.corpora import CORPORA, Clip, load_corpora
from affetto.corpora.protocols.enrolled import draw_enrolment
from affetto.corpora.protocols.fold import fold_of_people, leave_out, person
from affetto.corpora.splits import (
    PARTS,
    PROTOCOLS,
    Fold,
    ProtocolOptions,
    divide,
    part_of,
    validation_notes,
    validation_split,
)
from affetto.corpora.table import clip_of
from affetto.errors import CorpusError, OptionError

LABELS = ("neutral", "happy", "sad", "angry")
FIVE = ("ravdess", "tess", "emodb", "nemo", "ased")


def clip(corpus: str, speaker: str, take: int = 0, *, label: str = "sad", sentence: str = "") -> Clip:
    return Clip(
        corpus=corpus, path=Path(f"{corpus}/{speaker}-{label}-{take}.wav"), language="en", speaker=speaker, gender="f",
        label=label, emotion=Emotion(label) if label in set(EMOTIONS) else None, sentence=sentence,
    )  # fmt: skip


RAVDESS = tuple(clip("ravdess", f"A{actor:02}", take) for actor, take in product(range(1, 25), range(3)))
SPEAKERS = ("03", "08", "09", "EB0", "KD0", "WR0", "05", "50", "OAF", "01")
OTHERS = tuple(
    clip(corpus, speaker, take)
    for corpus, speaker, take in product(("emodb", "nemo", "ased", "tess"), SPEAKERS, range(2))
)
WITH_LABELS = tuple(
    clip(corpus, f"{corpus}{number}", label=label)
    for corpus, labels in (("ravdess", (*LABELS, "calm")), ("emodb", (*LABELS, "boredom")), ("nemo", LABELS[:3]))
    for number in range(4)
    for label in labels
)


def own_name(corpus: str, path: str) -> Clip:
    """A clip as the corpus's own file name tells it."""
    return clip_of(CORPORA[corpus], Path(path), CORPORA[corpus].parse(PurePath(path)))


def test_the_six_folds_test_every_actor_once() -> None:
    folds = divide(RAVDESS + OTHERS, "emobox-ravdess")
    assert [fold.name for fold in folds] == ["1", "2", "3", "4", "5", "6"]
    tested = [clip.speaker for fold in folds for clip in fold.test]
    assert sorted(tested) == sorted(clip.speaker for clip in RAVDESS)
    for fold in folds:
        assert len({clip.speaker for clip in fold.test}) == 4
        assert {clip.corpus for clip in fold.test} == {"ravdess"}
        assert set(OTHERS) <= set(fold.train)
        assert len(fold.train) + len(fold.test) == len(RAVDESS + OTHERS)


def test_an_actor_number_of_another_corpus_is_not_tested() -> None:
    folds = divide((*RAVDESS, clip("ased", "A01"), clip("ased", "01")), "emobox-ravdess")
    assert all(clip.corpus == "ravdess" for fold in folds for clip in fold.test)


def test_an_actor_who_is_tested_speaking_is_not_learnt_from_singing() -> None:
    song = tuple(clip("ravdess-song", one.speaker, 7) for one in RAVDESS[::3])
    for fold in divide(RAVDESS + song, "emobox-ravdess"):
        assert len([one for one in fold.train if one.corpus == "ravdess-song"]) == 20
    with pytest.raises(CorpusError, match=r"'A01'\) is both learnt from and tested"):
        Fold("mixed", song, RAVDESS)
    with pytest.raises(CorpusError, match="nothing to learn from when ravdess is tested"):
        divide(RAVDESS + song, "cross-corpus", ProtocolOptions(test_on=("ravdess",)))


@pytest.mark.parametrize(
    ("name", "corpus"),
    [
        ("emobox-ravdess", "ravdess"), ("luna-ravdess", "ravdess"), ("emobox-tess", "tess"), ("emobox-emodb", "emodb"),
        ("emobox-savee", "savee"), ("emobox-cremad", "cremad"), ("ased-speakers", "ased"),
    ],
)  # fmt: skip
def test_a_protocol_names_the_corpus_that_it_needs(name: str, corpus: str) -> None:
    with pytest.raises(CorpusError, match=f"protocol {name} needs the corpus {corpus}; add it to data.corpora"):
        divide([clip("other", "1"), clip("other", "2")], name)


def test_the_luna_folds_test_every_actor_once() -> None:
    folds = divide(RAVDESS, "luna-ravdess")
    assert [len({one.speaker for one in fold.test}) for fold in folds] == [5, 5, 5, 5, 4]
    assert Counter(one.path for fold in folds for one in fold.test) == Counter(one.path for one in RAVDESS)


def test_savee_and_cremad_are_divided_by_their_own_names() -> None:
    savee = [
        own_name("savee", f"{who}_{kind}{number:02}.wav")
        for who, kind, number in product(("DC", "JE", "JK", "KL"), ("a", "sa"), (1, 2))
    ]
    folds = divide(savee, "emobox-savee")
    assert [{one.speaker for one in fold.test} for fold in folds] == [{"JE"}, {"KL"}, {"DC"}, {"JK"}]
    cremad = [own_name("cremad", f"{name}.wav") for name in ("1052_WSI_ANG_XX", "1077_IEO_ANG_MD", "1001_IEO_ANG_HI")]
    (fold,) = divide(cremad, "emobox-cremad")
    assert [one.stem for one in fold.test] == ["1052_WSI_ANG_XX", "1077_IEO_ANG_MD"]
    assert fold.leaky


def test_the_clips_of_emobox_are_counted_as_published() -> None:
    from affetto.corpora.protocols import published

    assert len(published._emodb_folds()) == 535
    assert Counter(published._emodb_folds().values()) == dict.fromkeys("12345", 107)
    assert len(published._tess_test()) == 700
    assert len(published._cremad_test()) == 1856


def test_loso_leaves_each_speaker_out_once() -> None:
    folds = divide(RAVDESS + OTHERS, "loso", ProtocolOptions(test_on=("nemo",)))
    assert [fold.name for fold in folds] == sorted(SPEAKERS)
    assert all({one.speaker for one in fold.test} == {fold.name} for fold in folds)
    assert {fold.name for fold in divide(RAVDESS + OTHERS, "loso")} >= {"ravdess:A01", "emodb:03"}
    with pytest.raises(CorpusError, match=r"one speaker only \(me\)"):
        divide([clip("mine", "me")], "loso")
    with pytest.raises(CorpusError, match=r"corpus 'jl' is not in data\.corpora; there are ravdess"):
        divide(RAVDESS, "loso", ProtocolOptions(test_on=("jl",)))


def test_clips_without_a_speaker_cannot_be_left_out() -> None:
    nameless = [clip("mine", "", take) for take in range(6)]
    for protocol in ("loso", "group-kfold"):
        with pytest.raises(CorpusError, match=r"6 clip\(s\) of mine have no speaker .* or use --protocol random"):
            divide([*nameless, *RAVDESS], protocol)
    assert len(divide([*nameless, *RAVDESS], "emobox-ravdess")) == 6  # they are only learnt from
    assert len(divide(nameless, "random", ProtocolOptions(k=3))) == 3
    with pytest.raises(CorpusError, match="a clip of mine without a speaker is both"):
        Fold("x", tuple(nameless[:1]), tuple(nameless[1:]))
    with pytest.raises(CorpusError, match="have no speaker"):
        leave_out("x", nameless, lambda _: True)


def test_group_kfold_deals_people_evenly() -> None:
    folds = divide(RAVDESS, "group-kfold", ProtocolOptions(k=4))
    assert [len({one.speaker for one in fold.test}) for fold in folds] == [6, 6, 6, 6]
    for k in (1, 25):
        with pytest.raises(CorpusError, match=f"{k} folds of 24 speaker"):
            divide(RAVDESS, "group-kfold", ProtocolOptions(k=k))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 40), st.integers(1, 9), min_size=2), st.integers(2, 8))
def test_people_are_dealt_out_once_and_evenly(sizes: dict[int, int], k: int) -> None:
    clips = [clip("mine", str(who), take) for who, count in sizes.items() for take in range(count)]
    if k > len(sizes):
        return
    folds = fold_of_people(clips, k)
    assert sorted(who for fold in folds for who in fold) == sorted({person(one) for one in clips})
    assert max(map(len, folds)) <= -(-len(sizes) // k)
    assert fold_of_people(clips[::-1], k) == folds


def test_holdout_tests_those_who_are_named() -> None:
    (fold,) = divide(RAVDESS + OTHERS, "holdout", ProtocolOptions(held=("A03", "emodb:08")))
    assert {person(one) for one in fold.test} == {("ravdess", "A03"), ("emodb", "08")}
    assert ("nemo", "08") in {person(one) for one in fold.train}
    with pytest.raises(CorpusError, match="--hold-out SPEAKER"):
        divide(RAVDESS, "holdout")
    with pytest.raises(CorpusError, match="speaker 'A99' is not among the clips; there are A01, A02"):
        divide(RAVDESS, "holdout", ProtocolOptions(held=("A99",)))


def test_across_corpora_label_sets_are_intersected() -> None:
    (fold,) = divide(WITH_LABELS, "cross-corpus", ProtocolOptions(train_on=("ravdess",), test_on=("emodb",)))
    assert fold.name == "emodb"
    assert fold.labels == LABELS
    assert {one.corpus for one in fold.train} == {"ravdess"}
    assert {one.target for one in (*fold.train, *fold.test)} == set(LABELS)
    left_out = divide(WITH_LABELS, "leave-one-corpus-out")
    assert [(one.name, one.labels) for one in left_out] == [
        ("ravdess", LABELS), ("emodb", LABELS), ("nemo", LABELS[:3])
    ]  # fmt: skip
    assert {one.corpus for one in left_out[2].train} == {"ravdess", "emodb"}
    two = divide(WITH_LABELS, "leave-one-corpus-out", ProtocolOptions(classes=("sad", "happy")))
    assert all(one.labels == ("happy", "sad") for one in two)
    assert {one.target for fold in two for one in (*fold.train, *fold.test)} == {"happy", "sad"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ProtocolOptions(), "--test-on CORPUS"),
        (ProtocolOptions(test_on=("emodb",), train_on=("emodb",)), "both in --train-on and in --test-on"),
        (ProtocolOptions(test_on=("cafe",)), "corpus 'cafe' is not in data.corpora"),
        (ProtocolOptions(test_on=("nemo",), classes=("angry", "sad")), r"1 label\(s\) in common"),
        (ProtocolOptions(test_on=("nemo",), classes=("joy",)), "no clip is labelled 'joy'; there are angry"),
    ],
)
def test_what_cannot_be_crossed_is_refused(options: ProtocolOptions, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        divide(WITH_LABELS, "cross-corpus", options)


def test_random_folds_are_stratified_and_say_that_they_leak() -> None:
    clips = [clip("mine", f"s{n % 3}", n, label=label) for label in LABELS for n in range(25)]
    folds = divide(clips, "random", ProtocolOptions(k=5))
    assert Counter(one.path for fold in folds for one in fold.test) == Counter(one.path for one in clips)
    for fold in folds:
        assert fold.leaky
        assert len(fold.shared_people) == 3
        assert Counter(one.label for one in fold.test) == dict.fromkeys(LABELS, 5)
    assert divide(clips, "random") == folds
    assert divide(clips, "random", ProtocolOptions(seed=1)) != folds
    assert "speakers are both learnt from and tested" in PROTOCOLS["random"].warning
    with pytest.raises(CorpusError, match="101 random folds"):
        divide(clips, "random", ProtocolOptions(k=101))


def test_every_corpus_is_tested_by_its_own_protocol_in_the_same_folds() -> None:
    ased = tuple(clip("ased", f"{number:02}", take) for number in range(50) for take in range(2))
    tess = tuple(clip("tess", who, take) for who in ("OAF", "YAF") for take in range(5))
    emodb = tuple(clip("emodb", f"{number:02}") for number in range(10))
    everything = (*RAVDESS, *ased, *tess, *emodb)
    folds = divide(everything, "every-corpus")
    assert [fold.name for fold in folds] == [str(number) for number in range(1, 12)]
    for part in PARTS:
        if part.corpus == "nemo":
            continue
        alone = divide([one for one in everything if one.corpus == part.corpus], part.protocol)
        for fold, its in zip(folds[part.first - 1 :], alone, strict=False):
            inside = {one.path for one in fold.test if one.corpus == part.corpus}
            assert inside == {one.path for one in its.test}
            assert part_of(part.corpus, fold.name) == part
    with pytest.raises(CorpusError, match=r"none of them is in data\.corpora"):
        divide([clip("mine", "1")], "every-corpus")


def test_speakers_of_few_clips_stay_unknown_where_every_corpus_is_tested() -> None:
    ased = tuple(clip("ased", f"{number:02}", take) for number in range(50) for take in range(4 if number == 7 else 6))
    folds = divide(ased, "every-corpus-enrolled")
    assert Counter(one.speaker for fold in folds for one in fold.enrolment) == {
        f"{number:02}": 4 for number in range(50) if number != 7
    }
    assert Counter(one.speaker for fold in folds for one in fold.test)["07"] == 4


def test_enrolled_speakers_are_tested_by_the_same_trainings() -> None:
    ased = tuple(clip("ased", f"{number:02}", take) for number in range(50) for take in range(6))
    tess = tuple(clip("tess", who, take) for who in ("OAF", "YAF") for take in range(6))
    for order in ((*tess, *ased), (*ased, *tess)):  # whichever corpus a recipe names first
        plain, enrolled = divide(order, "every-corpus"), divide(order, "every-corpus-enrolled")
        for one, other in zip(plain, enrolled, strict=True):
            assert one.held == other.held
            assert one.train == other.train


def test_development_leaves_ravdess_and_tess_alone() -> None:
    (fold,) = divide(RAVDESS + OTHERS, "development")
    assert {clip.corpus for clip in fold.test} == {"emodb", "nemo", "ased"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "emodb"} == {"03", "08"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "nemo"} == {"EB0", "WR0"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "ased"} == {"05", "50"}


def test_a_fold_refuses_a_speaker_on_both_sides() -> None:
    with pytest.raises(CorpusError, match=r"fold mixed: \('ravdess', 'A01'\) is both learnt from and tested"):
        Fold("mixed", (clip("ravdess", "A01", 1), clip("ravdess", "A02")), (clip("ravdess", "A01", 2),))
    Fold("fine", (clip("ased", "01"),), (clip("emodb", "01"),))  # two people who share a number
    leaky = Fold("known", (clip("ravdess", "A01", 1),), (clip("ravdess", "A01", 2),), leaky=True)
    assert leaky.shared_people == {("ravdess", "A01")}
    with pytest.raises(CorpusError, match="is both learnt from and tested"):
        Fold("same clip", (clip("ravdess", "A01", 1),), (clip("ravdess", "A01", 1),), leaky=True)


def test_what_tests_nothing_or_learns_from_nothing_is_refused() -> None:
    with pytest.raises(CorpusError, match="none of the clips is tested; it tests unseen speakers of EmoDB"):
        divide(RAVDESS, "development")
    with pytest.raises(CorpusError, match="fold 1: no clip is left to learn from"):
        divide([clip("ravdess", "A01")], "emobox-ravdess")
    with pytest.raises(OptionError, match="unknown protocol 'nine'; known are emobox-ravdess"):
        divide(RAVDESS, "nine")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 0.5))
def test_watched_speakers_are_not_learnt_from(seed: int, share: float) -> None:
    train, watched = validation_split(RAVDESS + OTHERS, share=share, seed=seed)
    assert sorted(one.path for one in (*train, *watched)) == sorted(one.path for one in RAVDESS + OTHERS)
    assert not {person(one) for one in train} & {person(one) for one in watched}
    for corpus in ("ravdess", "emodb", "tess"):
        aside = len([one for one in watched if one.corpus == corpus])
        total = len([one for one in RAVDESS + OTHERS if one.corpus == corpus])
        assert 0 < aside <= (share + 0.15) * total
    assert validation_notes(train) == ()


def test_song_and_speech_of_a_person_are_watched_together() -> None:
    song = tuple(clip("ravdess-song", one.speaker, 7) for one in RAVDESS[::3])
    train, watched = validation_split(RAVDESS + song)
    assert not {one.speaker for one in train} & {one.speaker for one in watched}


def test_with_few_speakers_whole_sentences_are_watched_and_it_is_said() -> None:
    tess = [clip("tess", "OAF", n, sentence=f"word{n // 2}") for n in range(20)]
    train, watched = validation_split(tess, share=0.2)
    assert len(watched) == 4
    assert not {one.sentence for one in train} & {one.sentence for one in watched}
    assert validation_notes(tess) == ("tess: 1 speaker(s) to learn from, so clips to watch are set aside by sentence",)
    nameless = [clip("mine", "", n) for n in range(20)]
    assert len(validation_split(nameless, share=0.2)[1]) == 4
    assert validation_notes(nameless)[0].endswith("0 speaker(s) to learn from, so clips to watch are set aside by clip")
    with pytest.raises(CorpusError, match=r"1 clip\(s\) cannot be divided"):
        validation_split([clip("mine", "")])
    with pytest.raises(CorpusError, match="a share of 1 for validation"):
        validation_split(nameless, share=1)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("protocol", "file"),
    [
        ("emobox-ravdess", "emobox-ravdess.csv"), ("emobox-tess", "emobox-tess.csv"),
        ("emobox-emodb", "emobox-emodb.csv"), ("emobox-savee", "emobox-savee.csv"),
        ("emobox-cremad", "emobox-cremad.csv"),
    ],
)  # fmt: skip
def test_the_folds_are_those_published(protocol: str, file: str, shared: Path) -> None:
    with (shared / "speech" / "folds" / file).open(encoding="utf-8", newline="") as text:
        published = {row["stem"]: row["test_fold"] for row in csv.DictReader(text)}
    corpus = PROTOCOLS[protocol].tests
    if (shared / "speech" / corpus).is_dir():
        clips = load_corpora((corpus,), shared / "speech")
    else:  # the audio is not there: its own names are
        more = {"savee": [], "cremad": ["1001_DFA_ANG_XX", "1001_DFA_DIS_XX", "1002_DFA_ANG_XX"]}[corpus]
        clips = tuple(own_name(corpus, f"{stem}.wav") for stem in dict.fromkeys([*published, *more]))
    ours = {clip.stem: fold.name for fold in divide(clips, protocol) for clip in fold.test}
    assert ours == published


@pytest.mark.shared
def test_the_luna_folds_are_those_published(shared: Path) -> None:
    with (shared / "speech" / "folds" / "luna-jimenez-ravdess.csv").open(encoding="utf-8", newline="") as text:
        published = {f"A{int(row['actor']):02}": row["test_fold"] for row in csv.DictReader(text)}
    assert {clip.speaker: fold.name for fold in divide(RAVDESS, "luna-ravdess") for clip in fold.test} == published


@pytest.mark.shared
@pytest.mark.parametrize("name", ["emobox-ravdess", "development", "group-kfold", "every-corpus", "ased-speakers"])
def test_the_protocols_on_the_corpora(name: str, shared: Path) -> None:
    clips = load_corpora(FIVE, shared / "speech")
    for fold in divide(clips, name):
        assert len(fold.train) + len(fold.test) == len(clips)
        if name != "every-corpus":
            assert len(fold.test) > 200
            assert {clip.emotion for clip in fold.test} >= {Emotion.ANGRY, Emotion.HAPPY, Emotion.SAD, Emotion.NEUTRAL}
    if name == "ased-speakers":
        assert all(len({clip.speaker for clip in fold.test}) == 10 for fold in divide(clips, name))


def test_enrolled_clips_are_neither_learnt_from_nor_tested() -> None:
    speakers = [clip("ravdess", f"A{actor:02}", take) for actor, take in product(range(1, 25), range(7))]
    plain = divide(speakers, "emobox-ravdess")
    for fold, unknown in zip(divide(speakers, "ravdess-emobox-enrolled"), plain, strict=True):
        assert Counter(clip.speaker for clip in fold.enrolment) == dict.fromkeys({c.speaker for c in fold.test}, 4)
        assert Counter(clip.speaker for clip in fold.test) == dict.fromkeys({c.speaker for c in fold.test}, 3)
        assert (fold.name, fold.train, fold.held) == (unknown.name, unknown.train, unknown.test)
    with pytest.raises(CorpusError, match="is both enrolled and tested"):
        Fold("known", (), (speakers[0],), enrolment=(speakers[0],))
    with pytest.raises(CorpusError, match="is both learnt from and tested"):
        Fold("learnt", (speakers[0],), (), enrolment=(speakers[1],))
    with pytest.raises(CorpusError, match=r"A01 of ravdess has 3 clip\(s\); 4 to enrol and one to test are needed"):
        divide(RAVDESS, "ravdess-emobox-enrolled")


def test_the_draw_depends_on_names_and_the_seed_alone() -> None:
    own = [clip("emodb", "03", take) for take in range(30)]
    drawn = draw_enrolment(own)
    assert draw_enrolment(own[::-1]) == drawn != draw_enrolment(own, seed=1)
    missing = [one for one in own if one != drawn[0]]
    assert draw_enrolment(missing)[:3] == drawn[1:]
