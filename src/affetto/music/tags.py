"""What a file says about itself: its tags, or what its path suggests where a tag is missing."""

import io
import logging
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any, Final

from affetto.music.text import clean

__all__ = ["Tags", "read_tags"]

_log = logging.getLogger(__name__)

_MEGABYTE = 1 << 20
_MOST = 32 * _MEGABYTE
"""Bytes of tags that are read: a picture of 100 MB is not worth the memory."""
_WORDS = 20
_NO_GENRES = frozenset({"unknown", "other", "none", "misc", "genre"})
_FORMATS = "mov,ogg,mp3,aac,flac,wav,w64,aiff,asf"
_PLAUSIBLE_TEMPO = (20.0, 400.0)
_LONGEST = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The tags of a file; what is unknown is empty or None.

    Attributes:
        title: Title; never empty, see ``guessed``.
        artist: Artist; empty when neither tags nor path tell.
        album_artist: Artist of the album.
        album: Album.
        year: Year of release.
        genre: Genre, the first of several.
        feels: Mood words, lower case.
        seconds: Length that the header promises.
        tempo: Beats per minute.
        key: Musical key as written.
        gain: ReplayGain of the track, dB.
        recording_mbid: MusicBrainz id of the recording.
        artist_mbid: MusicBrainz id of the artist.
        release_mbid: MusicBrainz id of the release.
        isrc: International standard recording code.
        bitrate: Bits per second, 0 when unknown.
        lossless: Whether the encoding keeps everything.
        guessed: Which of title, artist and album the path suggested.
        note: What was not read, and why; empty when all was.
    """

    title: str
    artist: str = ""
    album_artist: str = ""
    album: str = ""
    year: int | None = None
    genre: str = ""
    feels: tuple[str, ...] = ()
    seconds: float | None = None
    tempo: float | None = None
    key: str = ""
    gain: float | None = None
    recording_mbid: str = ""
    artist_mbid: str = ""
    release_mbid: str = ""
    isrc: str = ""
    bitrate: int = 0
    lossless: bool = False
    guessed: tuple[str, ...] = ()
    note: str = ""


# Where each field is: ID3 frames, keys of Vorbis comments and of FFmpeg, MP4 atoms, ASF attributes; case is ignored.
_ITUNES = "----:com.apple.itunes:"
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("tit2", "title", "\xa9nam"),
    "artist": ("tpe1", "artist", "\xa9art", "author"),
    "album_artist": ("tpe2", "albumartist", "album artist", "album_artist", "aart", "wm/albumartist"),
    "album": ("talb", "album", "\xa9alb", "wm/albumtitle"),
    "year": ("tdrc", "tyer", "tdor", "date", "year", "originaldate", "\xa9day", "wm/year"),
    "genre": ("tcon", "genre", "\xa9gen", "wm/genre"),
    "feels": ("tmoo", "txxx:mood", "mood", f"{_ITUNES}mood", "wm/mood"),
    "tempo": ("tbpm", "bpm", "tempo", "tmpo", "wm/beatsperminute"),
    "key": ("tkey", "initialkey", "initial key", "key", f"{_ITUNES}initialkey", "wm/initialkey"),
    "gain": (
        "txxx:replaygain_track_gain",
        "replaygain_track_gain",
        f"{_ITUNES}replaygain_track_gain",
        "r128_track_gain",
    ),
    "recording_mbid": (
        "ufid:http://musicbrainz.org",
        "musicbrainz_trackid",
        "musicbrainz_recordingid",
        f"{_ITUNES}musicbrainz track id",
        "musicbrainz/track id",
    ),
    "artist_mbid": (
        "txxx:musicbrainz artist id",
        "musicbrainz_artistid",
        f"{_ITUNES}musicbrainz artist id",
        "musicbrainz/artist id",
    ),
    "release_mbid": (
        "txxx:musicbrainz album id",
        "musicbrainz_albumid",
        f"{_ITUNES}musicbrainz album id",
        "musicbrainz/album id",
    ),
    "isrc": ("tsrc", "isrc", f"{_ITUNES}isrc", "wm/isrc"),
}

_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
_LISTED = re.compile(r"[;,/|\0]+")
_TRACK_NUMBER = re.compile(r"^\s*(\d{1,3}[-.])?\d{1,3}\s*[-._)\s]\s*")
_DASHED = re.compile(r"\s+[-–—]\s+")


class _TooMuchError(Exception):
    """More bytes of tags than are read."""


class _Metered(io.BufferedIOBase):
    """An open file that gives up to so many bytes: tags that want more are refused before memory is spent on them."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file, self._left = file, _MOST
        self.name = file.name  # some formats are told by the name

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        content = self._file.read(wanted)
        self._left -= len(content)
        if self._left < 0:
            raise _TooMuchError
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _texts(value: Any) -> list[str]:
    """The texts of a tag of any format."""
    text = getattr(value, "text", None)  # an ID3 frame
    if text is not None:
        value = text
    elif isinstance(getattr(value, "data", None), bytes):  # an ID3 identifier
        value = value.data
    if isinstance(value, bytes):
        return [value[:4000].decode("utf-8", "replace")]
    if isinstance(value, str):
        return [value]
    if isinstance(value, Iterable):
        return [text for item in list(value)[:_WORDS] for text in _texts(item)]
    plain = getattr(value, "value", value)  # an ASF attribute
    return [str(plain)[:4000]]


