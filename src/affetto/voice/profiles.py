"""Where voice profiles lie: one JSON file each in the data folder, which only its owner may read."""

import contextlib
import json
import logging
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import ProfileError
from affetto.settings import settings
from affetto.store.locks import file_lock
from affetto.voice.correction import MOST_CORRECTIONS, Correction
from affetto.voice.cues import CUES
from affetto.voice.memory import Heard, Moments, Trace
from affetto.voice.profile import VoiceProfile
from affetto.voice.reading import Reading
from affetto.voice.stream import Event, LiveRecognizer

__all__ = ["FORMAT", "ProfileStore", "parse_profile", "profile_text", "read_profile"]

FORMAT = 1
"""Version of the file's form."""

_LARGEST = 1 << 20  # bytes; a profile with as many corrections as there may be is a quarter of it
_NAME = re.compile(r"[^\W_][\w-]{0,39}")
_SUFFIX = ".json"
_log = logging.getLogger(__name__)

_Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Shares = Annotated[tuple[_Share, ...], Field(min_length=len(EMOTIONS), max_length=len(EMOTIONS))]
_Word = Annotated[str, Field(max_length=64)]
_Date = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+\-:\d]{0,6}Z?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class _Moments(_Part):
    weight: _Seconds
    mean: _Number
    variance: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Heard(_Part):
    seconds: _Seconds = 0.0
    model: _Word = ""
    embedding: Annotated[tuple[_Number, ...], Field(max_length=4_096)] = ()
    weight: _Seconds = 0.0
    cues: dict[_Word, _Moments] = {}

    def heard(self) -> Heard:
        cues = {
            name: Moments(one.weight, one.mean, one.variance) for name, one in self.cues.items() if name in CUES
        }  # an older version's may be others
        return Heard(seconds=self.seconds, model=self.model, embedding=self.embedding, weight=self.weight, cues=cues)


class _Correction(_Part):
    emotion: Emotion
    probabilities: _Shares
    model: _Word
    when: _Date


class _Last(_Part):
    model: _Word
    probabilities: _Shares
    seconds: _Seconds


class _File(_Part):
    affetto_profile: Literal[1]
    name: Annotated[str, Field(max_length=160)]
    created: _Date
    updated: _Date
    adapt: bool
    heard: _Heard
    corrections: Annotated[list[_Correction], Field(max_length=MOST_CORRECTIONS)]
    last: _Last | None


def profile_text(profile: VoiceProfile) -> str:
    """A profile as JSON: what its file holds."""
    last = profile.last
    value: dict[str, Any] = {
        "affetto_profile": FORMAT,
        "name": profile.name,
        "created": profile.created,
        "updated": profile.updated,
        "adapt": profile.adapt,
        "heard": asdict(profile.heard),
        "corrections": [asdict(correction) for correction in profile.corrections],
        "last": last and {"model": last.model, "probabilities": last.probabilities, "seconds": last.heard.seconds},
    }
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def parse_profile(text: str | bytes, *, source: str) -> VoiceProfile:
    """The inverse of :func:`profile_text`; nothing in the text is believed unseen.

    Args:
        text: The JSON.
        source: What to call it in messages.

    Raises:
        ProfileError: If it is no profile.
    """
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"])) or "content"
        raise ProfileError(
            f"{source}: not a voice profile of this version ({key}: {first['msg']}); delete it and enrol again"
        ) from None
    except RecursionError:
        raise ProfileError(f"{source}: not a voice profile (too deep); delete it and enrol again") from None
    return VoiceProfile(
        name=_checked(file.name),
        created=file.created,
        updated=file.updated,
        heard=file.heard.heard(),
        adapt=file.adapt,
        corrections=tuple(Correction(**one.model_dump()) for one in file.corrections),
        last=file.last
        and Trace(model=file.last.model, probabilities=file.last.probabilities, heard=Heard(seconds=file.last.seconds)),
    )


def read_profile(path: Path, *, name: str | None = None) -> VoiceProfile:
    """A profile that was exported.

    Args:
        path: The file.
        name: What to call it; None for its own name.

    Raises:
        ProfileError: If it cannot be read, or is no profile.
    """
    try:
        profile = parse_profile(_read(path), source=str(path))
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}; give a file that 'affetto voice export' wrote") from None
    return profile if name is None else replace(profile, name=_checked(name))


