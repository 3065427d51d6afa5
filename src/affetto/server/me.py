"""``/v1/me``: what is played for the person of this server, what they say to it, and what is kept of them."""

import contextlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from affetto.affect import Affect, Emotion
from affetto.errors import AffettoError, AudioError
from affetto.recommendation.intent import start_emotion
from affetto.recommendation.listener import Listener
from affetto.server.answer import answer, answered
from affetto.server.hub import Hub
from affetto.server.music import PlaylistRequest
from affetto.server.problems import Problem
from affetto.server.shown import shown_tracks
from affetto.server.uploads import receive_upload, recorded
from affetto.voice.profiles import ProfileStore
from affetto.voice.recognizer import Recognizer

__all__ = ["PROFILE", "router"]

router = APIRouter(prefix="/v1/me", include_in_schema=False)

PROFILE = "me"
"""What the profile of the person's voice is called, as by ``affetto voice enrol``."""

_STORED = 2**63  # what the store can hold as a number is below it

Number = Annotated[int, InPath(ge=1, lt=_STORED)]


class Wish(PlaylistRequest):
    """A playlist for the person: where they are, and how that was found."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["voice", "file", "hand"] = "hand"
    entry: int | None = Field(
        default=None, ge=1, lt=_STORED, description="The journal's entry that this one puts right."
    )
    corrects: bool = Field(default=False, description="Whether the person puts the last reading of their voice right.")


class Feedback(BaseModel):
    """What the person did with a track."""

    model_config = ConfigDict(extra="forbid")

    track: str = Field(min_length=1, max_length=400)
    kind: Literal["play", "completed", "skip", "like", "dislike", "not_this_mood", "never"]
    playlist: int | None = Field(default=None, ge=1, lt=_STORED)
    library: Literal["own", "starter"] | None = None
    seconds: float | None = Field(default=None, ge=0, le=86_400)


class Said(BaseModel):
    """How the person felt after a playlist."""

    model_config = ConfigDict(extra="forbid")

    said: Literal["better", "same", "worse"]


@router.post("/playlists")
def create_playlist(wish: Wish) -> dict[str, Any]:
    """A playlist for the person, kept with the reading that it answers."""
    start = wish.start()
    if wish.corrects:
        _correct(start if isinstance(start, Emotion | Affect) else None)
    return answered(
        *answer(
            start,
            intent=wish.intent,
            length=wish.length,
            strategy=wish.strategy,
            seed=wish.seed,
            source=wish.source,
            entry=wish.entry,
        )
    )


def _correct(start: Emotion | Affect | None) -> None:
    """Puts the last reading of the person's voice right, where the voice is known; the last word counts."""
    emotion = None if start is None else start_emotion(start)
    profiles = ProfileStore()
    if emotion is None or not profiles.has(PROFILE):
        return
    try:
        profiles.correct(PROFILE, emotion)
    except AffettoError:  # it was put right before, or there is none
        with contextlib.suppress(AffettoError):
            profiles.undo(PROFILE)
            profiles.correct(PROFILE, emotion)


@router.get("/playlists/{number}")
def kept_playlist(number: Number) -> dict[str, Any]:
    """A playlist that was kept."""
    kept = _listener().playlist(number)
    return {**kept.content, "id": kept.number, "tracks": shown_tracks(kept.tracks, kept.content["library_key"])}


@router.post("/playlists/{number}/outcome")
def outcome(number: Number, said: Said) -> dict[str, Any]:
    """How the person felt after a playlist."""
    return _listener().outcome(said.said, number).to_dict()


@router.post("/feedback", status_code=201)
def feedback(said: Feedback) -> dict[str, Any]:
    """Writes down what the person did with a track."""
    entry = Listener.open().feedback(
        said.kind, said.track, playlist=said.playlist, library=said.library, seconds=said.seconds
    )
    return {"id": entry.number, "kind": str(entry.kind)}


@router.delete("/feedback/{number}", status_code=204)
def undo(number: Number) -> Response:
    """Takes feedback back."""
    _listener().undo(number)
    return Response(status_code=204)


@router.delete("/likes/{number}", status_code=204)
def unlike(number: Number) -> Response:
    """Takes the like of a track back, however often it was given."""
    _listener().unlike(number)
    return Response(status_code=204)


@router.get("/journal")
def journal() -> dict[str, Any]:
    """The readings and their playlists, newest first."""
    known = Listener.known()
    return {"entries": [entry.to_dict() for entry in known.journal.entries()] if known else []}


@router.delete("/journal/{number}", status_code=204)
def delete_entry(number: Number) -> Response:
    """Deletes one reading."""
    _listener().journal.delete(number)
    return Response(status_code=204)


@router.get("/export")
def export() -> JSONResponse:
    """Everything that is kept of the person."""
    known = Listener.known()
    headers = {"content-disposition": 'attachment; filename="affetto.json"'}
    return JSONResponse(known.export() if known else {}, headers=headers)


@router.delete("", status_code=204)
def forget() -> Response:
    """Deletes everything that is kept of the person; their music and the profile of their voice stay."""
    known = Listener.known()
    if known is not None:
        known.delete()
    return Response(status_code=204)


def _listener() -> Listener:
    known = Listener.known()
    if known is None:
        raise Problem(404, "nothing-kept", "nothing is kept yet; ask for a playlist first")
    return known


@router.get("/voice")
def voice() -> dict[str, Any] | None:
    """What is known of the person's voice, or null."""
    profiles = ProfileStore()
    return profiles.load(PROFILE).summary() if profiles.has(PROFILE) else None


@router.post("/voice")
async def enrol_voice(request: Request) -> dict[str, Any]:
    """Gets to know the person's voice by some seconds of ordinary speech; the sound is gone before the answer."""
    hub: Hub = request.app.state.hub
    async with receive_upload(request, hub.limits) as upload:
        return await hub.engine.bulk(_enrol, hub.engine.recognizer, upload)


def _enrol(recognizer: Recognizer, upload: Any) -> dict[str, Any]:
    from affetto.voice.enrolment import enrol, spoken
    from affetto.voice.profile import VoiceProfile

    try:
        with recorded(upload) as recording:
            heard = enrol(recognizer, spoken(recording))
    except AudioError as error:
        raise Problem(422, "unreadable-audio", str(error)) from error
    profiles = ProfileStore()
    known = profiles.load(PROFILE) if profiles.has(PROFILE) else None
    profile = VoiceProfile.of(PROFILE, heard) if known is None else known.enrolled(heard)
    profiles.save(profile)
    return profile.summary()


@router.delete("/voice")
def delete_voice() -> None:
    """Forgets the person's voice."""
    profiles = ProfileStore()
    if profiles.has(PROFILE):
        profiles.delete(PROFILE)


@router.delete("/voice/corrections")
def undo_correction() -> dict[str, Any]:
    """Takes the last correction of a reading back."""
    return ProfileStore().undo(PROFILE).summary()
