from pathlib import Path

import numpy as np
import pytest

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import CorpusError
from affetto.evaluation.predictions import Prediction, read_predictions, write_predictions
from affetto.evaluation.report import figures


def made_up(count: int = 64, *, seeds: int = 2) -> list[Prediction]:
    rng = np.random.default_rng(0)
    return [
        Prediction(
            stem=f"clip-{i}",
            corpus="ravdess",
            speaker=f"A{i % 4}",
            fold=str(1 + i % 2),
            seed=seed,
            label=EMOTIONS[i % 8],
            probabilities=rng.dirichlet(np.ones(8) + 4 * np.eye(8)[i % 8]),
        )
        for seed in range(seeds)
        for i in range(count)
    ]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    predictions = made_up()
    file = tmp_path / "new" / "predictions.csv"
    write_predictions(predictions, file)
    assert file.read_text().startswith("stem,corpus,speaker,fold,seed,label,p_neutral,p_calm")
    for before, after in zip(predictions, read_predictions(file), strict=True):
        assert (before.stem, before.fold, before.seed, before.label) == (
            after.stem,
            after.fold,
            after.seed,
            after.label,
        )
        assert np.allclose(before.probabilities, after.probabilities, atol=1e-5)


@pytest.mark.parametrize("text", ["stem,corpus\na,b\n", None])
def test_a_wrong_file_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "p.csv"
    if text:
        file.write_text(text)
    with pytest.raises(CorpusError, match=r"p\.csv"):
        read_predictions(file)


def test_figures_of_perfect_predictions() -> None:
    perfect = [
        Prediction(
            stem=f"{i}", corpus="x", speaker=f"{i % 3}", fold="1", seed=0, label=EMOTIONS[i % 8],
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


def test_figures_are_means_over_folds_and_seeds() -> None:
    result = figures(made_up())
    assert len(result.seeds) == 2
    assert result.uar == pytest.approx(np.mean([s.uar for s in result.seeds]))
    assert result.seeds[0].uar == pytest.approx(np.mean(list(result.seeds[0].uar_folds.values())))
    assert result.speakers == 4
    low, high = result.uar_interval
    assert low <= result.uar <= high
    assert result.confusion[Emotion.SAD][Emotion.SAD] == pytest.approx(result.recall[Emotion.SAD])


def test_each_corpus_is_judged_by_itself() -> None:
    right, wrong = (
        Prediction(
            stem=corpus, corpus=corpus, speaker=corpus, fold="1", seed=0, label=Emotion.SAD,
            probabilities=np.eye(8)[EMOTIONS.index(guess)],
        )
        for corpus, guess in (("emodb", Emotion.SAD), ("nemo", Emotion.CALM))
    )  # fmt: skip
    assert figures([right, wrong]).uar_corpora == {"emodb": 1.0, "nemo": 0.0}
