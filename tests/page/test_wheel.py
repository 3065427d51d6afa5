"""The wheel holds all that the pages need: installed elsewhere, each of them loads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from affetto.server.pages.routes import PAGES

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel holds, and nothing of the sources."""
    pytest.importorskip("hatchling", reason="hatchling is not installed; it builds the wheel")
    place = tmp_path_factory.mktemp("wheel")
    built = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place / "dist")]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (place / "dist").glob("*.whl")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*install, str(place / "site"), str(wheel)], check=True, capture_output=True)
    return place / "site"


@pytest.fixture(scope="module")
def address(installed: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server of the installed package."""
    home = tmp_path_factory.mktemp("home")
    places = {"PYTHONPATH": str(installed), "AFFETTO_DATA_DIR": str(home), "AFFETTO_CONFIG": str(home / "none.toml")}
    program = "import affetto, sys; print(affetto.__file__, flush=True); from affetto.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", "0"],
        cwd=home,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(str(installed))
        yield process.stdout.readline().split()[3]
        process.terminate()


@pytest.mark.parametrize("path", PAGES)
def test_each_page_of_the_wheel_loads_with_everything_that_it_names(address: str, path: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        page = client.get(path).raise_for_status().text
        named = set(re.findall(r'(?:href|src)="(/(?:static|manifest)[^"]*)"', page))
        assert len(named) > 10
        for place in named | {"/sw.js"}:
            text = client.get(place).raise_for_status().text
            for module in re.findall(r'from "\./([a-z]+\.js)"', text):
                client.get(f"{place.rsplit('/', 1)[0]}/{module}").raise_for_status()


def test_a_browser_runs_it(address: str, browser) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in PAGES:
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
    context.close()
    assert errors == []
