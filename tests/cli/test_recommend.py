"""Music for a mood, feedback, taste, playlists and listeners on the command line."""

import json
from importlib import resources

import pytest

from affetto.settings import settings


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AFFETTO_CACHE_DIR", str(tmp_path / "cache"))
    settings.cache_clear()
    return tmp_path


@pytest.fixture
def run(affetto):
    """Runs a command that must go well; gives what it printed."""

    def go(*arguments):
        done = affetto(*arguments)
        assert done.code == 0, done.err
        return done.out

    return go


@pytest.fixture
def playlist(run):
    return json.loads(run("recommend", "--mood", "calm", "--length", 5, "--seed", 2, "--json"))


def test_a_mood_in_words(run):
    text = run("recommend", "--mood", "a bit sad", "--length", 3, "--seed", 1)
    assert "Affetto: comfort, then lift" in text
    assert "Playlist 1 for me. Why a track: affetto why 1 1" in text
    assert "affetto feedback better, same or worse" in text


def test_a_place_and_a_voice(run, home):
    at = json.loads(run("recommend", "--at", "0.4,-0.3", "--intent", "stay", "--length", 2, "--json"))
    assert at["journey"] == [{"valence": 0.4, "arousal": -0.3}]
    with resources.as_file(resources.files("affetto.samples").joinpath("happy.flac")) as file:
        heard = json.loads(run("recommend", "--from", file, "--length", 2, "--json", "--save", home / "x.m3u8"))
    assert heard["number"] == 2
    assert (home / "x.m3u8").read_text().startswith("#EXTM3U")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "where to start? Say it with --mood calm"),
        (["--mood", "calm", "--at", "0,0"], "--mood and --at both say where to start"),
        (["--mood", "sadd"], "did you mean sad?"),
        (["--at", "2,0"], "place '2,0': give valence and arousal, each from -1 to 1"),
        (["--mood", "calm", "--familiar", "--new"], "--familiar and --new contradict each other"),
        (["--mood", "calm", "--shape", "round"], "unknown shape 'round': choose from gradual, direct"),
        (["--mood", "calm", "--intent", "calm, fly"], "unknown intent ' fly'"),
        (["--mood", "calm", "--listener", "a\tb\x07"], "printable characters"),
        (["--from", "nowhere.wav"], "nowhere.wav"),
    ],
)
def test_what_cannot_be_recommended(affetto, arguments, message):
    done = affetto("recommend", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err


def test_the_options_reach_the_playlist(run):
    made = json.loads(
        run(
            *(
                "recommend",
                "--mood",
                "angry",
                "--intent",
                "let out, calm",
                "--shape",
                "direct",
                "--new",
                "--adventurous",
            ),
            *(
                "--length",
                4,
                "--seed",
                3,
                "--listener",
                "Anna",
                "--library",
                "starter",
                "--strategy",
                "genre",
                "--json",
            ),
        )
    )
    assert (made["intent"], made["then"], made["shape"], made["listener"]) == ("let_out", ["calm"], "direct", "Anna")
    assert "novelty=1.0 adventurous=1.5 seed=3" in made["request"]
    assert "strategy=genre shape=direct" in made["request"]


def test_feedback_is_told_listed_and_taken_back(run, playlist):
    titles = [track["title"] for track in playlist["tracks"]]
    assert f"likes {titles[0]}" in run("feedback", "like", "1")
    assert "3 more until taste counts" in run("feedback", "dislike", titles[1])
    said = json.loads(run("feedback", "skip", "3", "--seconds", "9", "--playlist", "1", "--json"))
    assert (said["kind"], said["seconds"], said["playlist"]) == ("skip", 9.0, 1)
    assert "another mood" in run("feedback", "not-this-mood", "4")
    assert "wants more of Nina Simone" in run("feedback", "artist-more", "Nina", "Simone")
    assert "never again wants" in run("feedback", "never", "5")
    assert "5: taken back: artist_more" in run("feedback", "undo", "5")
    assert "taken back: never" in run("feedback", "undo")
    assert "not-this-mood" in run("feedback", "list")
    entries = [json.loads(line) for line in run("feedback", "list", "--json").splitlines()]
    assert [entry["kind"] for entry in entries if entry["undone"]] == ["artist_more", "never"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lik", "1"], "unknown feedback 'lik'"),
        (["like"], "name a track, such as its number"),
        (["like", "77"], "playlist 1 has tracks 1 to 5"),
        (["undo", "x"], "give the number that affetto feedback list shows"),
        (["undo"], "there is no feedback to take back"),
        (["better", "--playlist", "9"], "playlist 9: there is none of that number"),
    ],
)
@pytest.mark.usefixtures("playlist")
def test_feedback_that_means_nothing(affetto, arguments, message):
    done = affetto("feedback", *arguments)
    assert (done.code, message in done.err) == (2, True), done.err


