"""The reference pages name what there is, and nothing that there is not."""

import re
from importlib import resources
from pathlib import Path

import pytest
import typer

import affetto
from affetto.cli.app import app
from affetto.settings import DEFAULT_GENRES, Settings

DOCS = Path(__file__).parents[1] / "docs"
COMMANDS = typer.main.get_command(app).commands


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def section(text, heading):
    """What stands below a heading, up to the next of its kind."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ")[0]


def test_every_command_has_its_section():
    assert set(re.findall(r"^## affetto (\S+)$", page("reference/cli.md"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_documented_and_no_other(name):
    text = section(page("reference/cli.md"), f"affetto {name}")
    documented = set(re.findall(r"^\| `(--[a-z-]+)", text, re.MULTILINE))
    if "Takes the options of `hear`" in text:
        hear = section(page("reference/cli.md"), "affetto hear")
        documented |= set(re.findall(r"^\| `(--[a-z-]+)", hear, re.MULTILINE))
    real = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    assert documented == real - {"--help"}


def test_every_setting_is_documented_with_its_default():
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| `(AFFETTO_[A-Z_]+)` ", page("reference/settings.md"), re.MULTILINE))
    assert rows == {name: f"AFFETTO_{name.upper()}" for name in Settings.model_fields}
    for name in ("threads", "length"):
        assert re.search(rf"`{name}` .*\| {Settings.model_fields[name].default} \|", page("reference/settings.md"))


def test_the_default_genres_are_those_of_the_code():
    text = page("reference/settings.md")
    for emotion, genres in DEFAULT_GENRES.items():
        assert f'{emotion} = ["{genres[0]}"]' in text


def test_the_python_reference_holds_every_public_name():
    listed = {name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)$", page("reference/python.md"), re.MULTILINE)}
    assert set(affetto.__all__) <= listed


def test_links_between_pages_lead_somewhere():
    root = DOCS.parent
    for file in [*DOCS.rglob("*.md"), root / "CONTRIBUTING.md", root / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.relative_to(root)}: {target}"


def test_the_python_of_getting_started_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", page("getting-started.md"), re.DOTALL)
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as voice:
        exec(code.replace("me.m4a", str(voice)), {})
    assert len(capsys.readouterr().out.splitlines()) == 1 + 12
