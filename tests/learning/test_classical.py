import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from affetto.corpora import load_corpora
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, ModelError
from affetto.features.functionals import functional_names, functionals
from affetto.learning import classical as module
from affetto.learning import held_out
from affetto.learning.classical import ClassicalModel
from affetto.learning.families import build_model, load_model
from affetto.learning.recipe import FAMILIES, ClassicalRecipe, Recipe
from affetto.voice.audio import Samples, read_audio
from tests.tiny import write_tiny_corpus

CLASSICAL = [family for family, part in FAMILIES.items() if issubclass(part, ClassicalRecipe)]
SMALL: dict[str, dict[str, Any]] = {
    "random-forest": {"trees": 20},
    "extra-trees": {"trees": 20},
    "gradient-boosting": {"rounds": 5, "leaf": 2},
    "k-nearest-neighbours": {"neighbours": 3},
}
WIDTH = 24


def stand_in(samples: Samples) -> npt.NDArray[np.float32]:
    """A few numbers that tell the tones of the tiny corpus apart, then noise that does not."""
    power = np.abs(np.fft.rfft(samples[:8000])) ** 2
    bands = np.log(np.add.reduceat(power, np.geomspace(20, 3900, 12).astype(int)) + 1e-6)
    noise = np.random.default_rng(int(1e6 * float(np.abs(samples[:200]).sum()))).standard_normal(WIDTH - 12)
    return np.concatenate([bands, noise]).astype(np.float32)


@pytest.fixture(autouse=True)
def _small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "functionals", stand_in)
    names = tuple(f"band{n}.mean" if n < 12 else f"noise{n % 2}.{n}" for n in range(WIDTH))
    monkeypatch.setattr(module, "functional_names", lambda: names)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, ...]:
    root = write_tiny_corpus(tmp_path_factory.mktemp("tiny"))
    return load_corpora(["ravdess"], root / "speech")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def recipe(family: str = "svm", **options: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "tiny",
            "data": {"corpora": ["ravdess"]},
            "model": {"family": family, "folds": 2, **SMALL.get(family, {}), **options},
        }
    )


