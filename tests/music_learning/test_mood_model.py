import numpy as np
import pytest

from affetto.errors import CorpusError, RecipeError
from affetto.music.analysis import FEATURES, TABLE_FEATURES
from affetto.music.estimator import MoodModel
from affetto.music.process import Process
from affetto.music_learning import load_mood_recipe
from affetto.music_learning.data import RATED_GROUPS, TABLE_GROUPS, Rated, Table, read_rated, read_table
from affetto.music_learning.evaluate import (
    cross_validate,
    folds_of,
    read_predictions,
    widening,
    write_predictions,
)
from affetto.music_learning.gaussian import fit_process
from affetto.music_learning.recipe import EvaluationRecipe, FitRecipe, MoodRecipe
from affetto.music_learning.report import figures
from affetto.music_learning.train import save, train

RECIPE = MoodRecipe(
    name="tiny",
    fit=FitRecipe(anchors=40, evidence_rows=60, iterations=4),
    evaluation=EvaluationRecipe(table_folds=2, rated_folds=3, repeats=2, inner_folds=2),
)


def silent(*_):
    pass


def songs(count, *, seed, names, outputs):
    """Features whose first of each of two groups sets the ratings, and noise."""
    rng = np.random.default_rng(seed)
    features = np.zeros((count, len(FEATURES)))
    known = [place for group in names for place in group]
    hidden = rng.normal(size=(count, 2))
    features[:, known] = rng.normal(scale=0.5, size=(count, len(known)))
    for axis, group in enumerate(names[:2]):
        features[:, list(group)] += hidden[:, [axis]]
    ratings = 0.3 * np.tanh(hidden) + 0.02 * rng.normal(size=(count, 2))
    return features, np.hstack([ratings, -ratings])[:, :outputs]


@pytest.fixture(scope="module")
def table() -> Table:
    features, ratings = songs(120, seed=0, names=TABLE_GROUPS, outputs=2)
    return Table(ids=tuple(map(str, range(120))), features=features, ratings=ratings)


@pytest.fixture(scope="module")
def rated() -> Rated:
    features, ratings = songs(72, seed=1, names=RATED_GROUPS, outputs=4)
    return Rated(
        ids=tuple(map(str, range(72))),
        artists=tuple(f"artist {n // 4}" for n in range(72)),
        genres=tuple(("rock", "pop")[n % 2] for n in range(72)),
        features=features,
        ratings=ratings,
        error=np.full((72, 4), 1e-4),
    )


@pytest.fixture(scope="module")
def predictions(table, rated):
    return cross_validate(RECIPE, table, rated, progress=silent)


def test_what_can_be_learnt_is_learnt_and_intervals_hold_what_they_promise(predictions):
    found = {(one.source, one.target): one for one in figures(predictions)}
    assert set(found) == {
        ("deam", "valence"),
        ("deam", "arousal"),
        *(("emotify", name) for name in ("valence", "arousal", "joyful_activation", "calmness")),
    }
    for one in found.values():
        assert one.correlation > 0.6
        assert one.correlation_low < one.correlation < one.correlation_high
        assert 0.8 <= one.coverage <= 1
    assert found["emotify", "arousal"].reliability > 0.9
    assert abs(found["emotify", "arousal"].by_genre) < 0.5
    assert np.isnan(found["deam", "arousal"].within_genre)
    assert found["deam", "arousal"].to_dict()["within_genre"] is None


def test_no_artist_is_on_both_sides(predictions, rated):
    artist = dict(zip(rated.ids, rated.artists, strict=True))
    for repeat in range(2):
        rows = [one for one in predictions if (one.source, one.repeat, one.target) == ("emotify", repeat, "arousal")]
        assert sorted(one.track for one in rows) == sorted(rated.ids)
        homes = {}
        for one in rows:
            assert homes.setdefault(artist[one.track], one.fold) == one.fold


def test_predictions_are_the_report(predictions, tmp_path):
    write_predictions(predictions, tmp_path / "r" / "predictions.csv")
    read = read_predictions(tmp_path / "r" / "predictions.csv")
    assert len(read) == len(predictions)
    for kept, one in zip(figures(read), figures(predictions), strict=True):
        assert kept.correlation == pytest.approx(one.correlation, abs=1e-3)
    (tmp_path / "bad.csv").write_text("source\nx\n")
    with pytest.raises(CorpusError, match="no predictions of a mood model"):
        read_predictions(tmp_path / "bad.csv")


