"""Recordings over HTTP: the same readings as live, and clear refusals."""

import asyncio
import io
import json
import tempfile
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from affetto.api import recognizer
from affetto.client import listen_file
from affetto.server import create_app
from affetto.server.limits import Limits
from affetto.server.problems import Problem
from affetto.server.uploads import Upload, read_recording
from tests.server.conftest import eventually, f32


@pytest.fixture(scope="session")
def recording(short, tmp_path_factory):
    path = tmp_path_factory.mktemp("upload") / "me.wav"
    soundfile.write(path, np.repeat(short, 3), 48_000)
    return path


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


def problem(response, status, name):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert set(found) == {"type", "title", "status", "detail"}
    assert (found["type"], found["status"]) == (f"urn:affetto:problem:{name}", status)
    assert "\n" not in found["detail"]
    return found["detail"]


def test_a_form_and_a_plain_body_give_what_streaming_gives_and_what_hear_gives(server, client, recording):
    form = client.post("/v1/readings", files={"file": ("me.wav", recording.read_bytes())})
    plain = client.post("/v1/readings", content=recording.read_bytes(), headers={"content-type": "audio/wav"})
    assert form.status_code == plain.status_code == 200
    found = form.json()
    assert {**plain.json(), "file": "me.wav"} == found
    finals = [event for event in listen_file(server.ws, recording) if event.final]
    assert len(finals) == len(found["utterances"]) == 2
    for number, (event, utterance) in enumerate(zip(finals, found["utterances"], strict=True), 1):
        assert utterance["utterance"] == event.utterance == number
        assert utterance["audio_start_ms"] == event.audio_start_ms
        assert utterance["audio_end_ms"] == event.audio_end_ms
        assert utterance["reading"]["probabilities"] == pytest.approx(
            event.reading.to_dict()["probabilities"], abs=1e-6
        )
    assert found["reading"] == recognizer().hear(recording).to_dict()
    assert found["seconds"] == pytest.approx(soundfile.info(recording).duration, abs=0.01)
    assert form.headers["cache-control"] == "no-store"


def test_cues_come_when_asked_for(client, recording):
    found = client.post("/v1/readings?cues=true", files={"file": recording.read_bytes()}).json()
    assert found["reading"]["cues"] == [cue.to_dict() for cue in recognizer().hear(recording).cues]
    assert all("cues" in utterance["reading"] for utterance in found["utterances"])


def test_an_explanation_of_the_whole_comes_when_asked_for(client, recording):
    found = client.post("/v1/readings?explain=true", files={"file": recording.read_bytes()}).json()
    assert found["reading"] == json.loads(json.dumps(recognizer().hear(recording, explain=True).to_dict()))
    assert found["reading"]["explanation"]["saliency"]["curve"]
    assert not any("explanation" in utterance["reading"] for utterance in found["utterances"])


def test_silence_is_abstained_from_and_not_an_error(client):
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros(16_000), 16_000, format="WAV")
    found = client.post("/v1/readings", content=sound.getvalue()).json()
    assert found["reading"]["reason"] == "no speech was heard"
    assert found["utterances"] == []


