"""``make bench``: every figure with its spread and its bound.

    python -m benchmarks.run [--json]

The exit code is 1 when a bound is missed. The median is held against the bound; a busy machine shows in the spread.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from affetto.errors import AffettoError
from benchmarks import live, playlist, reading, startup
from benchmarks.figures import Row, machine

SUITES: Sequence[Callable[[], list[Row]]] = (reading.measure, startup.measure, playlist.measure, live.measure)


def missed(figure: Row) -> bool:
    """Whether the median is over its bound."""
    return figure["limit"] is not None and figure["p50"] > figure["limit"]


def _number(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "s" else f"{value:.1f}"


def _spread(figure: Row) -> str:
    unit, parts = figure["unit"], [f"p95 {_number(figure['p95'], figure['unit'])}"]
    if "min" in figure:
        parts.append(f"{_number(figure['min'], unit)} to {_number(figure['max'], unit)} in {figure['runs']}")
    return ", ".join(parts)


def table(figures: Sequence[Row], facts: dict[str, object]) -> Table:
    """The figures for people."""
    drawn = Table(title="Affetto, measured", title_justify="left", caption_justify="left", box=None, pad_edge=False)
    drawn.caption = (
        f"{facts['cpu']}, {facts['cores']} cores (load {facts['load']}), {facts['system']}, Python {facts['python']}"
    )
    drawn.add_column("what")
    drawn.add_column("median", justify="right", no_wrap=True)
    drawn.add_column("spread")
    drawn.add_column("at most", justify="right", no_wrap=True)
    drawn.add_column("")
    for figure in figures:
        unit, limit = figure["unit"], figure["limit"]
        drawn.add_row(
            figure["name"],
            f"{_number(figure['p50'], unit)} {unit}",
            _spread(figure),
            "" if limit is None else f"{limit:g} {unit}",
            "" if limit is None else "[red]missed[/]" if missed(figure) else "[green]kept[/]",
        )
    return drawn


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
