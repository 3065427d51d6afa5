"""Defaults, then the config file, then the environment."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from platformdirs import user_cache_path, user_config_path, user_data_path

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import SettingsError
from affetto.settings import Settings, config_path, settings


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AFFETTO_") and name != "AFFETTO_CONFIG"]:
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("AFFETTO_CONFIG", str(path))
        settings.cache_clear()
        return path

    return write


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        settings()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_the_defaults() -> None:
    assert settings() == Settings()
    assert settings().model is None
    assert (settings().threads, settings().length) == (1, 12)
    assert settings().data_dir == user_data_path("affetto")
    assert settings().cache_dir == user_cache_path("affetto")
    assert settings().genres[Emotion.SAD] == ["classical"]
    assert list(settings().genres) == list(EMOTIONS)


def test_the_config_file_wins_over_the_defaults(config) -> None:
    config('length = 5\nmodel = "mine.onnx"\ndata_dir = "/somewhere"\n')
    assert settings().length == 5
    assert settings().model == Path("mine.onnx")
    assert settings().data_dir == Path("/somewhere")
    assert settings().threads == 1


def test_the_environment_wins_over_the_config_file(config, monkeypatch: pytest.MonkeyPatch) -> None:
    config("length = 5\nthreads = 2\n")
    monkeypatch.setenv("AFFETTO_LENGTH", "7")
    assert (settings().length, settings().threads) == (7, 2)


def test_a_partial_table_of_genres_keeps_the_other_defaults(config) -> None:
    config('[genres]\nsad = ["blues", "fado"]\n')
    assert settings().genres[Emotion.SAD] == ["blues", "fado"]
    assert settings().genres[Emotion.HAPPY] == ["pop"]
    assert list(settings().genres) == list(EMOTIONS)


def test_genres_from_the_environment(config, monkeypatch: pytest.MonkeyPatch) -> None:
    config('[genres]\nsad = ["blues"]\nangry = ["punk"]\n')
    monkeypatch.setenv("AFFETTO_GENRES__SAD", '["fado"]')
    assert settings().genres[Emotion.SAD] == ["fado"]
    assert settings().genres[Emotion.ANGRY] == ["punk"]
    assert settings().genres[Emotion.HAPPY] == ["pop"]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ('length = "many"', "length", "'many'"),
        ("length = 0", "length", "0"),
        ("length = 501", "length", "501"),
        ("length = 2.5", "length", "2.5"),
        ("threads = [1]", "threads", "[1]"),
        ("threads = 65", "threads", "65"),
        ("model = 3", "model", "3"),
        ('genres = "rock"', "genres", "'rock'"),
        ('[genres]\nsad = "rock"', "genres.sad", "'rock'"),
        ("[genres]\nsad = [3]", "genres.sad.0", "3"),
        ('[genres]\nbored = ["rock"]', "genres.bored", "'bored'"),
        ("[genres]\nsad = []", "genres.sad", "[]"),
        ("colour = 1", "colour", "1"),
        ("[server]\nport = 1", "server", "{'port': 1}"),
    ],
)
def test_a_wrong_value_in_the_config_file(text: str, key: str, value: str, config) -> None:
    path = config(text)
    message = refusal()
    assert message.startswith(f"setting {key} = {value}: ")
    assert message.endswith(f"; mend it in {path}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("affetto_length", "many"),
        ("AFFETTO_LENGTH", "many"),
        ("AFFETTO_THREADS", "0"),
        ("AFFETTO_GENRES", "rock"),
        ("AFFETTO_GENRES__SAD", "rock"),
    ],
)
def test_a_wrong_value_in_the_environment(name: str, value: str, config, monkeypatch: pytest.MonkeyPatch) -> None:
    config("length = 5\n")
    monkeypatch.setenv(name, value)
    message = refusal()
    assert value in message
    assert message.endswith(f"; mend it in {name}")


@pytest.mark.parametrize(
    "content", [b"length = ", b"length 5", b"[genres\n", b"length = 5\nlength = 6\n", b"title = '\xff'"]
)
def test_a_config_file_that_is_not_toml(content: bytes, config) -> None:
    path = config("")
    path.write_bytes(content)
    message = refusal()
    assert message.startswith(f"config file {path}: ")
    assert message.endswith("; mend it or move it away to use the defaults")


def test_a_config_file_that_cannot_be_read(config, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config("")

    def deny(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", deny)
    assert "Permission denied" in refusal()


def test_a_config_file_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFETTO_CONFIG", str(tmp_path / "none.toml"))
    assert settings() == Settings()


def test_where_the_config_file_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFETTO_CONFIG", "/etc/affetto.toml")
    assert config_path() == Path("/etc/affetto.toml")
    monkeypatch.delenv("AFFETTO_CONFIG")
    assert config_path() == user_config_path("affetto") / "config.toml"


def test_settings_are_read_once_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("AFFETTO_LENGTH", "7")
    assert settings() is first
    settings.cache_clear()
    assert settings().length == 7
    with pytest.raises(ValueError, match="frozen"):
        settings().length = 3  # type: ignore[misc]
