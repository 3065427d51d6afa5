"""What makes the sound on this machine: mpv, ffplay, or our own decoder and the sound card.

A track's address may come from a stranger's playlist. Files are plain files and go in by absolute path, addresses are
http or https, and each program is told to open nothing else.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from affetto.errors import AudioError, OptionError, PlayerError

__all__ = ["ENGINES", "Engine", "Ffplay", "Mpv", "SoundCard", "find_engine", "place_of"]

_PATIENCE = 5.0  # seconds for a program to start or to answer
_BLOCK = 0.1  # seconds of sound written at a time
_RATE = 48_000
# Containers of sound. Playlists and scripts (hls, concat, dash) are left out: they open other files.
_FORMATS = "mov,matroska,ogg,mp3,aac,flac,wav,w64,aiff,au,caf,asf,mpegts,ac3,ape,wv,tta,mpc,mpc8,dsf"
_WEB = "http,https,httpproxy,tcp,tls"


class Engine(Protocol):
    """One track at a time."""

    name: str

    def start(self, uri: str) -> None:
        """Plays a track from its beginning, in place of the one that plays.

        Raises:
            PlayerError: If it cannot be played.
        """
        ...

    def pause(self, on: bool) -> None:
        """Holds the track, or lets it go on."""
        ...

    def position(self) -> float:
        """Seconds of the track played so far."""
        ...

    def state(self) -> str:
        """Gives "playing" (held or not), "ended", or "failed"."""
        ...

    def close(self) -> None:
        """Stops the sound and whatever makes it."""
        ...


def place_of(uri: str) -> str:
    """What may be played: the absolute path of a plain file, or an address of http or https.

    Raises:
        PlayerError: If it is something else, or there is no such file.
    """
    scheme = uri.partition("://")[0].lower()
    if "://" in uri:
        if scheme in ("http", "https") and not any(mark < "!" or mark == "\x7f" for mark in uri):
            return uri
        raise PlayerError(f"track {uri[:80]!r}: only files, http and https are played")
    try:
        path = Path(uri).resolve()
        plain = path.is_file()
    except (OSError, ValueError) as error:
        raise PlayerError(f"track {uri[:80]!r}: {error}") from None
    if not plain:
        raise PlayerError(f"track {uri[:200]!r}: no such file")
    return str(path)


class Mpv:
    """mpv, told what to do through its JSON IPC (``--input-ipc-server``).

    Raises:
        PlayerError: If it does not start.
    """

    name = "mpv"

    def __init__(self, program: str = "mpv") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="affetto-")  # only its owner may enter
        path = str(Path(self._folder.name) / "mpv")
        self._process = subprocess.Popen(
            [
                *(program, "--no-config", "--idle=yes", "--no-video", "--no-terminal", "--load-scripts=no"),
                *("--ytdl=no", "--load-unsafe-playlists=no", "--audio-display=no", f"--input-ipc-server={path}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._answers: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._state, self._last = "ended", 0
        try:
            self._socket = self._connect(path)
        except PlayerError:
            self.close()
            raise
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, uri: str) -> None:
        """Plays a track."""
        place = place_of(uri)
        with self._changed:
            self._state = "playing"
        self._ask("set_property", "pause", False)
        self._ask("loadfile", place, "replace")

    def pause(self, on: bool) -> None:
        """Holds the track, or lets it go on."""
        self._ask("set_property", "pause", on)

    def position(self) -> float:
        """Seconds played."""
        try:
            return float(self._ask("get_property", "time-pos") or 0.0)
        except PlayerError:
            return 0.0  # nothing is loaded yet, or any more

    def state(self) -> str:
        """Gives "playing", "ended" or "failed"."""
        if self._process.poll() is not None:
            raise PlayerError("mpv ended; start affetto play again")
        return self._state

    def close(self) -> None:
        """Ends mpv."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if hasattr(self, "_socket"):
            self._socket.close()
        self._folder.cleanup()

    def _connect(self, path: str) -> socket.socket:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                link.connect(path)
            except OSError:
                link.close()
                time.sleep(0.02)
            else:
                return link
        raise PlayerError("mpv does not start; try --with sound or --with ffplay")

    def _ask(self, *command: Any) -> Any:
        with self._changed:
            self._last += 1
            number = self._last
        try:
            self._socket.sendall(json.dumps({"command": list(command), "request_id": number}).encode() + b"\n")
        except OSError:
            raise PlayerError("mpv ended; start affetto play again") from None
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._answers, _PATIENCE):
                raise PlayerError(f"mpv does not answer to {command[0]}; start affetto play again")
            answer = self._answers.pop(number)
        if answer.get("error") != "success":
            raise PlayerError(f"mpv: {command[0]}: {answer.get('error')}")
        return answer.get("data")

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                with self._changed:
                    if "request_id" in message and "error" in message:
                        self._answers[message["request_id"]] = message
                    elif message.get("event") == "end-file" and message.get("reason") in ("eof", "error"):
                        # The end of the track before, stopped by this one, says "stop".
                        self._state = "ended" if message["reason"] == "eof" else "failed"
                    self._changed.notify_all()