@pytest.mark.parametrize(
    ("request_", "status", "name", "said"),
    [
        ({"content": b"hello"}, 422, "unreadable-audio", "recording: not a sound file"),
        ({"content": b""}, 422, "unreadable-audio", "recording: the file is empty"),
        ({"files": {"file": ("a\n.wav", b"hello")}}, 422, "unreadable-audio", "convert it to wav"),
        ({"files": {"voice": b"hello"}}, 400, "no-file", 'the part "file"'),
        ({"data": {"file": "hello"}, "files": {"x": b""}}, 400, "no-file", 'the part "file"'),
        ({"json": {"file": "x"}}, 415, "unsupported-type", "application/json"),
        ({"data": {"file": "x"}}, 415, "unsupported-type", "x-www-form-urlencoded"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad-request", "boundary"),
        ({"content": b"x", "params": {"cues": "perhaps"}}, 422, "bad-value", "cues = 'perhaps'"),
        ({"content": b"x", "headers": {"origin": "https://evil.example"}}, 403, "foreign-origin", "--origin"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(client, request_, status, name, said):
    assert said in problem(client.post("/v1/readings", **request_), status, name)


def test_a_body_needs_a_length_or_comes_in_chunks(client, recording):
    request = client.build_request("POST", "/v1/readings", content=b"x")
    del request.headers["content-length"]
    request.stream = httpx.ByteStream(b"")
    assert "Content-Length" in problem(client.send(request), 411, "length-required")
    data = recording.read_bytes()
    chunks = (data[place : place + 100_000] for place in range(0, len(data), 100_000))
    assert client.post("/v1/readings", content=chunks).status_code == 200


def test_what_is_too_large_or_too_long_is_refused(serve):
    running = serve(upload_bytes=1_000, upload_seconds=1.0, body_bytes=100)
    with running.client() as client:
        assert "1,000 bytes" in problem(client.post("/v1/readings", content=bytes(200_000)), 413, "too-large")
        chunks = (bytes(10_000) for _ in range(20))
        assert "1,000 bytes" in problem(client.post("/v1/readings", content=chunks), 413, "too-large")
        assert "100 bytes" in problem(client.post("/v1/playlists", content=bytes(100_000)), 413, "too-large")
        sound = io.BytesIO()
        soundfile.write(sound, np.zeros(32_000), 16_000, format="OGG", subtype="VORBIS")
        assert "minutes" in problem(client.post("/v1/readings", content=sound.getvalue()), 413, "too-long")


def test_only_so_many_recordings_are_read_at_a_time(serve):
    running = serve(uploads=1, receive_seconds=0.5)
    going, busy = threading.Event(), threading.Event()

    def slow():
        yield b"RIFF"
        going.set()
        busy.wait(30)
        yield b"more"

    answers = []
    with running.client() as one, running.client() as two:
        upload = threading.Thread(target=lambda: answers.append(one.post("/v1/readings", content=slow())))
        upload.start()
        assert going.wait(30)
        eventually(lambda: running.hub.uploads == 1, "the upload to be counted")
        response = two.post("/v1/readings", content=b"x")
        assert "try again" in problem(response, 429, "busy")
        assert response.headers["retry-after"] == "10"
        eventually(lambda: running.hub.uploads == 0, "the slow upload to be given up")
        busy.set()
        upload.join(30)
    assert "did not arrive" in problem(answers[0], 408, "too-slow")


def test_nothing_is_left_on_disk(client, recording, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []
    real = recognizer().read_utterances
    monkeypatch.setattr(
        recognizer(), "read_utterances", lambda them, **_: (seen.append(list(tmp_path.iterdir())), real(them))[1]
    )
    data = recording.read_bytes() + bytes(2 << 20)  # more than is held in memory
    assert client.post("/v1/readings", files={"file": data}).status_code == 200
    assert client.post("/v1/readings", content=b"x" * (2 << 20)).status_code == 422
    assert seen
    assert list(tmp_path.iterdir()) == []


def test_reading_stops_soon_after_the_client_has_gone(short):
    given_up = threading.Event()
    given_up.set()
    sound = io.BytesIO()
    soundfile.write(sound, short, 16_000, format="WAV")
    with pytest.raises(Problem) as stopped:
        read_recording(Upload(sound, "me.wav"), recognizer(), Limits(), given_up=given_up, stopping=threading.Event())
    assert stopped.value.status_code == 503


def test_a_client_that_hangs_up_is_noticed(serve, recording, monkeypatch):
    running = serve()
    started, noticed = threading.Event(), threading.Event()

    def wait(*_, given_up, **__):
        started.set()
        if given_up.wait(30):
            noticed.set()
        return {}

    monkeypatch.setattr("affetto.server.readings.read_recording", wait)
    with running.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/readings", content=recording.read_bytes(), timeout=1.0)
    assert started.is_set()
    assert noticed.wait(30)


def test_a_reading_that_is_called_off_stops_its_thread(short, monkeypatch):
    started, stopped = threading.Event(), threading.Event()

    def wait(*_, given_up, **__):
        started.set()
        if given_up.wait(30):
            stopped.set()

    monkeypatch.setattr("affetto.server.readings.read_recording", wait)
    app = create_app(recognizer())

    async def main():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            call = asyncio.create_task(client.post("/v1/readings", content=f32(short)))
            while not started.is_set():
                await asyncio.sleep(0.01)
            call.cancel()
            await asyncio.wait({call})

    asyncio.run(main())
    assert stopped.wait(30)
    assert app.state.hub.uploads == 0


def test_an_accident_is_a_problem_too(server, monkeypatch):
    monkeypatch.setattr("affetto.server.readings.read_recording", lambda *_, **__: 1 / 0)
    with server.client() as client:
        detail = problem(client.post("/v1/readings", content=b"x"), 500, "internal")
    assert "division" not in detail
    assert json.dumps(detail)
    assert str(Path.cwd()) not in detail
