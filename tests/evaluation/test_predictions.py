from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError
from affetto.evaluation.predictions import (
    Prediction,
    average_predictions,
    merge_predictions,
    read_predictions,
    restrict_predictions,
    write_predictions,
)
from affetto.evaluation.report import figures

EMODB = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "boredom")


def made_up(
    count: int = 64, *, seeds: int = 2, labels: tuple[str, ...] = tuple(map(str, EMOTIONS)), start: int = 0
) -> list[Prediction]:
    rng = np.random.default_rng(start)
    n = len(labels)
    return [
        Prediction(
            stem=f"clip-{i}",
            corpus="ravdess",
            speaker=f"A{i % 4}",
            fold=str(1 + i % 2),
            seed=seed,
            label=labels[i % n],
            probabilities=rng.dirichlet(np.ones(n) + 4 * np.eye(n)[i % n]).round(5),
            labels=labels,
            gender="fm"[i % 2],
            seconds=1.0 + i / 10,
        )
        for seed in range(start, start + seeds)
        for i in range(count)
    ]


@pytest.mark.parametrize("labels", [tuple(map(str, EMOTIONS)), EMODB])
def test_what_is_written_is_read_again(tmp_path: Path, labels: tuple[str, ...]) -> None:
    predictions = made_up(labels=labels)
    file = tmp_path / "new" / "predictions.csv"
    write_predictions(predictions, file)
    columns = ",".join(f"p_{label}" for label in labels)
    assert file.read_text().startswith(f"stem,corpus,speaker,fold,seed,label,gender,seconds,{columns}\n")
    for before, after in zip(predictions, read_predictions(file), strict=True):
        assert (before.clip, before.fold, before.seed, before.label) == (
            after.clip,
            after.fold,
            after.seed,
            after.label,
        )
        assert (before.gender, after.labels) == (after.gender, labels)
        assert before.seconds == pytest.approx(after.seconds)
        assert np.allclose(before.probabilities, after.probabilities, atol=1e-9)
    assert figures(read_predictions(file)) == figures(predictions)


