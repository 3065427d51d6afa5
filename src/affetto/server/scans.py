"""One scan of the person's folders at a time, beside the event loop, told as it goes."""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from affetto.errors import AffettoError
from affetto.music.collection import Collection

__all__ = ["Scans"]


class _StoppedError(Exception):
    """The person has stopped the scan."""


@dataclass(slots=True)
class Scans:
    """The scan that runs, or the last one.

    Attributes:
        workers: Processes that listen; None for all cores but one, which serves.
    """

    workers: int | None = None
    _state: dict[str, Any] = field(default_factory=lambda: {"state": "idle"})
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def to_dict(self) -> dict[str, Any]:
        """How far it is: state (idle, running, done, stopped, failed), stage, done, total, report, problem."""
        return dict(self._state)

    def start(self, collection: Collection) -> bool:
        """Starts a scan of all folders; False where one is running."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            self._stop.clear()
            self._state = {"state": "running", "stage": "looking", "done": 0, "total": None, "began": time.time()}
            self._thread = threading.Thread(target=self._run, args=(collection,), daemon=True, name="affetto-scan")
            self._thread.start()
            return True

    def stop(self) -> None:
        """Ends the scan soon; what was heard is kept."""
        self._stop.set()

    def _run(self, collection: Collection) -> None:
        from affetto.music.scan import scan

        def progress(stage: str, done: int, total: int | None) -> None:
            if self._stop.is_set():
                raise _StoppedError
            self._state = {**self._state, "stage": stage, "done": done, "total": total}

        workers = max(1, (os.cpu_count() or 2) - 1) if self.workers is None else self.workers
        try:
            report = scan(collection.store, workers=workers, progress=progress)
            self._state = {"state": "done", "report": report.to_dict()}
        except _StoppedError:
            self._state = {"state": "stopped"}
        except AffettoError as error:
            self._state = {"state": "failed", "problem": str(error)}
        except Exception as error:
            self._state = {"state": "failed", "problem": f"the scan failed ({type(error).__name__}); please report it"}
            raise
