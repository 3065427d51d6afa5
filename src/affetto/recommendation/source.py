"""Which music playlists are made from: the person's own, or what ships."""

from functools import lru_cache
from pathlib import Path

from affetto.errors import CatalogError, OptionError
from affetto.music.catalog import load_catalog, starter
from affetto.music.library import Library
from affetto.store import default_store_exists

__all__ = ["GIVEN", "OWN", "STARTER", "music_from"]

OWN = "your library"
STARTER = "the starter catalog"
GIVEN = "the library given"


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
    """The music to choose from, and what to call it.

    Args:
        source: A library; ``own``, ``starter``, or the path of a catalog (CSV); None for the person's own music where
            there is some, else the starter catalog.

    Raises:
        CatalogError: If ``own`` is asked for and empty, or a catalog cannot be read.
        OptionError: If the name means nothing.
        StoreError: If the person's own library cannot be read.

    >>> library, name = music_from("starter")
    >>> len(library) > 600, name
    (True, 'the starter catalog')
    """
    if isinstance(source, Library):
        return source, GIVEN
    if source is None or source == "own":
        own = _own()
        if own is not None:
            return own, OWN
        if source == "own":
            raise CatalogError("your library holds no track; give it some: affetto library add ~/Music")
        return starter(), STARTER
    if source == "starter":
        return starter(), STARTER
    if not source.lower().endswith(".csv"):
        raise OptionError(f"library {source!r}: give own, starter, or a catalog file that ends in .csv")
    try:
        changed = Path(source).stat().st_mtime_ns
    except (OSError, ValueError) as error:
        raise CatalogError(
            f"catalog {source}: {getattr(error, 'strerror', None) or error}; give a UTF-8 CSV file"
        ) from error
    return _catalog(source, changed), Path(source).name
