"""Music learns from likes, as it is seen on the first page.

Likes need not change what is played: mood comes first, a list of everything there is holds the same tracks in any case,
and of few likes nothing can be told. So there is twice as much music as a list holds, all of one mood, and one half of
it is liked.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC

from affetto.music import collection as collections
from affetto.music.analysis import Analysis
from affetto.music.scan import add_folder, scan
from affetto.recommendation.taste import MINIMUM
from tests.page.conftest import hear, heard, renew, until, without_chance

pytestmark = pytest.mark.slow

NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lou")
LONG = 300  # seconds: none of it ends, and so is heard to its end, while likes are given
RATE = 8_000


@pytest.fixture
def halves(home: Path) -> None:
    """Twelve tracks of jazz and twelve of folk in the library, each by somebody else."""
    rng = np.random.default_rng(0)
    for genre in ("jazz", "folk"):
        for name in NAMES:
            path = home / "halves" / genre / f"{name}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            sound = np.zeros(LONG * RATE)
            sound[: RATE // 10] = rng.normal(scale=0.01, size=RATE // 10)
            soundfile.write(path, sound, RATE, subtype="PCM_16")
            file = FLAC(path)
            file.update({"title": f"{name}'s {genre}", "artist": f"{name} of {genre}", "genre": genre})
            file.save()
    collection = collections.default_collection(make=True)
    assert collection is not None
    add_folder(collection.store, home / "halves")
    scan(collection.store, workers=0, listener=_happy)


def _happy(path: Path) -> Analysis:
    """All sounds alike, and happy as `tests.tracks.evidence` takes it."""
    return replace(hear(path), seconds=float(LONG), tempo=100.0, features=np.array([0.6, 0.4, *22 * [0.0]], np.float32))


def artists(page) -> list[str]:
    """By whom the tracks of the queue are, in order."""
    return page.locator("#queue .track-by").all_inner_texts()


@pytest.mark.usefixtures("halves")
def test_what_is_liked_on_the_page_is_played_more(visit):
    page = visit()
    without_chance(page)
    page.click("#by-hand")
    page.click("#hand [type=submit]")
    heard(page)
    renew(page, ".place.happy")
    before = artists(page)
    renew(page, ".place.happy")
    assert artists(page) == before, "nothing changes by itself"
    jazz = [place for place, artist in enumerate(before) if artist.endswith("jazz")]
    assert MINIMUM <= len(jazz) < len(NAMES), "enough to be learnt from, and more of it is there"
    for place in jazz:
        with page.expect_response("**/v1/me/feedback") as kept:
            page.click(f"#queue .track >> nth={place} >> [data-act=like]")
        assert kept.value.status == 201
    until(page, "n => document.querySelectorAll('#queue [aria-pressed=true]').length === n", arg=len(jazz))
    renew(page, ".place.happy")
    after = artists(page)
    assert sum(artist.endswith("jazz") for artist in after) > len(jazz)
    new = [place for place, artist in enumerate(after) if artist.endswith("jazz") and artist not in before]
    assert new
    for place in new:
        assert "you like" in page.inner_text(f"#queue .track-why >> nth={place}")
