"""Every setting in one typed object: defaults, then the config file, then the environment."""

import os
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_cache_path, user_config_path, user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as NotJsonError  # the only table is genres

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import SettingsError

__all__ = ["Settings", "config_path", "settings"]

_APP = "affetto"

DEFAULT_GENRES: dict[Emotion, list[str]] = {
    Emotion.HAPPY: ["pop"],
    Emotion.SAD: ["classical"],
    Emotion.ANGRY: ["rock"],
    Emotion.FEARFUL: ["metal"],
    Emotion.DISGUST: ["metal"],
    Emotion.NEUTRAL: ["ambient"],
    Emotion.CALM: ["ambient"],
    Emotion.SURPRISED: ["pop"],
}


def config_path() -> Path:
    """Where the config file lies: ``$AFFETTO_CONFIG``, or ``config.toml`` in the user's config folder."""
    return Path(os.environ.get("AFFETTO_CONFIG") or user_config_path(_APP) / "config.toml")


class Settings(BaseSettings):
    """What a person may change; every field is also ``AFFETTO_<FIELD>`` in the environment.

    Attributes:
        model: ONNX file of the recognizer; None for the one that ships.
        threads: Threads of one inference.
        length: Tracks in a playlist.
        listener: Name of the listener that playlists and feedback belong to when no other is named.
        pool_likes: Whether what listeners of one store like is pooled, so that those alike profit from each other.
        pool_tracks: Whether the tracks that listeners of one store like or dislike are pooled, for all of them.
        data_dir: Folder for what is kept (libraries, profiles).
        database_url: Database of the music, "postgresql://user@host/name" where many share it; None for a file in
            ``data_dir``.
        cache_dir: Folder for what can be made again (features, downloads).
        device: Where networks are trained: "cpu", "cuda", "cuda:1", or "auto" for a CUDA device where there is one.
        genres: Genres that the ``genre`` strategy plays for each emotion; emotions left out keep their default.
    """

    model_config = SettingsConfigDict(env_prefix="AFFETTO_", env_nested_delimiter="__", extra="forbid", frozen=True)

    model: Path | None = None
    threads: int = Field(default=1, ge=1, le=64)
    length: int = Field(default=12, ge=1, le=500)
    listener: str = Field(default="me", min_length=1, max_length=64)
    pool_likes: bool = False
    pool_tracks: bool = False
    data_dir: Path = Field(default_factory=lambda: user_data_path(_APP))
    database_url: str | None = None
    cache_dir: Path = Field(default_factory=lambda: user_cache_path(_APP))
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:[0-9])?)$")
    genres: dict[Emotion, Annotated[list[str], Field(min_length=1)]] = Field(
        default_factory=lambda: dict(DEFAULT_GENRES)
    )

    @field_validator("genres")
    @classmethod
    def _complete_genres(cls, value: dict[Emotion, list[str]]) -> dict[Emotion, list[str]]:
        return {emotion: value.get(emotion, DEFAULT_GENRES[emotion]) for emotion in EMOTIONS}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the config file (which arrives as keyword arguments)."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"config file {path}: {reason}; mend it or move it away to use the defaults") from error


def _variable(key: Sequence[str]) -> str | None:
    """The environment variable that sets a key (``genres.sad``) or its table, or None where none does."""
    names = {name.upper(): name for name in os.environ}
    wanted = ("AFFETTO_" + "__".join(key[:depth]).upper() for depth in (2, 1))
    return next((names[name] for name in wanted if name in names), None)


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: If the config file is not TOML, or a key or value in it or in the environment is not valid.
    """
    path = config_path()
    try:
        return Settings(**_read_config(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = [str(part) for part in first["loc"] if part != "[key]"]
        place = _variable(key) or path
        raise SettingsError(
            f"setting {'.'.join(key)} = {first['input']!r}: {first['msg']}; mend it in {place}"
        ) from error
    except NotJsonError as error:
        place = _variable(["genres"])
        value = os.environ.get(place or "")
        example = '{"sad": ["blues"]}'
        raise SettingsError(f"setting genres = {value!r}: not JSON such as {example}; mend it in {place}") from error