def test_outcomes(run):
    run("recommend", "--mood", "sad", "--length", 4)
    assert run("feedback", "better") == "playlist 1 (gradual journey): better\n"
    assert json.loads(run("feedback", "worse", "--json"))["said"] == "worse"
    run("feedback", "unsaid")
    assert json.loads(run("listeners", "export", "me"))["outcomes"] == []
    assert "me is not asked" in run("listeners", "ask", "off")
    assert "How do you feel" not in run("recommend", "--mood", "sad", "--length", 4)


def test_why(run, playlist):
    text = run("why", "1", "2")
    assert playlist["tracks"][1]["title"] in text
    assert "from the waypoint" in text
    assert "less is better; put here in" in text
    assert "emotion=calm intent=stay length=5 seed=2 library=starter" in text
    accounts = [json.loads(line) for line in run("why", "--json").splitlines()]
    assert [each["number"] for each in accounts] == [1, 2, 3, 4, 5]


def test_why_without_a_playlist(affetto):
    done = affetto("why")
    assert (done.code, "there is no playlist yet" in done.err) == (2, True)


def test_playlists(run, affetto, playlist):
    assert "Affetto: stay" in run("playlists")
    assert json.loads(run("playlists", "--json"))["number"] == 1
    shown = run("playlists", "show")
    assert all(track["title"] in shown for track in playlist["tracks"])
    assert json.loads(run("playlists", "show", "1", "--json"))["request"] == playlist["request"]
    again = json.loads(run("playlists", "remake", "1", "--json"))
    assert [track["id"] for track in again["tracks"]] == [track["id"] for track in playlist["tracks"]]
    run("playlists", "delete", "1")
    assert "No playlist yet" in run("playlists")
    assert affetto("playlists", "show").code == 2


@pytest.mark.usefixtures("playlist")
def test_taste(run, affetto, home):
    run("recommend", "--mood", "calm", "--intent", "focus", "--length", 5)
    assert affetto("taste", "show", "--listener", "Nobody").code == 2
    for number in range(1, 6):
        run("feedback", "like" if number < 4 else "dislike", number)
    text = run("taste", "show")
    assert "me said: 3 like, 2 dislike" in text
    assert "a like is 1" in text
    plain = json.loads(run("taste", "show", "--json"))
    assert (plain["cold"], plain["listener"]) == (False, "me")
    run("taste", "export", home / "taste.json")
    assert (home / "taste.json").stat().st_mode & 0o077 == 0
    assert "playlists" not in json.loads((home / "taste.json").read_text())
    assert run("taste", "import", home / "taste.json", "--listener", "Ben") == "Ben: 5 taken in\n"
    assert "Ben said: 3 like, 2 dislike" in run("taste", "show", "--listener", "Ben")
    assert json.loads(run("taste", "export"))["name"] == "me"
    assert "sounds calm: you chose focus" in run("taste", "show")
    run("taste", "forget", "calm")
    assert "you chose" not in run("taste", "show")
    assert affetto("taste", "forget", "calmness").code == 2
    run("taste", "reset", "--yes")
    assert "5 more until taste counts" in run("taste", "show")
    for text in ("{", "[]", "{}", '{"affetto": "listener", "format": 1, "feedback": [{}]}'):
        (home / "bad.json").write_text(text)
        assert affetto("taste", "import", home / "bad.json").code == 2
    assert affetto("taste", "import", home / "none.json").code == 2


@pytest.mark.usefixtures("playlist")
def test_listeners(run, affetto, home):
    run("recommend", "--mood", "happy", "--listener", "Anna", "--length", 2)
    assert [json.loads(line)["name"] for line in run("listeners", "list", "--json").splitlines()] == ["Anna", "me"]
    assert "Anna" in run("listeners", "list")
    assert json.loads(run("listeners", "export", "Anna"))["playlists"][0]["number"] == 2
    run("listeners", "export", "Anna", home / "anna.json")
    assert json.loads((home / "anna.json").read_text())["name"] == "Anna"
    assert affetto("listeners", "export", "Anna", home / "nowhere" / "x.json").code == 2
    run("listeners", "delete", "Anna", "--yes")
    assert affetto("listeners", "export", "Anna").code == 2
    assert "Anna" not in run("listeners", "list")


def test_nobody_is_made_by_looking(run, home):
    assert "Nobody yet" in run("listeners", "list")
    assert not (home / "data").exists()
