"""How long the import of 10,000 songs takes from a Subsonic server, against a local server in its place.

    python -m benchmarks.subsonic [--slow]

Our own time is measured: that of the processor, the store included. The server runs in this process, so what it takes
to write its answers is part of the figure. Songs are listed, not listened to. ``--slow`` also shows what becomes of
servers that take 2 s a call, fail every third call, answer web pages, or close their connections in the middle.
"""

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console

from affetto.affect import Affect
from affetto.errors import PlayerError
from affetto.music.track import Track
from affetto.players.journal import Journal
from affetto.players.patience import Patience
from affetto.players.secrets import Secret
from affetto.players.subsonic import Subsonic
from affetto.players.subsonic.api import SubsonicApi, parameters
from affetto.players.subsonic.catalog import Imported, import_catalog
from affetto.store import open_store
from benchmarks.figures import Row, machine, row, table
from tests.players.fake_servers import PASSWORD, FakeSubsonic, Fault, subsonic_songs
from tests.players.fake_spotify import Reply

_SONGS = 10_000
_REPEATS = 3
_LIMIT = 60.0


def _player(fake: FakeSubsonic, folder: Path) -> Subsonic:
    sent = parameters("token", Secret(PASSWORD), "listener")
    patience = Patience(pause=0.05)
    api = SubsonicApi(fake.address, sent=sent, patience=patience)
    journal = Journal("home", folder=folder)
    return Subsonic("home", api=api, user="listener", journal=journal, folder=folder, patience=patience)


def _import(
    times: int = 1, *, fault: Fault | None = None, delay: float = 0.0
) -> tuple[FakeSubsonic, list[tuple[Imported, float]]]:
    """The server afterwards; what each of some imports did, one after the other, and the processor's seconds for it."""
    done = list[tuple[Imported, float]]()
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeSubsonic(subsonic_songs(_SONGS), fault=fault, delay=delay) as fake,
        open_store(Path(folder) / "library.db") as store,
    ):
        player = _player(fake, Path(folder))
        for _ in range(times):
            began = time.process_time()
            done.append((import_catalog(store, player, folder=Path(folder)), time.process_time() - began))
        return fake, done


def measure() -> list[Row]:
    """A first import of 10,000 songs, and one where nothing changed."""
    first, again = list[float](), list[float]()
    for _ in range(_REPEATS):
        _, done = _import(2)
        first.append(done[0][1])
        again.append(done[1][1])
    return [
        row(f"Subsonic: import of {_SONGS:,} songs, own time", first, "s", _LIMIT),
        row(f"Subsonic: the same {_SONGS:,} once more", again, "s", None),
    ]


def _deliver(fault: Fault | None, delay: float) -> str:
    """What becomes of a playlist of 20 tracks, with the command repeated until it is done, three times at most."""
    facts = {"uri": "", "mood": Affect(0, 0), "mood_source": ""}
    wanted = [
        Track(id=str(n), title=f"Tune {n:06d}", artist=f"Artist {n:03d}", seconds=120.0 + n, **facts) for n in range(20)
    ]
    began, said = time.perf_counter(), ""
    with tempfile.TemporaryDirectory() as folder, FakeSubsonic(subsonic_songs(40), fault=fault, delay=delay) as fake:
        for number in (1, 2, 3):
            try:
                _player(fake, Path(folder)).make_playlist("Calm", wanted)
                said = f"done in {number} run{'s' * (number > 1)}"
                break
            except PlayerError as error:
                said = f"says: {error}"
        spent = time.perf_counter() - began
        count = len(fake.playlists)
        return f"{said}; {len(fake.calls)} calls, {spent:.1f} s, {count} playlist{'s' * (count != 1)}"


def faults() -> None:
    """Prints what becomes of a playlist and of an import on servers that are slow or broken."""
    cases: dict[str, tuple[Fault | None, float]] = {
        "2 s a call": (None, 2.0),
        "fails every third call": (lambda n, *_: Reply(status=503, body={}, done=False) if n % 3 == 0 else None, 0.0),
        "closes every third in the middle": (lambda n, *_: Reply(cut=True) if n % 3 == 0 else None, 0.0),
        "a web page every third time": (lambda n, *_: Reply(raw=b"<html>502</html>") if n % 3 == 0 else None, 0.0),
        "web pages only": (lambda *_: Reply(raw=b"<html>502</html>", done=False), 0.0),
    }
    for name, (fault, delay) in cases.items():
        print(f"playlist of 20, {name}: {_deliver(fault, delay)}")
        try:
            fake, ((done, _),) = _import(fault=fault, delay=delay)
            print(f"import of {_SONGS:,}, {name}: {done.songs:,} songs, {len(fake.calls)} calls, {done.seconds:.1f} s")
        except PlayerError as error:
            print(f"import of {_SONGS:,}, {name}: says: {error}")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="Measure the import from a Subsonic server.")
    parser.add_argument("--slow", action="store_true", help="servers that are slow or broken, too")
    options = parser.parse_args()
    Console().print(table(measure(), machine()))
    if options.slow:
        faults()


if __name__ == "__main__":
    main()