def test_what_nobody_knows_is_not_written(tmp_path: Path) -> None:
    plain = [replace(p, gender="", seconds=None) for p in made_up(labels=EMODB)]
    unused = [replace(p, labels=(*EMODB, "calm"), probabilities=np.append(p.probabilities, 0)) for p in plain]
    write_predictions(unused, tmp_path / "p.csv")
    header = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert "calm" not in header
    assert "gender" not in header
    assert "seconds" not in header


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("stem,corpus\na,b\n", "KeyError"),
        ("stem,corpus,speaker,fold,seed,label,p_sad\n", "no row"),
        ("stem,corpus,speaker,fold,seed,label,p_sad\na,b,c,1,0,happy,1\n", "line 2: no column p_happy"),
        ("stem,corpus,speaker,fold,seed,label,p_sad,p_calm\na,b,c,1,0,sad,.7,.1\n", "add up to 0.8000, not 1"),
        ("stem,corpus,speaker,fold,seed,label,p_sad,p_calm\na,b,c,1,0,sad,1.5,-.5\n", "not 1"),
        ("stem,corpus,speaker,fold,seed,label,p_sad\na,b,c,1,0,sad,nan\n", "not 1"),
        ("stem,corpus,speaker,fold,seed,label,p_sad\na,b,c,1,zero,sad,1\n", "zero"),
        ("stem,corpus,speaker,fold,seed,label,p_sad,p_calm\na,b,c,1,0,sad,1\n", "line 2: columns are missing"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "p.csv"
    if text:
        file.write_text(text)
    with pytest.raises(CorpusError, match=r"p\.csv") as caught:
        read_predictions(file)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(CorpusError, match="cannot be written"):
        write_predictions(made_up(), tmp_path / "file" / "p.csv")
    assert (tmp_path / "file").read_text() == "old"


def test_seeds_of_several_files_are_merged_once() -> None:
    first, second = made_up(seeds=1), made_up(seeds=1, start=1)
    merged = merge_predictions([second, first])
    assert [p.seed for p in merged] == [0] * 64 + [1] * 64
    assert figures(merged).uar == pytest.approx((figures(first).uar + figures(second).uar) / 2)
    with pytest.raises(CorpusError, match="ravdess clip-0 is predicted twice with seed 0"):
        merge_predictions([first, first])


def test_the_average_of_two_views_is_their_geometric_mean() -> None:
    three = {"probabilities": np.array([0.8, 0.2, 0.0]), "labels": ("sad", "angry", "calm"), "label": "sad"}
    one = [replace(p, **three) for p in made_up(3, seeds=1)]
    other = [replace(p, probabilities=np.array([0.5, 0.5]), labels=("angry", "sad"), label="sad") for p in one]
    for p in average_predictions([one, other]):
        assert p.labels == ("calm", "sad", "angry")
        assert p.probabilities == pytest.approx([0.0, 2 / 3, 1 / 3])
    same = average_predictions([one, one])
    assert all(np.allclose(p.probabilities, [0.0, 0.8, 0.2]) for p in same)


def test_views_are_paired_by_seed_or_one_serves_all() -> None:
    both, single = made_up(), made_up(seeds=1, start=5)
    assert [p.seed for p in average_predictions([both, single])] == [p.seed for p in both]
    assert [p.seed for p in average_predictions([both, both, single])] == [p.seed for p in both]


@pytest.mark.parametrize(
    ("views", "message"),
    [
        ([made_up()], "needs two or more"),
        ([made_up(), made_up(60)], r"4 clip\(s\), such as clip-60, are not in every file"),
        ([made_up(), made_up(start=1)], r"seeds \[1, 2\] and \[0, 1\] do not pair"),
        ([made_up(), [replace(p, fold="9") for p in made_up()]], "in different folds or under different labels"),
    ],
)
def test_views_of_different_clips_are_not_averaged(views: list[list[Prediction]], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        average_predictions(views)


def test_figures_of_perfect_predictions() -> None:
    perfect = [
        Prediction(
            stem=f"{i}", corpus="x", speaker=f"{i % 3}", fold=f"{i % 3}", seed=0, label=EMOTIONS[i % 8],
            probabilities=np.eye(8)[i % 8],
        )
        for i in range(48)
    ]  # fmt: skip
    result = figures(perfect)
    assert (result.uar, result.uar_spread, result.uar_interval) == (1.0, 0.0, (1.0, 1.0))
    assert result.seeds[0].ece == pytest.approx(0)
    assert result.seeds[0].arousal_correlation == pytest.approx(1)
    assert result.recall == {str(e): 1.0 for e in EMOTIONS}
    assert result.to_dict()["clips"] == 48
    assert (result.genders, result.lengths, result.leaks) == ((), (), 0)
    assert all(one.taken_for == "" and one.f1 == 1 for one in result.per_label)


def test_figures_are_means_over_folds_and_seeds() -> None:
    result = figures(made_up())
    assert len(result.seeds) == 2
    assert result.uar == pytest.approx(np.mean([s.uar for s in result.seeds]))
    assert result.accuracy == pytest.approx(np.mean([s.accuracy for s in result.seeds]))
    assert result.uar_seed_spread == pytest.approx(np.std([s.uar for s in result.seeds]))
    assert result.seeds[0].uar == pytest.approx(np.mean(list(result.seeds[0].uar_folds.values())))
    assert result.speakers == 4
    low, high = result.uar_interval
    assert low <= result.uar <= high
    assert result.confusion[Emotion.SAD][Emotion.SAD] == pytest.approx(result.recall[Emotion.SAD])
    assert sum(count for _, _, count in result.reliability) == 128


def test_label_figures_are_those_of_scikit_learn() -> None:
    predictions = made_up(labels=EMODB)
    result = figures(predictions)
    truth, guesses = [p.label for p in predictions], [p.guess for p in predictions]
    names = [one.label for one in result.per_label]
    assert names == list(EMODB)
    expected = sk.precision_recall_fscore_support(truth, guesses, labels=names, zero_division=0)
    for one, precision, recall, f1 in zip(result.per_label, *expected[:3], strict=True):
        assert (one.precision, one.recall, one.f1) == pytest.approx((precision, recall, f1))
        wrong = {name: share for name, share in result.confusion[one.label].items() if name != one.label}
        assert one.taken_for == (max(wrong, key=wrong.__getitem__) if any(wrong.values()) else "")


def test_groups_are_judged_by_themselves() -> None:
    predictions = made_up()
    result = figures(predictions)
    women = [p for p in predictions if p.gender == "f"]
    assert [group.name for group in result.genders] == ["men", "women"]
    assert result.genders[1].clips == 32
    assert result.genders[1].accuracy == pytest.approx(np.mean([p.guess == p.label for p in women]))
    assert [group.uar for group in result.per_speaker] == sorted(group.uar for group in result.per_speaker)
    assert {group.name for group in result.per_speaker} == {"A0", "A1", "A2", "A3"}
    assert [group.name for group in result.lengths] == [
        "0 to 1.5 s", "1.5 to 2.5 s", "2.5 to 3.5 s", "3.5 to 5 s", "5 s and longer"
    ]  # fmt: skip
    assert sum(group.clips for group in result.lengths) == 64


def test_a_speaker_who_is_tested_in_several_folds_is_a_leak() -> None:
    assert figures(made_up()).leaks == 0
    assert figures([replace(p, fold=str(i % 3)) for i, p in enumerate(made_up(seeds=1))]).leaks == 4


def test_affect_is_read_of_the_eight_only() -> None:
    bored = [p for p in made_up(labels=EMODB) if p.label == "boredom"]
    alone = figures(bored).seeds[0]
    assert (alone.arousal_correlation, alone.valence_correlation) == (None, None)
    assert figures(made_up(labels=EMODB)).seeds[0].valence_correlation is not None


def test_each_corpus_is_judged_by_itself() -> None:
    right, wrong = (
        Prediction(
            stem=corpus, corpus=corpus, speaker=corpus, fold="1", seed=0, label=Emotion.SAD,
            probabilities=np.eye(8)[EMOTIONS.index(guess)],
        )
        for corpus, guess in (("emodb", Emotion.SAD), ("nemo", Emotion.CALM))
    )  # fmt: skip
    assert figures([right, wrong]).uar_corpora == {"emodb": 1.0, "nemo": 0.0}
    assert [group.name for group in figures([right, wrong]).per_speaker] == ["nemo:nemo", "emodb:emodb"]


def test_only_some_labels_can_be_possible_answers() -> None:
    predictions = made_up(labels=EMODB)
    some = restrict_predictions(predictions, ("happy", "angry", "sad"))
    assert {p.label for p in some} == {"happy", "angry", "sad"}
    assert len(some) == sum(p.label in {"happy", "angry", "sad"} for p in predictions)
    before = {(*p.clip, p.seed): p for p in predictions}
    for p in some:
        assert p.labels == ("happy", "sad", "angry")
        whole = before[(*p.clip, p.seed)].probabilities[[1, 2, 3]]
        assert np.allclose(p.probabilities, whole / whole.sum())


def test_an_impossible_clip_is_answered_evenly() -> None:
    sure = [replace(p, probabilities=np.eye(7)[0]) for p in made_up(labels=EMODB, seeds=1)]
    for p in restrict_predictions(sure, ("happy", "sad")):
        assert p.probabilities.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("labels", "message"), [(("hapy", "sad"), "label 'hapy' is not in"), (("happy",), "one of the labels happy only")]
)
def test_labels_that_cannot_be_told_apart_are_refused(labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        restrict_predictions(made_up(), labels)
