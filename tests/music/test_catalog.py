import csv
import os
import runpy
from importlib import resources
from pathlib import Path

import pytest

from affetto.errors import CatalogError
from affetto.music import estimate_mood, load_catalog, starter
from affetto.music.catalog import FIELDS
from tests.speed import fastest

ROW = {
    "id": "1",
    "title": 'A "quoted", title',
    "artist": "Someone",
    "genre": "Jazz",
    "feels": "dark|eerie",
    "tempo": "90",
    "seconds": "180",
    "uri": "https://example.org/a.mp3",
    "licence": "CC BY 4.0",
    "credit": "Someone",
    "valence": "-0.4",
    "arousal": "0.1",
    "valence_sd": "0.2",
    "arousal_sd": "0.2",
    "mood_source": "feels",
}


def write(path, *rows, fields=FIELDS):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_starter_catalog_is_large_playable_and_credited():
    tracks = starter()
    assert len(tracks) >= 600
    assert len({track.id for track in tracks}) == len({track.uri for track in tracks}) == len(tracks)
    for track in tracks:
        assert track.artist == "Kevin MacLeod"
        assert track.licence == "CC BY 4.0"
        assert track.title in track.credit
        assert "creativecommons.org/licenses/by/4.0" in track.credit
        assert track.uri.startswith("https://incompetech.com/music/royalty-free/mp3-royaltyfree/")
        assert track.uri.endswith(".mp3")
        assert " " not in track.uri
        assert track.feels
        assert track.seconds >= 60
        assert track.genre not in ("Stings", "Holiday")


def test_the_starter_moods_are_those_of_the_documented_mapping():
    for track in starter():
        mood = estimate_mood(feels=track.feels, genre=track.genre, tempo=track.tempo)
        assert track.mood.valence == pytest.approx(mood.affect.valence, abs=6e-4)
        assert track.mood.arousal == pytest.approx(mood.affect.arousal, abs=6e-4)
        assert track.mood.spread == pytest.approx(mood.affect.spread, abs=6e-4)
        assert track.mood_source == mood.source


def test_the_starter_catalog_loads_in_a_few_times_what_its_rows_take():
    """`make bench` holds the bound in seconds; how long the bare rows take says how fast this machine is."""

    def rows():
        with (
            resources.files("affetto.music.catalog").joinpath("starter.csv").open(encoding="utf-8", newline="") as file
        ):
            return [[value.strip() for value in row] for row in csv.reader(file)]

    def load():
        starter.cache_clear()
        return starter()

    assert fastest(load) < 12 * fastest(rows)
    assert starter() is starter()


def test_a_catalog_is_read(tmp_path):
    library = load_catalog(write(tmp_path / "c.csv", ROW, {**ROW, "id": "2", "tempo": "", "seconds": "", "feels": ""}))
    assert library[0].title == 'A "quoted", title'
    assert library[0].feels == ("dark", "eerie")
    assert (library[1].tempo, library[1].seconds) == (None, None)
    assert library[1].feels == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valence": "1.5"}, "valence = '1.5' is outside -1 to 1"),
        ({"arousal": "nan"}, "arousal = 'nan' is outside"),
        ({"tempo": "fast"}, "tempo = 'fast' is not a number"),
        ({"seconds": "long"}, "seconds = 'long' is not a number"),
        ({"valence_sd": "-1"}, "valence_sd = '-1' is outside"),
        ({"uri": " "}, "uri = ' ' is empty"),
        ({"title": ""}, "title = '' is empty"),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path, change, message):
    path = write(tmp_path / "c.csv", ROW, {**ROW, "id": "2", **change})
    with pytest.raises(CatalogError, match=r"c\.csv line 3") as caught:
        load_catalog(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_repeated_id_is_named(tmp_path):
    with pytest.raises(CatalogError, match="line 3: id = '1' is used twice"):
        load_catalog(write(tmp_path / "c.csv", ROW, ROW))


def test_files_that_are_no_catalog(tmp_path):
    with pytest.raises(CatalogError, match="columns are id; need id, title"):
        load_catalog(write(tmp_path / "a.csv", fields=["id"]))
    with pytest.raises(CatalogError, match="holds no track"):
        load_catalog(write(tmp_path / "b.csv"))
    (tmp_path / "c.csv").touch()
    with pytest.raises(CatalogError, match="columns are missing"):
        load_catalog(tmp_path / "c.csv")
    with pytest.raises(CatalogError, match="No such file"):
        load_catalog(tmp_path / "none.csv")
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="UTF-8"):
        load_catalog(tmp_path / "d.csv")
    (tmp_path / "e.csv").write_text(",".join(FIELDS) + "\na,b\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="2 values where 15 belong"):
        load_catalog(tmp_path / "e.csv")


@pytest.mark.shared
def test_the_starter_catalog_is_what_the_tool_compiles():
    root = Path(__file__).parents[2]
    facts = Path(os.environ.get("AFFETTO_SHARED") or root.parent / "shared") / "music/incompetech-facts.csv"
    if not facts.is_file():
        pytest.skip(f"no {facts}")
    tool = runpy.run_path(str(root / "tools/build_catalog.py"))
    rows = sorted(tool["_rows"](facts), key=lambda row: (row["title"].casefold(), row["id"]))
    shipped = root / "src/affetto/music/catalog/starter.csv"
    with shipped.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows
