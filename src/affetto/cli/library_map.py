"""``affetto library map``: the collection as an interactive chart."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    """Adds the command to ``affetto library``."""
    group.command("map")(_map)


def _map(
    file: Annotated[Path, typer.Argument(help="The page to write (HTML).")] = Path("map.html"),
    library: Annotated[
        str | None, typer.Option("--library", help="own, starter or a catalog (CSV); default: your own, else starter.")
    ] = None,
    moods: Annotated[int | None, typer.Option("--moods", min=1, max=40, help="How many regions.")] = None,
) -> None:
    """Draw the collection on the circumplex: one page, coloured by region, sized by plays; it works offline."""
    from affetto.cli import show
    from affetto.music.map import draw_map
    from affetto.recommendation.source import find_music
    from affetto.store import default_store_exists

    music, plays = find_music(library), dict[str, float]()
    if default_store_exists():
        from affetto.recommendation.plays import play_counts
        from affetto.store import open_store

        with open_store() as store:
            plays = play_counts(store, library=music.key)
    draw_map(music.library, file, plays=plays, k=moods)
    show.line(f"{len(music.library):,} tracks of {music.name}: {file}")
