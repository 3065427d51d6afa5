"""Playlist files: M3U8, XSPF and JSPF."""

import contextlib
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from affetto.errors import PlaylistError
from affetto.music.track import Track
from affetto.recommendation.playlist import Playlist, PlaylistItem

__all__ = ["PLAYLIST_SUFFIXES", "check_target", "save_playlist"]

_XSPF = "http://xspf.org/ns/0/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# What XML 1.0 cannot hold, escaped or not: control characters, surrogates and two non-characters.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _line(text: str) -> str:
    """Text on one line, without what a UTF-8 file cannot hold."""
    return " ".join(_SURROGATE.sub("\ufffd", text).split())


def _address(uri: str) -> str:
    """The address as one line that no player takes for a comment; names of files stay as they are."""
    safe = "".join(quote(mark) if mark < " " or mark == "\x7f" else mark for mark in _SURROGATE.sub("\ufffd", uri))
    return f"./{safe}" if safe.startswith("#") else safe


def _as_uri(uri: str) -> str:
    """A URI as it is, with spaces and the like escaped; the path of a file as a URI."""
    reserved = "%/:?#[]@!$&'()*+,;=~"
    if _SCHEME.match(uri):
        return quote(uri, safe=reserved, errors="replace")
    path = quote(uri, safe="/~", errors="surrogateescape")
    return f"file://{path}" if uri.startswith("/") else path


def _note(item: PlaylistItem) -> str:
    """The credit and the reasons."""
    return " | ".join(part for part in (item.track.credit, item.why) if part)


def _milliseconds(track: Track) -> int | None:
    return None if track.seconds is None else round(track.seconds * 1000)


def _m3u8(playlist: Playlist) -> str:
    def lines() -> Iterator[str]:
        yield "#EXTM3U"
        yield "#EXTENC:UTF-8"
        yield f"#PLAYLIST:{_line(playlist.title)}"
        for item in playlist.items:
            track = item.track
            seconds = -1 if track.seconds is None else round(track.seconds)
            yield f"#EXTINF:{seconds},{_line(track.artist)} - {_line(track.title)}"
            if note := _line(_note(item)):
                yield f"# {note}"
            yield _address(track.uri)

    return "\n".join(lines()) + "\n"


def _xspf(playlist: Playlist) -> str:
    def add(parent: ElementTree.Element, name: str, text: object) -> None:
        if text not in (None, ""):
            ElementTree.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", str(text))

    root = ElementTree.Element("playlist", {"version": "1", "xmlns": _XSPF})
    add(root, "title", playlist.title)
    add(root, "annotation", playlist.plan.explanation)
    tracks = ElementTree.SubElement(root, "trackList")
    for item in playlist.items:
        node = ElementTree.SubElement(tracks, "track")
        add(node, "location", _as_uri(item.track.uri))
        add(node, "title", item.track.title)
        add(node, "creator", item.track.artist)
        add(node, "annotation", _note(item))
        add(node, "duration", _milliseconds(item.track))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _jspf(playlist: Playlist) -> str:
    def entry(item: PlaylistItem) -> dict[str, object]:
        facts = {
            "location": [_as_uri(item.track.uri)],
            "title": item.track.title,
            "creator": item.track.artist,
            "annotation": _note(item),
            "duration": _milliseconds(item.track),
        }
        return {name: value for name, value in facts.items() if value not in (None, "")}

    body = {
        "title": playlist.title,
        "annotation": playlist.plan.explanation,
        "track": [entry(item) for item in playlist.items],
    }
    return _SURROGATE.sub("\ufffd", json.dumps({"playlist": body}, ensure_ascii=False, indent=2)) + "\n"


_WRITERS: Mapping[str, Callable[[Playlist], str]] = MappingProxyType({".m3u8": _m3u8, ".xspf": _xspf, ".jspf": _jspf})

PLAYLIST_SUFFIXES: tuple[str, ...] = tuple(_WRITERS)
"""What `save_playlist` can write."""


@contextlib.contextmanager
def _one_line(path: str | Path) -> Generator[None]:
    """Failures of the file system as a `PlaylistError`."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlaylistError(f"playlist {path}: {reason}; give another name or folder") from error


def check_target(path: str | Path) -> Path:
    """Where `save_playlist` would write, with links followed.

    Raises:
        PlaylistError: If it could not write there.
    """
    with _one_line(path):
        target = Path(path).resolve()
        _check(target)
    return target


def _check(target: Path) -> None:
    if target.suffix.lower() not in _WRITERS:
        raise PlaylistError(f"playlist {target}: unknown kind {target.suffix!r}; use {', '.join(PLAYLIST_SUFFIXES)}")
    if target.is_dir():
        raise PlaylistError(f"playlist {target}: is a folder; give the name of a file")
    if not target.parent.is_dir():
        raise PlaylistError(f"playlist {target}: there is no folder {target.parent}; make it first")
    if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
        raise PlaylistError(f"playlist {target}: cannot be written; give another name")
    if not os.access(target.parent, os.W_OK):
        raise PlaylistError(f"playlist {target}: the folder {target.parent} cannot be written; give another folder")


def save_playlist(playlist: Playlist, path: str | Path) -> Path:
    """Write a playlist as ``.m3u8``, ``.xspf`` or ``.jspf``, by the suffix, and give back where it lies.

    Titles, credits, reasons and lengths are in the file. It appears whole or not at all: it is written beside the
    target and moved there; a link is followed, so that what it points to is replaced.

    Args:
        playlist: What to write.
        path: The file; its folder must exist.

    Raises:
        PlaylistError: If the suffix is another one, or the file cannot be written there.

    >>> import tempfile
    >>> from affetto.recommendation import recommend
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_playlist(recommend("calm", seed=1, length=3), f"{folder}/calm.m3u8").name
    'calm.m3u8'
    """
    target = check_target(path)
    content = _WRITERS[target.suffix.lower()](playlist)
    beside = target.with_name(f".{os.getpid()}{target.suffix}.part")
    with _one_line(path):
        try:
            beside.write_text(content, encoding="utf-8", newline="\n")
            beside.replace(target)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
    return target
