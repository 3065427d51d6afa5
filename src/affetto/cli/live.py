"""``affetto listen --live``: sound in, events out, to a display, as lines of text or as JSON."""

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

from affetto.cli import show
from affetto.cli.live_lines import JsonLines, Output, PlainLines, Tally
from affetto.recommendation.replan import LivePlaylist
from affetto.voice.audio import RATE, AudioFile, Samples, ascii_name
from affetto.voice.profiles import ProfileStore
from affetto.voice.reading import Reading
from affetto.voice.stream import Event, LiveRecognizer

__all__ = ["listen_live"]

_BLOCK = RATE // 20
_FOREVER = 10 * 365 * 86_400.0


def listen_live(
    *,
    file: Path | None = None,
    fast: bool = False,
    device: str | None = None,
    seconds: float | None = None,
    as_json: bool = False,
    explain: bool = False,
    request: dict[str, Any] | None = None,
    save: Path | None = None,
    profile: str | None = None,
) -> None:
    """Listens until the sound ends or Ctrl-C, and shows what is heard as it is heard.

    Args:
        file: A recording to play through the same path; None for the microphone.
        fast: Play it as fast as it can be read.
        device: Name or number of the microphone.
        seconds: Stop after this long; None for no limit.
        as_json: Print the events as JSON lines.
        explain: Show what in the voice stands out.
        request: Options of the live playlist; None for none.
        save: Playlist file to write at each plan.
        profile: Name of the profile of the voice; it takes the final readings in.

    Raises:
        AudioError: If the recording or the microphone fails; what was heard until then is shown.
        PlaylistError: If the playlist cannot be written.
    """
    from affetto.api import recognizer

    sound = _play(AudioFile(file), fast=fast) if file is not None else _microphone(device)
    music = None if request is None else LivePlaylist(**request)
    name = "microphone" if file is None else ascii_name(Path(file.name))
    output, shown = _output(as_json=as_json, explain=explain, name=name, music=music is not None)
    store = ProfileStore()
    live = LiveRecognizer(recognizer(), profile=None if profile is None else store.load(profile))
    session = _Session(live, output, music=music, save=save, profiles=store)
    with shown, closing(sound):
        try:
            session.run(_limited(sound, seconds))
        except KeyboardInterrupt:
            pass  # the way to end a live session
        finally:
            session.finish()
    output.end(session.tally)


class _Session:
    """One pass from the first block to the last."""

    def __init__(
        self,
        live: LiveRecognizer,
        output: Output,
        *,
        music: LivePlaylist | None,
        save: Path | None,
        profiles: ProfileStore,
    ) -> None:
        self._live, self._output, self._music, self._save = live, output, music, save
        self._profiles = profiles
        self._spoken = 0.0  # seconds of speech of this utterance that the music has taken in
        self._from = 0
        self.tally = Tally()

    def run(self, sound: Iterable[Samples]) -> None:
        for block in sound:
            self.tally.seconds += len(block) / RATE
            self._take(self._live.push(block))
            self._output.sound(block, self._live)

    def finish(self) -> None:
        self._take(self._live.close())

    def _take(self, events: Sequence[Event]) -> None:
        self._profiles.follow(self._live, events)
        for event in events:
            self.tally.add(event)
            self._output.event(event)
            if self._music is not None and event.reading is not None:
                self._follow(event, event.reading, self._music)

    def _follow(self, event: Event, reading: Reading, music: LivePlaylist) -> None:
        """Tells the music how much of what was read is new: windows overlap, and a final reading repeats them."""
        new = reading.seconds if self._spoken == 0 else (event.audio_end_ms - self._from) / 1_000
        change = music.update(reading, seconds=new, final=event.final)
        self._spoken, self._from = (0.0 if event.final else self._spoken + new), event.audio_end_ms
        if change is None:
            return
        self.tally.plans += 1
        self._output.music(change, at=event.audio_end_ms / 1_000)
        if self._save is not None:
            from affetto.players import save_playlist

            save_playlist(change.playlist, self._save)


def _output(*, as_json: bool, explain: bool, name: str, music: bool) -> tuple[Output, AbstractContextManager[object]]:
    if as_json:
        return JsonLines(explain=explain), nullcontext()
    if not show.console.is_terminal or show.console.is_dumb_terminal:
        return PlainLines(explain=explain), nullcontext()
    from affetto.cli.live_view import Screen

    screen = Screen(show.console, name=name, music=music)
    return screen, screen


def _play(file: AudioFile, *, fast: bool) -> Generator[Samples]:
    """A recording in blocks of 50 ms, each when a microphone would give it."""
    began, played = time.monotonic(), 0
    for chunk in file:
        for first in range(0, len(chunk), _BLOCK):
            block = chunk[first : first + _BLOCK]
            played += len(block)
            if not fast:
                time.sleep(max(0.0, began + played / RATE - time.monotonic()))
            yield block


def _microphone(device: str | None) -> Generator[Samples]:
    from affetto.voice.microphone import stream_microphone

    yield from stream_microphone(seconds=_FOREVER, device=device)


def _limited(sound: Iterable[Samples], seconds: float | None) -> Generator[Samples]:
    left = round((_FOREVER if seconds is None else seconds) * RATE)
    for block in sound:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return
