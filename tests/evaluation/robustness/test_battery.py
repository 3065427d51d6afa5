"""The battery from clips to figures, on synthesized voices and the shipped model."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from affetto.cli.app import app
from affetto.errors import CorpusError, ModelError
from affetto.evaluation.robustness import battery
from affetto.evaluation.robustness.backgrounds import Backgrounds
from affetto.evaluation.robustness.battery import run_battery
from affetto.evaluation.robustness.figures import outcomes
from affetto.evaluation.robustness.judges import Judge, Recording, judges_of_folds, one_judge, recordings_of, sampled
from affetto.evaluation.robustness.readings import CLEAN, REFUSED, ClipReadings, read_readings, write_readings
from affetto.evaluation.robustness.suite import REFERENCES, SUITE
from affetto.voice.audio import RATE, Samples
from tests.conftest import SENTENCES

QUICK = [test for test in SUITE if test.name in ("Gain", "Babble Noise", "Simulated Room")]


@pytest.fixture(scope="module")
def folder(say: Callable[..., Samples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three voices with two sentences each, under RAVDESS's names."""
    root = tmp_path_factory.mktemp("voices")
    for actor, pitch in ((1, 30), (2, 70), (3, 50)):
        for code, sentence in (("03", SENTENCES[0]), ("05", SENTENCES[1])):
            soundfile.write(root / f"03-01-{code}-01-01-01-{actor:02}.flac", say(sentence, pitch=pitch), RATE)
    return root


@pytest.fixture
def around(folder: Path) -> Backgrounds:
    return Backgrounds(voices=tuple((clip.speaker, clip.path) for clip in recordings_of(folder, "ravdess")))


