"""Playlist files as text: M3U8, XSPF, JSPF and PLS, written and read.

What is read comes from strangers: XML with a document type (and so with entities) is refused, and so are files that
are too deep or list too much.

Sources: the XSPF specification, version 1 (xiph.org/xspf); JSPF, its form in JSON; RFC 8216 for ``#EXTINF``; PLS as
Winamp writes it, version 2.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote, unquote
from xml.parsers import expat

from affetto.errors import PlaylistError

__all__ = ["READERS", "WRITERS", "Entry", "Listing"]

_XSPF = "http://xspf.org/ns/0/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# What XML 1.0 cannot hold, escaped or not: control characters, surrogates and two non-characters.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST = 100_000  # entries
_DEEPEST = 32  # elements within each other
_BETWEEN = " - "  # artist and title where a format has one field for both


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a playlist.

    Attributes:
        uri: Address, or path of a file as the system writes it.
        title: Title; empty when unknown.
        artist: Artist; empty when unknown.
        seconds: Length; None when unknown. M3U8 and PLS keep whole seconds, the others milliseconds.
        note: Credit and reasons; not read back from M3U8 and PLS.
    """

    uri: str
    title: str = ""
    artist: str = ""
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A playlist as a file holds it.

    Attributes:
        entries: Its lines, in order.
        title: Its name; empty when it has none.
        about: A sentence on it; not read back from M3U8 and PLS.
    """

    entries: tuple[Entry, ...]
    title: str = ""
    about: str = ""


def _line(text: str) -> str:
    """Text on one line, without what a UTF-8 file cannot hold."""
    return " ".join(_SURROGATE.sub("\ufffd", text).split())


def _address(uri: str) -> str:
    """The address as one line that no player takes for a comment; names of files stay as they are."""
    safe = "".join(quote(mark) if mark < " " or mark == "\x7f" else mark for mark in _SURROGATE.sub("\ufffd", uri))
    # Some read a line up to marks that end lines elsewhere (U+0085, U+2028), and without the blanks around it.
    return f"./{safe}" if safe.startswith("#") else safe


def _as_uri(uri: str) -> str:
    """A URI as it is, with spaces and the like escaped; the path of a file as a URI."""
    reserved = "%/:?#[]@!$&'()*+,;=~"
    if _SCHEME.match(uri):
        return quote(uri, safe=reserved, errors="replace")
    path = quote(uri, safe="/~", errors="surrogateescape")
    return f"file://{path}" if uri.startswith("/") else path


def _from_uri(uri: str) -> str:
    """The address, or the path that `_as_uri` made a URI of."""
    if uri[:7].lower() == "file://" or not _SCHEME.match(uri):
        host, slash, path = uri[7:].partition("/") if uri[:7].lower() == "file://" else ("", "", uri)
        if host.lower() not in ("", "localhost"):
            return uri  # a file on another machine: for the caller to refuse
        return unquote(slash + path, errors="surrogateescape")
    return uri


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _name(entry: Entry) -> str:
    return f"{_line(entry.artist)}{_BETWEEN}{_line(entry.title)}"


def _split(name: str, artist: str | None) -> tuple[str, str]:
    """Artist and title out of one field."""
    if artist is not None and name.startswith(artist + _BETWEEN):
        return artist, name[len(artist) + len(_BETWEEN) :]
    before, between, after = name.partition(_BETWEEN)
    return (before, after) if between else ("", name)


def _length(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if 0 < value < 1e12 else None


# -- M3U8 ---------------------------------------------------------------------------------------------------------


def _to_m3u8(listing: Listing) -> str:
    def lines() -> Iterator[str]:
        yield "#EXTM3U"
        yield "#EXTENC:UTF-8"
        yield f"#PLAYLIST:{_line(listing.title)}"
        for entry in listing.entries:
            yield f"#EXTINF:{-1 if entry.seconds is None else round(entry.seconds)},{_name(entry)}"
            if _split(_name(entry), None) != (_line(entry.artist), _line(entry.title)):
                yield f"#EXTART:{_line(entry.artist)}"
            if note := _line(entry.note):
                yield f"# {note}"
            yield _address(entry.uri)

    return "\n".join(lines()) + "\n"


def _from_m3u8(text: str) -> Listing:
    entries: list[Entry] = []
    title, seconds, name, artist = "", None, "", None
    for line in text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("#EXTINF:"):
            length, _, name = line[8:].partition(",")
            seconds = _length(length.split()[0] if length.split() else "")
        elif line.startswith("#EXTART:"):
            artist = line[8:]
        elif line.startswith("#PLAYLIST:"):
            title = line[10:].strip()
        elif line.strip() and not line.startswith("#"):
            by, called = _split(name, artist)
            uri = _from_uri(line) if line[:7].lower() == "file://" else line
            entries.append(Entry(uri=uri, title=called, artist=by, seconds=seconds))
            seconds, name, artist = None, "", None
    return Listing(entries=tuple(entries), title=title)


# -- XSPF ---------------------------------------------------------------------------------------------------------


def _to_xspf(listing: Listing) -> str:
    def add(parent: ElementTree.Element, name: str, text: object) -> None:
        if text not in (None, ""):
            ElementTree.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", str(text))

    root = ElementTree.Element("playlist", {"version": "1", "xmlns": _XSPF})
    add(root, "title", listing.title)
    add(root, "annotation", listing.about)
    tracks = ElementTree.SubElement(root, "trackList")
    for entry in listing.entries:
        node = ElementTree.SubElement(tracks, "track")
        add(node, "location", _as_uri(entry.uri))
        add(node, "title", entry.title)
        add(node, "creator", entry.artist)
        add(node, "annotation", entry.note)
        add(node, "duration", _milliseconds(entry.seconds))
    ElementTree.indent(root)
    # A carriage return that is not written as a reference is read back as a line feed.
    body = ElementTree.tostring(root, encoding="unicode").replace("\r", "&#13;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _check_xml(content: bytes) -> None:
    """Refuses documents that declare entities or are nested without end."""
    depth = 0

    def opened(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise PlaylistError("is nested too deep")

    def closed(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_: object) -> None:
        raise PlaylistError("declares a document type, which a playlist has no use for")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.StartDoctypeDeclHandler = declared
    parser.Parse(content, True)


def _from_xspf(text: str) -> Listing:
    content = re.sub(r"\A\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1).encode("utf-8")
    try:
        _check_xml(content)
        root = ElementTree.fromstring(content, ElementTree.XMLParser(encoding="utf-8"))
    except (expat.ExpatError, ElementTree.ParseError, ValueError) as error:
        raise PlaylistError(f"is not XML ({error})") from None
    space = root.tag[: root.tag.index("}") + 1] if root.tag.startswith("{") else ""
    if root.tag != f"{space}playlist":
        raise PlaylistError(f"is not XSPF: its root is {root.tag.removeprefix(space)[:40]!r}")

    def of(node: ElementTree.Element, name: str) -> str:
        return node.findtext(f"{space}{name}") or ""

    def entries() -> Iterator[Entry]:
        for node in root.iterfind(f"{space}trackList/{space}track"):
            milliseconds = _length(of(node, "duration"))
            yield Entry(
                uri=_from_uri(of(node, "location").strip()),
                title=of(node, "title"),
                artist=of(node, "creator"),
                seconds=None if milliseconds is None else milliseconds / 1000,
                note=of(node, "annotation"),
            )

    return Listing(entries=tuple(entries()), title=of(root, "title"), about=of(root, "annotation"))


# -- JSPF ---------------------------------------------------------------------------------------------------------


def _to_jspf(listing: Listing) -> str:
    def facts(entry: Entry) -> dict[str, object]:
        known = {
            "location": [_as_uri(entry.uri)],
            "title": entry.title,
            "creator": entry.artist,
            "annotation": entry.note,
            "duration": _milliseconds(entry.seconds),
        }
        return {name: value for name, value in known.items() if value not in (None, "")}

    body = {"title": listing.title, "annotation": listing.about, "track": [facts(entry) for entry in listing.entries]}
    return _SURROGATE.sub("\ufffd", json.dumps({"playlist": body}, ensure_ascii=False, indent=2)) + "\n"


def _from_jspf(text: str) -> Listing:
    try:
        held = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise PlaylistError("is not JSON") from None
    body = held.get("playlist") if isinstance(held, dict) else None
    tracks = body.get("track", []) if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(tracks, list):
        raise PlaylistError("is not JSPF: it holds no playlist with tracks")

    def words(node: Mapping[str, Any], name: str) -> str:
        value = node.get(name)
        return value if isinstance(value, str) else ""

    def entries() -> Iterator[Entry]:
        for node in cast("list[object]", tracks):
            if not isinstance(node, dict):
                raise PlaylistError("is not JSPF: a track is no object")
            track = cast("dict[str, Any]", node)
            places: object = track.get("location")
            first: object = places[0] if isinstance(places, list) and places else places
            milliseconds = _length(track.get("duration"))
            yield Entry(
                uri=_from_uri(first.strip()) if isinstance(first, str) else "",
                title=words(track, "title"),
                artist=words(track, "creator"),
                seconds=None if milliseconds is None else milliseconds / 1000,
                note=words(track, "annotation"),
            )

    about = cast("dict[str, Any]", body)
    return Listing(entries=tuple(entries()), title=words(about, "title"), about=words(about, "annotation"))


# -- PLS ----------------------------------------------------------------------------------------------------------


def _to_pls(listing: Listing) -> str:
    def lines() -> Iterator[str]:
        yield "[playlist]"
        yield f"X-Title={_line(listing.title)}"
        for number, entry in enumerate(listing.entries, start=1):
            yield f"File{number}={_address(entry.uri)}"
            yield f"Title{number}={_name(entry)}"
            yield f"Length{number}={-1 if entry.seconds is None else round(entry.seconds)}"
        yield f"NumberOfEntries={len(listing.entries)}"
        yield "Version=2"

    return "\n".join(lines()) + "\n"


def _from_pls(text: str) -> Listing:
    held: dict[str, str] = {}
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip().lower() != "[playlist]":
        raise PlaylistError("is not PLS: it does not begin with [playlist]")
    for line in lines[1:]:
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith((";", "[")):
            held[key.strip().lower()] = value
    numbers = sorted(int(key[4:]) for key in held if re.fullmatch(r"file[0-9]{1,6}", key))

    def entries() -> Iterator[Entry]:
        for number in numbers:
            artist, title = _split(held.get(f"title{number}", ""), None)
            uri = held[f"file{number}"]
            yield Entry(
                uri=_from_uri(uri) if uri[:7].lower() == "file://" else uri,
                title=title,
                artist=artist,
                seconds=_length(held.get(f"length{number}", "")),
            )

    return Listing(entries=tuple(entries()), title=held.get("x-title", "").strip())


def _bounded(read: Callable[[str], Listing]) -> Callable[[str], Listing]:
    def bounded(text: str) -> Listing:
        listing = read(text)
        if len(listing.entries) > _MOST:
            raise PlaylistError(f"lists {len(listing.entries)} tracks; at most {_MOST}")
        return listing

    return bounded


WRITERS: Mapping[str, Callable[[Listing], str]] = MappingProxyType(
    {".m3u8": _to_m3u8, ".xspf": _to_xspf, ".jspf": _to_jspf, ".pls": _to_pls}
)
"""What writes each kind of file, by its suffix."""

READERS: Mapping[str, Callable[[str], Listing]] = MappingProxyType(
    {
        ".m3u8": _bounded(_from_m3u8),
        ".m3u": _bounded(_from_m3u8),
        ".xspf": _bounded(_from_xspf),
        ".jspf": _bounded(_from_jspf),
        ".pls": _bounded(_from_pls),
    }
)
"""What reads each kind of file, by its suffix; each raises `PlaylistError` with words to follow the file's name."""