def _mutagen(path: Path) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Every tag by its key in lower case, and the facts of the stream."""
    import mutagen

    with path.open("rb") as file:
        try:
            found: Any = mutagen.File(_Metered(file))  # pyright: ignore[reportArgumentType, reportPrivateImportUsage]
        except mutagen.MutagenError as error:  # pyright: ignore[reportPrivateImportUsage]
            # The library wraps what the file object raises.
            if isinstance(error.__cause__ or error.__context__, _TooMuchError):
                raise _TooMuchError from error
            raise
    if found is None:
        return {}, {}
    tags: dict[str, list[str]] = {}
    genres = getattr((found.tags or {}).get("TCON"), "genres", None) if hasattr(found.tags, "get") else None
    for key, value in (found.tags or {}).items() if hasattr(found.tags, "items") else ():
        name = str(key).casefold()
        name = name.removesuffix(":eng") if name.startswith("txxx") else name
        tags.setdefault(name, []).extend(genres if name == "tcon" and genres else _texts(value))
    info = found.info
    codec = type(found).__name__.casefold() + str(getattr(info, "codec", "")).casefold()
    lossless = any(name in codec for name in ("flac", "wave", "aiff", "alac"))
    facts = {"seconds": getattr(info, "length", None), "bitrate": getattr(info, "bitrate", 0), "lossless": lossless}
    return tags, facts


def _ffmpeg(path: Path) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """The same by FFmpeg, which reads fewer fields, and passes over pictures."""
    import av
    from av.error import FFmpegError

    try:
        with path.open("rb") as file:
            # Without its name, which a decoder could take for an address, and without kinds that open other files.
            nameless: Any = SimpleNamespace(read=file.read, seek=file.seek, tell=file.tell)
            options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
            container: Any = av.open(nameless, options=options, metadata_errors="replace")
            with container:
                return _by_ffmpeg(container)
    except (FFmpegError, ValueError, OverflowError):
        return {}, {}


def _by_ffmpeg(container: Any) -> tuple[dict[str, list[str]], dict[str, Any]]:
    import av

    tags = {str(key).casefold(): [str(value)] for key, value in container.metadata.items()}
    for stream in container.streams.audio:
        tags = {str(key).casefold(): [str(value)] for key, value in stream.metadata.items()} | tags
    seconds = container.duration / av.time_base if container.duration else None
    return tags, {"seconds": seconds, "bitrate": container.bit_rate or 0, "lossless": False}


def _number(texts: list[str], low: float, high: float) -> float | None:
    match = _NUMBER.search(texts[0][:40]) if texts else None
    value = float(match[0].replace(",", ".")) if match else math.nan
    return value if low <= value <= high else None


def _pattern(texts: list[str], pattern: re.Pattern[str], *, upper: bool = False) -> str:
    for text in texts:
        text = text[:200].upper().replace("-", "") if upper else text[:200].lower()
        if match := pattern.search(text):
            return match[0]
    return ""


def _guess(path: PurePath, top: PurePath | None) -> dict[str, str]:
    """What names of files and folders usually say: artist / album / number - artist - title."""
    stem = clean(_TRACK_NUMBER.sub("", path.stem.replace("_", " ")) or path.stem)
    parts = [part for part in _DASHED.split(stem) if part]
    if len(parts) > 1 and parts[0].isdigit():
        parts = parts[1:]
    guess = {"title": parts[-1] if parts else stem}
    inside = path.parent.relative_to(top).parts if top is not None and path.is_relative_to(top) else ()
    folders = [clean(part) for part in inside]
    if len(parts) > 1:
        guess["artist"] = parts[0]
    elif len(folders) > 1:
        guess["artist"] = folders[-2]
    if folders:
        guess["album"] = folders[-1]
        both = [part for part in _DASHED.split(folders[-1]) if part]
        if len(both) == 2 and not _YEAR.fullmatch(both[0]) and "artist" not in guess:
            guess["artist"], guess["album"] = both
    return guess


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value < _LONGEST else None


def read_tags(path: str | Path, *, top: str | Path | None = None) -> Tags:
    """The tags of a sound file. Whatever is in it, this gives tags or raises `OSError`.

    Texts are cleaned and cut, numbers that cannot be are left out, and no more than 32 MB of tags are read.

    Args:
        path: The file.
        top: The folder that was added; only names below it suggest an artist and an album.

    Raises:
        OSError: If the file cannot be read.
    """
    path = Path(path)
    note, tags, facts = "", dict[str, list[str]](), dict[str, Any]()
    try:
        tags, facts = _mutagen(path)
    except OSError:
        raise
    except _TooMuchError:
        note = f"more than {_MOST // _MEGABYTE} MB of tags: pictures and rare tags were not read"
    except Exception as error:  # a parser of many formats meets a damaged file: anything may come out
        _log.debug("tags of %s: %s", path, error)
        note = f"damaged tags ({clean(error, longest=80) or type(error).__name__})"
    if not tags:
        more, other = _ffmpeg(path)
        tags, facts = more, facts or other
    # A line of text cannot be as long as a book; what is long is cut before it costs anything.
    told = {
        name: [text for key in keys for text in tags.get(key, ()) if text and not text.isspace()]
        for name, keys in _KEYS.items()
    }
    text = {
        name: clean(told[name][0]) if told[name] else ""
        for name in ("title", "artist", "album_artist", "album", "genre", "key")
    }
    guess = _guess(path, None if top is None else Path(top))
    guessed = tuple(name for name in ("title", "artist", "album") if not text[name] and guess.get(name))
    text.update({name: guess[name] for name in guessed})
    years = (_YEAR.search(value[:100]) for value in told["year"])
    feels = (clean(word, longest=40).casefold() for value in told["feels"] for word in _LISTED.split(value[:2000]))
    gain = _number(told["gain"], -100, 100) if "r128_track_gain" not in tags else None
    if gain is None and (r128 := _number(tags.get("r128_track_gain", []), -32768, 32767)) is not None:
        gain = r128 / 256 + 5  # Opus: Q7.8 against -23 LUFS (RFC 7845), ReplayGain 2 against -18
    bitrate: Any = facts.get("bitrate") or 0
    if text["genre"].isdigit() or text["genre"].casefold() in _NO_GENRES:
        text["genre"] = ""
    return Tags(
        **{**text, "title": text["title"] or path.stem[:1] or "?"},
        year=next((int(found[0]) for found in years if found), None),
        feels=tuple(dict.fromkeys(word for word in feels if word))[:_WORDS],
        seconds=_seconds(facts.get("seconds")),
        tempo=_number(told["tempo"], *_PLAUSIBLE_TEMPO),
        gain=gain,
        recording_mbid=_pattern(told["recording_mbid"], _MBID),
        artist_mbid=_pattern(told["artist_mbid"], _MBID),
        release_mbid=_pattern(told["release_mbid"], _MBID),
        isrc=_pattern(told["isrc"], _ISRC, upper=True),
        bitrate=int(bitrate) if 0 < bitrate < 1e9 else 0,
        lossless=bool(facts.get("lossless")),
        guessed=guessed,
        note=note,
    )
