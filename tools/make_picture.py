"""Makes the picture of the README: a reading and a playlist as a terminal shows them.

python tools/make_picture.py
"""

import io
from importlib import resources
from pathlib import Path

from rich.console import Console

from affetto.cli import show
from affetto.cli.hear import answer

TARGET = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
COMMAND = "affetto hear happy.flac --length 5"

if __name__ == "__main__":
    show.console = Console(record=True, width=118, force_terminal=True, file=io.StringIO(), highlight=False)
    show.line(f"$ {COMMAND}", style="dim")
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as voice:
        answer(voice, request={"length": 5, "seed": 4}, name=voice.name)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    show.console.save_svg(str(TARGET), title="affetto", clear=False)
    print(f"wrote {TARGET.name}")
