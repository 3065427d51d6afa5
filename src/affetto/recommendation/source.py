"""Which music playlists are made from: the person's own, or what ships."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from affetto.errors import CatalogError, OptionError
from affetto.music.catalog import load_catalog, starter
from affetto.music.library import Library
from affetto.store import default_store_exists

__all__ = ["GIVEN", "OWN", "STARTER", "Music", "find_music", "music_from"]

OWN = "your library"
STARTER = "the starter catalog"
GIVEN = "the library given"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Music:
    """Where playlists are made from.

    Attributes:
        library: The tracks.
        name: What people call it.
        source: How to find it again: "own", "starter" or the path of a catalog; "given" where only the caller knows.
        key: What its tracks are called by in feedback: "own", "starter", "given" or the name of a catalog.
    """

    library: Library
    name: str
    source: str
    key: str


def _own() -> Library | None:
    if not default_store_exists():
        return None
    # The database is loaded only where there is one.
    from affetto.music.collection import default_library

    return default_library()


@lru_cache(maxsize=4)
def _catalog(path: str, changed: int) -> Library:
    del changed  # part of the key: a file that changed is read again
    return load_catalog(path)


def music_from(source: Library | str | None = None) -> tuple[Library, str]:
    """The music to choose from, and what to call it; see `find_music`."""
    music = find_music(source)
    return music.library, music.name


def find_music(source: Library | str | None = None) -> Music:
    """The music to choose from.

    Args:
        source: A library; ``own``, ``starter``, or the path of a catalog (CSV); None for the person's own music where
            there is some, else the starter catalog.

    Raises:
        CatalogError: If ``own`` is asked for and empty, or a catalog cannot be read.
        OptionError: If the name means nothing.
        StoreError: If the person's own library cannot be read.

    >>> music = find_music("starter")
    >>> len(music.library) > 600, music.name
    (True, 'the starter catalog')
    """
    if isinstance(source, Library):
        # Tracks of a store keep their numbers, whoever opened it.
        return Music(library=source, name=GIVEN, source="given", key="own" if hasattr(source, "numbers") else "given")
    if source is None or source == "own":
        own = _own()
        if own is not None:
            return Music(library=own, name=OWN, source="own", key="own")
        if source == "own":
            raise CatalogError("your library holds no track; give it some: affetto library add ~/Music")
    if source is None or source == "starter":
        return Music(library=starter(), name=STARTER, source="starter", key="starter")
    if not source.lower().endswith(".csv"):
        raise OptionError(f"library {source!r}: give own, starter, or a catalog file that ends in .csv")
    try:
        changed = Path(source).stat().st_mtime_ns
    except (OSError, ValueError) as error:
        raise CatalogError(
            f"catalog {source}: {getattr(error, 'strerror', None) or error}; give a UTF-8 CSV file"
        ) from error
    name = Path(source).name
    return Music(library=_catalog(source, changed), name=name, source=str(Path(source).absolute()), key=name)
