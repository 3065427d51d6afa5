"""The person's music over HTTP: its map, search, corrections and scans; sound and covers of its tracks and no other."""

import time
from pathlib import Path

import mutagen.id3
import mutagen.wave
import pytest

from affetto.music import collection as collections
from affetto.music.collection import default_collection
from affetto.music.scan import add_folder, scan
from affetto.settings import settings
from tests.server.test_readings import client as client
from tests.server.test_readings import problem
from tests.tracks import album

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def home(monkeypatch, tmp_path, quick):  # noqa: ARG001, a fixture
    """A data folder of the test's own, without a library yet."""
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    monkeypatch.setattr(collections, "_open", {})
    return tmp_path


@pytest.fixture
def music(home) -> Path:
    """Thirty tracks that were scanned."""
    folder = home / "music"
    album(folder, 30)
    collection = default_collection(make=True)
    add_folder(collection.store, folder)
    scan(collection.store)
    return folder


def numbers(client):
    return client.get("/v1/library/map").json()["ids"]


@pytest.mark.usefixtures("home")
def test_without_a_library_there_is_the_starter_catalog(client):
    found = client.get("/v1/library").json()
    assert (found["own"], found["status"], found["scan"]["state"]) == (False, None, "idle")
    points = client.get("/v1/library/map").json()
    assert len(points["ids"]) == len(points["valence"]) == len(points["arousal"]) == found["tracks"] > 600
    problem(client.post("/v1/library/scan"), 404, "no-library")
    tracks = client.get("/v1/library/tracks", params={"words": "blue", "limit": 3}).json()["tracks"]
    assert all("blue" in f"{track['title']} {track['artist']} {track['genre']}".lower() for track in tracks)
    assert tracks[0]["stream"].startswith("https://incompetech.com/")


def test_a_folder_is_added_and_scanned_with_progress(home, client):
    album(home / "songs", 12)
    assert client.post("/v1/library/folders", json={"path": str(home / "songs")}).status_code == 201
    end = time.monotonic() + 30
    while (state := client.get("/v1/library/scan").json())["state"] == "running":
        assert time.monotonic() < end
        assert {"stage", "done", "total"} <= set(state)
        time.sleep(0.02)
    assert (state["state"], state["report"]["new"]) == ("done", 12)
    found = client.get("/v1/library").json()
    assert (found["own"], found["tracks"], found["status"]["folders"][0]["files"]) == (True, 12, 12)


def test_a_folder_that_is_not_there_is_refused_in_words(home, client):
    detail = problem(client.post("/v1/library/folders", json={"path": str(home / "nowhere")}), 422, "bad-input")
    assert "nowhere" in detail


def test_folders_are_added_on_the_machine_of_the_server_only(home, client):
    there = client.post("/v1/library/folders", json={"path": str(home)}, headers={"x-forwarded-for": "10.0.0.7"})
    assert "affetto library add" in problem(there, 403, "not-here")


@pytest.mark.usefixtures("music")
def test_a_scan_can_be_stopped(client):
    assert client.delete("/v1/library/scan").status_code == 202
    assert client.post("/v1/library/scan").status_code == 202


@pytest.mark.usefixtures("music")
def test_the_regions_cover_the_map_and_can_be_played(client):
    found = client.get("/v1/library/regions").json()
    assert len(found["owner"]) == 30
    assert sum(region["size"] for region in found["regions"]) == 30
    playlist = client.post("/v1/library/playlists", json={"region": 0, "length": 3}).json()
    assert playlist["library"] == "your library"
    for track in playlist["tracks"]:
        assert track["stream"] == f"/v1/tracks/{track['id']}/audio"
    problem(client.post("/v1/library/playlists", json={"region": 39}), 404, "no-such-region")
    members = client.get("/v1/library/tracks", params={"region": 0, "limit": 200}).json()["tracks"]
    assert len(members) == found["regions"][0]["size"]


@pytest.mark.usefixtures("music")
def test_tracks_are_found_by_words_and_by_place(client):
    (hit,) = client.get("/v1/library/tracks", params={"words": "piece bh"}).json()["tracks"]
    assert hit["title"] == "Piece bh"
    near = client.get("/v1/library/tracks", params={"valence": 1, "arousal": 1, "limit": 5}).json()["tracks"]
    far = client.get("/v1/library/tracks", params={"valence": -1, "arousal": -1, "limit": 5}).json()["tracks"]
    assert near[0]["valence"] + near[0]["arousal"] > far[0]["valence"] + far[0]["arousal"]


@pytest.mark.usefixtures("music")
def test_what_is_found_or_played_says_whether_it_is_liked(client):
    (hit,) = client.get("/v1/library/tracks", params={"words": "piece bh"}).json()["tracks"]
    assert hit["liked"] is None
    like = client.post("/v1/me/feedback", json={"track": hit["id"], "kind": "like", "library": "own"}).json()["id"]
    (hit,) = client.get("/v1/library/tracks", params={"words": "piece bh"}).json()["tracks"]
    assert hit["liked"] == like
    regions = client.get("/v1/library/regions").json()["regions"]
    lists = [client.post("/v1/library/playlists", json={"region": place}).json() for place in range(len(regions))]
    lists = [[track for playlist in lists for track in playlist["tracks"]]]
    lists.append(client.post("/v1/me/playlists", json={"emotion": "happy", "length": 30}).json()["tracks"])
    for tracks in lists:
        assert {track["id"]: track["liked"] for track in tracks if track["liked"]} == {hit["id"]: like}


