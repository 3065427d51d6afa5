"""Nothing from Spotify enters a model or a profile."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from affetto.affect import Emotion
from affetto.errors import OptionError
from affetto.music import starter
from affetto.players import spotify
from affetto.players.journal import Journal
from affetto.players.patience import Patience
from affetto.players.secrets import Secret, Secrets
from affetto.recommendation import check_options, recommend
from tests.players.fake_spotify import ACCESS, CLIENT, REFRESH, FakeSpotify, song

# What a service answers; none of it may be seen by the modules that judge music.
STRANGE = "Zxqv"
BELOW = ("affetto.music", "affetto.recommendation", "affetto.affect", "affetto.learning", "affetto.features")


def test_music_and_recommendation_import_no_player():
    code = "import sys, affetto.music, affetto.recommendation as _; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if "players" in name or "spotipy" in name]


def holds(value, depth=0):
    """Whether something of an answer is in a value."""
    if isinstance(value, str):
        return STRANGE in value or "spotify:track" in value
    if isinstance(value, dict):
        return any(holds(each, depth + 1) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple | set | frozenset) and depth < 4:
        return any(holds(each, depth + 1) for each in value)
    names = getattr(type(value), "__slots__", ()) if depth < 4 else ()
    return any(holds(getattr(value, name, None), depth + 1) for name in names if isinstance(name, str))


@contextmanager
def watching():
    """Watches every call into the modules that judge music for values that came from the service."""
    seen, calls = [], [0]

    def look(frame, event, _):
        module = frame.f_globals.get("__name__", "")
        if event != "call" or not module.startswith(BELOW):
            return
        calls[0] += 1
        code = frame.f_code
        given = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
        if any(holds(each) for each in given):
            seen.append(f"{module}.{code.co_name}")

    sys.setprofile(look)
    try:
        yield seen, calls
    finally:
        sys.setprofile(None)


def test_the_watch_itself_sees():
    with watching() as (seen, _), pytest.raises(OptionError, match=STRANGE):
        check_options(intent=STRANGE, length=None, strategy="journey")
    assert seen


def test_no_answer_reaches_mood_or_taste(tmp_path):
    playlist = recommend(Emotion.CALM, seed=1, length=6)
    before = recommend(Emotion.CALM, seed=2).to_dict()
    songs = [
        {**song(n, title=t.title, artist=f"{t.artist}", seconds=t.seconds or 1), "album": {"name": STRANGE}}
        for n, t in enumerate(playlist.tracks)
    ]
    secrets = Secrets(tmp_path, keyring=False)
    token = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": time.time() + 3600}
    secrets.put("spotify", Secret(json.dumps({**token, "scope": " ".join(spotify.SCOPES)})))
    with FakeSpotify(songs) as fake, watching() as (seen, calls):
        player = spotify.Spotify(
            "spotify",
            client_id=CLIENT,
            secrets=secrets,
            journal=Journal("spotify", folder=tmp_path),
            patience=Patience(pause=0.01),
            api=fake.api,
            accounts=fake.address,
        )
        placed = player.make_playlist(playlist.title, playlist.tracks)
        player.play(playlist.tracks)
        feedback = list(player.read_feedback())
        recommend(Emotion.CALM, seed=2, length=2)
    assert len(placed.resolution.found) == 6
    assert feedback == []
    assert not (tmp_path / "feedback.jsonl").exists()
    assert calls[0] > 0
    assert seen == []
    # The library and what is recommended from it are as if nothing had been asked.
    assert recommend(Emotion.CALM, seed=2).to_dict() == before
    assert not any(holds(track.to_dict()) for track in starter())