class Ffplay:
    """ffplay, one process a track; it is held by the signals that stop and continue processes."""

    name = "ffplay"

    def __init__(self, program: str = "ffplay") -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._played = 0.0
        self._since: float | None = None

    def start(self, uri: str) -> None:
        """Plays a track."""
        self.close()
        place = place_of(uri)
        allowed = _WEB if "://" in place else "file"
        self._process = subprocess.Popen(
            [
                *(self._program, "-nodisp", "-autoexit", "-loglevel", "quiet", "-vn"),
                *("-protocol_whitelist", allowed, "-format_whitelist", _FORMATS, "-i", place),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._played, self._since = 0.0, time.monotonic()

    def pause(self, on: bool) -> None:
        """Holds the track, or lets it go on."""
        if self._process is None or self._process.poll() is not None or on == (self._since is None):
            return
        self._played = self.position()
        self._since = None if on else time.monotonic()
        self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def position(self) -> float:
        """Seconds since it started, less those it was held."""
        return self._played + (0.0 if self._since is None else time.monotonic() - self._since)

    def state(self) -> str:
        """Gives "playing", "ended" or "failed"."""
        code = 0 if self._process is None else self._process.poll()
        return "playing" if code is None else "failed" if code else "ended"

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class SoundCard:
    """Our own decoder (PyAV) and the sound card (sounddevice, the ``play`` extra).

    Raises:
        PlayerError: If the extra, PortAudio or a sound card is missing.
    """

    name = "sound"

    def __init__(self) -> None:
        try:
            import sounddevice

            self._stream = sounddevice.OutputStream(samplerate=_RATE, channels=2, dtype="float32")
            self._stream.start()
        except ImportError:
            raise PlayerError("playing here needs mpv, ffplay, or an extra: pip install 'affetto[play]'") from None
        except Exception as error:  # PortAudioError is known only after the import; OSError where it is missing
            words = " ".join(str(error).split())
            raise PlayerError(
                f"the sound card does not open: {words}; install mpv or ffplay, or PortAudio (Debian: libportaudio2)"
            ) from None
        self._thread: threading.Thread | None = None
        self._stop, self._go = threading.Event(), threading.Event()
        self._frames, self._state = 0, "ended"

    def start(self, uri: str) -> None:
        """Plays a track."""
        self._halt()
        place = place_of(uri)
        self._stop, self._go = threading.Event(), threading.Event()
        self._go.set()
        self._frames, self._state = 0, "playing"
        self._thread = threading.Thread(target=self._play, args=(place, self._stop, self._go), daemon=True)
        self._thread.start()

    def pause(self, on: bool) -> None:
        """Holds the track, or lets it go on."""
        (self._go.clear if on else self._go.set)()

    def position(self) -> float:
        """Seconds given to the sound card."""
        return self._frames / _RATE

    def state(self) -> str:
        """Gives "playing", "ended" or "failed"."""
        return self._state

    def close(self) -> None:
        """Stops the sound."""
        self._halt()
        self._stream.close()

    def _halt(self) -> None:
        self._stop.set()
        self._go.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            self._thread = None

    def _play(self, place: str, stop: threading.Event, go: threading.Event) -> None:
        state = "ended"
        try:
            for block in _decoded(place):
                for first in range(0, len(block), round(_BLOCK * _RATE)):
                    go.wait()
                    if stop.is_set():
                        return
                    part = block[first : first + round(_BLOCK * _RATE)]
                    self._stream.write(part)
                    self._frames += len(part)
        except Exception:  # whatever a stranger's file or the sound card may raise ends this track only
            state = "failed"
        if not stop.is_set():
            self._state = state


def _decoded(place: str) -> Iterator[Any]:
    """Blocks of float32, shape (n, 2), at 48 kHz."""
    import av
    import numpy as np

    options = {"format_whitelist": _FORMATS}
    with contextlib.ExitStack() as stack:
        if "://" in place:
            source: Any = place
            options["protocol_whitelist"] = _WEB
        else:
            source = stack.enter_context(open(place, "rb"))  # noqa: PTH123 - a file without a name opens no other
        container: Any = stack.enter_context(av.open(source, options=options, timeout=30.0))
        if not container.streams.audio:
            raise AudioError("holds no sound")
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=_RATE)
        for frame in container.decode(container.streams.audio[0]):
            for ready in resampler.resample(frame):
                yield np.ascontiguousarray(ready.to_ndarray().reshape(-1, 2))
        for ready in resampler.resample(None):
            yield np.ascontiguousarray(ready.to_ndarray().reshape(-1, 2))


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({"mpv": Mpv, "ffplay": Ffplay, "sound": SoundCard})
"""What can make the sound, the best first."""


def find_engine(name: str | None = None) -> Engine:
    """The engine of this name, or the best that is there.

    Raises:
        OptionError: If there is none of this name.
        PlayerError: If it is not installed, or none is.
    """
    if name is not None:
        if name not in ENGINES:
            raise OptionError(f"--with {name}: choose {', '.join(ENGINES)}")
        if name != "sound" and not _usable(name):
            raise PlayerError(f"{name} is not installed here; install it, or leave --with out")
        return ENGINES[name]()
    return ENGINES[next((each for each in ("mpv", "ffplay") if _usable(each)), "sound")]()


def _usable(name: str) -> bool:
    # Their control needs sockets in the file system and signals that hold a process.
    return os.name == "posix" and shutil.which(name) is not None
