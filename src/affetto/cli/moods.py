"""``affetto moods``: the regions of the music, and the live playlist of each emotion."""

import json
from typing import Annotated, Any

import typer

from affetto.affect import EMOTIONS

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("moods")(_moods)


def _moods(
    emotion: Annotated[
        str | None, typer.Argument(help="Show the live playlist of this emotion instead of the regions.")
    ] = None,
    regions: Annotated[int | None, typer.Option("--regions", min=1, max=40, help="How many regions.")] = None,
    length: Annotated[int | None, typer.Option("--length", min=1, help="Tracks in the live playlist.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same seed gives the same playlist.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """List the mood regions of the music with their sizes and example tracks, or play one emotion's mood."""
    if emotion is None:
        _list_regions(regions, as_json=as_json)
    else:
        _show_playlist(emotion, length, seed, as_json=as_json)


def _list_regions(count: int | None, *, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.music import region_of, starter
    from affetto.music import regions as find

    library = starter()
    found = find(library, k=count)
    homes = {emotion: region_of(emotion, library, k=count).name for emotion in EMOTIONS}
    if as_json:
        for region in found:
            facts: dict[str, Any] = {
                "name": region.name,
                "size": region.size,
                "valence": region.centre.valence,
                "arousal": region.centre.arousal,
                "tempo": region.tempo,
                "emotions": [str(e) for e in EMOTIONS if homes[e] == region.name],
                "examples": [track.to_dict() for track in region.examples],
            }
            print(json.dumps(facts))
        return
    rows = [
        (
            region.name,
            str(region.size),
            f"{region.centre.valence:+.2f}",
            f"{region.centre.arousal:+.2f}",
            ", ".join(e for e in EMOTIONS if homes[e] == region.name),
            "; ".join(track.title for track in region.examples),
        )
        for region in found
    ]
    show.table(("region", "tracks", "valence", "arousal", "nearest to", "for example"), rows)


def _show_playlist(emotion: str, length: int | None, seed: int | None, *, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.recommendation import mood_playlist

    music = mood_playlist(emotion, length=length, seed=seed)
    if as_json:
        print(json.dumps(music.to_dict()))
    else:
        show.playlist(music)
