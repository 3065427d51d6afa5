import json
import re

import pytest

from affetto.affect import Affect
from affetto.errors import CatalogError
from affetto.music import Library, Track, starter
from affetto.music.map import draw_map


def track(number, **facts):
    plain = {"title": f"Piece {number}", "artist": "Band", "uri": f"{number}.mp3", "mood_source": "audio"}
    return Track(id=str(number), mood=Affect(0.1 * number, -0.1 * number), **{**plain, **facts})


def data(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1]), text


def test_the_page_holds_every_track_its_region_and_its_plays(tmp_path):
    draw_map(Library([track(n) for n in range(5)]), tmp_path / "map.html", plays={"2": 7})
    found, _ = data(tmp_path / "map.html")
    titles, _, _, _, _, _, _, owner, plays = found["tracks"]
    assert titles == [f"Piece {n}" for n in range(5)]
    assert plays == [0, 0, 7, 0, 0]
    assert sum(region["size"] for region in found["regions"]) == 5
    assert set(owner) == set(range(len(found["regions"])))


def test_a_title_cannot_leave_its_place(tmp_path):
    evil = "</script><script>alert(1)</script><!-- \u2028 \ud800 " + "x" * 5000
    draw_map(Library([track(1, title=evil, artist=evil)]), tmp_path / "map.html")
    found, text = data(tmp_path / "map.html")
    assert "alert(1)</script>" not in text
    assert found["tracks"][0][0].startswith("</script><script>alert(1)")
    assert len(found["tracks"][0][0]) == 200


def test_the_page_asks_nobody_for_anything(tmp_path):
    draw_map(starter(), tmp_path / "map.html", k=9)
    found, text = data(tmp_path / "map.html")
    assert len(found["regions"]) == 9
    assert "default-src 'none'" in text
    assert not re.search(r'(src|href)="', text)


def test_a_map_needs_tracks_and_a_folder(tmp_path):
    with pytest.raises(CatalogError, match="no track to draw"):
        draw_map(Library(), tmp_path / "map.html")
    with pytest.raises(CatalogError, match="give a file in a folder that exists"):
        draw_map(starter(), tmp_path / "nowhere" / "map.html")
    assert list(tmp_path.iterdir()) == []
