"""The socket: what a client says, and what it hears."""

import json

import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from affetto.affect import EMOTIONS, Emotion
from affetto.api import recognizer
from affetto.server import Limits
from affetto.server.protocol import CLOSE_CODES
from affetto.settings import settings
from affetto.voice.memory import Heard, Trace
from affetto.voice.profile import VoiceProfile
from affetto.voice.profiles import ProfileStore
from affetto.voice.reading import Reading
from affetto.voice.stream import LiveRecognizer
from tests.server.conftest import PATIENCE, cut, f32, rest, s16, send, talk

END = '{"type": "session.end"}'


def locally(samples, **options):
    live = LiveRecognizer(recognizer(), **options)
    return [event.to_dict() for event in (*live.push(samples), *live.close())]


def answers(server, data, size, **start):
    with talk(server, **start) as socket:
        for frame in cut(data, size):
            socket.send(frame)
        socket.send(END)
        return rest(socket)


def nearly(found, wanted):
    """The same events; probabilities to 1e-6."""
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        a, b = one["reading"], other["reading"]
        assert {**one, "reading": None} == {**other, "reading": None}
        assert (a is None) == (b is None)
        if a is not None:
            assert a["probabilities"] == pytest.approx(b["probabilities"], abs=1e-6)
            assert (a["seconds"], a["reason"]) == (b["seconds"], b["reason"])


@pytest.mark.parametrize("size", [6_400, 3_333, 1 << 19])
def test_a_client_hears_what_the_recognizer_hears_however_its_frames_are_cut(server, short, size):
    messages, code = answers(server, f32(short), size, format="f32le")
    *events, ended = messages
    nearly(events, locally(short))
    assert ended == {
        "schema": 1,
        "type": "session.ended",
        "audio_ms": round(1000 * len(short) / 16_000),
        "events": len(events),
    }
    assert code == 1000


def test_integers_in_stereo_at_another_rate_are_heard_too(server, short):
    stereo = np.repeat(np.stack([short, short], axis=1), 3, axis=0)
    messages, code = answers(server, s16(stereo), 10_001, rate=48_000, channels=2, interval=1)
    assert [m["type"] for m in messages].count("utterance.end") == 2
    assert [m["sequence"] for m in messages[:-1]] == list(range(len(messages) - 1))
    finals = [m for m in messages[:-1] if m["final"]]
    assert len(finals) == 2
    assert all(m["audio_end_ms"] > m["audio_start_ms"] for m in finals)
    assert code == 1000


def test_sound_that_is_sent_again_adds_no_entry_to_the_journal(server, short, tmp_path, monkeypatch):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()

    def followed(**follow):
        messages, _ = answers(server, s16(short), 6_400, follow={"length": 3, **follow})
        return [message["playlist"] for message in messages if message["type"] == "playlist"]

    def kept():
        entries = httpx.get(f"{server.http}/v1/me/journal").json()["entries"]
        return [(entry["id"], entry["playlist"]["id"]) for entry in entries]

    first = followed()[-1]
    before = kept()
    assert before[0] == (first["entry"], first["id"])
    again = followed(entry=first["entry"])[0]
    assert kept()[-len(before) :] == [(first["entry"], again["id"]), *before[1:]]


def test_the_session_starts_with_what_is_used(server):
    with connect(server.ws) as socket:
        socket.send('{"type": "session.start", "rate": 44100, "profile": null}')
        assert json.loads(socket.recv(PATIENCE)) == {
            "schema": 1,
            "type": "session.started",
            "rate": 44_100,
            "format": "s16le",
            "channels": 1,
            "interval": 0.5,
            "profile": None,
        }


@pytest.fixture
def anna(tmp_path, monkeypatch):
    """The store of a machine that knows one voice."""
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    store = ProfileStore()
    store.save(VoiceProfile.of("anna", Heard()))
    return store


def test_a_known_voice_is_read_with_its_profile_which_takes_it_in(server, short, anna):
    messages, code = answers(server, f32(short), 12_800, format="f32le", profile="anna")
    assert code == 1000
    readings = [m["reading"] for m in messages if m.get("reading")]
    assert {reading["profile"] for reading in readings} == {"anna"}
    last = anna.load("anna").last
    assert last is not None
    final = [m for m in messages if m.get("final")][-1]["reading"]
    assert list(last.probabilities) == pytest.approx(list(final["probabilities"].values()), abs=1e-6)


def test_corrections_count_in_a_live_session(server, short, anna):
    for place in range(8):
        probabilities = dict.fromkeys(EMOTIONS, (0.6 - place / 100) / 7) | {Emotion.SAD: 0.4 + place / 100}
        trace = Trace(model=recognizer().model_id, probabilities=tuple(probabilities.values()), heard=Heard())
        anna.correct("anna", "disgust", reading=Reading(probabilities=probabilities, seconds=2.0, trace=trace))
    changed, _ = answers(server, f32(short), 12_800, format="f32le", profile="anna")
    plain, _ = answers(server, f32(short), 12_800, format="f32le")
    for one, other in zip(changed, plain, strict=True):
        if one.get("reading") and not one["reading"]["abstained"]:
            assert one["reading"]["probabilities"]["disgust"] > other["reading"]["probabilities"]["disgust"]


