"""The map: a collection on the circumplex, as one page that needs nothing else."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from affetto.affect import circumplex
from affetto.errors import CatalogError
from affetto.music.clusters import regions
from affetto.music.library import Library

__all__ = ["draw_map"]

_LONGEST = 200  # characters of a title: tags may hold a novel
_WORDS = ("happy", "sad", "angry", "calm")


def _page(library: Library, plays: Mapping[str, float], k: int | None) -> str:
    found = regions(library, k=k)
    owner = {place: number for number, region in enumerate(found) for place in region.places}
    tracks = list(library)
    spreads = [track.mood.spread for track in tracks]
    columns = [
        [track.title[:_LONGEST] for track in tracks],
        [track.artist[:_LONGEST] for track in tracks],
        [round(track.mood.valence, 3) for track in tracks],
        [round(track.mood.arousal, 3) for track in tracks],
        [round(spread[0], 3) for spread in spreads],
        [round(spread[1], 3) for spread in spreads],
        [round(track.tempo or 0, 1) for track in tracks],
        [owner[place] for place in range(len(tracks))],
        [max(0, plays.get(track.id, 0)) for track in tracks],
    ]
    words = [(str(e), point.valence, point.arousal) for e, point in circumplex().items() if str(e) in _WORDS]
    data = {
        "regions": [{"name": region.name, "size": region.size} for region in found],
        "tracks": columns,
        "words": words,
    }
    # A title may hold "</script>": in JSON the sign is as good as its number.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode("utf-8", "replace").decode()
    template = resources.files("affetto.music").joinpath("map.html").read_text(encoding="utf-8")
    return template.replace("__DATA__", text)


def draw_map(
    library: Library, path: str | Path, *, plays: Mapping[str, float] | None = None, k: int | None = None
) -> None:
    """Writes an interactive chart of a collection: one HTML file that works offline and asks nobody for anything.

    Args:
        library: The tracks.
        path: The file.
        plays: How often tracks were played, by their ids; what is not there was never played.
        k: How many regions, as in :func:`~affetto.music.clusters.regions`.

    Raises:
        CatalogError: If the library is empty or the file cannot be written.
    """
    if not len(library):
        raise CatalogError("there is no track to draw; give your library some: affetto library add ~/Music")
    file = Path(path)
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.write_text(_page(library, plays or {}, k), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise CatalogError(f"{file}: {error.strerror or error}; give a file in a folder that exists") from error
