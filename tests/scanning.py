"""A scan in a process of its own, to be killed: ``python -m tests.scanning DATABASE WORKERS``."""

import sys
import time
from pathlib import Path

import affetto.music.records
from affetto.music.analysis import Analysis
from affetto.music.scan import scan
from affetto.store import open_store
from tests import tracks


def slowly(path: Path) -> Analysis:
    """Takes a moment for a file, so that there is something to interrupt."""
    time.sleep(0.01)
    return tracks.listen(path)


if __name__ == "__main__":
    affetto.music.records.audio_evidence = tracks.evidence
    with open_store(sys.argv[1]) as opened:
        print("scanning", flush=True)
        scan(opened, workers=int(sys.argv[2]), listener=slowly)
    print("done", flush=True)
