"""The static files of the page, read once: only what is in this list can be asked for."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

__all__ = ["Asset", "assets", "version"]

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = (".woff2", ".png")
"""What is compressed already."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page.

    Attributes:
        content: Its bytes.
        packed: The same, compressed with gzip; None where that gains nothing.
        media_type: What it is.
    """

    content: bytes
    packed: bytes | None
    media_type: str


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _walk(item, f"{prefix}{item.name}/")
        else:
            yield prefix + item.name, item.read_bytes()


@cache
def assets() -> Mapping[str, Asset]:
    """Every static file by its path."""
    found: dict[str, Asset] = {}
    for name, content in _walk(resources.files("affetto.server.pages").joinpath("static")):
        suffix = name[name.rfind(".") :]
        kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "text/plain; charset=utf-8"
        packed = None if suffix in _PACKED else gzip.compress(content, mtime=0)
        found[name] = Asset(content, packed, kind)
    return MappingProxyType(found)


@cache
def version() -> str:
    """A name for exactly these files: it is part of their addresses, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + b"\0" + asset.content)
    return digest.hexdigest()[:12]