def test_the_model_is_one_file_that_answers_as_it_did(table, rated, tmp_path):
    model = train(RECIPE, table, rated, progress=silent)
    assert ((model.share >= 0) & (model.share <= 1)).all()
    save(model, tmp_path / "mood.npz", facts={"recipe": "tiny"})
    with np.load(tmp_path / "mood.npz", allow_pickle=False) as file:
        assert tuple(file["features"].tolist()) == FEATURES
        parts = {
            name: Process.from_arrays({key: file[f"{name}.{key}"] for key in Process.__dataclass_fields__})
            for name in ("table", "rated")
        }
        again = MoodModel(**parts, share=file["share"], widening=file["widening"])
    before, after = model.estimate(rated.features), again.estimate(rated.features)
    assert after.valence == pytest.approx(before.valence, abs=1e-4)
    assert after.covariance == pytest.approx(before.covariance, abs=1e-4)


def test_far_from_all_music_a_process_knows_nothing(table):
    process = fit_process(
        table.features, table.ratings, groups=TABLE_GROUPS, anchors=30, evidence_rows=60, iterations=3, seed=0
    )
    near, sure = process.predict(table.features[:5])
    far, unsure = process.predict(np.full((1, len(FEATURES)), 1e9))
    assert unsure[0] > sure.max()
    assert np.abs(far - table.ratings.mean(0)).max() < np.abs(near - table.ratings.mean(0)).max()


def test_the_same_seed_gives_the_same_process(table):
    options = {"groups": TABLE_GROUPS, "anchors": 30, "evidence_rows": 60, "iterations": 3, "seed": 0}
    first, second = (fit_process(table.features, table.ratings, **options) for _ in range(2))
    assert (first.predict(table.features)[0] == second.predict(table.features)[0]).all()


def test_folds_keep_groups_together_and_are_about_equal():
    groups = [f"g{n // 3}" for n in range(60)]
    fold = folds_of(groups, 5, seed=1)
    assert len({(group, number) for group, number in zip(groups, fold, strict=True)}) == 20
    assert set(np.bincount(fold)) == {12}


def test_widening_makes_intervals_hold_nine_in_ten():
    rng = np.random.default_rng(0)
    truth, sd = rng.normal(scale=2.0, size=(500, 1)), np.ones((500, 1))
    wide = widening(truth, np.zeros((500, 1)), sd)
    assert (np.abs(truth) <= 1.6449 * wide * sd).mean() == pytest.approx(0.9, abs=0.01)


def test_a_recipe_is_checked_key_by_key(tmp_path):
    assert load_mood_recipe("recipes/mood.toml").evaluation.rated_folds == 10
    (tmp_path / "a.toml").write_text('name = "x"\n[fit]\nanchors = 2\n')
    with pytest.raises(RecipeError, match=r"fit\.anchors = 2"):
        load_mood_recipe(tmp_path / "a.toml")
    with pytest.raises(RecipeError, match=r"see recipes/mood\.toml"):
        load_mood_recipe(tmp_path / "none.toml")


def test_data_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"data\.root names the folder"):
        read_table(tmp_path / "deam.csv")
    (tmp_path / "deam.csv").write_text("deam_id,valence\n1,5\n")
    with pytest.raises(CorpusError, match="expected deam_id, valence, arousal"):
        read_table(tmp_path / "deam.csv")
    (tmp_path / "tracks.csv").write_text("file\na.opus\n")
    with pytest.raises(CorpusError, match="expected Emotify's nine scales"):
        read_rated(tmp_path, cache=tmp_path / "cache", progress=silent)


@pytest.mark.shared
def test_the_table_of_deam_has_the_features_of_the_analysis(shared):
    table = read_table(shared / "music" / "deam-librosa.csv")
    assert len(table.ids) == 1802
    assert np.abs(table.ratings).max() <= 1
    assert (table.features[:, len(TABLE_FEATURES) :] == 0).all()