class ProfileStore:
    """The voice profiles of this machine's user; processes that use one at the same time take turns.

    Args:
        folder: Where they lie; None for ``profiles`` in the data folder of the settings.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or settings().data_dir / "profiles"

    def names(self) -> tuple[str, ...]:
        """Names of the profiles there are, by alphabet."""
        if not self.folder.is_dir():
            return ()
        found = [unicodedata.normalize("NFC", path.stem) for path in self.folder.glob(f"*{_SUFFIX}")]
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))

    def has(self, name: str) -> bool:
        """Whether there is a profile of this name.

        Raises:
            ProfileError: If it is no name for a profile.
        """
        return self._path(name).is_file()

    def sole(self) -> str | None:
        """Name of the only profile; None where there is none, or a choice."""
        names = self.names()
        return names[0] if len(names) == 1 else None

    def load(self, name: str) -> VoiceProfile:
        """The profile of a name.

        Raises:
            ProfileError: If there is none, or it is damaged.
        """
        path = self._path(name)
        try:
            content = _read(path)
        except FileNotFoundError:
            known = ", ".join(self.names())
            raise ProfileError(
                f"no voice profile {name!r}{f'; there is {known}' if known else ''}; "
                f"make one with 'affetto voice enrol --name {name}'"
            ) from None
        except OSError as error:
            raise ProfileError(f"voice profile {path}: {error.strerror}; delete it and enrol again") from None
        return replace(parse_profile(content, source=f"voice profile {path}"), name=path.stem)

    def save(self, profile: VoiceProfile) -> None:
        """Keeps a profile in place of an earlier one of its name, whole or not at all.

        Raises:
            ProfileError: If it cannot be written.
        """
        with self._turn():
            self._write(profile)

    def update(self, name: str, change: Callable[[VoiceProfile], VoiceProfile]) -> VoiceProfile:
        """Changes a profile, and gives what it has become.

        Raises:
            ProfileError: If there is none, or it cannot be written.
        """
        with self._turn():
            profile = self.load(name)
            changed = change(profile)
            if changed != profile:
                self._write(changed)
        return changed

    def remember(self, name: str, reading: Reading) -> VoiceProfile:
        """Takes in a reading that the profile was used on; see :meth:`VoiceProfile.remembering`."""
        return self.update(name, lambda profile: profile.remembering(reading))

    def follow(self, live: LiveRecognizer, events: Iterable[Event]) -> None:
        """Takes in the final readings of a live session, which goes on with what its profile has become.

        Corrections that were made meanwhile count from then on; a profile that was deleted is used no longer.
        """
        for event in events:
            if live.profile is None or not event.final or event.reading is None:
                continue
            try:
                live.profile = self.remember(live.profile.name, event.reading)
            except ProfileError as error:
                _log.warning("%s", error)
                live.profile = None

    def correct(self, name: str, emotion: Emotion | str, *, reading: Reading | None = None) -> VoiceProfile:
        """Puts the last reading right, or the one given; see :meth:`VoiceProfile.corrected`.

        Raises:
            ProfileError: If the emotion is unknown, or there is no such profile.
            OptionError: If there is no reading to correct, or it has been put right.
        """
        try:
            wanted = Emotion(emotion)
        except ValueError:
            raise ProfileError(f"emotion {emotion!r}: choose {', '.join(map(str, EMOTIONS))}") from None
        return self.update(name, lambda profile: profile.corrected(wanted, reading))

    def undo(self, name: str) -> VoiceProfile:
        """Takes the last correction back; see :meth:`VoiceProfile.undone`."""
        return self.update(name, lambda profile: profile.undone())

    def delete(self, name: str) -> None:
        """Deletes a profile and all that is known of the voice.

        Raises:
            ProfileError: If there is none, or it cannot be deleted.
        """
        path = self._path(name)
        with self._turn():
            try:
                path.unlink()
            except FileNotFoundError:
                self.load(name)  # says what there is
            except OSError as error:
                raise ProfileError(f"voice profile {path}: {error.strerror}; delete the file yourself") from None

    def _path(self, name: str) -> Path:
        return self.folder / f"{_checked(name)}{_SUFFIX}"

    @contextlib.contextmanager
    def _turn(self) -> Generator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ProfileError(f"{self.folder}: {error.strerror}; choose another data_dir") from None
        with file_lock(self.folder / ".lock", busy=None):
            yield

    def _write(self, profile: VoiceProfile) -> None:
        path = self._path(profile.name)
        beside = path.with_name(f".{path.stem}.{os.getpid()}.part")
        try:
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(profile_text(profile))
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise ProfileError(f"voice profile {path}: {error.strerror}; choose another data_dir") from None


def _checked(name: str) -> str:
    plain = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(plain):
        raise ProfileError(
            f"profile name {name[:60]!r}: give letters, digits, - and _, at most 40, beginning with a letter or digit"
        )
    return plain


def _read(path: Path) -> bytes:
    """A plain file's content, if it is not too long."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "is not a plain file")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(0, f"is larger than {_LARGEST:,} bytes")
    return content
