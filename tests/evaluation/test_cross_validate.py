"""The protocol on a corpus that is built here, with a real network, and the rest with a model that answers at once."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from affetto.corpora.splits import ProtocolOptions
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, ModelError, OptionError
from affetto.evaluation import cross_validate as module
from affetto.evaluation.cross_validate import cross_validate
from affetto.evaluation.folds import RESULT
from affetto.evaluation.judge import judge
from affetto.evaluation.run import split_parts
from affetto.learning.recipe import Recipe
from tests.evaluation.fakes import FakeModel, fake_recipe, write_emodb, write_ravdess, write_tess
from tests.tiny import tiny_recipe, write_tiny_corpus


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    # Actors of folds 1 and 2 only: the other folds have nobody to test.
    return tiny_recipe(write_tiny_corpus(tmp_path_factory.mktemp("data"), actors=("01", "11", "04", "10")), steps=100)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_every_clip_is_predicted_once_and_finished_folds_are_kept(recipe: Recipe, tmp_path: Path, jobs: int) -> None:
    stages: list[tuple[str, int, int]] = []

    def run() -> list[np.ndarray]:
        outcome = cross_validate(
            recipe,
            "emobox-ravdess",
            cache=tmp_path / "cache",
            runs=tmp_path / "runs",
            jobs=jobs,
            progress=lambda *stage: stages.append(stage),
        )
        assert len({p.stem for p in outcome.predictions}) == len(outcome.predictions) == 32
        assert {p.fold: {q.speaker for q in outcome.predictions if q.fold == p.fold} for p in outcome.predictions} == {
            "1": {"A01", "A11"},
            "2": {"A04", "A10"},
        }
        assert outcome.temperature > 0
        for p in outcome.predictions:
            assert p.probabilities.sum() == pytest.approx(1, abs=1e-4)
        return [p.probabilities for p in outcome.predictions]

    first = run()
    results = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob(RESULT)}
    assert len(results) == 2
    assert np.allclose(first, run())
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob(RESULT)} == results
    assert stages[-1] == ("training folds", 2, 2)


def test_unknown_protocols_and_folds_are_refused(fake: type[FakeModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    with pytest.raises(OptionError, match="unknown protocol 'nine'; known are emobox-ravdess"):
        cross_validate(recipe, "nine", cache=tmp_path, runs=tmp_path)
    with pytest.raises(OptionError, match="unknown fold '7'"):
        cross_validate(recipe, "emobox-ravdess", cache=tmp_path / "cache", runs=tmp_path, folds=["7"])
    assert not fake.fits


def test_missing_noise_is_named(recipe: Recipe, tmp_path: Path) -> None:
    data = recipe.data.model_copy(update={"non_speech": ("nothing/*",)})
    with pytest.raises(CorpusError, match="nothing"):
        cross_validate(recipe.model_copy(update={"data": data}), "emobox-ravdess", cache=tmp_path, runs=tmp_path)


def test_an_interrupted_run_goes_on_with_what_is_missing(
    fake: type[FakeModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    whole = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "whole", seeds=(0, 1))
    fake.fits.clear()
    fit = fake.fit

    def stopped(self: FakeModel, *args: object, **options: object) -> None:
        if len(fake.fits) == 4:
            raise KeyboardInterrupt
        fit(self, *args, **options)

    monkeypatch.setattr(fake, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", seeds=(0, 1))
    monkeypatch.setattr(fake, "fit", fit)
    again = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs", seeds=(0, 1))
    assert len(fake.fits) == 12
    assert [(p.clip, p.seed, p.guess) for p in again.predictions] == [
        (p.clip, p.seed, p.guess) for p in whole.predictions
    ]
    assert again.temperature == whole.temperature


def test_a_fold_whose_clips_changed_is_trained_anew(fake: type[FakeModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs")
    write_ravdess(tmp_path, actors=[1], takes=2)
    outcome = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs")
    assert len(fake.fits) == 12
    assert len(outcome.predictions) == 24 * 8 + 8


@pytest.mark.usefixtures("fake")
def test_each_corpus_is_asked_for_its_own_labels(tmp_path: Path) -> None:
    root = write_emodb(write_tess(write_ravdess(tmp_path)))
    recipe = fake_recipe(root, "ravdess", "emodb", "tess")
    outcome = cross_validate(recipe, "loso", cache=tmp_path, runs=tmp_path, options=ProtocolOptions(test_on=("emodb",)))
    p = outcome.predictions[0]
    assert set(p.labels) == {"neutral", "happy", "sad", "angry", "fearful", "disgust", "boredom"}
    assert {one.label for one in outcome.predictions} == set(p.labels)
    together = cross_validate(recipe, "every-corpus", cache=tmp_path, runs=tmp_path).predictions
    for p in together:
        given = {label for label, value in zip(p.labels, p.probabilities, strict=True) if value > 0}
        assert ("boredom" in given) <= (p.corpus == "emodb")
        assert ("calm" in given) <= (p.corpus == "ravdess")
        assert p.probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_the_parts_of_every_corpus_are_reports_of_their_own(fake: type[FakeModel], tmp_path: Path) -> None:
    root = write_emodb(write_tess(write_ravdess(tmp_path)))
    judged = judge(fake_recipe(root, "ravdess", "emodb", "tess"), "every-corpus", cache=tmp_path, runs=tmp_path)
    parts = split_parts(judged.run)
    assert {name: run.about.protocol for name, run in parts.items()} == {
        "ravdess": "emobox-ravdess", "ravdess-luna": "luna-ravdess", "emodb": "loso", "tess": "loso"
    }  # fmt: skip
    assert {p.fold for p in parts["tess"].predictions} == {"1", "2"}
    for name, folds in (("ravdess", {"1", "2", "3", "4", "5", "6"}), ("ravdess-luna", {"7", "8", "9", "10", "11"})):
        assert len({p.stem for p in parts[name].predictions}) == len(parts[name].predictions) == 24 * 8
        assert {p.fold for p in parts[name].predictions} == folds
    assert not any("emodb" in note for note in parts["tess"].about.notes)
    assert len(fake.fits) == 11


def test_a_corrupt_clip_is_told_and_left_out(
    fake: type[FakeModel], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "broken", frozenset({"03-01-05-01-01-01-07"}))
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    with caplog.at_level(logging.WARNING):
        outcome = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path)
    assert len(outcome.predictions) == 24 * 8 - 1
    assert "1 of 192 clips cannot be used and are left out: 03-01-05-01-01-01-07.wav" in outcome.notes
    assert "03-01-05-01-01-01-07.wav is left out" in caplog.text


@pytest.mark.usefixtures("fake")
def test_a_label_that_a_fold_lacks_is_told(tmp_path: Path) -> None:
    root = write_emodb(tmp_path)
    outcome = cross_validate(fake_recipe(root, "emodb"), "loso", cache=tmp_path, runs=tmp_path)
    assert outcome.notes == (
        "emodb: no clip of boredom is tested in fold 10; UAR there is over the labels that are",
    )  # fmt: skip
    for file in (root / "speech" / "emodb").glob("*L*"):
        if not file.name.startswith("03"):
            file.unlink()
    outcome = cross_validate(fake_recipe(root, "emodb"), "loso", cache=tmp_path, runs=tmp_path)
    assert "emodb: nothing labelled boredom to learn from in fold 03; its clips count as missed" in outcome.notes
    assert (
        "emodb: no clip of boredom is tested in folds 08, 09, 10; UAR there is over the labels that are"
        in outcome.notes
    )
    assert not [p for p in outcome.predictions if p.label == "boredom" and p.guess == "boredom"]


@pytest.mark.usefixtures("fake")
def test_temperatures_are_fitted_on_other_folds(tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path, takes=2), "ravdess")
    outcome = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path)
    alone = cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path, folds=["1"])
    raw = np.load(next(tmp_path.glob(f"seed0-fold1-*/{RESULT}")))["probabilities"]
    assert np.allclose([p.probabilities for p in alone.predictions], raw, atol=1e-5)  # nothing to calibrate by
    first = [p.probabilities for p in outcome.predictions if p.fold == "1"]
    scale = np.log(np.array(first)).std() / np.log(raw).std()
    assert scale != pytest.approx(1, abs=1e-3)
    assert outcome.temperature == pytest.approx(1 / scale, rel=0.25)


def test_watched_speakers_are_set_aside_for_a_model_that_wants_them(
    fake: type[FakeModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "needs_validation", True)
    outcome = cross_validate(fake_recipe(write_tess(tmp_path), "tess"), "loso", cache=tmp_path, runs=tmp_path)
    assert outcome.notes == ("tess: 1 speaker(s) to learn from, so clips to watch are set aside by sentence",)
    for train, watched, _ in fake.fits:
        assert watched
        assert not {clip.sentence for clip in train} & {clip.sentence for clip in watched}
        assert {clip.speaker for clip in train} == {clip.speaker for clip in watched}


@pytest.mark.usefixtures("fake")
def test_a_leaky_protocol_has_the_honest_figure_beside_it(tmp_path: Path) -> None:
    judged = judge(fake_recipe(write_tess(tmp_path), "tess"), "random", cache=tmp_path, runs=tmp_path, folds=["1"])
    known, unseen = judged.run.figures().uar, np.mean([p.guess == p.label for p in judged.run.independent])
    assert known > 0.9 > unseen
    assert judged.run.warning.startswith("speakers are both learnt from and tested")
    assert {p.fold for p in judged.run.independent} == {"OAF", "YAF"}
    many = judge(fake_recipe(write_ravdess(tmp_path), "ravdess"), "random", cache=tmp_path, runs=tmp_path)
    assert {p.fold for p in many.run.independent} == {"1", "2", "3", "4", "5"}


@pytest.mark.usefixtures("fake")
def test_a_full_disk_is_told_and_finished_folds_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path, folds=["1"])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(ModelError, match=r"No space left .*; finished folds are kept, run the same command again"):
        cross_validate(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path)
    assert len(list(tmp_path.rglob(RESULT))) == 1
    assert not list(tmp_path.rglob("partial*"))


class EnrollingModel(FakeModel):
    """Knows better what speakers express of whom it has been given clips."""

    asked: ClassVar[list[tuple[tuple[Clip, ...], dict[str, tuple[Clip, ...]]]]] = []

    def predict_enrolled(self, clips: Sequence[Clip], enrolment: Mapping[str, Sequence[Clip]]) -> np.ndarray:
        self.asked.append((tuple(clips), {speaker: tuple(known) for speaker, known in enrolment.items()}))
        return self.predict_proba(clips) ** 2 / (self.predict_proba(clips) ** 2).sum(axis=1, keepdims=True)


@pytest.fixture
def enrolling(fake: type[FakeModel], monkeypatch: pytest.MonkeyPatch) -> type[EnrollingModel]:
    del fake
    monkeypatch.setattr(EnrollingModel, "asked", [])
    monkeypatch.setattr(module, "build_model", EnrollingModel)
    return EnrollingModel


def test_enrolled_speakers_are_tested_on_their_other_clips(enrolling: type[EnrollingModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    plain = judge(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs")
    judged = judge(recipe, "ravdess-emobox-enrolled", cache=tmp_path, runs=tmp_path / "runs")
    assert len(enrolling.asked) == 6
    for clips, known in enrolling.asked:
        assert {clip.speaker for clip in clips} == set(known)
        for speaker, own in known.items():
            assert len({clip.stem for clip in own}) == 4
            assert {clip.speaker for clip in own} == {speaker}
            assert not {clip.path for clip in own} & {clip.path for clip in clips}
    tested = {p.clip: p for p in judged.run.predictions}
    unknown = {p.clip: p for p in plain.run.predictions}
    assert len(tested) == len(judged.run.predictions) == 24 * 4
    assert all(p.fold == unknown[clip].fold for clip, p in tested.items())
    assert not np.allclose([p.probabilities for p in tested.values()], [unknown[c].probabilities for c in tested])


def test_enrolment_takes_the_folds_that_are_trained(enrolling: type[EnrollingModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    first = judge(recipe, "ravdess-emobox-enrolled", cache=tmp_path, runs=tmp_path / "runs")
    fits = len(enrolling.fits)
    files = {file: file.read_bytes() for file in (tmp_path / "runs").rglob("*.npz")}
    assert len(files) == 6 * 3, "for speakers unknown and known, and what the model shows of itself"
    again = judge(recipe, "ravdess-emobox-enrolled", cache=tmp_path, runs=tmp_path / "runs")
    plain = judge(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "runs")
    assert len(enrolling.fits) == fits == len(enrolling.asked) == 6
    assert [p.guess for p in again.run.predictions] == [p.guess for p in first.run.predictions]
    fresh = judge(recipe, "emobox-ravdess", cache=tmp_path, runs=tmp_path / "other")
    for one, other in zip(plain.run.predictions, fresh.run.predictions, strict=True):
        assert one.clip == other.clip
        assert np.array_equal(one.probabilities, other.probabilities)
    drawn = judge(
        recipe, "ravdess-emobox-enrolled", cache=tmp_path, runs=tmp_path / "runs", options=ProtocolOptions(seed=1)
    )
    assert {p.clip for p in drawn.run.predictions} != {p.clip for p in first.run.predictions}
    assert drawn.run.about.options == {"seed": 1}


def test_a_model_that_knows_no_speakers_is_refused(fake: type[FakeModel], tmp_path: Path) -> None:
    recipe = fake_recipe(write_ravdess(tmp_path), "ravdess")
    with pytest.raises(OptionError, match="models of family svm do not know speakers"):
        cross_validate(recipe, "ravdess-emobox-enrolled", cache=tmp_path, runs=tmp_path)
    assert not fake.fits
