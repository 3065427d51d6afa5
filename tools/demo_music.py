"""A small music collection that nobody owns: composed here, with tags and covers, for pictures and browser tests."""

import argparse
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from mutagen.flac import FLAC, Picture

__all__ = ["PIECES", "Piece", "compose"]

RATE = 22_050
_MAJOR, _MINOR = (0, 4, 7, 11, 14), (0, 3, 7, 10, 14)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece: what its tags say, and what it sounds like.

    Attributes:
        mood: The word of its mood tag.
        valence: Minor below 0, major above.
        arousal: Tempo, density and brightness.
    """

    title: str
    artist: str
    album: str
    genre: str
    mood: str
    valence: float
    arousal: float


_ALBUMS = (
    (
        "The Quiet Hours",
        "Half Past Blue",
        "ambient",
        (
            ("Window Seat", "calm", 0.5, -0.7),
            ("Snow on the Line", "peaceful", 0.45, -0.6),
            ("Lamplight", "tender", 0.4, -0.5),
            ("Nothing Due", "relaxed", 0.55, -0.45),
            ("Slow Ferry", "calm", 0.35, -0.65),
        ),
    ),
    (
        "Juno Aster",
        "Paper Suns",
        "pop",
        (
            ("Bright Side of the Street", "happy", 0.8, 0.55),
            ("Lemonade Sky", "joyful", 0.85, 0.45),
            ("Handstand", "playful", 0.7, 0.5),
            ("Kite Weather", "uplifting", 0.65, 0.35),
            ("First Swim", "happy", 0.75, 0.6),
        ),
    ),
    (
        "Odd Ferries",
        "Against the Tide",
        "rock",
        (
            ("Broken Signal", "aggressive", -0.5, 0.8),
            ("Teeth of the Storm", "angry", -0.55, 0.75),
            ("Runaway Engine", "intense", -0.25, 0.8),
            ("Rust", "dark", -0.55, 0.35),
            ("Loud Enough", "energetic", 0.2, 0.85),
        ),
    ),
    (
        "Marta Velin",
        "Letters Home",
        "classical",
        (
            ("Letter in October", "melancholic", -0.35, -0.45),
            ("An Empty Chair", "sad", -0.6, -0.4),
            ("Waltz for Nobody", "wistful", -0.15, -0.3),
            ("The Long Goodbye", "sad", -0.5, -0.55),
            ("Forgiven", "tender", 0.15, -0.35),
        ),
    ),
    (
        "Low Tide Choir",
        "Salt and Light",
        "folk",
        (
            ("Morning Bread", "warm", 0.55, -0.1),
            ("Seven Stones", "hopeful", 0.4, 0.05),
            ("Over the Hill", "uplifting", 0.5, 0.2),
            ("Grandmother's Song", "nostalgic", 0.1, -0.25),
            ("Cherry Orchard", "romantic", 0.45, -0.2),
        ),
    ),
    (
        "Night Bus",
        "Last Stop",
        "electronic",
        (
            ("Neon Rain", "mysterious", -0.1, 0.2),
            ("Platform Nine", "driving", 0.15, 0.6),
            ("Afterhours", "dreamy", 0.2, -0.15),
            ("Pulse", "energetic", 0.3, 0.75),
            ("Underpass", "tense", -0.35, 0.45),
        ),
    ),
)
PIECES: tuple[Piece, ...] = tuple(
    Piece(title, artist, album, genre, mood, valence, arousal)
    for artist, album, genre, titles in _ALBUMS
    for title, mood, valence, arousal in titles
)
"""Every piece of the collection, album by album."""


def _sound(piece: Piece, seconds: float, seed: int) -> npt.NDArray[np.float32]:
    """Chords in the mode and at the pace of the mood, with a beat where it is lively."""
    rng = np.random.default_rng(seed)
    beat = 60 / (100 + 55 * piece.arousal)
    scale = _MAJOR if piece.valence > 0 else _MINOR
    out = np.zeros(round(RATE * seconds))
    ring = np.arange(2 * RATE) / RATE  # how long a note is heard
    envelope = np.exp(-ring * (1.2 + 2.5 * (piece.arousal + 1)))
    root = 45 + int(rng.integers(0, 7))
    for number in range(math.ceil(seconds / beat)):
        place = round(number * beat * RATE)
        shift = (0, 5, 7, 3)[(number // 4) % 4]
        notes = [root + shift + int(rng.choice(scale)) + 12 * int(rng.integers(0, 2 + (piece.arousal > 0)))]
        if number % 4 == 0:
            notes += [root + shift + step for step in scale[:3]]
        tone = np.zeros(len(ring))
        for note in notes:
            pitch = 440 * 2 ** ((note - 69) / 12)
            for overtone in range(1, 3 + round(2 * (piece.arousal + 1))):
                tone += np.sin(2 * np.pi * overtone * pitch * ring) / overtone ** (2 - piece.arousal / 2)
        if piece.arousal > 0.15:
            tone += 3 * piece.arousal * np.exp(-ring * 28) * rng.standard_normal(len(ring))
        part = out[place : place + len(ring)]
        part += (envelope * tone)[: len(part)]
    return (0.7 * out / np.abs(out).max()).astype(np.float32)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _cover(number: int, size: int = 240) -> bytes:
    """Rings and discs in three flat colours, another picture for each album."""
    rng = np.random.default_rng(100 + number)
    colours = np.array(
        [
            [(24, 43, 73), (120, 160, 196), (238, 228, 205)],
            [(250, 201, 92), (240, 112, 80), (255, 243, 222)],
            [(28, 24, 30), (196, 45, 53), (232, 222, 214)],
            [(88, 92, 116), (196, 178, 190), (240, 234, 230)],
            [(46, 92, 82), (223, 183, 118), (246, 238, 220)],
            [(32, 20, 66), (212, 62, 140), (86, 214, 214)],
        ][number % 6],
        dtype=np.uint8,
    )
    y, x = np.mgrid[0:size, 0:size] / size
    picture = np.zeros((size, size), dtype=int)
    if number % 3 == 0:
        picture[y > 0.62 + 0.05 * np.sin(9 * x)] = 1
        picture[np.hypot(x - 0.68, y - 0.34) < 0.16] = 2
    elif number % 3 == 1:
        rings = (np.hypot(x - 0.5, y - 0.55) * 14).astype(int)
        picture[rings % 2 == 0] = 1
        picture[np.hypot(x - 0.5, y - 0.55) < 0.12] = 2
    else:
        for place in range(7):
            height = rng.uniform(0.15, 0.8)
            left = 0.1 + place * 0.118
            picture[(x > left) & (x < left + 0.07) & (np.abs(y - 0.5) < height / 2)] = 1 + (place == 3)
    return _png(colours[picture])


def compose(folder: Path, *, pieces: tuple[Piece, ...] = PIECES, seconds: float = 34.0) -> list[Path]:
    """Writes the pieces as FLAC with tags; all but one album have covers.

    Args:
        folder: Where to.
        pieces: Which.
        seconds: Length of each.
    """
    albums = list(dict.fromkeys(piece.album for piece in PIECES))
    written: list[Path] = []
    for number, piece in enumerate(pieces):
        path = folder / piece.artist / piece.album / f"{number:02d} {piece.title}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, _sound(piece, seconds, number), RATE, subtype="PCM_16")
        file = FLAC(path)
        for name in ("title", "artist", "album", "genre", "mood"):
            file[name] = getattr(piece, name)
        album = albums.index(piece.album)
        if piece.genre != "folk":
            picture = Picture()
            picture.type, picture.mime, picture.data = 3, "image/png", _cover(album)
            file.add_picture(picture)
        file.save()
        written.append(path)
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for path in compose(parser.parse_args().folder):
        print(path)
