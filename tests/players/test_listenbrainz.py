import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from affetto.affect import Affect
from affetto.errors import OptionError, PlayerError
from affetto.music.track import Track
from affetto.players.base import AccessError, Feedback, FeedbackKind
from affetto.players.connections import Connections, connect, open_player
from affetto.players.feedback import FeedbackLog
from affetto.players.listenbrainz import submit_heard
from affetto.players.secrets import Secrets
from affetto.settings import settings
from tests.players.fake_servers import TOKEN, FakeListenBrainz
from tests.players.fake_spotify import Reply
from tests.players.somebody import Somebody

NOW = datetime.now(UTC).replace(microsecond=0)
MBIDS = [str(uuid.UUID(int=n)) for n in range(9)]


Answers = partial(Somebody, secret=TOKEN)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("AFFETTO_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    return tmp_path


@pytest.fixture
def secrets(home):
    return Secrets(home, keyring=False)


@pytest.fixture
def fake():
    with FakeListenBrainz([("Ana", "Ronda", MBIDS[1]), ("Bo", "Other", MBIDS[2])]) as server:
        yield server


def signed_in(fake, secrets, answer="no"):
    connect("listenbrainz", given={"url": fake.address}, ask=Answers(answer), secrets=secrets)
    return open_player("listenbrainz", secrets=secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Track):
    recording_mbid: str = ""


def track(title, artist="Ana", mbid=""):
    facts = {"uri": "", "mood": Affect(0, 0), "mood_source": ""}
    return Known(id="1", title=title, artist=artist, recording_mbid=mbid, **facts)


def heard(title, ago, kind=FeedbackKind.COMPLETED, **detail):
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return Feedback(track=title, kind=kind, at=at, detail={"title": title, "artist": "Ana", **detail})


def test_recordings_are_known_by_their_id_or_looked_up(fake, secrets):
    player = signed_in(fake, secrets)
    fake.recordings.append(("Ana", "Wrong", MBIDS[3]))
    fake.recordings.append(("Ana", "Nonsense", "not an id"))
    resolution = player.resolve(
        [track("Any", mbid=MBIDS[7].upper()), track("Ronda"), track("Unheard"), track("Nonsense"), track("Ronda", "")]
    )
    assert [(match.id, match.how) for match in resolution.found] == [(MBIDS[7], "id"), (MBIDS[1], "search")]
    assert [miss.why for miss in resolution.missing] == [
        "nothing found",
        "nothing found",
        "artist and title are needed",
    ]
    fake.fault = lambda *_: Reply(
        body={"recording_mbid": MBIDS[3], "recording_name": "Elsewhere", "artist_credit_name": "Bo"}
    )
    (miss,) = player.resolve([track("Wrong")]).missing
    assert miss.why.startswith("best of 1 scores")


def test_playlists_are_private_and_described(fake, secrets):
    placed = signed_in(fake, secrets).make_playlist("Calm", [track("Ronda")], about="<Late>")
    (held,) = fake.playlists.values()
    assert (held["public"], held["title"]) == (False, "Calm")
    assert held["annotation"].startswith("&lt;Late&gt; [affetto-")
    assert (placed.link, placed.id) == ("", str(uuid.UUID(int=1)))
    with pytest.raises(PlayerError, match="none of the 1 tracks was found"):
        signed_in(fake, secrets).make_playlist("None", [track("Unheard")])


def test_nothing_is_played_there(fake, secrets):
    player = signed_in(fake, secrets)
    for call in (player.play, player.queue):
        with pytest.raises(PlayerError, match="plays nothing"):
            call([track("Ronda")])


def test_loves_hates_and_listens_come_back_but_not_what_went_from_here(fake, secrets):
    stamp = int(NOW.timestamp())
    names = {"track_name": "Ronda", "artist_name": "Ana"}
    fake.feedback = [
        {"created": stamp - 50, "score": 1, "recording_mbid": MBIDS[1], "track_metadata": names},
        {"created": stamp - 40, "score": -1, "track_metadata": {**names, "track_name": "Other"}},
        {"created": "yesterday", "score": 1},
        {"created": stamp, "score": 0},
    ]
    fake.listens = [
        {"listened_at": stamp - 10 * n, "track_metadata": {**names, "additional_info": {"recording_mbid": MBIDS[1]}}}
        for n in range(150)
    ]
    ours = {**names, "additional_info": {"submission_client": "Affetto"}}
    fake.listens.append({"listened_at": stamp - 5, "track_metadata": ours})
    player = signed_in(fake, secrets)
    everything = list(player.read_feedback())
    assert len(everything) == 152
    assert [each.at for each in everything] == sorted(each.at for each in everything)
    since = NOW - timedelta(seconds=45)
    kinds = [(each.kind, each.track) for each in player.read_feedback(since=since)]
    assert kinds == [
        (FeedbackKind.DISLIKE, "Ana - Other"),
        *[(FeedbackKind.PLAY, f"mbid:{MBIDS[1]}")] * 5,
    ]


def test_nothing_is_submitted_unless_the_listener_said_yes(fake, secrets):
    FeedbackLog().add(heard("Before", 100))
    assert not signed_in(fake, secrets, "").submits
    assert submit_heard(secrets=secrets) == 0
    assert not any("submit" in path for _, path in fake.calls)

    assert signed_in(fake, secrets, "yes").submits
    FeedbackLog().add(
        heard("Whole", -10, seconds=180.0),
        heard("Left early", -11, FeedbackKind.SKIP, seconds=20.0),
        heard("Left late", -12, FeedbackKind.SKIP, seconds=300.0),
        heard("Begun", -13, FeedbackKind.PLAY),
        heard("", -14),
    )
    assert submit_heard(secrets=secrets) == 2
    names = [each["track_metadata"]["track_name"] for each in fake.listens]
    assert names == ["Whole", "Left late"]
    began = fake.listens[0]["listened_at"]
    assert began == pytest.approx(datetime.now(UTC).timestamp() + 10 - 180, abs=5)
    assert submit_heard(secrets=secrets) == 0


def test_listens_that_were_cut_off_go_the_next_time_and_once(fake, secrets):
    signed_in(fake, secrets, "yes")
    FeedbackLog().add(*(heard(f"T{n}", -10 - n) for n in range(130)))
    submits = [0]

    def fault(_, __, path):
        if not path.endswith("submit-listens"):
            return None
        submits[0] += 1
        return Reply(status=400, body={"error": "no"}, done=False) if submits[0] == 2 else None

    fake.fault = fault
    with pytest.raises(PlayerError, match="answered 400: no"):
        submit_heard(secrets=secrets)
    assert submit_heard(secrets=secrets) == 30
    assert len({each["track_metadata"]["track_name"] for each in fake.listens}) == len(fake.listens) == 130


def test_tokens_that_are_not_valid_are_refused(fake, secrets):
    with pytest.raises(AccessError, match="does not know this token"):
        connect("listenbrainz", given={"url": fake.address}, ask=Answers("no", secret="wrong"), secrets=secrets)
    with pytest.raises(OptionError, match="no token was given"):
        connect("listenbrainz", given={"url": fake.address}, ask=Answers("no", secret=" "), secrets=secrets)
    assert not Connections().all()
    signed_in(fake, secrets)
    assert TOKEN not in "".join(str(each) for each in Connections().all())
    secrets.remove("listenbrainz")
    with pytest.raises(AccessError, match="is not in"):
        open_player("listenbrainz", secrets=secrets)


def test_answers_of_another_kind_are_told(fake, secrets):
    player = signed_in(fake, secrets)
    fake.fault = lambda *_: Reply(body=["a", "list"])
    with pytest.raises(PlayerError, match="an answer without 'feedback'"):
        list(player.read_feedback())
    assert player.resolve([track("Ronda")]).missing


def test_the_check_tries_the_calls_and_leaves_nothing(fake, secrets):
    player = signed_in(fake, secrets)
    checks = list(player.check())
    assert [each.ok for each in checks] == [True] * 5, checks
    assert not fake.playlists
    fake.fault = lambda *_: Reply(status=401, body={"error": f"no {TOKEN}"}, done=False)
    failed = list(player.check())
    assert not any(each.ok for each in failed)
    assert TOKEN not in str(failed)
