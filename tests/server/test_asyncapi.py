"""The description of the socket is valid, and true of the messages that are really sent."""

import json
from importlib import resources

import jsonschema
import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator
from websockets.sync.client import connect

from affetto.affect import EMOTIONS
from affetto.server import Limits
from affetto.server.protocol import CLOSE_CODES, SessionStart
from affetto.settings import settings
from tests.server.conftest import cut, f32, rest, s16, talk

DOCUMENT = yaml.safe_load(resources.files("affetto.server").joinpath("asyncapi.yaml").read_text(encoding="utf-8"))
MESSAGES = {message["name"]: message for message in DOCUMENT["components"]["messages"].values()}
SCHEMAS = DOCUMENT["components"]["schemas"]


def validate(message):
    schema = {**MESSAGES[message["type"]]["payload"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(message)


def resolve(reference):
    place = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_asyncapi_3_and_nothing_in_it_points_nowhere():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"info", "channels", "operations", "components"} <= set(DOCUMENT)
    for reference in references(DOCUMENT):
        assert resolve(reference), reference
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    channel = DOCUMENT["channels"]["listen"]
    assert channel["address"] == "/v1/listen"
    spoken = {ref["$ref"] for operation in DOCUMENT["operations"].values() for ref in operation["messages"]}
    assert spoken == {f"#/channels/listen/messages/{name}" for name in channel["messages"]}


def test_its_examples_fit():
    for message in MESSAGES.values():
        for example in message.get("examples", []):
            validate(example["payload"])


def test_it_names_the_emotions_the_errors_and_the_limits_of_the_code():
    assert SCHEMAS["emotion"]["enum"] == [str(emotion) for emotion in EMOTIONS]
    assert set(SCHEMAS["ending"]["properties"]["code"]["enum"]) == set(CLOSE_CODES)
    for code, close in CLOSE_CODES.items():
        assert f"`{code}`" in DOCUMENT["info"]["description"] or code == "stopping"
        assert str(close) in DOCUMENT["info"]["description"]
    assert f"{Limits().frame_bytes >> 20} MiB" in MESSAGES["sound"]["summary"]
    assert f"every {Limits().ping_seconds:g} s" in DOCUMENT["info"]["description"]
    real = SessionStart.model_json_schema(by_alias=True)["properties"]
    told = SCHEMAS["sessionStart"]["properties"]
    assert set(told) == set(real)
    for name in ("rate", "channels", "interval"):
        for bound in ("minimum", "maximum", "default"):
            assert told[name][bound] == real[name][bound]


def test_the_messages_of_a_session_fit(server, short, tmp_path, monkeypatch):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))  # where the playlist that follows is kept
    settings.cache_clear()
    broken = short.copy()
    broken[100] = np.nan
    with talk(server, format="f32le") as socket:
        for frame in cut(f32(broken), 6_400):
            socket.send(frame)
        socket.send('{"type": "session.end"}')
        messages, _ = rest(socket)
    with connect(server.ws) as socket:
        socket.send('{"type": "session.start"}')
        messages.append(json.loads(socket.recv()))
        socket.send("nonsense")
        messages += rest(socket)[0]
    with talk(server, cues=True, follow={"intent": "lift", "length": 3}) as socket:
        for frame in cut(s16(short), 6_400):
            socket.send(frame)
        socket.send('{"type": "session.end"}')
        followed, _ = rest(socket)
    changes = [message for message in followed if message["type"] == "playlist"]
    assert [len(change["playlist"]["tracks"]) for change in changes][:1] == [3]
    assert all(isinstance(message["reading"]["cues"], list) for message in followed if message.get("final"))
    messages += followed
    kinds = {message["type"] for message in messages}
    assert kinds == set(MESSAGES) - {"session.start", "session.end", "sound"}
    assert {message.get("fatal") for message in messages if message["type"] == "error"} == {True, False}
    for message in messages:
        validate(message)


@pytest.mark.parametrize(
    "message",
    [
        {"schema": 2, "type": "session.ended", "audio_ms": 0, "events": 0},
        {"schema": 1, "type": "error", "code": "tired", "message": "no", "fatal": True},
        {"type": "session.start", "format": "mp3"},
    ],
)
def test_wrong_messages_do_not_fit(message):
    with pytest.raises(jsonschema.ValidationError):
        validate(message)
