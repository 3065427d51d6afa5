"""``make bench``: every figure with its spread and its bound.

    python -m benchmarks.run [--json] [SUITE ...]

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

_MEASURES: Sequence[Callable[[], list[Row]]] = (
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
SUITES = {measure.__module__.removeprefix("benchmarks."): measure for measure in _MEASURES}


def main() -> int:
    """Measures everything and prints it."""
    parser = argparse.ArgumentParser(description="Measure speed and memory against their bounds.")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"only these: {', '.join(SUITES)}")
    options = parser.parse_args()
    if unknown := [name for name in options.suites if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    facts = machine()
    console = Console(stderr=options.json)
    figures: list[Row] = []
    try:
        for name in options.suites or SUITES:
            with console.status(f"measuring {name}"):
                figures += SUITES[name]()
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
