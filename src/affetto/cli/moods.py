"""``affetto moods``: the regions of the music, and the live playlist of each."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from affetto.affect import EMOTIONS
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.music import Library

__all__ = ["register"]

_SHOW = "show"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("moods")(_moods)


def _moods(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EMOTION | show NAME]",
            help="Show the live playlist of this emotion, or of the region of this name, instead of the regions.",
        ),
    ] = None,
    regions: Annotated[
        int | None, typer.Option("--moods", "--regions", min=1, max=40, help="How many regions.")
    ] = None,
    length: Annotated[int | None, typer.Option("--length", min=1, help="Tracks in the live playlist.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="The same seed gives the same playlist.")] = None,
    library: Annotated[
        str | None, typer.Option("--library", help="own, starter or a catalog (CSV); default: your own, else starter.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """List the mood regions of the music with their sizes and example tracks, or play one of them.

    Regions are clusters by mood, tempo and timbre, named in words. Each is a live playlist: it holds what the library
    holds there now.
    """
    from affetto.recommendation.source import music_from

    music, _ = music_from(library)
    words = what or []
    if not words:
        _list_regions(music, regions, as_json=as_json)
    elif words[0] == _SHOW:
        from affetto.music import region_named

        if len(words) == 1:
            raise OptionError("give the name of a region: affetto moods show calm; affetto moods lists them")
        _show_playlist(region_named(" ".join(words[1:]), music, k=regions), None, length, seed, as_json=as_json)
    else:
        _show_playlist(" ".join(words), music, length, seed, as_json=as_json)


def _list_regions(library: "Library", count: int | None, *, as_json: bool) -> None:
    from affetto.cli import show
    from affetto.music import region_of
    from affetto.music import regions as find
    from affetto.music.clusters import silhouette_of

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
    show.line(f"  silhouette {silhouette_of(library, k=count):.2f} (1: well apart, 0: one runs into the next)")


def _show_playlist(
    mood: Any, library: "Library | None", length: int | None, seed: int | None, *, as_json: bool
) -> None:
    from affetto.cli import show
    from affetto.recommendation import mood_playlist

    music = mood_playlist(mood, length=length, seed=seed, library=library)
    if as_json:
        print(json.dumps(music.to_dict()))
    else:
        show.playlist(music)