def sides(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    return [c for c in clips if c.speaker not in ("A08", "A09")], [c for c in clips if c.speaker in ("A08", "A09")]


def fitted(clips: Sequence[Clip], cache: Path, folder: Path, family: str = "svm", **options: Any) -> ClassicalModel:
    model = ClassicalModel(recipe(family, **options), cache)
    model.fit(sides(clips)[0], folder=folder)
    return model


def right(model: ClassicalModel, clips: Sequence[Clip]) -> float:
    found = np.array(model.labels)[model.predict_proba(clips).argmax(axis=1)]
    return float(np.mean(found == [clip.target for clip in clips]))


@pytest.mark.parametrize("family", CLASSICAL)
def test_every_family_learns_saves_and_loads(family: str, clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    train, test = sides(clips)
    model = build_model(recipe(family), cache)
    assert isinstance(model, ClassicalModel)
    assert model.prepare(clips) == clips
    model.fit(train, folder=tmp_path / "run")
    assert model.labels == ("angry", "happy", "neutral", "sad")
    found = model.predict_proba(test)
    assert found.shape == (len(test), 4)
    assert found.sum(axis=1) == pytest.approx(1)
    assert right(model, test) > 0.8
    model.save(tmp_path / "saved")
    loaded = load_model(tmp_path / "saved", cache)
    assert loaded.labels == model.labels
    assert np.array_equal(loaded.predict_proba(test), found)
    assert model.predict_proba([]).shape == (0, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": "robust", "select": {"method": "anova", "features": 8}},
        {"scale": "quantile", "select": {"method": "mutual-information", "features": 8}},
        {"select": {"method": "rfe", "features": 8}},
        {"select": {"method": "l1", "features": 8}},
        {"select": {"method": "anova", "features": 100_000}},
        {"select": {"method": "anova", "features": 12}, "reduce": {"method": "pca", "components": 5}},
        {"reduce": {"method": "pca", "components": 0.9}},
        {"reduce": {"method": "lda", "components": 1000}},
        {"speaker_directions": 1.0},
        {"balance": "smote"},
        {"balance": "oversample"},
        {"balance": "none"},
        {"speeds": [0.9, 1.1, 1.0]},
        {"select": {"method": "anova", "features": 12}, "reduce": {"method": "lda", "components": 6}},
    ],
)
def test_every_step_of_the_pipeline(
    options: dict[str, Any], clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    model = fitted(clips, cache, tmp_path / "run", **options)
    assert right(model, sides(clips)[1]) > 0.8
    model.save(tmp_path / "saved")
    again = load_model(tmp_path / "saved", cache)
    assert np.array_equal(again.predict_proba(clips), model.predict_proba(clips))


def test_what_is_learnt_comes_from_training_clips_alone(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    """Test clips change nothing, whether or not the model has seen their features before."""
    options: dict[str, Any] = {
        "scale": "quantile",
        "select": {"method": "anova", "features": 10},
        "reduce": {"method": "pca", "components": 4},
        "balance": "smote",
    }
    train, test = sides(clips)
    alone = fitted(train, cache, tmp_path / "a", **options)
    seen = ClassicalModel(recipe(**options), cache)
    seen.prepare(clips)
    seen.fit(train, folder=tmp_path / "b")
    assert np.array_equal(alone.predict_proba(test), seen.predict_proba(test))
    assert np.array_equal(alone.predict_proba(test[:1]), alone.predict_proba(test)[:1])


@pytest.mark.parametrize("family", CLASSICAL)
def test_a_clip_is_read_alike_alone_and_among_others(
    family: str, clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    model = fitted(clips, cache, tmp_path, family, reduce={"method": "pca", "components": 6})
    test = sides(clips)[1]
    whole, places = model.predict_proba(test), model.embed(test)
    assert np.array_equal(np.concatenate([model.predict_proba([clip]) for clip in test]), whole)
    assert np.array_equal(np.concatenate([model.embed([clip]) for clip in test]), places)
    assert np.array_equal(model.predict_proba([*clips, *clips, *clips, *test])[-len(test) :], whole)


def test_components_carry_what_varies_and_not_what_tells_labels_apart(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    """Half the features are noise, and fill most of the first five components: features are to be chosen first."""
    train, test = sides(clips)
    five: dict[str, Any] = {"reduce": {"method": "pca", "components": 5}}
    chosen = {"select": {"method": "anova", "features": 12}}
    noisy = fitted(clips, cache, tmp_path / "noisy", **five)
    clean = fitted(clips, cache, tmp_path / "clean", **five, **chosen)

    x, y = np.stack([stand_in(read_audio(clip.path)) for clip in train]), np.array([clip.target for clip in train])
    x = np.clip((x - x.mean(axis=0)) / x.std(axis=0), -4, 4)
    x -= x.mean(axis=0)
    reference = x @ np.linalg.svd(x, full_matrices=False)[2][:5].T
    reference /= np.sqrt(np.square(reference).sum(axis=1).mean())
    assert np.allclose(np.abs(noisy.embed(train)), np.abs(reference), atol=1e-4)
    means = np.stack([reference[y == label].mean(axis=0) for label in noisy.labels])
    of_labels = means.var(axis=0) / reference.var(axis=0)
    assert (of_labels[2:] < 0.5).all()
    assert right(noisy, test) < 0.8 < right(clean, test)


def test_a_perceptron_takes_as_many_steps_as_it_is_asked_for(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """One step an epoch where all clips are one batch: five steps of Adam move no weight as far as it began."""
    rate = 1e-3
    model = fitted(clips, cache, tmp_path / "few", "mlp", epochs=5, rate=rate)
    start = fitted(clips, cache, tmp_path / "none", "mlp", epochs=1, rate=1e-12)
    network, untrained = (one._fitted().steps[-1][1] for one in (model, start))
    assert len(network.loss_curve_) == 5
    assert (np.diff(network.loss_curve_) < 0).all()
    for weights, before in zip(network.coefs_, untrained.coefs_, strict=True):
        moved = np.abs(weights - before).max()
        assert 0 < moved <= 5 * rate * 1.01
        assert moved < np.abs(before).mean()
    assert right(model, sides(clips)[1]) < right(fitted(clips, cache, tmp_path / "all", "mlp"), sides(clips)[1])
    assert not recwarn.list


def test_held_out_speakers_are_never_learnt_from(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[set[str]] = []
    fit = held_out.fit_pipeline

    def watch(pipeline: Any, x: Any, y: Any, speakers: npt.NDArray[np.str_]) -> Any:
        fits.append(set(speakers.tolist()))
        return fit(pipeline, x, y, speakers)

    monkeypatch.setattr(held_out, "fit_pipeline", watch)
    fitted(clips, cache, tmp_path, folds=4, speeds=[0.9])
    everyone = {f"ravdess/{clip.speaker}" for clip in sides(clips)[0]}
    assert fits[-1] == everyone
    left_out = [everyone - fit for fit in fits[:-1]]
    assert len(left_out) == 4
    assert set.union(*left_out) == everyone
    assert sum(map(len, left_out)) == len(everyone)


def test_the_grid_is_searched_on_training_speakers(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    useless = {"method": "anova", "features": 1}
    model = fitted(clips, cache, tmp_path / "run", grid={"select": [useless, {}], "c": [5]})
    assert model.chosen == {"select": {}, "c": 5}
    model.save(tmp_path / "saved")
    loaded = ClassicalModel.load(module.read_saved(tmp_path / "saved"), cache)
    assert loaded.chosen == model.chosen
    assert fitted(clips, cache, tmp_path / "other").chosen == {}


def test_an_interrupted_search_goes_on_and_a_finished_fit_is_kept(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = held_out.fit_pipeline
    fits = 0

    def counted(*args: Any) -> Any:
        nonlocal fits
        fits += 1
        if fits == 4:
            raise KeyboardInterrupt
        return fit(*args)

    options: dict[str, Any] = {"grid": {"c": [1, 10]}}
    whole = fitted(clips, cache, tmp_path / "whole", **options)
    monkeypatch.setattr(held_out, "fit_pipeline", counted)
    with pytest.raises(KeyboardInterrupt):
        fitted(clips, cache, tmp_path / "run", **options)
    resumed = fitted(clips, cache, tmp_path / "run", **options)
    assert fits == 4 + 3  # the second combination's two folds, then all: the first's were kept
    assert np.array_equal(resumed.predict_proba(clips), whole.predict_proba(clips))
    kept = fitted(clips, cache, tmp_path / "run", **options)
    assert fits == 7
    assert np.array_equal(kept.predict_proba(clips), whole.predict_proba(clips))
    fitted(clips, cache, tmp_path / "run", c=1)
    assert fits == 10


def test_a_damaged_answer_of_the_search_is_computed_again(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    first = fitted(clips, cache, tmp_path).predict_proba(clips)
    for file in tmp_path.rglob("*.npy"):
        file.write_bytes(b"half")
    (tmp_path / "model" / "model.json").write_text("half")
    assert np.array_equal(fitted(clips, cache, tmp_path).predict_proba(clips), first)


def test_probabilities_of_what_cannot_be_learnt_are_modest(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    """Labels without relation to the sound: held-out speakers say so, and the model is not sure of anything."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation([clip.target for clip in clips])
    mixed = [replace(clip, label=label, emotion=None) for clip, label in zip(clips, shuffled, strict=True)]
    for family in ("svm", "linear-svm", "random-forest"):
        unsure = fitted(mixed, cache, tmp_path / family / "mixed", family)
        sure = fitted(clips, cache, tmp_path / family / "clips", family)
        test = sides(clips)[1]
        assert unsure.predict_proba(test).max(axis=1).mean() < 0.6 < sure.predict_proba(test).max(axis=1).mean()


@pytest.mark.parametrize("balance", ["smote", "oversample", "class-weight", "none"])
@pytest.mark.parametrize("rare", [1, 2])
def test_a_label_of_one_or_two_clips_is_learnt_with_the_others(
    balance: str, rare: int, clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    train, test = sides(clips)
    sad = [clip for clip in train if clip.target == "sad"]
    few = [clip for clip in train if clip.target != "sad"] + sad[:rare]
    model = ClassicalModel(recipe(balance=balance), cache)
    model.fit(few, folder=tmp_path)
    assert model.labels == ("angry", "happy", "neutral", "sad")
    assert right(model, [clip for clip in test if clip.target != "sad"]) > 0.8


def test_two_labels_and_boredom_by_its_own_word(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    two = [
        replace(clip, label="boredom", emotion=None) if clip.target == "neutral" else clip
        for clip in clips
        if clip.target in ("neutral", "angry")
    ]
    for family in ("svm", "logistic-regression", "gradient-boosting"):
        model = fitted(two, cache, tmp_path / family, family)
        assert model.labels == ("angry", "boredom")
        assert right(model, sides(two)[1]) > 0.8


def test_one_speaker_is_divided_by_clips_with_a_warning(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = [clip for clip in clips if clip.speaker == "A01"]
    model = ClassicalModel(recipe(speaker_directions=0.9, speeds=[0.9]), cache)
    with caplog.at_level(logging.WARNING):
        model.fit(alone, folder=tmp_path)
    assert "one speaker only" in caplog.text
    assert right(model, alone) > 0.8


def test_one_label_or_no_clip_is_refused(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    angry = [clip for clip in clips if clip.target == "angry"]
    with pytest.raises(CorpusError, match="only 'angry' as label; a model needs clips of two labels"):
        ClassicalModel(recipe(), cache).fit(angry, folder=tmp_path)
    with pytest.raises(CorpusError, match="no clip that can be learnt from"):
        ClassicalModel(recipe(), cache).fit([], folder=tmp_path)


def test_a_corrupt_clip_is_left_out(
    clips: tuple[Clip, ...], cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train, test = sides(clips)
    broken = replace(test[0], path=tmp_path / "broken.flac")
    broken.path.write_bytes(b"not sound")
    model = ClassicalModel(recipe(), cache)
    with caplog.at_level(logging.WARNING):
        assert model.prepare([*train, broken]) == tuple(train)
        model.fit([*train, broken], folder=tmp_path / "run")
    assert "broken.flac" in caplog.text
    with pytest.raises(CorpusError, match=r"broken\.flac cannot be used"):
        model.predict_proba([broken])


def test_speakers_differences_are_taken_out(clips: tuple[Clip, ...]) -> None:
    from affetto.learning.transforms import SpeakerDirections

    rng = np.random.default_rng(1)
    speakers, y = np.repeat(np.arange(6), 20), np.tile(np.array(["a", "b"]), 60)
    voice = rng.standard_normal((6, 10))[speakers] @ np.diag([5.0, 5.0, *[0.0] * 8])
    x = voice + rng.standard_normal((120, 10)) * 0.01
    x[y == "a", 5] += 1
    clean = SpeakerDirections(0.999).fit(x, y, speakers).transform(x)
    assert np.abs(clean[:, :2]).max() < 0.2
    assert clean[y == "a", 5].mean() - clean[y == "b", 5].mean() == pytest.approx(1, abs=0.05)
    assert np.array_equal(SpeakerDirections(1.0).fit(x, y, np.zeros(120)).transform(x), x)
    assert np.array_equal(SpeakerDirections(1.0).fit(x, y).transform(x), x)
    assert clips


def test_importance_names_the_descriptors_that_matter(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    model = fitted(clips, cache, tmp_path / "run", "linear-svm")
    found = model.importance()
    assert set(found) == {*(f"band{n}" for n in range(12)), "noise0", "noise1"}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert next(iter(found)).startswith("band")
    assert max(found.values()) > max(found["noise0"], found["noise1"])
    assert fitted(clips, cache, tmp_path / "run", "linear-svm").importance() == found  # of a fit that was kept
    model.save(tmp_path / "saved")
    loaded = ClassicalModel.load(module.read_saved(tmp_path / "saved"), cache)
    with pytest.raises(ModelError, match="which a loaded model lacks"):
        loaded.importance()


def test_clips_have_a_place_among_each_other(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    model = fitted(clips, cache, tmp_path, reduce={"method": "pca", "components": 3})
    assert model.embed(clips).shape == (len(clips), 3)
    neighbours = fitted(clips, cache, tmp_path / "b", "k-nearest-neighbours", balance="smote")
    assert neighbours.embed(clips).shape == (len(clips), WIDTH)  # what is added for learning is not asked about


def test_onnx_is_refused_with_the_reason(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'svm' cannot be exported to x\.onnx: .*pitch tracking"):
        fitted(clips, cache, tmp_path).export(tmp_path / "x.onnx")


def test_nothing_is_answered_before_the_fit(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    model = ClassicalModel(recipe(), cache)
    calls: list[Callable[[], object]] = [
        lambda: model.labels,
        lambda: model.predict_proba(clips),
        lambda: model.save(tmp_path / "x"),
        model.importance,
    ]
    for call in calls:
        with pytest.raises(ModelError, match="not fitted"):
            call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": 0}, "learnt from version 0 of the functionals"),
        ({"versions": {"scikit-learn": "0.1", "imbalanced-learn": "0.1"}}, "saved with scikit-learn 0.1, here is"),
        ({"versions": None}, "saved with scikit-learn None"),
        ({"scale": 0.0}, r"damaged: scale = 0\.0"),
        ({"scale": "1"}, "damaged: scale = '1'"),
        ({"chosen": []}, "damaged"),
        ({"labels": ["angry"]}, "the labels are not those"),
    ],
)
def test_a_model_of_another_version_is_refused(
    change: dict[str, Any], message: str, clips: tuple[Clip, ...], cache: Path, tmp_path: Path
) -> None:
    fitted(clips, cache, tmp_path / "run").save(tmp_path / "saved")
    file = tmp_path / "saved" / "model.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ModelError, match=message) as error:
        load_model(tmp_path / "saved", cache)
    assert "\n" not in str(error.value)


def test_a_sparse_selection_of_nothing_says_what_to_do(clips: tuple[Clip, ...], cache: Path, tmp_path: Path) -> None:
    one_each = list({clip.target: clip for clip in clips}.values())
    model = ClassicalModel(recipe(select={"method": "l1"}), cache)
    with pytest.raises(ModelError, match=r"'l1' keeps none of 24 features, . clips are too few"):
        model.fit(one_each[:2], folder=tmp_path)


def test_the_features_are_the_functionals_of_the_clip(
    clips: tuple[Clip, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "functionals", functionals)
    some = [clip for clip in clips if clip.speaker in ("A01", "A02") and clip.target in ("angry", "sad")]
    model = ClassicalModel(recipe(), tmp_path / "cache")
    model.fit(some, folder=tmp_path / "run")
    assert model.embed(some).shape == (len(some), len(functional_names()))
    assert right(model, some) == 1.0
