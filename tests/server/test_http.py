"""Playlists, moods, health, and the description of it all."""

import contextlib
import re
from importlib import resources

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from affetto.recommendation import recommend
from affetto.voice.reading import Reading
from tests.server.test_readings import client as client
from tests.server.test_readings import problem

ANGRY = {"probabilities": {"angry": 0.71, "happy": 0.29}, "seconds": 2.4}


def test_health(client):
    found = client.get("/v1/health").json()
    assert (found["status"], found["sessions"], found["sessions_at_most"]) == ("ok", 0, 64)
    assert re.match(r"\d+\.\d+", found["version"])


def test_a_stopping_server_says_so_and_takes_nobody(serve):
    running = serve()
    running.hub.stopping = True
    with running.client() as client:
        assert client.get("/v1/health").json()["status"] == "stopping"


def test_moods_are_the_regions_of_the_library(client):
    found = client.get("/v1/moods", params={"regions": 9}).json()["regions"]
    assert len(found) == 9
    assert sorted(emotion for region in found for emotion in region["emotions"]) == sorted(ANGRY_AND_OTHERS)
    assert all(region["examples"] for region in found)
    assert "regions" in problem(client.get("/v1/moods?regions=0"), 422, "bad-value")


ANGRY_AND_OTHERS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")


def test_a_playlist_is_that_of_recommend(client):
    asked = {"emotion": "sad", "intent": "comfort", "length": 3, "seed": 7}
    assert (
        client.post("/v1/playlists", json=asked).json()
        == recommend("sad", intent="comfort", length=3, seed=7).to_dict()
    )


@pytest.mark.parametrize(
    "start",
    [
        {"reading": ANGRY},
        {"reading": {**ANGRY, "reason": "no speech was heard", "abstained": True}},
        {"affect": {"valence": -0.5, "arousal": 0.5}},
        {"affect": {"valence": -0.5, "arousal": 0.5, "covariance": [[0.1, 0], [0, 0.1]]}},
    ],
)
def test_a_playlist_starts_from_a_reading_or_a_point_too(client, start):
    found = client.post("/v1/playlists", json={**start, "length": 4, "seed": 1})
    assert found.status_code == 200
    assert len(found.json()["tracks"]) == 4


def test_a_reading_of_the_server_can_be_sent_back_as_it_is(client):
    reading = Reading(probabilities={"sad": 0.6, "calm": 0.4}, seconds=3.0).to_dict()
    assert client.post("/v1/playlists", json={"reading": reading}).json()["intent"] == "comfort"


@pytest.mark.parametrize(
    ("asked", "status", "name", "said"),
    [
        ({}, 422, "bad-value", "give one of reading, affect and emotion"),
        ({"emotion": "sad", "affect": {"valence": 0, "arousal": 0}}, 422, "bad-value", "not 2 of them"),
        ({"emotion": "grumpy"}, 422, "bad-value", "emotion = 'grumpy'"),
        ({"emotion": None}, 422, "bad-value", "emotion"),
        ({"emotion": "sad", "intent": "fly"}, 422, "bad-value", "'stay'"),
        ({"emotion": "sad", "length": 0}, 422, "bad-value", "length = 0"),
        ({"emotion": "sad", "lenght": 3}, 422, "bad-value", "lenght"),
        ({"reading": {"probabilities": {"sad": 0}}}, 422, "bad-value", "all zero"),
        ({"affect": {"valence": 2, "arousal": 0}}, 422, "bad-value", "valence"),
        ({"affect": {"valence": 0, "arousal": 0, "covariance": [[1, 2], [3, 1]]}}, 422, "bad-input", "symmetric"),
        (b"{", 400, "bad-json", "send one JSON object"),
        (b"", 422, "bad-value", "body"),
    ],
)
def test_what_cannot_be_answered_is_explained(client, asked, status, name, said):
    body = (
        {"content": asked, "headers": {"content-type": "application/json"}}
        if isinstance(asked, bytes)
        else {"json": asked}
    )
    assert said in problem(client.post("/v1/playlists", **body), status, name)


def test_unknown_places_and_methods_are_problems_too(client):
    problem(client.get("/v2/nothing"), 404, "not-found")
    problem(client.get("/v1/playlists"), 405, "method-not-allowed")


def test_only_known_names_are_answered_where_they_are_set(serve):
    running = serve(hosts=("127.0.0.1",))
    with running.client() as client:
        assert client.get("/v1/health").status_code == 200
        detail = problem(client.get("/v1/health", headers={"host": "evil.example:80"}), 403, "unknown-host")
    assert "--allow-host evil.example" in detail


def test_pages_that_are_let_in_may_read_the_answers(serve):
    running = serve(origins=("https://good.example",))
    with running.client() as client:
        answer = client.get("/v1/health", headers={"origin": "https://good.example"})
    assert answer.headers["access-control-allow-origin"] == "https://good.example"


def test_the_description_names_every_route_its_examples_fit_and_nothing_points_nowhere(client):
    document = client.get("/v1/openapi.json").json()
    assert set(document["paths"]) == {"/v1/health", "/v1/moods", "/v1/playlists", "/v1/readings"}
    schemas = document["components"]["schemas"]
    for name in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert name in schemas
    checked = 0
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                for media in answer["content"].values():
                    if "example" in media:
                        schema = {**media["schema"], "components": document["components"]}
                        Draft202012Validator(schema).validate(media["example"])
                        checked += 1
    assert checked > 15
    assert set(document["paths"]["/v1/readings"]["post"]["responses"]) >= {"400", "411", "413", "415", "422", "429"}


def test_the_answers_fit_the_description(client):
    document = client.get("/v1/openapi.json").json()
    for path, answer in (
        ("/v1/health", client.get("/v1/health")),
        ("/v1/moods", client.get("/v1/moods")),
        ("/v1/playlists", client.post("/v1/playlists", json={"emotion": "calm"})),
    ):
        (operation,) = document["paths"][path].values()
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json())


def test_the_socket_is_described_where_it_is_served(client):
    answer = client.get("/v1/asyncapi.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    assert answer.content == resources.files("affetto.server").joinpath("asyncapi.yaml").read_bytes()


@pytest.fixture(scope="session")
def api(server):
    return schemathesis.openapi.from_url(f"{server.http}/v1/openapi.json")


CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/health"), ("GET", "/v1/moods"), ("POST", "/v1/playlists"), ("POST", "/v1/readings")],
)
def test_anything_that_the_description_allows_gets_an_answer_that_it_describes(api, method, path):
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=api[path][method].as_strategy())
    def check(case):
        with contextlib.suppress(UnicodeEncodeError):  # a header that cannot be sent
            case.call_and_validate(checks=CHECKS)

    check()
