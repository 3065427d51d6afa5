"""``make bench``: every figure with its spread and its bound.

    python -m benchmarks.run [--json]

The exit code is 1 when a bound is missed. The median is held against the bound; a busy machine shows in the spread.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from affetto.errors import AffettoError
from benchmarks import (
    analysis,
    features,
    library,
    live,
    page,
    players,
    playlist,
    reading,
    startup,
    streams,
    subsonic,
    taste,
)
from benchmarks.figures import Row, machine, missed, table

SUITES: Sequence[Callable[[], list[Row]]] = (
    reading.measure,
    startup.measure,
    playlist.measure,
    taste.measure,
    players.measure,
    subsonic.measure,
    live.measure,
    streams.measure,
    features.measure,
    analysis.measure,
    library.measure,
    page.measure,
)


def main() -> int:
    """Measures everything and prints it."""
    parser = argparse.ArgumentParser(description="Measure speed and memory against their bounds.")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args()
    facts = machine()
    console = Console(stderr=options.json)
    figures: list[Row] = []
    try:
        for measure in SUITES:
            with console.status(f"measuring {measure.__module__.removeprefix('benchmarks.')}"):
                figures += measure()
    except AffettoError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"machine": facts, "figures": [{**figure, "kept": not missed(figure)} for figure in figures]}))
    else:
        console.print(table(figures, facts))
    return int(any(map(missed, figures)))


if __name__ == "__main__":
    sys.exit(main())
