"""Tables of features: read back by other programs, whole or not there."""

import csv
import sys
from pathlib import Path

import pytest
import scipy.io.arff

from affetto.errors import OptionError
from affetto.features import tables
from affetto.features.tables import TABLE_SUFFIXES, check_table, write_table

COLUMNS = ("level_db.mean", "it's")
ROWS = [("a.wav", [1.5, -2e-9]), ('b, "c"\'\n.wav', [0.1, 3e30])]


def write(path: Path, rows=ROWS) -> None:
    with write_table(path, COLUMNS) as add:
        for file, values in rows:
            add(file, values)


def test_csv_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", *COLUMNS]
    assert [(row[0], [float(cell) for cell in row[1:]]) for row in rows] == ROWS


def test_arff_is_read_by_scipy(tmp_path: Path) -> None:
    """scipy reads numbers, not strings: the file's name is taken out, and is checked as text."""
    write(tmp_path / "x.arff")
    text = (tmp_path / "x.arff").read_text(encoding="utf-8")
    assert "@attribute 'it\\'s' numeric" in text
    assert "'b, \"c\"\\'\\n.wav'," in text
    numbers = text.replace("@attribute file string\n", "").replace("'a.wav',", "").replace("'b, \"c\"\\'\\n.wav',", "")
    (tmp_path / "numbers.arff").write_text(numbers.replace("'it\\'s'", "its"), encoding="utf-8")
    data, meta = scipy.io.arff.loadarff(tmp_path / "numbers.arff")
    assert meta.names() == ["level_db.mean", "its"]
    assert [list(row) for row in data] == [values for _, values in ROWS]


def test_parquet_is_read_by_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(tables, "_BATCH", 2)
    write(tmp_path / "x.parquet", [*ROWS, ("last.wav", [7.0, 8.0])])
    table = pandas.read_parquet(tmp_path / "x.parquet")
    assert list(table.columns) == ["file", *COLUMNS]
    assert table["file"].tolist() == [*(file for file, _ in ROWS), "last.wav"]
    assert table["it's"].tolist() == [-2e-9, 3e30, 8.0]


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_names_that_are_no_unicode_are_written(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"x{suffix}", [("a\udcff.wav", [1.0, 2.0])])
    assert b"a\\udcff.wav" in (tmp_path / f"x{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_what_fails_half_way_leaves_the_old_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        write(path, [ROWS[0], ("b.wav", [1.0])])
    with write_table(path, COLUMNS):
        pass  # no row
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("suffix", [".csv", ".arff"])
def test_a_full_disk_is_one_line(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"x{suffix}"
    monkeypatch.setattr(Path, "with_name", lambda *_: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda *_: None)
    with pytest.raises(OptionError, match="No space left on device; nothing was written"):
        write(path, [("a.wav", [0.0, 0.0])] * 10_000)
    assert not path.exists()


def test_rows_have_a_value_for_each_column(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        write(tmp_path / "x.csv", [("a.wav", [1.0])])


def test_targets_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, message in (
        ("x.txt", "unknown kind '.txt'; give .csv, .arff, .parquet"),
        ("no/x.csv", "there is no folder"),
        ("folder.csv", "that is a folder"),
    ):
        with pytest.raises(OptionError, match=message):
            check_table(tmp_path / name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OptionError, match=r'pip install "affetto\[train\]", or write .csv or .arff'):
        check_table(tmp_path / "x.parquet")
