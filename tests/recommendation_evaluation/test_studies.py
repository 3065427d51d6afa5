import csv
from pathlib import Path

import numpy as np
import pytest

from affetto.affect import Affect
from affetto.errors import CorpusError
from affetto.music_learning.evaluate import Prediction, write_predictions
from affetto.recommendation_evaluation.journeys import evaluate_journeys, journey_to, rated_libraries
from affetto.recommendation_evaluation.lastfm import evaluate_lastfm
from affetto.recommendation_evaluation.ratings import in_time, read_ratings, read_tunes
from affetto.recommendation_evaluation.simulator import POLICIES, Hidden, evaluate_simulator, listen, made_up_library
from affetto.recommendation_evaluation.situnes import evaluate_situnes
from affetto.recommendation_evaluation.songs import Sound


def quiet(stage: str, done: int, total: int) -> None:
    assert 0 < done <= total
    assert stage


def predictions(count: int = 80, *, noise: float = 0.1) -> list[Prediction]:
    rng = np.random.default_rng(0)
    found: list[Prediction] = []
    for n in range(count):
        for target in ("valence", "arousal"):
            truth = float(np.clip(rng.normal(0, 0.5), -1, 1))
            guess = truth + float(rng.normal(0, noise))
            common = {"source": "emotify", "repeat": 0, "fold": 0, "track": str(n), "genre": ("pop", "rock")[n % 2]}
            found.append(
                Prediction(
                    **common,  # type: ignore[arg-type]
                    target=target,
                    truth=truth,
                    predicted=guess,
                    low=guess - 0.3,
                    high=guess + 0.3,
                    by_genre=0.0,
                    error=0.0,
                )
            )
    return found


def sounds(count: int = 80) -> dict[tuple[str, str], Sound]:
    rng = np.random.default_rng(1)
    return {
        ("emotify", str(n)): Sound(
            artist=f"artist {n}",
            tempo=float(rng.uniform(60, 160)),
            loudness=float(rng.uniform(-20, -6)),
            features=rng.normal(size=5),
        )
        for n in range(count)
    }


def value(report: object, what: str, method: str, metric: str) -> float:
    found = [f for f in report.figures if (f.what, f.method, f.metric) == (what, method, metric)]  # type: ignore[attr-defined]
    assert len(found) == 1, (what, method, metric)
    return found[0].value


def test_estimates_near_the_truth_close_most_of_the_gap(tmp_path: Path) -> None:
    write_predictions(predictions(), tmp_path / "predictions.csv")
    report = evaluate_journeys(tmp_path / "predictions.csv", sounds(), draws=1, progress=quiet)
    for goal in ("happy", "sad", "calm", "angry"):
        ours = value(report, f"emotify, stay, {goal}", "ours", "distance")
        best = value(report, f"emotify, stay, {goal}", "best possible", "distance")
        random = value(report, f"emotify, stay, {goal}", "random", "distance")
        assert best <= ours < random
        assert value(report, f"emotify, stay, {goal}", "ours", "gap closed") > 0.5
    assert value(report, "emotify, long journey", "ours", "progress") > 0.6
    for metric in ("tempo step", "loudness step", "diversity"):
        assert value(report, "emotify, journey", "ours", metric) > 0
    assert value(report, "emotify, journey", "ours", "tempo step") < value(
        report, "emotify, journey", "the same at random", "tempo step"
    )


def test_journeys_end_at_what_the_library_holds_and_count_twelve() -> None:
    library = rated_libraries(predictions(), sounds())["emotify"][0].library
    for aim in (Affect(0.83, 0.53), Affect(0.05, 0.0), Affect(-1.0, -1.0)):
        journey = journey_to(Affect(0, 0), aim, library)
        assert len(journey.steps) == 12
        assert journey_to(aim, aim, library, stay=True).steps == (0,) * 12
    assert journey_to(Affect(0, 0), Affect(-1, -1), library).goal.distance(Affect(-1, -1)) > 0


def write_situnes(folder: Path) -> None:
    """Six listeners who like what sounds bright, three of them rock as well; the second half is later."""
    rng = np.random.default_rng(0)
    names = ["item_id", "popularity", "loudness", "danceability", "energy", "acousticness", "valence", "tempo"]
    names += ["general_genre", "pcm_fftMag_psySharpness_sma_amean"]
    bright = rng.normal(size=40)
    with (folder / "tracks.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for n in range(40):
            rows.writerow([n, 20, -8, 0.5, 0.5, "" if n == 3 else 0.2, 0.5, 120 + n, ("rock", "pop")[n % 2], bright[n]])
    for stage, each in (("stage1", 6), ("stage2", 24)):
        with (folder / f"{stage}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["user_id", "item_id", "timestamp", "rating", "emo_pre_valence", "emo_pre_arousal"])
            for user in range(6):
                for n in range(each):
                    item = int(rng.integers(40))
                    stars = 3.2 + bright[item] + (user < 3) * (0.8 if item % 2 == 0 else -0.8) + rng.normal(0, 0.3)
                    time = 1_600_000_000 + 3600 * n + (stage == "stage2") * 10**6
                    mood = ("", "") if stage == "stage1" else rng.uniform(-1, 1, 2)
                    rows.writerow([user, item, time, int(np.clip(round(stars), 1, 5)), *mood])


def test_a_shared_and_an_own_taste_are_found_in_ratings(tmp_path: Path) -> None:
    write_situnes(tmp_path)
    report = evaluate_situnes(tmp_path, draws=4, progress=quiet)
    assert value(report, "later ratings", "ours", "AUC") > 0.75
    assert value(report, "later ratings", "ours", "nDCG@5") > value(report, "later ratings", "random", "nDCG@5")
    assert value(report, "later ratings of new tracks", "ours", "AUC") > 0.7
    assert value(report, "later ratings", "user mean", "AUC within a listener") == 0.5
    exam = evaluate_situnes(tmp_path, exam=tmp_path / "stage2.csv", draws=2, progress=quiet)
    assert exam.facts["tested"] == 6 * 24


def test_ratings_are_split_in_time_within_each_listener(tmp_path: Path) -> None:
    write_situnes(tmp_path)
    early, late = in_time(read_ratings(tmp_path / "stage2.csv"), 0.7)
    for user in {rating.listener for rating in early}:
        assert max(r.time for r in early if r.listener == user) <= min(r.time for r in late if r.listener == user)
    assert all(rating.mood is None for rating in read_ratings(tmp_path / "stage1.csv"))


@pytest.mark.parametrize("read", [read_tunes, read_ratings])
def test_tables_that_are_missing_or_other_ones_are_refused(read: object, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.csv"):
        read(tmp_path / "none.csv")  # type: ignore[operator]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"other\.csv"):
        read(tmp_path / "other.csv")  # type: ignore[operator]


def test_cold_start_finds_artists_of_the_same_circle(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["//userID\tartistID\tweight"]
    for user in range(60):
        circle = user % 3
        for artist in 80 * circle + rng.choice(80, 45, replace=False):
            lines.append(f"{user}\t{artist}\t{rng.integers(1, 99)}")
    (tmp_path / "user_artists.dat").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = evaluate_lastfm(tmp_path, progress=quiet)
    assert value(report, "10 likes", "ours over popularity", "ratio") > 1.5
    (tmp_path / "user_artists.dat").write_text("nothing\n1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="user_artists"):
        evaluate_lastfm(tmp_path, progress=quiet)


def test_a_made_up_listener_does_what_they_feel_or_anything_when_hostile() -> None:
    columns, moods = made_up_library(0)
    assert len(columns) == len(moods)
    rng = np.random.default_rng(0)
    hidden = Hidden.draw(columns, rng)
    best, worst = int(hidden.liking.argmax()), int(hidden.liking.argmin())
    deeds = {place: [hidden.deed(place, rng)[0] for _ in range(50)] for place in (best, worst)}
    assert deeds[best].count("like") > 40
    assert deeds[worst].count("like") == 0
    hostile = Hidden.draw(columns, rng, hostile=True)
    assert [hostile.deed(worst, rng)[0] for _ in range(50)].count("like") > 3


def test_taste_regrets_less_than_mood_alone() -> None:
    columns, _ = made_up_library(0)
    hidden = Hidden.draw(columns, np.random.default_rng(2))
    regret = {
        name: listen(POLICIES[name], hidden, hidden, seed=4, plays=60).regret[30:].sum()
        for name in ("mood only", "ours")
    }
    assert regret["ours"] < 0.8 * regret["mood only"]
    again = listen(POLICIES["ours"], hidden, hidden, seed=4, plays=60).regret[30:].sum()
    assert again == regret["ours"]


def test_the_simulator_reports_all_kinds_of_listeners() -> None:
    report = evaluate_simulator(listeners=2, plays=60, progress=quiet)
    for kind in ("steady", "changes at the half", "hostile"):
        assert value(report, f"{kind}, 60 plays", "ours", "regret") > 0
    assert value(report, "steady, 60 plays", "ours over mood only", "ratio") < 0.9
