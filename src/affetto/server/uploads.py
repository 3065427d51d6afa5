"""A recording as it is uploaded, and what is heard in it."""

import asyncio
import contextlib
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from fastapi import Request, UploadFile

from affetto.errors import AudioError
from affetto.server.delivery import Delivery
from affetto.server.limits import Limits
from affetto.server.problems import Problem
from affetto.voice.audio import RATE, AudioFile, Samples, ascii_name
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer
from affetto.voice.speech import Utterance, find_utterances
from affetto.voice.stream import SCHEMA_VERSION

__all__ = ["Upload", "read_recording", "receive_upload", "recorded"]

_IN_MEMORY = 1 << 20
_NAME_LENGTH = 255
_NO_NAME = "recording"
_FORM = "multipart/form-data"
_RAW = ("audio/", "video/", "application/octet-stream", "application/ogg")


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording that has arrived.

    Attributes:
        file: Its bytes, in memory as long as they are few, then in a file without a name.
        name: What the client calls it.
    """

    file: IO[bytes]
    name: str


@asynccontextmanager
async def receive_upload(request: Request, limits: Limits) -> AsyncGenerator[Upload]:
    """Takes in a recording, sent as a form or as it is; it is gone when the context ends.

    Raises:
        Problem: If it is of another type, has no file in it, or takes too long to come.
    """
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(limits.receive_seconds) as waiting:
            if kind == _FORM:
                async with request.form(max_files=1, max_fields=8) as form:
                    part = form.get("file")
                    if not hasattr(part, "filename"):
                        raise Problem(400, "no-file", 'the form holds no file; send the recording as the part "file"')
                    waiting.reschedule(None)
                    upload = cast(UploadFile, part)
                    yield Upload(upload.file, _clean(upload.filename))
                return
            if not kind.startswith(_RAW):
                raise Problem(
                    415,
                    "unsupported-type",
                    f"a body of type {kind!r:.60}; send {_FORM} with a file, or the recording itself "
                    "as audio/*, video/* or application/octet-stream",
                )
            with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                upload = UploadFile(cast(Any, file), size=0)
                async for chunk in request.stream():
                    await upload.write(chunk)
                waiting.reschedule(None)
                yield Upload(cast(IO[bytes], file), _NO_NAME)
    except TimeoutError:
        raise Problem(408, "too-slow", f"the body did not arrive within {limits.receive_seconds:g} s") from None


def _clean(name: str | None) -> str:
    return ascii_name(Path((name or _NO_NAME)[:_NAME_LENGTH]))


class _Recording(AudioFile):
    """An upload, called in messages what the client calls it."""

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        super().__init__(path)

    def __str__(self) -> str:
        return self._name


@contextmanager
def recorded(upload: Upload) -> Generator[AudioFile]:
    """An upload as a recording that can be decoded.

    The decoders want a file on disk; it lies in a folder that only this process may open, until the context ends.

    Raises:
        AudioError: If it cannot be decoded.
    """
    with tempfile.TemporaryDirectory(prefix="affetto-") as folder:
        path = Path(folder) / "recording"
        upload.file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(upload.file, copy)
        yield _Recording(path, upload.name)


def read_recording(
    upload: Upload,
    recognizer: Recognizer,
    limits: Limits,
    *,
    cues: bool = False,
    explain: bool = False,
    delivery: bool = False,
    given_up: threading.Event,
    stopping: threading.Event,
) -> dict[str, Any]:
    """What is heard in a recording: each utterance as a live session would end it, and the whole as ``hear`` reads it.

    With ``delivery`` also how it is spoken.

    Raises:
        Problem: If it cannot be decoded, is too long, or nobody waits for it any more.
    """
    with contextlib.ExitStack() as stack:
        heard = 0.0
        utterances: list[dict[str, Any]] = []
        spoken = Delivery() if delivery else None

        def blocks(recording: AudioFile) -> Iterator[Samples]:
            nonlocal heard
            for block in recording:
                if given_up.is_set() or stopping.is_set():
                    raise Problem(503, "stopping", "the server stops; send the recording again in a moment")
                yield block
                heard += len(block) / RATE
                _check_length(heard, limits)

        def each(recording: AudioFile) -> Iterator[Utterance]:
            for utterance in find_utterances(blocks(recording)):
                utterances.append(
                    {
                        "utterance": len(utterances) + 1,
                        "audio_start_ms": round(1_000 * utterance.start / RATE),
                        "audio_end_ms": round(1_000 * utterance.end / RATE),
                        "reading": _plain(recognizer.read_utterances([utterance]), cues=cues),
                    }
                )
                if spoken is not None:
                    spoken.add(utterance)
                yield utterance

        try:
            recording = stack.enter_context(recorded(upload))
            _check_length(recording.seconds or 0.0, limits)
            whole = recognizer.read_utterances(each(recording), explain=explain)
        except AudioError as error:
            raise Problem(422, "unreadable-audio", str(error)) from error
    return {
        "schema": SCHEMA_VERSION,
        "file": upload.name,
        "seconds": heard,
        "reading": _plain(whole, cues=cues),
        "utterances": utterances,
        **({} if spoken is None else {"delivery": spoken.to_dict(heard)}),
    }


def _check_length(seconds: float, limits: Limits) -> None:
    if seconds > limits.upload_seconds:
        raise Problem(
            413,
            "too-long",
            f"the recording is longer than {limits.upload_seconds / 60:g} minutes; cut it, "
            "or hear it here with 'affetto hear'",
        )


def _plain(reading: Reading, *, cues: bool) -> dict[str, Any]:
    value = reading.to_dict()
    return {**value, "cues": [cue.to_dict() for cue in reading.cues]} if cues else value