def test_every_clip_is_read_as_it_is_and_under_every_change(
    folder: Path, around: Backgrounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judges = one_judge(None, recordings_of(folder, "ravdess"))
    stages: list[tuple[str, int, int]] = []
    rows = run_battery(judges, tests=QUICK, around=around, cache=tmp_path, progress=lambda *stage: stages.append(stage))
    assert [row.label for row in rows] == ["happy", "happy", "happy", "angry", "angry", "angry"]
    assert all(set(row.read) == {CLEAN, REFERENCES[1].key, *(test.key for test in QUICK)} for row in rows)
    assert stages[-1] == ("changing and reading", 5, 5)

    def not_again(*_: object) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(battery, "_verdict", not_again)
    assert run_battery(judges, tests=QUICK, around=around, cache=tmp_path) == rows
    part = run_battery(sampled(judges, 1), tests=QUICK, around=around, cache=tmp_path)
    assert {row.stem: row for row in part}.items() <= {row.stem: row for row in rows}.items()
    with pytest.raises(AssertionError, match="read again"):
        run_battery(judges, tests=QUICK, around=around, cache=tmp_path, seed=1)


def test_another_recording_of_the_same_name_is_read_anew(folder: Path, tmp_path: Path) -> None:
    gain = QUICK[:1]
    run_battery(one_judge(None, recordings_of(folder, "ravdess")), tests=gain, around=Backgrounds(), cache=tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    for file in folder.glob("*.flac"):
        soundfile.write(other / file.name, np.zeros(RATE), RATE)
    rows = run_battery(
        one_judge(None, recordings_of(other, "ravdess")), tests=gain, around=Backgrounds(), cache=tmp_path
    )
    assert {row.read[CLEAN] for row in rows} == {REFUSED}


@pytest.mark.slow
def test_processes_read_the_same(folder: Path, around: Backgrounds, tmp_path: Path) -> None:
    judges = one_judge(None, recordings_of(folder, "ravdess"))
    alone = run_battery(judges, tests=QUICK, around=around, cache=tmp_path / "1")
    assert run_battery(judges, tests=QUICK, around=around, cache=tmp_path / "2", jobs=2) == alone


def test_a_recording_that_cannot_be_decoded_is_left_out(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    clips = [Recording(broken), *recordings_of(folder)]
    rows = run_battery(one_judge(None, clips), tests=QUICK[:1], around=Backgrounds(), cache=tmp_path)
    assert len(rows) == len(clips) - 1


def rows_of(*readings: tuple[str, str, str]) -> list[ClipReadings]:
    """Label, reading as it is, reading in babble."""
    key = next(test.key for test in SUITE if test.name == "Babble Noise")
    return [
        ClipReadings(stem=str(place), speaker=f"S{place % 2}", label=label, read={CLEAN: before, key: after})
        for place, (label, before, after) in enumerate(readings)
    ]


def test_figures_count_what_stays_what_is_lost_and_what_is_refused() -> None:
    (one,) = outcomes(
        rows_of(("sad", "sad", "sad"), ("sad", "sad", "angry"), ("angry", "angry", REFUSED), ("angry", "sad", "sad"))
    )
    assert one.unchanged == 0.5
    assert one.loss == pytest.approx(0.75 - 0.25)
    assert one.uar == pytest.approx(0.25)
    assert one.lost == 0.25
    assert not one.passed
    assert one.interval[0] <= 0.5 <= one.interval[1]
    (same,) = outcomes(rows_of(("sad", "sad", "sad"), ("angry", REFUSED, REFUSED)))
    assert (same.unchanged, same.lost, same.loss, same.passed) == (1.0, 0.0, 0.0, True)
    (unlabelled,) = outcomes(rows_of(("", "sad", "sad"), ("", "sad", "sad")))
    assert unlabelled.loss is None
    assert unlabelled.uar is None
    assert unlabelled.passed


def test_a_simulated_room_is_compared_with_the_booth() -> None:
    room = next(test for test in SUITE if test.name == "Simulated Room")
    row = ClipReadings(stem="x", read={CLEAN: "sad", room.against: "calm", room.key: "calm"})
    assert outcomes([row])[0].unchanged == 1.0


def test_readings_are_kept_in_a_table(tmp_path: Path) -> None:
    rows = rows_of(("sad", "sad", "sad"), ("angry", "angry", REFUSED))
    write_readings(rows, tmp_path / "new" / "readings.csv")
    assert list(read_readings(tmp_path / "new" / "readings.csv")) == rows
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="make them with 'affetto robustness --out'"):
        read_readings(tmp_path / "other.csv")
    with pytest.raises(CorpusError, match="cannot be written"):
        write_readings(rows, tmp_path / "other.csv" / "readings.csv")


def test_a_sample_spreads_over_speakers_and_labels() -> None:
    clips = tuple(
        Recording(Path(f"{label}-{take}-{speaker}.wav"), "c", speaker, label)
        for speaker in "AB"
        for label in ("sad", "happy", "angry")
        for take in range(5)
    )
    (judge,) = sampled((Judge(None, "", clips),), 3)
    assert sorted((clip.speaker, clip.label) for clip in judge.clips) == sorted(
        (speaker, label) for speaker in "AB" for label in ("sad", "happy", "angry")
    )
    (backwards,) = sampled((Judge(None, "", clips[::-1]),), 3)
    assert set(backwards.clips) == set(judge.clips)


def test_folders_without_models_or_recordings_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no audio file below"):
        recordings_of(tmp_path)
    with pytest.raises(ModelError, match="holds no models of folds"):
        judges_of_folds(tmp_path, data=None, cache=tmp_path)
    with pytest.raises(ModelError, match=r"gone\.onnx: No such file"):
        assert Judge(tmp_path / "gone.onnx", "", ()).key


class TestCommand:
    @pytest.fixture(autouse=True)
    def _cache(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))

    def run(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["robustness", *arguments])
        return done.exit_code, done.stdout

    def test_it_prints_figures_and_says_loudly_that_they_are_not_out_of_fold(
        self, folder: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "report"
        code, text = self.run("--clips", str(folder), "--test", "gain", "--test", "babble", "--out", str(out))
        assert "not out of fold" in text
        assert "6 clips, 1 model(s)" in text
        assert code == int("NO" in text)
        again = self.run("--from", str(out))
        assert again[0] == code
        assert again[1] == text
        found = json.loads(self.run("--from", str(out / "readings.csv"), "--json")[1])
        assert [test["name"] for test in found["tests"]] == ["Gain", "Babble Noise"]
        assert found["passed"] + found["failed"] == 2
        assert found["failed"] == code * found["failed"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "give one of --clips"),
            (["--clips", ".", "--folds", "."], "give one of --clips"),
            (["--clips", ".", "--test", "earthquake"], "--test earthquake: no such test; there are small-changes-"),
        ],
    )
    def test_bad_options_are_refused(self, arguments: list[str], message: str) -> None:
        done = CliRunner().invoke(app, ["robustness", *arguments])
        assert message in str(done.exception)
