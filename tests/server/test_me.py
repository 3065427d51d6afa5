"""What is kept of the person over HTTP: playlists, what they said to them, their voice; and all of it deleted again."""

import io
import json

import pytest
import soundfile

from tests.server.test_library_routes import home as home
from tests.server.test_readings import client as client
from tests.server.test_readings import problem
from tests.server.test_readings import recording as recording

pytestmark = pytest.mark.usefixtures("home")

SAD = {"emotion": "sad", "length": 3, "seed": 7}


@pytest.fixture
def playlist(home, client):  # noqa: ARG001, a fixture: the listener is new
    """A playlist that was asked for."""
    return client.post("/v1/me/playlists", json=SAD).raise_for_status().json()


def test_a_playlist_is_kept_with_what_it_answers(client, playlist):
    assert len(playlist["tracks"]) == 3
    kept = client.get(f"/v1/me/playlists/{playlist['id']}").json()
    assert [track["id"] for track in kept["tracks"]] == [track["id"] for track in playlist["tracks"]]
    (entry,) = client.get("/v1/me/journal").json()["entries"]
    assert json.dumps(entry).count("sad")
    said = client.post(f"/v1/me/playlists/{playlist['id']}/outcome", json={"said": "better"})
    assert said.status_code == 200


def test_what_is_done_with_a_track_is_written_down_and_taken_back(client, playlist):
    like = {"track": playlist["tracks"][0]["id"], "kind": "like", "playlist": playlist["id"]}
    made = client.post("/v1/me/feedback", json=like)
    assert (made.status_code, made.json()["kind"]) == (201, "like")
    assert like["track"] in client.get("/v1/me/export").text
    assert client.delete(f"/v1/me/feedback/{made.json()['id']}").status_code == 204
    again = client.delete(f"/v1/me/feedback/{made.json()['id']}")
    assert str(made.json()["id"]) in problem(again, 422, "bad-input")


def test_a_list_says_which_of_its_tracks_are_liked_by_the_last_word_on_them(client, playlist):
    assert [track["liked"] for track in playlist["tracks"]] == [None] * 3
    first, second, third = (track["id"] for track in playlist["tracks"])

    def say(kind, track):
        said = {"track": track, "kind": kind, "playlist": playlist["id"]}
        return client.post("/v1/me/feedback", json=said).raise_for_status().json()["id"]

    def liked():
        kept = client.get(f"/v1/me/playlists/{playlist['id']}").json()
        return {track["id"]: track["liked"] for track in kept["tracks"]}

    one, two, _ = say("like", first), say("like", second), say("completed", third)
    dislike = say("dislike", second)
    assert liked() == {first: one, second: None, third: None}
    client.delete(f"/v1/me/feedback/{dislike}")
    client.delete(f"/v1/me/feedback/{one}")
    assert liked() == {first: None, second: two, third: None}


def test_a_like_is_taken_back_however_often_it_was_given(client, playlist):
    like = {"track": playlist["tracks"][0]["id"], "kind": "like", "playlist": playlist["id"]}
    numbers = [client.post("/v1/me/feedback", json=like).json()["id"] for _ in range(3)]
    assert client.delete(f"/v1/me/likes/{numbers[-1]}").status_code == 204
    kept = client.get(f"/v1/me/playlists/{playlist['id']}").json()
    assert [track["liked"] for track in kept["tracks"]] == [None] * 3
    for number in numbers:
        assert str(number) in problem(client.delete(f"/v1/me/likes/{number}"), 422, "bad-input")


@pytest.mark.usefixtures("playlist")
def test_one_entry_and_everything_can_be_deleted(client):
    (entry,) = client.get("/v1/me/journal").json()["entries"]
    assert client.delete(f"/v1/me/journal/{entry['id']}").status_code == 204
    assert client.get("/v1/me/journal").json() == {"entries": []}
    assert client.delete("/v1/me").status_code == 204
    assert client.get("/v1/me/export").json() == {}
    assert client.delete("/v1/me").status_code == 204  # there is nothing left, and nothing wrong with that


