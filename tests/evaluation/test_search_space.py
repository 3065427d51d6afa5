"""What is to be searched is read from words and from a file, or refused by name."""

from pathlib import Path

import pytest

from affetto.errors import OptionError
from affetto.evaluation.search_space import Choice, Range, parse_space, read_space


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=1..9", ("a.b", Range(low=1, high=9))),
        ("a=0.1..100,log", ("a", Range(low=0.1, high=100, log=True))),
        ("a = x, y", ("a", Choice(("x", "y")))),
        ("a=1,2.5,true", ("a", Choice((1, 2.5, True)))),
    ],
)
def test_an_option_to_search_is_read(text: str, expected: object) -> None:
    assert parse_space(text) == expected


@pytest.mark.parametrize("text", ["a", "a=", "=1..2", "a=2..1", "a=x..y", "a=0..1,log", "a=1..2,linear", "a=true..2"])
def test_what_is_no_option_to_search_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"number|search|scale"):
        parse_space(text)


def test_a_space_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text('"model.a" = [1, 2]\n[model.training]\nrate = { low = 1e-4, high = 1e-2, log = true }\n')
    assert read_space(file) == {"model.a": Choice((1, 2)), "model.training.rate": Range(low=1e-4, high=1e-2, log=True)}
    for text in ("a = 3", "a = []", "a = { low = 1 }", "a = { low = 1, high = 2, step = 3 }", "a ="):
        file.write_text(text)
        with pytest.raises(OptionError, match=r"space\.toml"):
            read_space(file)
    with pytest.raises(OptionError, match=r"none\.toml"):
        read_space(tmp_path / "none.toml")
