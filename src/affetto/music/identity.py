"""What makes two files the same sound, and two tracks the same piece."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from affetto.music.text import normalized

__all__ = ["Piece", "content_id", "piece_of"]

_PROBE = 64 * 1024
_PROBES = 12
_WHOLE = _PROBE * _PROBES


def _after_id3(file: BinaryIO, start: int) -> int:
    """Where the sound begins behind any number of ID3v2 tags."""
    while True:
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return start
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        start += 10 + size + (10 if head[5] & 0x10 else 0)


def _before_trailers(file: BinaryIO, end: int) -> int:
    """Where the sound ends before an ID3v1 and an APE tag."""
    file.seek(max(0, end - 128))
    if file.read(3) == b"TAG":
        end -= 128
    file.seek(max(0, end - 32))
    foot = file.read(32)
    if foot[:8] == b"APETAGEX":
        size = int.from_bytes(foot[12:16], "little")
        has_head = int.from_bytes(foot[20:24], "little") >> 31
        end -= size + (32 if has_head else 0)
    return end


def _after_flac_blocks(file: BinaryIO, start: int) -> int:
    file.seek(start)
    if file.read(4) != b"fLaC":
        return start
    place = start + 4
    while len(head := file.read(4)) == 4:
        place += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            return place
        file.seek(place)
    return start


def _chunk(file: BinaryIO, end: int) -> tuple[int, int] | None:
    """The sound of a RIFF, AIFF or MP4 file: the chunk or atom that holds it."""
    file.seek(0)
    head = file.read(12)
    if head[:4] in (b"RIFF", b"FORM"):
        place, names, order = 12, (b"data", b"SSND"), "little" if head[:4] == b"RIFF" else "big"
        while place + 8 <= end:
            file.seek(place)
            name, size = file.read(4), int.from_bytes(file.read(4), order)
            if name in names:
                return place + 8, min(end, place + 8 + size)
            place += 8 + size + size % 2
    elif head[4:8] == b"ftyp":
        place = 0
        while place + 8 <= end:
            file.seek(place)
            size, name = int.from_bytes(file.read(4), "big"), file.read(4)
            body = 8
            if size == 1:
                size, body = int.from_bytes(file.read(8), "big"), 16
            if name == b"mdat":
                return place + body, end if size == 0 else min(end, place + size)
            if size < 8:
                return None
            place += size
    return None


def content_id(path: str | Path) -> str:
    """The identity of the sound in a file, 32 hex digits: the same after a change of name, place or tags.

    It is a BLAKE2b hash of the length of the encoded sound and of twelve probes of 64 KiB spread over it; of all of it
    where it is shorter. ID3, APE, FLAC, MP4, RIFF and AIFF tags are stepped over; those of Ogg and ASF lie between the
    sound, so that a changed tag there counts as a changed sound.

    Raises:
        OSError: If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        found = _chunk(file, end)
        if found is None:
            begin = _after_flac_blocks(file, _after_id3(file, 0))
            stop = _before_trailers(file, end)
        else:
            begin, stop = found
        if not 0 <= begin < stop <= end:  # a header that lies
            begin, stop = 0, end
        length = stop - begin
        digest = hashlib.blake2b(length.to_bytes(8, "big"), digest_size=16)
        if length <= _WHOLE:
            file.seek(begin)
            digest.update(file.read(length))
        else:
            for number in range(_PROBES):
                file.seek(begin + number * (length - _PROBE) // (_PROBES - 1))
                digest.update(file.read(_PROBE))
        return digest.hexdigest()


# What is said in brackets or behind a dash about which recording it is, most telling first. A remix, an acoustic or
# an instrumental version is music of its own, with a mood of its own: its label stays in the key.
_VERSIONS = (
    ("live", re.compile(r"\b(live|unplugged|in concert|mtv)\b")),
    ("demo", re.compile(r"\b(demo|rehearsal|outtake|rough mix)\b")),
    ("remaster", re.compile(r"\b(remaster(ed)?|re-?master(ed)?|\d{4} (mix|version)|anniversary)\b")),
    ("edit", re.compile(r"\b(radio edit|single edit|edit|single version|album version|extended|short version)\b")),
    ("mono", re.compile(r"\b(mono|stereo)( (version|mix))?\b")),
    ("bonus", re.compile(r"\b(bonus( track)?|deluxe|explicit|clean|original( (mix|version))?)\b")),
)
_GUESTS = re.compile(r"\s(feat|ft|featuring)\b\.? .*", re.IGNORECASE)
_GUESTS_ASIDE = re.compile(r"(feat|ft|featuring|with)\b\.? .*")
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_DASH = re.compile(r"\s+[-–—]\s+([^-–—]+)$")
_COMPILATION = re.compile(
    r"\b(greatest hits|best of|the hits|hits|collection|anthology|essential|gold|now that s what i call|compilation|"
    r"various artists|soundtrack)\b"
)
_LIVE_ALBUM = re.compile(r"^live\b|\b(live (at|in|from|on)|unplugged|in concert)\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """The piece that a track is a version of.

    Attributes:
        key: Normalized artist and title, equal for all versions; empty where the title or the artist is not known.
        version: "live", "demo", "remaster", "edit", "mono", "bonus", "compilation"; empty for the plain one.
    """

    key: str
    version: str


def piece_of(*, artist: str, title: str, album: str = "", album_artist: str = "") -> Piece:
    """The piece and the kind of version that a track's names speak of.

    >>> piece_of(artist="Nina Simone", title="Sinnerman (Live at Montreux) [2013 Remaster]")
    Piece(key='nina simone: sinnerman', version='live')
    >>> piece_of(artist="The Band feat. Guest", title="Song - Radio Edit")
    Piece(key='band: song', version='edit')
    >>> piece_of(artist="Band", title="Song (Acoustic) [with Guest]")
    Piece(key='band: song acoustic', version='')
    """
    kinds: set[str] = set()

    def put_aside(match: re.Match[str]) -> str:
        words = match[1].casefold()
        found = [kind for kind, pattern in _VERSIONS if pattern.search(words)]
        kinds.update(found)
        return "" if found or _GUESTS_ASIDE.fullmatch(words.strip()) else f" {match[1]}"

    name = _GUESTS.sub("", _DASH.sub(put_aside, _BRACKETS.sub(put_aside, title))).strip() or title
    kinds.update(["live"] if _LIVE_ALBUM.search(album.casefold()) else [])
    if not kinds and (
        _COMPILATION.search(normalized(album)) or normalized(album_artist) in ("various artists", "various", "va")
    ):
        kinds.add("compilation")
    order = [kind for kind, _ in _VERSIONS]
    version = min(kinds, key=lambda kind: order.index(kind) if kind in order else len(order), default="")
    who = normalized(_GUESTS.sub("", artist)).removeprefix("the ")
    what = normalized(name)
    return Piece(key=f"{who}: {what}" if who and what else "", version=version)
