"""``/v1/library``: the music as a page shows it: a map, its regions, search, corrections and scans."""

from dataclasses import replace
from itertools import islice
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from affetto.affect import Affect
from affetto.music import Library, regions
from affetto.music.collection import Collection, default_collection
from affetto.music.stored import StoredLibrary
from affetto.music.track import Track
from affetto.recommendation.recommender import mood_playlist
from affetto.recommendation.source import OWN, find_music, music_from
from affetto.server.guard import LOOPBACK
from affetto.server.problems import Problem
from affetto.server.scans import Scans
from affetto.server.shown import shown_playlist, shown_tracks
from affetto.server.tracks import Number

__all__ = ["router"]

router = APIRouter(prefix="/v1/library", include_in_schema=False)

_FORWARDED = {"forwarded", "x-forwarded-for", "x-real-ip"}
_Coordinate = Annotated[float, Field(ge=-1, le=1)]


class Mood(BaseModel):
    """Where the person says that a track lies."""

    model_config = ConfigDict(extra="forbid")

    valence: _Coordinate
    arousal: _Coordinate


class Folder(BaseModel):
    """A folder of music on the machine of the server."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(min_length=1, max_length=4096)


class RegionRequest(BaseModel):
    """A region of the map to be played."""

    model_config = ConfigDict(extra="forbid")

    region: int = Field(ge=0, lt=40)
    length: int | None = Field(default=None, ge=1, le=500)
    seed: int | None = Field(default=None, ge=0, le=2**53)


def _here(request: Request) -> bool:
    """Whether the page is open on the machine of the server: only there may folders be named."""
    return request.client is not None and request.client.host in LOOPBACK and not _FORWARDED & set(request.headers)


def _scans(request: Request) -> Scans:
    return request.app.state.scans


def _own() -> Collection:
    collection = default_collection()
    if collection is None:
        raise Problem(404, "no-library", "there is no library yet; add a folder with music first")
    return collection


@router.get("")
def overview(request: Request) -> dict[str, Any]:
    """What there is: whose music, how much, its folders, and the scan."""
    library, name = music_from()
    collection = default_collection()
    return {
        "name": name,
        "own": name == OWN,
        "tracks": len(library),
        "status": collection.status().to_dict() if collection else None,
        "scan": _scans(request).to_dict(),
        "may_add": _here(request),
    }


def _rounded(values: Any) -> list[float]:
    return np.round(values.astype(float), 3).tolist()


@router.get("/map")
def whole_map() -> dict[str, Any]:
    """Every track as a point: ids, valence and arousal, in one order."""
    library, name = music_from()
    columns = library.columns
    ids = library.numbers.tolist() if isinstance(library, StoredLibrary) else [track.id for track in library]
    return {
        "own": name == OWN,
        "ids": ids,
        "valence": _rounded(columns.valence),
        "arousal": _rounded(columns.arousal),
    }


@router.get("/regions")
def list_regions() -> dict[str, Any]:
    """The regions, largest first, and which of them each track of the map belongs to."""
    library, _ = music_from()
    found = regions(library)
    owner = np.zeros(len(library), dtype=int)
    for number, region in enumerate(found):
        owner[list(region.places)] = number
    return {
        "regions": [
            {
                "name": region.name,
                "size": region.size,
                "valence": region.centre.valence,
                "arousal": region.centre.arousal,
                "tempo": region.tempo,
                "examples": [{"title": track.title, "artist": track.artist} for track in region.examples],
            }
            for region in found
        ],
        "owner": owner.tolist(),
    }


@router.post("/playlists")
def play_region(request: RegionRequest) -> dict[str, Any]:
    """A live playlist: what is in a region now."""
    library, name = music_from()
    found = regions(library)
    if request.region >= len(found):
        raise Problem(404, "no-such-region", f"region {request.region}: the music has {len(found)}; reload the map")
    playlist = mood_playlist(found[request.region], length=request.length, seed=request.seed)
    return shown_playlist(replace(playlist, library=name))


@router.get("/tracks")
def search(
    words: Annotated[str, Query(max_length=200)] = "",
    region: Annotated[int | None, Query(ge=0, lt=40)] = None,
    valence: Annotated[float | None, Query(ge=-1, le=1)] = None,
    arousal: Annotated[float | None, Query(ge=-1, le=1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Tracks with all of some words, those of a region, or those nearest to a place on the circumplex."""
    music = find_music()
    library = music.library
    if region is not None:
        found = regions(library)
        chosen = library.take(found[region].places[:limit]) if region < len(found) else []
    elif words.strip():
        chosen = _having(library, words, limit)
    else:
        centre = Affect(valence or 0.0, arousal or 0.0)
        chosen = library.take(library.nearest(centre, limit))
    return {"tracks": shown_tracks((track.to_dict() for track in chosen), music.key)}


def _having(library: Library, words: str, limit: int) -> list[Track]:
    collection = default_collection() if isinstance(library, StoredLibrary) else None
    if collection is not None and isinstance(library, StoredLibrary):
        places = (library.place(entry["id"]) for entry in collection.entries(words, limit=limit))
        return library.take(place for place in places if place is not None)
    wanted = words.casefold().split()
    hits = (
        track
        for track in library
        if all(word in f"{track.title} {track.artist} {track.genre}".casefold() for word in wanted)
    )
    return list(islice(hits, limit))


@router.get("/tracks/{number}")
def describe(number: Number) -> dict[str, Any]:
    """All that is known of a track of the person's own."""
    known = _own().describe(number)
    return {**known, "stream": f"/v1/tracks/{number}/audio", "cover": f"/v1/tracks/{number}/cover"}


@router.post("/tracks/{number}/mood")
def fix(number: Number, mood: Mood) -> dict[str, Any]:
    """Takes the person's word for where a track lies."""
    fixed = _own().fix(number, valence=mood.valence, arousal=mood.arousal)
    return {"valence": fixed.affect.valence, "arousal": fixed.affect.arousal}


@router.delete("/tracks/{number}/mood")
def unfix(number: Number) -> dict[str, Any]:
    """Lets the estimates speak again."""
    known = _own().unfix(number)
    return {"valence": known.affect.valence, "arousal": known.affect.arousal}


@router.post("/folders", status_code=201)
def add(request: Request, folder: Folder) -> dict[str, Any]:
    """Adds a folder to the library and begins to listen to it; only from the machine of the server itself."""
    from affetto.music.scan import add_folder

    if not _here(request):
        raise Problem(403, "not-here", "folders are added on the machine of the server: affetto library add FOLDER")
    collection = default_collection(make=True)
    assert collection is not None
    path = add_folder(collection.store, folder.path)
    _scans(request).start(collection)
    return {"path": path}


@router.post("/scan", status_code=202)
def start_scan(request: Request) -> dict[str, Any]:
    """Brings the library up to date with its folders."""
    _scans(request).start(_own())
    return _scans(request).to_dict()


@router.get("/scan")
def scan_state(request: Request) -> dict[str, Any]:
    """How far the scan is."""
    return _scans(request).to_dict()


@router.delete("/scan", status_code=202)
def stop_scan(request: Request) -> dict[str, Any]:
    """Stops the scan; what was heard is kept."""
    _scans(request).stop()
    return _scans(request).to_dict()
