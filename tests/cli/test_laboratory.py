"""The commands that judge and compare, with a model that answers at once."""

import json
import shlex
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner

from affetto.cli.app import app, main
from affetto.evaluation import cross_validate, folds, insight, page, tune
from tests.evaluation.fakes import FakeModel, write_emodb, write_ravdess

RECIPE = 'name = "mine"\n[data]\ncorpora = ["emodb"]\n[model]\nfamily = "svm"\n'


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FakeModel, "fits", [])
    monkeypatch.setattr(FakeModel, "broken", frozenset())
    for module in (cross_validate, folds, tune):
        monkeypatch.setattr(module, "build_model", FakeModel)
    write_emodb(write_ravdess(tmp_path / "data"))
    (tmp_path / "mine.toml").write_text(RECIPE)
    return tmp_path / "mine.toml"


@pytest.fixture
def _no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing a page takes seconds; one test does."""
    monkeypatch.setattr(page, "report_page", lambda *_: "a page")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr("sys.argv", ["affetto", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    return capsys.readouterr().err


def report(recipe: Path, name: str, *more: str) -> Path:
    folder = recipe.parent / name
    run("evaluate", str(recipe), "--protocol", "loso", "--data", "data", "--out", str(folder), *more)
    return folder


def test_a_report_is_made_and_computed_again(recipe: Path) -> None:
    folder = report(recipe, "a", "--seed", "0", "--seed", "1")
    names = {
        "predictions.csv",
        "about.json",
        "recipe.toml",
        "calibration.json",
        "report.html",
        "tables.md",
        "tables.tex",
    }
    assert {path.name for path in folder.iterdir()} >= names
    assert (folder / "recipe.toml").read_text() == RECIPE
    found = json.loads(run("evaluate", "--from", str(folder), "--json"))
    assert len(found["seeds"]) == 2
    assert "UAR" in run("evaluate", "--from", str(folder / "predictions.csv"))
    drawn = (folder / "report.html").read_text()
    assert "What is taken for what" in drawn
    assert "http" not in drawn.replace("http://www.w3.org", ""), "a page that asks nobody"


@pytest.mark.usefixtures("_no_page")
def test_the_commands_for_cremad_and_savee_print_their_figures(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the how-to says to type once the recordings are there, on files that carry their names."""
    root, data = Path(__file__).parents[2], recipe.parent / "downloads"
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(recipe.parent / "affetto"))
    monkeypatch.setattr(insight, "read_insight", lambda *_: None)
    cremad, savee = data / "CREMA-D" / "AudioWAV", data / "SAVEE" / "AudioData"
    actors, sentences = range(1005, 1013), ("DFA", "IWW")
    labels = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
    votes = data / "CREMA-D" / "processedResults" / "tabulatedVotes.csv"
    for folder in (cremad, votes.parent, *(savee / who for who in ("DC", "JE", "JK", "KL"))):
        folder.mkdir(parents=True)
    for actor, sentence, label in product(actors, sentences, labels):
        (cremad / f"{actor}_{sentence}_{label}_XX.wav").touch()
    for who, kind, number in product(("DC", "JE", "JK", "KL"), ("a", "d", "f", "h", "n", "sa", "su"), range(1, 4)):
        (savee / who / f"{kind}{number:02}.wav").touch()
    votes.write_text('"","A","D","F","H","N","S","fileName"\n"100001",9,1,0,0,0,0,"1005_DFA_ANG_XX"\n')

    section = (root / "docs/how-to/evaluate.md").read_text().split("## CREMA-D and SAVEE")[1].split("```")[1]
    lines = [line.split("#")[0] for line in section.splitlines() if line.startswith("affetto ")]
    said: list[str] = []
    for line in lines:
        told = line.replace("~/data", str(data)).replace("recipes/", f"{root}/recipes/")
        said.append(run(*shlex.split(told)[1:]))
    assert [line.split()[1:3] for line in lines[:2]] == [["corpus", "add"]] * 2
    assert "Registered cremad: 96 clips, 8 speakers" in said[0]
    assert "votes of listeners for 1 of 96 clips" in said[0]
    assert "Registered savee: 84 clips, 4 speakers" in said[1]
    assert all("UAR" in one for one in said[2:])
    assert "unseen" in said[2]
    for name in ("cremad", "cremad-unseen", "savee"):
        assert f"reports/{name}" in section
        assert (recipe.parent / "reports" / name / "predictions.csv").is_file()