@pytest.mark.usefixtures("music")
def test_a_track_is_put_where_the_person_says_and_back(client):
    number = numbers(client)[0]
    before = client.get(f"/v1/library/tracks/{number}").json()
    fixed = client.post(f"/v1/library/tracks/{number}/mood", json={"valence": 0.9, "arousal": -0.9}).json()
    assert fixed == {"valence": pytest.approx(0.9, abs=0.1), "arousal": pytest.approx(-0.9, abs=0.1)}
    assert client.get(f"/v1/library/tracks/{number}").json()["valence"] == fixed["valence"]
    assert client.delete(f"/v1/library/tracks/{number}/mood").json()["valence"] == pytest.approx(before["valence"])
    problem(client.post(f"/v1/library/tracks/{number}/mood", json={"valence": 2, "arousal": 0}), 422, "bad-value")
    problem(client.get("/v1/library/tracks/99999"), 422, "bad-input")


@pytest.mark.usefixtures("music")
def test_the_sound_of_a_track_comes_whole_and_in_parts(client):
    number = numbers(client)[0]
    collection = default_collection()
    content = collection.paths(number)[0].read_bytes()
    whole = client.get(f"/v1/tracks/{number}/audio")
    assert (whole.content, whole.headers["content-type"]) == (content, "audio/wav")
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cross-origin-resource-policy"] == "same-origin"
    part = client.get(f"/v1/tracks/{number}/audio", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    last = client.get(f"/v1/tracks/{number}/audio", headers={"range": "bytes=-10"})
    assert last.content == content[-10:]
    assert client.get(f"/v1/tracks/{number}/audio", headers={"range": "bytes=9999999-"}).status_code == 416


@pytest.mark.usefixtures("music")
@pytest.mark.parametrize("number", ["99999", "0", "-1", "1.5", "../../etc/passwd", "%2e%2e%2f", "1%00", "9" * 30])
def test_nothing_but_a_track_of_the_library_is_served(client, number):
    for what in ("audio", "cover"):
        assert client.get(f"/v1/tracks/{number}/{what}").status_code in (404, 422)


@pytest.mark.usefixtures("music")
def test_a_link_that_leads_out_of_the_folder_is_not_followed(home, client):
    number = numbers(client)[0]
    (path,) = default_collection().paths(number)
    secret = home / "secret.wav"
    secret.write_bytes(b"RIFF secret")
    path.unlink()
    path.symlink_to(secret)
    problem(client.get(f"/v1/tracks/{number}/audio"), 404, "no-such-track")


@pytest.mark.usefixtures("music")
def test_a_track_whose_file_is_gone_says_so(client):
    number = numbers(client)[0]
    default_collection().paths(number)[0].unlink()
    assert "scan" in problem(client.get(f"/v1/tracks/{number}/audio"), 404, "no-such-track")


def give_cover(path: Path, content: bytes, mime: str) -> None:
    file = mutagen.wave.WAVE(path)
    file.tags.add(mutagen.id3.APIC(encoding=3, mime=mime, type=3, desc="", data=content))
    file.save()


def test_a_cover_is_a_picture_or_nothing(music, client):
    first, second, third = numbers(client)[:3]
    collection = default_collection()
    give_cover(collection.paths(first)[0], PNG, "text/html")
    give_cover(collection.paths(second)[0], b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "image/png")
    found = client.get(f"/v1/tracks/{first}/cover")
    assert (found.content, found.headers["content-type"]) == (PNG, "image/png")
    assert "sandbox" in found.headers["content-security-policy"]
    again = client.get(f"/v1/tracks/{first}/cover", headers={"if-none-match": found.headers["etag"]})
    assert again.status_code == 304
    assert client.get(f"/v1/tracks/{second}/cover").status_code == 204
    (music / "cover.png").write_bytes(PNG)
    assert client.get(f"/v1/tracks/{third}/cover").content == PNG


@pytest.mark.usefixtures("music")
def test_writes_from_other_pages_are_refused(client):
    number = numbers(client)[0]
    mood = {"valence": 0, "arousal": 0}
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        problem(client.post(f"/v1/library/tracks/{number}/mood", json=mood, headers=headers), 403, "foreign-origin")
        problem(client.delete(f"/v1/library/tracks/{number}/mood", headers=headers), 403, "foreign-origin")
    assert client.post(
        f"/v1/library/tracks/{number}/mood", json=mood, headers={"sec-fetch-site": "same-origin"}
    ).is_success


@pytest.mark.usefixtures("music")
def test_the_sound_of_the_library_is_not_for_other_pages(client):
    number = numbers(client)[0]
    problem(client.get(f"/v1/tracks/{number}/audio", headers={"sec-fetch-site": "cross-site"}), 403, "foreign-origin")