def test_a_profile_that_is_deleted_meanwhile_is_used_no_longer(server, short, anna):
    with talk(server, format="f32le", profile="anna") as socket:
        anna.delete("anna")
        socket.send(f32(short))
        socket.send('{"type": "session.end"}')
        messages, code = rest(socket)
    assert code == 1000
    assert anna.names() == ()
    assert len([m for m in messages if m.get("final")]) == 2


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("name", ["bob", "../anna", "", "a b"])
def test_an_unknown_profile_is_refused_without_naming_others(server, name):
    with connect(server.ws) as socket:
        socket.send(json.dumps({"type": "session.start", "profile": name}))
        messages, code = rest(socket)
    assert code == 1003
    assert messages[0]["code"] == "bad_format"
    assert "affetto voice enrol" in messages[0]["message"]
    assert "there is" not in messages[0]["message"]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("hello", "Invalid JSON"),
        ("[]", "session.start"),
        ('{"type": "start"}', "type = 'start'"),
        ('{"type": "session.start", "rate": 0}', "rate = 0"),
        ('{"type": "session.start", "rate": "16k"}', "rate = '16k'"),
        ('{"type": "session.start", "format": "mp3"}', "s16le"),
        ('{"type": "session.start", "channels": 99}', "channels = 99"),
        ('{"type": "session.start", "interval": 0.001}', "interval"),
        ('{"type": "session.start", "sample_rate": 16000}', "sample_rate"),
        (b"\0\0", "sound before session.start"),
    ],
)
def test_a_wrong_start_is_refused_with_the_way_out(server, first, said):
    with connect(server.ws) as socket:
        socket.send(first)
        (error,), code = rest(socket)
    assert (error["type"], error["code"], error["fatal"], code) == ("error", "bad_format", True, 1003)
    assert said in error["message"]
    assert '"session.start", "rate": 16000' in error["message"]
    assert "\n" not in error["message"]


def test_an_unknown_text_ends_the_session_after_what_was_heard(server, short):
    with talk(server, format="f32le") as socket:
        socket.send(f32(short[:48_000]))
        socket.send("pause")
        messages, code = rest(socket)
    assert messages[-1]["code"] == "bad_format"
    assert "'pause'" in messages[-1]["message"]
    assert [m["type"] for m in messages[-3:-1]] == ["reading", "utterance.end"]
    assert code == 1003


def test_a_large_frame_is_refused(serve):
    running = serve(frame_bytes=1_000)
    with talk(running) as socket:
        socket.send(bytes(1_002))
        (error,), code = rest(socket)
    assert (error["code"], code) == ("frame_too_large", 1009)
    assert "1,002 bytes; send at most 1,000" in error["message"]


def test_a_frame_far_too_large_is_not_even_taken_in(serve):
    running = serve(frame_bytes=1_000)
    with talk(running) as socket:
        send(socket, [bytes(1 << 20)])
        assert rest(socket) == ([], 1009)


def test_a_flood_of_tiny_frames_is_refused(serve):
    running = serve(tiny_frames=10)
    with talk(running) as socket:
        send(socket, [b"\0\0"] * 100)
        (error,), code = rest(socket)
    assert (error["code"], code) == ("rate_limited", 1008)
    assert "send fewer and larger ones" in error["message"]


def test_a_client_that_says_nothing_is_let_go(serve):
    running = serve(start_seconds=0.1, idle_seconds=0.1)
    with connect(running.ws) as socket:
        (error,), code = rest(socket)
    assert (error["code"], code) == ("idle", 1008)
    with talk(running) as socket:
        (error,), code = rest(socket)
    assert (error["code"], code) == ("idle", 1008)
    assert "send sound, also silence, or session.end" in error["message"]


def test_a_session_has_an_end(serve, short):
    running = serve(session_seconds=3.0)
    with talk(running, format="f32le") as socket:
        send(socket, cut(f32(short), 6_400))
        messages, code = rest(socket)
    assert (messages[-1]["code"], code) == ("too_long", 1008)
    assert [m["type"] for m in messages[-3:-1]] == ["reading", "utterance.end"]


def test_there_are_only_so_many_sessions(serve):
    running = serve(sessions=1)
    with talk(running), connect(running.ws) as second:
        (error,), code = rest(second)
    assert (error["code"], code) == ("busy", 1013)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_is_refused(server, origin):
    with pytest.raises(InvalidStatus) as refused, connect(server.ws, origin=origin):
        pass
    assert refused.value.response.status_code == 403
    problem = json.loads(refused.value.response.body)
    assert problem["type"] == "urn:affetto:problem:foreign-origin"
    assert origin in problem["detail"]


def test_its_own_pages_and_those_let_in_are_served(serve):
    running = serve(origins=["https://good.example"])
    for origin in (running.http, "https://good.example"):
        with connect(running.ws, origin=origin) as socket:
            socket.send('{"type": "session.start"}')
            assert json.loads(socket.recv(PATIENCE))["type"] == "session.started"


def test_every_error_has_a_close_code_and_a_name_in_the_limits():
    assert set(CLOSE_CODES.values()) == {1001, 1003, 1008, 1009, 1011, 1013}
    assert Limits(workers=3).threads == 3
