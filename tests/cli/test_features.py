"""``affetto features``: recordings in, tables out."""

import csv
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from affetto.cli import features
from affetto.features.sets import contour_names, extract, feature_names
from affetto.voice.audio import read_audio

Affetto = Callable[..., Any]
VOICE = Path(str(resources.files("affetto.samples").joinpath("happy.flac")))
RATE = 16_000


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A voice, silence, a clip of 0.05 s and a file that is no sound."""
    inside = tmp_path / "recordings"
    inside.mkdir()
    (inside / "a.flac").write_bytes(VOICE.read_bytes())
    soundfile.write(inside / "b.wav", np.zeros(RATE), RATE)
    soundfile.write(inside / "c.wav", 0.1 * np.sin(np.arange(RATE // 20) / 8), RATE)
    (inside / "d.wav").write_text("no sound")
    (inside / "notes.txt").write_text("not looked at")
    return inside


def test_a_folder_becomes_a_table(affetto: Affetto, folder: Path, tmp_path: Path) -> None:
    outcome = affetto("features", folder, VOICE, "--out", tmp_path / "x.csv")
    assert outcome.code == 2  # of one recording
    assert outcome.err.count("affetto: ") == 1
    assert "d.wav: not a sound file" in outcome.err
    rows = table(tmp_path / "x.csv")
    assert [Path(row["file"]).name for row in rows] == ["a.flac", "b.wav", "c.wav", "happy.flac"]
    values = np.array([[float(row[name]) for name in feature_names()] for row in rows])
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values[0], extract(read_audio(VOICE)), rtol=1e-6, atol=1e-9)
    assert outcome.out.startswith(f"Saved as {tmp_path / 'x.csv'}: 4 recordings (")
    assert f"1 left out, 4 x {len(feature_names())} values" in outcome.out


@pytest.mark.parametrize("name", ["prosody", "spectral", "temporal", "functionals"])
def test_each_set_has_its_columns(affetto: Affetto, tmp_path: Path, name: str) -> None:
    outcome = affetto("features", VOICE, "--set", name, "--out", tmp_path / "x.csv")
    assert outcome.code == 0, outcome.err
    (row,) = table(tmp_path / "x.csv")
    assert tuple(row) == ("file", *feature_names(name))


def test_statistics_and_json(affetto: Affetto, folder: Path) -> None:
    outcome = affetto("features", VOICE, folder / "b.wav", "--set", "prosody", "--statistics", "sd, mean", "--json")
    assert outcome.code == 0, outcome.err
    first, second = map(json.loads, outcome.out.splitlines())
    assert first["file"] == str(VOICE)
    assert tuple(first["features"]) == feature_names("prosody", statistics=["sd", "mean"])
    assert second["features"]["f0_median_hz"] == 0


def test_json_tells_what_was_written(affetto: Affetto, folder: Path, tmp_path: Path) -> None:
    outcome = affetto("features", folder, "--set", "temporal", "--out", tmp_path / "x.arff", "--json")
    assert outcome.code == 2
    facts = json.loads(outcome.out)
    assert (facts["recordings"], facts["rows"], facts["features"]) == (3, 3, 9)
    assert [Path(entry["file"]).name for entry in facts["failed"]] == ["d.wav"]
    assert (tmp_path / "x.arff").read_text().count("\n'") == 3


def test_frames_are_rows(affetto: Affetto, tmp_path: Path) -> None:
    outcome = affetto("features", VOICE, "--frames", "--set", "prosody", "--out", tmp_path / "x.csv")
    assert outcome.code == 0, outcome.err
    rows = table(tmp_path / "x.csv")
    assert tuple(rows[0]) == ("file", "seconds", *contour_names("prosody"))
    assert [float(row["seconds"]) for row in rows[:3]] == pytest.approx([0.02, 0.03, 0.04])
    assert len(rows) == 1 + (len(read_audio(VOICE)) - 640) // 160


def test_preprocessing_is_done_when_asked_for(affetto: Affetto) -> None:
    def row(*options: str) -> dict[str, float]:
        outcome = affetto("features", VOICE, "--json", "--set", "all", "--statistics", "mean", *options)
        assert outcome.code == 0, outcome.err
        return json.loads(outcome.out)["features"]

    plain = row()
    assert row("--trim")["seconds"] < plain["seconds"] - 0.1
    quiet = row("--lufs", "-40")
    assert quiet["level_db.mean"] < plain["level_db.mean"] - 5
    assert quiet["jitter"] == pytest.approx(plain["jitter"], rel=0.01)
    assert row("--pre-emphasis")["alpha_ratio_db.mean"] > plain["alpha_ratio_db.mean"] + 5
    assert row("--reduce-noise")["level_db.mean"] != plain["level_db.mean"]
    assert row("--remove-dc")["seconds"] == plain["seconds"]


def test_parquet(affetto: Affetto, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    outcome = affetto("features", VOICE, "--set", "temporal", "--out", tmp_path / "x.parquet")
    assert outcome.code == 0, outcome.err
    assert list(pandas.read_parquet(tmp_path / "x.parquet").columns) == ["file", *feature_names("temporal")]


@pytest.mark.slow
def test_jobs_give_the_same_table_in_the_same_order(affetto: Affetto, folder: Path, tmp_path: Path) -> None:
    for jobs in (1, 3):
        out = tmp_path / f"{jobs}.csv"
        outcome = affetto("features", folder, "--set", "prosody", "--out", out, "--jobs", jobs)
        assert outcome.code == 2
        assert outcome.err.count("not a sound file") == 1
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "3.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "prosodic", "--out", "x.csv"], "unknown set 'prosodic': did you mean prosody?"),
        (["--set", "mood", "--out", "x.csv"], "give one of prosody, spectral, temporal, functionals, all"),
        (["--statistics", "mean,kurtsis", "--json"], "did you mean kurtosis?"),
        (["--statistics", ",", "--json"], "no statistic in ','"),
        (["--frames", "--set", "temporal", "--json"], "--frames: the set 'temporal' holds nothing frame by frame"),
        (["--lufs", "3", "--json"], "--lufs 3: give a loudness from -70 to 0"),
        ([], "no table to write: give --out FILE"),
        (["--out", "x.txt"], "unknown kind '.txt'"),
        (["--out", "/nowhere/at/all/x.csv"], "there is no folder /nowhere/at/all"),
        (["--jobs", "0", "--json"], "greater than or equal to 1"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(affetto: Affetto, options: list[str], message: str) -> None:
    outcome = affetto("features", "never-opened.wav", *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert "never-opened" not in outcome.err


def test_nothing_readable_writes_nothing(affetto: Affetto, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")
    outcome = affetto("features", folder / "d.wav", tmp_path / "missing.wav", "--out", target)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("affetto: ") == 2
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recordings", "x.csv"]


def test_a_folder_without_sound_is_named(affetto: Affetto, tmp_path: Path) -> None:
    outcome = affetto("features", tmp_path, "--json")
    assert outcome.code == 2
    assert "no audio file below this folder" in outcome.err


def test_a_recording_too_long_for_memory_is_left_out(
    affetto: Affetto, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_LONGEST", 2.0)
    outcome = affetto("features", VOICE, folder / "b.wav", "--set", "temporal", "--json")
    assert outcome.code == 2
    assert "longer than 0 minutes; cut it into utterances" in outcome.err
    assert len(outcome.out.splitlines()) == 1


def test_names_with_anything_in_them(affetto: Affetto, tmp_path: Path) -> None:
    nasty = Path(str(tmp_path) + '/it\'s "a"\nname\udcff.flac')
    nasty.write_bytes(VOICE.read_bytes())
    for suffix in ("csv", "arff"):
        outcome = affetto("features", nasty, "--set", "temporal", "--out", tmp_path / f"x.{suffix}")
        assert outcome.code == 0, outcome.err
    assert len(table(tmp_path / "x.csv")) == 1
