"""Compile the starter catalog from the Incompetech facts.

    python tools/build_catalog.py

Reads ``$AFFETTO_SHARED/music/incompetech-facts.csv`` (default ``../shared``) and writes
``src/affetto/music/catalog/starter.csv``. Left out: stings, tracks under a minute, tracks without feels (nothing to
estimate a mood from) and holiday songs (right for a month of the year, wrong for the other eleven).
"""

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from affetto.music.catalog.reader import FIELDS
from affetto.music.mood import estimate_mood

_ROOT = Path(__file__).resolve().parent.parent
_FACTS = "music/incompetech-facts.csv"
_TARGET = _ROOT / "src/affetto/music/catalog/starter.csv"
_STREAM = "https://incompetech.com/music/royalty-free/mp3-royaltyfree/"
_ARTIST = "Kevin MacLeod"
_LICENCE = "CC BY 4.0"
_CREDIT = (
    '"{title}" Kevin MacLeod (incompetech.com), licensed under Creative Commons: By Attribution 4.0, '
    "https://creativecommons.org/licenses/by/4.0/"
)
_UNFIT_GENRES = {"Stings", "Holiday"}
_SHORTEST = 60


def _seconds(length: str) -> int:
    total = 0
    for part in length.split(":"):
        total = total * 60 + int(part)
    return total


def _rows(facts: Path) -> Iterator[dict[str, str]]:
    with facts.open(encoding="utf-8", newline="") as file:
        for fact in csv.DictReader(file):
            feels = [feel.strip().lower() for feel in fact["feel"].split(",") if feel.strip()]
            seconds = _seconds(fact["length"])
            if fact["genre"] in _UNFIT_GENRES or seconds < _SHORTEST or not feels:
                continue
            tempo, title = float(fact["bpm"]), " ".join(fact["title"].split())
            mood = estimate_mood(feels=feels, genre=fact["genre"], tempo=tempo)
            valence_sd, arousal_sd = mood.affect.spread
            yield {
                "id": fact["isrc_like_id"],
                "title": title,
                "artist": _ARTIST,
                "genre": fact["genre"],
                "feels": "|".join(dict.fromkeys(feels)),
                "tempo": f"{tempo:g}" if tempo else "",
                "seconds": str(seconds),
                "uri": _STREAM + quote(fact["mp3_filename"], safe=""),
                "licence": _LICENCE,
                "credit": _CREDIT.format(title=title),
                "valence": f"{mood.affect.valence:.3f}",
                "arousal": f"{mood.affect.arousal:.3f}",
                "valence_sd": f"{valence_sd:.3f}",
                "arousal_sd": f"{arousal_sd:.3f}",
                "mood_source": mood.source,
            }


def main() -> None:
    """Write the catalog and say how many tracks it holds."""
    facts = Path(os.environ.get("AFFETTO_SHARED") or _ROOT.parent / "shared") / _FACTS
    if not facts.is_file():
        sys.exit(f"no facts at {facts}; set AFFETTO_SHARED to the folder that holds {_FACTS}")
    rows = sorted(_rows(facts), key=lambda row: (row["title"].casefold(), row["id"]))
    with _TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} tracks in {_TARGET}")


if __name__ == "__main__":
    main()