@pytest.mark.usefixtures("_no_page")
def test_two_views_are_averaged_into_a_report_of_their_own(recipe: Path) -> None:
    one = report(recipe, "one", "--seed", "0", "--seed", "1")
    other = report(recipe, "other", "--set", "model.c=2", "--seed", "7")
    both = recipe.parent / "both"
    said = run("evaluate", "--from", str(one), "--from", str(other), "--average", "--out", str(both))
    assert "2 seed(s)" in said
    again = json.loads(run("evaluate", "--from", str(both), "--json"))
    assert {seed["seed"] for seed in again["seeds"]} == {0, 1}
    about = json.loads((both / "about.json").read_text())
    assert about["name"] == "average of mine"
    assert about["protocol"] == "loso"


@pytest.mark.usefixtures("_no_page")
def test_seeds_that_were_run_apart_are_merged(recipe: Path) -> None:
    parts = [report(recipe, f"s{seed}", "--seed", str(seed)) for seed in (0, 1)]
    run("evaluate", "--from", str(parts[0]), "--from", str(parts[1]), "--merge", "--out", str(recipe.parent / "all"))
    assert len(json.loads(run("evaluate", "--from", str(recipe.parent / "all"), "--json"))["seeds"]) == 2


@pytest.mark.usefixtures("_no_page")
def test_reports_are_compared(recipe: Path) -> None:
    one, other = report(recipe, "one"), report(recipe, "other", "--seed", "5")
    said = run("compare", str(one), str(other), "--html", "c.html", "--markdown", "c.md", "--latex", "c.tex")
    assert "one" in said
    assert "McNemar" in (recipe.parent / "c.html").read_text()
    assert all((recipe.parent / name).stat().st_size > 100 for name in ("c.md", "c.tex"))
    found = json.loads(run("compare", str(one), str(other), "--json"))
    assert len(found["pairs"]) == 1


def test_the_bake_off_is_made_and_printed(recipe: Path) -> None:
    lab = recipe.parent / "recipes" / "lab"
    lab.mkdir(parents=True)
    for name in ("svm", "other"):
        (lab / f"{name}.toml").write_text(RECIPE)
    options = ("--reports", "baked", "--column", "emodb-loso", "--data", "data")
    said = run("compare", "--run", "--family", "svm", *options)
    assert "TESS, random" in said
    assert (recipe.parent / "baked" / "svm" / "emodb-loso" / "predictions.csv").is_file()
    found = json.loads(run("compare", "--reports", "baked", "--json"))
    assert found["svm"]["emodb-loso"]["seeds"] == 1
    assert found["svm"]["nemo-loso"] is None


def test_the_best_options_are_searched_for(recipe: Path) -> None:
    (recipe.parent / "mine.toml").write_text(RECIPE.replace("emodb", "ravdess"))
    options = ("--vary", "model.c=1..10", "--trials", "2", "--data", "data", "--out", "best.toml")
    said = run("tune", str(recipe), "--protocol", "emobox-ravdess", "--fold", "1", *options)
    assert "best of 2 recipes" in said
    assert "Chosen by 'affetto tune'" in (recipe.parent / "best.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate",), "give either a recipe to cross-validate or --from"),
        (("evaluate", "mine.toml", "--average"), "--average and --merge join files that are given with --from"),
        (("evaluate", "mine.toml", "--protocol", "loo"), "unknown protocol 'loo'"),
        (("evaluate", "mine.toml", "--set", "model.cc=1"), "unknown key model.cc; did you mean 'c'?"),
        (("evaluate", "mine.toml", "--corpus", "emodbb"), "emodbb"),
        (("evaluate", "--from", "nowhere"), "nowhere"),
        (("compare", "mine.toml"), "a comparison needs two or more reports"),
        (("compare", "a", "b", "--run"), "give no reports with them"),
        (("compare", "--run", "--family", "svn"), "svn"),
        (("compare", "--run", "--recipes", "nowhere"), "no recipe in"),
        (("tune", "mine.toml", "--vary", "model.c"), "model.c"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_way_out(
    recipe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    lab = recipe.parent / "recipes" / "lab"
    lab.mkdir(parents=True)
    (lab / "svm.toml").write_text(RECIPE)
    said = refused(capsys, monkeypatch, *arguments)
    assert message in said.replace("\n", " ")
    assert "Traceback" not in said
