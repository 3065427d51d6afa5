"""Writes the measured tables of the model card and the README from the committed reports.

python -m tools.model_card            # writes them
python -m tools.model_card --check    # exit code 1 where a page says something else
python -m tools.model_card --print figures

A page marks where a table goes: ``<!-- measured: NAME -->`` before it, ``<!-- end of NAME -->`` after it.
"""

import argparse
import re
import sys
from pathlib import Path

from tools.card_tables import BLOCKS

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "model-card.md", ROOT / "docs" / "how-to" / "evaluate.md")


def written(text: str) -> str:
    """A page with its tables as the reports have them.

    Raises:
        SystemExit: If the page asks for a table that there is not.
    """

    def block(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in BLOCKS:
            raise SystemExit(f"there is no table {name!r}; there are {', '.join(BLOCKS)}")
        return "\n".join([f"<!-- measured: {name} -->", "", *BLOCKS[name](), "", f"<!-- end of {name} -->"])

    return re.sub(r"<!-- measured: ([\w-]+) -->.*?<!-- end of \1 -->", block, text, flags=re.DOTALL)


def stale() -> list[str]:
    """Pages that say something else than the reports."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    return [str(page.relative_to(ROOT)) for page, text in texts.items() if written(text) != text]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page is stale")
    parser.add_argument("--print", choices=BLOCKS, help="print one table")
    arguments = parser.parse_args()
    if arguments.print:
        print("\n".join(BLOCKS[arguments.print]()))
        return
    found = stale()
    if arguments.check:
        sys.exit(f"stale: {', '.join(found)}; run python -m tools.model_card" if found else 0)
    for page in PAGES:
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {', '.join(found)}" if found else "everything is as the reports have it")


if __name__ == "__main__":
    main()