def test_who_is_not_known_is_told_how_to_begin(client):
    assert client.get("/v1/me/journal").json() == {"entries": []}
    assert client.get("/v1/me/voice").json() is None
    for method, path in (("GET", "playlists/1"), ("DELETE", "feedback/1"), ("DELETE", "likes/1")):
        assert "ask for a playlist first" in problem(client.request(method, f"/v1/me/{path}"), 404, "nothing-kept")
    assert client.delete("/v1/me/voice").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("playlists", {}, "give one of reading, affect and emotion"),
        ("playlists", {**SAD, "length": 0}, "length = 0"),
        ("playlists", {**SAD, "source": "spy"}, "source = 'spy'"),
        ("playlists", {**SAD, "name": "me"}, "name = 'me'"),
        ("playlists", {**SAD, "entry": 2**70}, "entry"),
        ("feedback", {"track": "", "kind": "like"}, "track = ''"),
        ("feedback", {"track": "x" * 401, "kind": "like"}, "track"),
        ("feedback", {"track": "x", "kind": "adore"}, "kind = 'adore'"),
        ("feedback", {"track": "x", "kind": "skip", "seconds": -1}, "seconds = -1"),
        ("feedback", {"track": "x", "kind": "like", "playlist": 2**70}, "playlist"),
        ("playlists/1/outcome", {"said": "fine"}, "said = 'fine'"),
        ("playlists/0/outcome", {"said": "same"}, "number = '0'"),
        (f"playlists/{2**63}/outcome", {"said": "same"}, "number"),
    ],
)
def test_a_bad_value_is_named(client, path, body, said):
    assert said in problem(client.post(f"/v1/me/{path}", json=body), 422, "bad-value")


@pytest.mark.usefixtures("playlist")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "feedback", {"track": "no-such-track", "kind": "like"}),
        ("POST", "playlists/999/outcome", {"said": "same"}),
        ("GET", "playlists/999", None),
        ("DELETE", "journal/999", None),
    ],
)
def test_what_is_not_there_is_named(client, method, path, body):
    answer = client.request(method, f"/v1/me/{path}", json=body)
    assert "999" in (detail := problem(answer, 422, "bad-input")) or "no-such-track" in detail


def test_a_voice_is_known_corrected_and_forgotten(client, speech, recording):
    spoken = io.BytesIO()
    soundfile.write(spoken, speech, 16_000, format="WAV")
    known = client.post("/v1/me/voice", files={"file": spoken.getvalue()}).raise_for_status().json()
    assert "seconds" in problem(client.post("/v1/me/voice", content=recording.read_bytes()), 422, "unreadable-audio")
    assert client.get("/v1/me/voice").json() == known
    assert known["name"] == "me"
    problem(client.delete("/v1/me/voice/corrections"), 422, "bad-input")
    assert client.delete("/v1/me/voice").status_code == 200
    assert client.get("/v1/me/voice").json() is None


def test_a_voice_that_cannot_be_heard_leaves_nothing(client):
    assert "not a sound file" in problem(client.post("/v1/me/voice", content=b"hello"), 422, "unreadable-audio")
    assert client.get("/v1/me/voice").json() is None


def test_an_analysis_says_how_it_is_spoken(client, recording):
    found = client.post("/v1/analyses", files={"file": ("talk.wav", recording.read_bytes())}).raise_for_status().json()
    plain = client.post("/v1/readings", content=recording.read_bytes()).json()
    for one, other in zip(found["utterances"], plain["utterances"], strict=True):
        assert one["reading"] == {**other["reading"], "cues": one["reading"]["cues"]}
    assert set(found) - set(plain) == {"delivery"}
    problem(client.post("/v1/analyses", content=b"hello"), 422, "unreadable-audio")
