"""The picture that comes with a track: in its tags, or beside it in the folder."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cover", "find_cover"]

_MOST = 12 << 20
_BESIDE = ("cover", "folder", "front", "album")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture.

    Attributes:
        content: Its bytes.
        media_type: What they are, by their first bytes: never what the file says of itself.
    """

    content: bytes
    media_type: str


def _kind(content: bytes) -> str | None:
    """The type of a picture that browsers show and that can hold no script; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def _pictures(path: Path) -> Iterator[bytes]:
    """The pictures in the tags of a file, front covers first."""
    import mutagen
    from mutagen.flac import Picture, error

    try:
        found: Any = mutagen.File(path)  # pyright: ignore[reportPrivateImportUsage]
    except (mutagen.MutagenError, OSError, ValueError):  # pyright: ignore[reportPrivateImportUsage]
        return
    tags: Any = getattr(found, "tags", None)
    pictures: list[Any] = list(getattr(found, "pictures", ()))
    if hasattr(tags, "getall"):
        pictures += tags.getall("APIC")
    elif hasattr(tags, "get"):
        yield from (bytes(item) for item in tags.get("covr") or ())
        for text in tags.get("metadata_block_picture") or ():
            try:
                pictures.append(Picture(base64.b64decode(text)))
            except (error, binascii.Error, ValueError):
                continue
    yield from (bytes(item.data) for item in sorted(pictures, key=lambda item: item.type != 3))


def _beside(path: Path) -> Iterator[bytes]:
    try:
        known = {item.name.casefold(): item for item in path.parent.iterdir() if item.suffix.casefold() in _SUFFIXES}
    except OSError:
        return
    for name in (stem + suffix for stem in _BESIDE for suffix in _SUFFIXES):
        if name in known:
            try:
                picture = known[name]
                if picture.is_file() and not picture.is_symlink() and picture.stat().st_size <= _MOST:
                    yield picture.read_bytes()
            except OSError:
                continue


def find_cover(path: str | Path) -> Cover | None:
    """The cover of a music file, or None where there is none that can be shown.

    Args:
        path: The file; anything may be in it.
    """
    for pictures in (_pictures(Path(path)), _beside(Path(path))):
        for content in pictures:
            kind = _kind(content)
            if kind and len(content) <= _MOST:
                return Cover(content, kind)
    return None
