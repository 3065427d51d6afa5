"""The description of the HTTP side: the schemas of ``affetto hear --json``, and examples made by the code."""

import json
from functools import cache
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from affetto.affect import Emotion
from affetto.server.problems import PROBLEM_TYPE, Problem
from affetto.version import __version__
from affetto.voice.reading import Reading

__all__ = ["RECORDING_BODY", "answers", "describe"]

_HOME = "#/components/schemas/"
_WHY = {
    400: "The body cannot be taken apart.",
    403: "The page is of another origin, or the server is called by another name.",
    408: "The body did not arrive in time.",
    411: "The body has no length.",
    413: "The body or the recording is too long.",
    415: "The body is of another type.",
    422: "A value, or the recording, cannot be used.",
    429: "Too many recordings at the same time.",
    503: "The server stops.",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}

RECORDING_BODY: dict[str, Any] = {
    "required": True,
    "description": "The recording: any audio, or video with a sound track.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary", "description": "The recording."}},
            }
        },
        "audio/*": _BINARY,
        "video/*": _BINARY,
        "application/octet-stream": _BINARY,
    },
}
"""What ``POST /v1/readings`` takes."""


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _HOME + name}


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }


_OWN: dict[str, Any] = {
    "recording": _object(
        "What was heard in a recording.",
        schema={"description": "Version of this form.", "const": 1},
        file={"description": "The recording as the client calls it.", "type": "string"},
        seconds={"description": "Its length.", **_ref("seconds")},
        reading={"description": "Of the whole, as affetto hear gives it.", **_ref("reading")},
        utterances={"description": "In order.", "type": "array", "items": _ref("utterance")},
    ),
    "utterance": _object(
        "One stretch of speech, with the final reading of a live session.",
        utterance={"description": "Its number, from 1.", "type": "integer", "minimum": 1},
        audio_start_ms={"type": "integer", "minimum": 0},
        audio_end_ms={"type": "integer", "minimum": 0},
        reading=_ref("reading"),
    ),
    "moods": _object("The mood regions of the music.", regions={"type": "array", "items": _ref("region")}),
    "region": _object(
        "A part of the library where tracks share a mood.",
        name={"type": "string"},
        size={"description": "Number of tracks.", "type": "integer", "minimum": 1},
        valence=_ref("coordinate"),
        arousal=_ref("coordinate"),
        tempo={"description": "Median beats per minute.", "type": ["number", "null"]},
        emotions={"description": "The emotions it answers.", "type": "array", "items": _ref("emotion")},
        examples={
            "description": "Its most typical tracks, without reasons.",
            "type": "array",
            "items": {"type": "object", "required": ["id", "title", "uri"]},
        },
    ),
    "health": _object(
        "How the server is.",
        status={"enum": ["ok", "stopping"]},
        version={"type": "string"},
        model={"description": "The recipe that made the model, or null.", "type": ["string", "null"]},
        sessions={"description": "Live sessions now.", "type": "integer", "minimum": 0},
        sessions_at_most={"type": "integer", "minimum": 1},
        uploads={"description": "Recordings being read now.", "type": "integer", "minimum": 0},
    ),
    "problem": _object(
        "What went wrong (RFC 9457).",
        type={"description": "Which kind, for programs.", "type": "string", "format": "uri"},
        title={"type": "string"},
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail={"description": "What happened and the way out, in one line, for people.", "type": "string"},
    ),
}


def _example(name: str) -> Any:
    reading = Reading(probabilities={Emotion.ANGRY: 0.71, Emotion.HAPPY: 0.29}, seconds=2.4).to_dict()
    utterance = {"utterance": 1, "audio_start_ms": 320, "audio_end_ms": 2912, "reading": reading}
    if name == "recording":
        return {"schema": 1, "file": "me.m4a", "seconds": 3.4, "reading": reading, "utterances": [utterance]}
    if name == "health":
        return {
            "status": "ok",
            "version": __version__,
            "model": "default",
            "sessions": 2,
            "sessions_at_most": 64,
            "uploads": 0,
        }
    return None


_TROUBLE = {
    400: ("bad-json", "the body is not JSON: Expecting value; send one JSON object"),
    403: ("foreign-origin", "pages of https://example.org may not use this server; start it with --origin …"),
    408: ("too-slow", "the body did not arrive within 300 s"),
    411: ("length-required", "the request has no Content-Length; send the length of the body"),
    413: ("too-large", "the body is larger than 268,435,456 bytes; cut it, or send it compressed (opus, mp3)"),
    415: ("unsupported-type", "a body of type 'text/plain'; send multipart/form-data with a file, or …"),
    422: ("unreadable-audio", "me.wav: not a sound file that can be decoded; convert it to wav, flac or mp3"),
    429: ("busy", "4 recordings are being read, which is the most; try again in 10 s"),
    503: ("stopping", "the server stops; send the recording again in a moment"),
}


def answers(name: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: one that is good, of the named schema, and the problems with these statuses."""
    good: dict[str, Any] = {"schema": _ref(name)}
    if (example := _example(name)) is not None:
        good["example"] = example
    found: dict[int | str, dict[str, Any]] = {200: {"description": "As asked.", "content": {"application/json": good}}}
    for status in problems:
        kind, detail = _TROUBLE[status]
        example = Problem(status, kind, detail).to_dict()
        found[status] = {
            "description": _WHY[status],
            "content": {PROBLEM_TYPE: {"schema": _ref("problem"), "example": example}},
        }
    return found


@cache
def _shared() -> dict[str, Any]:
    """The schemas of ``hear.schema.json``, at home in an OpenAPI document."""
    text = resources.files("affetto").joinpath("schemas/hear.schema.json").read_text(encoding="utf-8")
    return json.loads(text.replace('"#/$defs/', f'"{_HOME}'))["$defs"]


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Affetto",
            version=__version__,
            summary="Hears the emotion expressed in a voice and answers with music.",
            description="Live readings come over the WebSocket `/v1/listen`; `/v1/asyncapi.yaml` describes it. "
            "Nothing of the sound is kept.",
            routes=app.routes,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas.update(_shared() | _OWN)
        # The framework leaves out what is null, which the schema of a reading asks for.
        answer = document["paths"]["/v1/readings"]["post"]["responses"]["200"]["content"]["application/json"]
        answer["example"] = _example("recording")
        app.openapi_schema = document
    return app.openapi_schema
