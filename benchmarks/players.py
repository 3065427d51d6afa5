"""How many calls and how long a playlist of 20 tracks takes at Spotify, against a local server in its place.

    python -m benchmarks.players

The servers that fail are those of the tests: one that fails every third call, one that answers web pages, one that
closes its connections in the middle, one that takes 2 s a call.
"""

import json
import tempfile
import time
from pathlib import Path

from rich.console import Console

from affetto.affect import Affect
from affetto.errors import PlayerError
from affetto.music import Track
from affetto.players.journal import Journal
from affetto.players.patience import Patience
from affetto.players.secrets import Secret, Secrets
from affetto.players.spotify import SCOPES, Spotify
from benchmarks.figures import Row, machine, row, table
from tests.players.fake_spotify import ACCESS, CLIENT, REFRESH, FakeSpotify, Fault, Reply, every_third, song

_TRACKS = 20
_REPEATS = 10


def _wanted() -> list[Track]:
    return [
        Track(
            id=str(n),
            title=f"Piece {n}",
            artist=f"Artist {n}",
            uri="",
            mood=Affect(0, 0),
            mood_source="",
            seconds=180.0,
        )
        for n in range(_TRACKS)
    ]


def _deliver(fault: Fault | None = None, delay: float = 0.0, *, runs: int = 1) -> tuple[FakeSpotify, float, list[str]]:
    """The server afterwards, the seconds it took, and how each run ended."""
    songs = [song(n, title=f"Piece {n}", artist=f"Artist {n}") for n in range(_TRACKS)]
    with tempfile.TemporaryDirectory() as folder, FakeSpotify(songs, fault=fault, delay=delay) as fake:
        secrets = Secrets(Path(folder), keyring=False)
        token = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_at": time.time() + 3600}
        secrets.put("spotify", Secret(json.dumps({**token, "scope": " ".join(SCOPES)})))
        ends: list[str] = []
        began = time.perf_counter()
        for _ in range(runs):
            player = Spotify(
                "spotify",
                client_id=CLIENT,
                user="listener",
                secrets=secrets,
                journal=Journal("spotify", folder=Path(folder)),
                patience=Patience(pause=0.05),
                api=fake.api,
                accounts=fake.address,
            )
            try:
                placed = player.make_playlist("Affetto: calm", _wanted())
                ends.append(f"{len(placed.resolution.found)} tracks in place")
            except PlayerError as error:
                ends.append(str(error))
        return fake, time.perf_counter() - began, ends


def measure() -> list[Row]:
    """Calls and time of a playlist of 20, then what it takes with servers that fail."""
    _deliver()  # imports
    done = [_deliver() for _ in range(_REPEATS)]
    calls = [float(len(fake.calls)) for fake, _, _ in done]
    slow = _deliver(delay=2.0)
    third = _deliver(every_third, runs=2)
    rows = [
        row("Spotify: calls for a playlist of 20", calls, "", 25.0),
        row("Spotify: time for it, local server", [1e3 * seconds for _, seconds, _ in done], "ms", None),
        row("Spotify: the same, 2 s a call", [slow[1]], "s", None),
        row("Spotify: calls for it twice, every third fails", [float(len(third[0].calls))], "", None),
    ]
    playlists = [len(fake.playlists) for fake, _, _ in (*done, slow, third)]
    rows.append(row("Spotify: playlists made, at most", [float(max(playlists))], "", 1.0))
    return rows


def _page(*_: object) -> Reply:
    return Reply(raw=b"<html><body>Sign in to this network</body></html>", done=False)


def _closing() -> Fault:
    """Every fourth answer is cut in the middle, although what was asked for was done."""
    return lambda number, *_: Reply(cut=True) if number % 4 == 0 else None


def main() -> None:
    """Prints the figures, and how the runs against servers that fail end."""
    Console().print(table(measure(), machine()))
    for name, fault, runs in (
        ("every third call fails", every_third, 3),
        ("closes in the middle", _closing(), 3),
        ("answers web pages", _page, 1),
    ):
        fake, seconds, ends = _deliver(fault, runs=runs)
        count = len(fake.playlists)
        print(f"{name}: {len(fake.calls)} calls, {seconds:.1f} s, {count} playlist{'s' * (count != 1)}")
        for end in ends:
            print(f"    {end}")


if __name__ == "__main__":
    main()
