import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from affetto.cli.app import app
from affetto.errors import CorpusError, OptionError
from tests.recommendation_evaluation.test_studies import write_situnes

runner = CliRunner()


def test_a_study_is_printed_and_kept(tmp_path: Path) -> None:
    (tmp_path / "music" / "situnes").mkdir(parents=True)
    write_situnes(tmp_path / "music" / "situnes")
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "out")]
    done = runner.invoke(app, ["evaluate-recommender", "situnes", *where, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    printed = json.loads(done.stdout)["reports"][0]
    assert printed == json.loads((tmp_path / "out" / "situnes.json").read_text(encoding="utf-8"))
    ours = next(row for row in printed["figures"] if row["method"] == "ours" and row["metric"] == "AUC")
    assert ours["low"] <= ours["value"] <= ours["high"]
    assert ours["target"] == 0.65


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["nonsense"], OptionError, "choose from journeys"),
        (["lastfm", "--exam", "x.csv"], OptionError, "belongs to the study situnes"),
        (["situnes", "--data", "nowhere"], CorpusError, "--data"),
    ],
)
def test_what_cannot_be_done_is_told(words: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        runner.invoke(app, ["evaluate-recommender", *words], catch_exceptions=False)
