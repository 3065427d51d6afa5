"""Nobody is both learnt from and tested."""

import csv
from itertools import product
from pathlib import Path

import pytest

from affetto.affect import Emotion
from affetto.corpora import CORPORA, Clip, load_corpora
from affetto.corpora.splits import PROTOCOLS, Fold, development, emobox_ravdess
from affetto.errors import CorpusError


def clip(corpus: str, speaker: str, take: int = 0) -> Clip:
    return Clip(
        corpus=corpus, path=Path(f"{speaker}-{take}.wav"), language="en", speaker=speaker, gender="f", label="sad",
        emotion=Emotion.SAD,
    )  # fmt: skip


RAVDESS = tuple(clip("ravdess", f"A{actor:02}", take) for actor, take in product(range(1, 25), range(3)))
OTHERS = tuple(
    clip(corpus, speaker, take)
    for corpus, speaker, take in product(
        ("emodb", "nemo", "ased", "tess"), ("03", "08", "09", "EB0", "KD0", "WR0", "05", "50", "OAF", "01"), range(2)
    )
)


def test_the_six_folds_test_every_actor_once() -> None:
    folds = emobox_ravdess(RAVDESS + OTHERS)
    assert [fold.name for fold in folds] == ["1", "2", "3", "4", "5", "6"]
    tested = [clip.speaker for fold in folds for clip in fold.test]
    assert sorted(tested) == sorted(clip.speaker for clip in RAVDESS)
    for fold in folds:
        assert len({clip.speaker for clip in fold.test}) == 4
        assert {clip.corpus for clip in fold.test} == {"ravdess"}
        assert set(OTHERS) <= set(fold.train)
        assert len(fold.train) + len(fold.test) == len(RAVDESS + OTHERS)


def test_an_actor_number_of_another_corpus_is_not_tested() -> None:
    folds = emobox_ravdess((*RAVDESS, clip("ased", "A01"), clip("ased", "01")))
    assert all(clip.corpus == "ravdess" for fold in folds for clip in fold.test)


def test_the_folds_need_ravdess() -> None:
    with pytest.raises(CorpusError, match="needs the corpus ravdess"):
        emobox_ravdess(OTHERS)


def test_development_leaves_ravdess_and_tess_alone() -> None:
    (fold,) = development(RAVDESS + OTHERS)
    assert {clip.corpus for clip in fold.test} == {"emodb", "nemo", "ased"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "emodb"} == {"03", "08"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "nemo"} == {"EB0", "WR0"}
    assert {clip.speaker for clip in fold.test if clip.corpus == "ased"} == {"05", "50"}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_speaker_is_on_both_sides(name: str) -> None:
    for fold in PROTOCOLS[name](RAVDESS + OTHERS):
        learnt = {(clip.corpus, clip.speaker) for clip in fold.train}
        assert learnt.isdisjoint({(clip.corpus, clip.speaker) for clip in fold.test})


def test_a_fold_refuses_a_speaker_on_both_sides() -> None:
    with pytest.raises(CorpusError, match=r"fold mixed: \('ravdess', 'A01'\) is both learnt from and tested"):
        Fold("mixed", (clip("ravdess", "A01", 1), clip("ravdess", "A02")), (clip("ravdess", "A01", 2),))
    Fold("fine", (clip("ased", "01"),), (clip("emodb", "01"),))  # two people who share a number


@pytest.mark.shared
def test_the_folds_are_those_published(shared: Path) -> None:
    with (shared / "speech" / "folds" / "emobox-ravdess.csv").open(encoding="utf-8", newline="") as file:
        published = {row["stem"]: row["test_fold"] for row in csv.DictReader(file)}
    clips = load_corpora(("ravdess",), shared / "speech")
    ours = {clip.stem: fold.name for fold in emobox_ravdess(clips) for clip in fold.test}
    assert ours == published


@pytest.mark.shared
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_protocols_on_the_corpora(name: str, shared: Path) -> None:
    clips = load_corpora(tuple(CORPORA), shared / "speech")
    for fold in PROTOCOLS[name](clips):
        assert len(fold.train) + len(fold.test) == len(clips)
        assert len(fold.test) > 200
        assert {clip.emotion for clip in fold.test} >= {Emotion.ANGRY, Emotion.HAPPY, Emotion.SAD, Emotion.NEUTRAL}
