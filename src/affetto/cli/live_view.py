"""The terminal display of a live session, redrawn in place; it fits 80 columns and 24 lines and needs no colour."""

import math
import time
from collections import deque
from typing import Self

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from affetto.affect import EMOTIONS, Affect, Emotion, circumplex
from affetto.cli.live_lines import Tally, clock, music_words, utterance_line
from affetto.cli.show import COLOURS
from affetto.recommendation.replan import Change
from affetto.voice.audio import RATE, Samples
from affetto.voice.reading import Reading
from affetto.voice.stream import Event, LiveRecognizer

__all__ = ["Screen", "circumplex_grid"]

_WIDTH = 78
_LEFT = 36  # columns of the bars
_BAR = 18
_GRID = (39, 11)  # columns and rows of the circumplex
_METER = 30
_QUIETEST = -60.0  # dB: the empty end of the meter
_BLOCKS = " ▁▂▃▄▅▆▇█"
_STRIP_STEP = RATE // 10  # samples of a column of the waveform strip
_TRAIL = 12
_FRAME_SECONDS = 0.08
_CLIPPED = 0.999


class Screen:
    """Draws a live session: level, waveform, bars, circumplex with its trail, words and music.

    Args:
        console: The terminal.
        name: What is listened to.
        music: Whether there is a live playlist.
    """

    def __init__(self, console: Console, *, name: str, music: bool) -> None:
        self._console, self._name, self._with_music = console, name, music
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._drawn = -math.inf
        self._seconds, self._level, self._speaking, self._clipped = 0.0, _QUIETEST, 0.0, -math.inf
        self._strip: deque[tuple[float, bool]] = deque(maxlen=_WIDTH - 10)
        self._waiting = np.zeros(0, np.float32)
        self._reading: Reading | None = None
        self._label: Emotion | None = None
        self._trail: deque[Affect] = deque(maxlen=_TRAIL)
        self._past: deque[str] = deque(maxlen=3)
        self._change: tuple[Change, float] | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update(self.draw(), refresh=True)
        self._live.stop()

    def sound(self, block: Samples, live: LiveRecognizer) -> None:
        """Moves the meter and the strip, and draws a frame when one is due."""
        self._seconds += len(block) / RATE
        self._level = max(live.level, self._level - 60 * len(block) / RATE)  # falls 60 dB a second, as meters do
        self._speaking = live.speech_probability
        if len(block) and float(np.abs(block).max()) >= _CLIPPED:
            self._clipped = self._seconds
        self._waiting = np.concatenate([self._waiting, block])
        while len(self._waiting) >= _STRIP_STEP:
            step, self._waiting = self._waiting[:_STRIP_STEP], self._waiting[_STRIP_STEP:]
            self._strip.append((float(np.abs(step).max()), self._speaking >= 0.5))
        now = time.monotonic()
        if now - self._drawn >= _FRAME_SECONDS:
            self._drawn = now
            self._live.update(self.draw(), refresh=True)

    def event(self, event: Event) -> None:
        """Takes a reading or a warning in."""
        if event.type == "error":
            self._past.append(f"{clock(event.audio_start_ms / 1_000)}  {event.message}")
        elif event.reading is not None:
            self._reading, self._label = event.reading, event.label
            if not event.reading.abstained:
                self._trail.append(event.reading.affect)
            if event.final:
                self._past.append(utterance_line(event))

    def music(self, change: Change, *, at: float) -> None:
        """Shows the new plan."""
        self._change = change, at

    def end(self, tally: Tally) -> None:
        """Prints the summary below the display."""
        self._console.print(Text(tally.words), soft_wrap=True)

    def draw(self) -> Group:
        """The display as it stands: at most 22 lines of at most 78 columns."""
        lines = [self._head(), self._meter(), self._wave(), Text(), self._words(), Text()]
        bars, grid = self._bars(), circumplex_grid(list(self._trail), self._label)
        for number in range(_GRID[1]):
            left = bars[number] if number < len(bars) else Text()
            left.pad_right(_LEFT - left.cell_len)
            lines.append(left + Text("  ") + grid[number])
        lines += [Text(), *(Text(f" {line}", style="dim") for line in self._past)]
        lines += [Text() for _ in range(self._past.maxlen or 0)][len(self._past) :]
        if self._with_music:
            lines += self._music()
        for line in lines:
            line.truncate(min(_WIDTH, self._console.width - 1), overflow="ellipsis")
            line.no_wrap = True
        return Group(*lines[: max(1, self._console.height - 1)])

    def _head(self) -> Text:
        left = Text(" Affetto", style="bold") + Text(f"  {self._name}", style="dim")
        right = f"{clock(self._seconds)}   Ctrl-C ends"
        left.truncate(_WIDTH - len(right) - 2, overflow="ellipsis")
        left.pad_right(max(1, _WIDTH - left.cell_len - len(right)))
        return left + Text(right, style="dim")

    def _meter(self) -> Text:
        share = (self._level - _QUIETEST) / -_QUIETEST
        full = round(_METER * min(1.0, max(0.0, share)))
        loud = self._seconds - self._clipped < 1
        style = "red" if loud else "green" if full < 0.9 * _METER else "yellow"
        bar = Text(" level ") + Text("█" * full, style=style) + Text("░" * (_METER - full), style="dim")
        bar += Text(f" {max(self._level, -99):4.0f} dB")
        bar += Text(
            "   clipped, speak softer" if loud else "   ● voice" if self._speaking >= 0.5 else "   ○", style=style
        )
        return bar

    def _wave(self) -> Text:
        strip = Text(" sound ")
        strip.append(" " * ((self._strip.maxlen or 0) - len(self._strip)))
        for peak, speech in self._strip:
            height = 1 + 20 * math.log10(max(peak, 1e-6)) / -_QUIETEST
            strip.append(_BLOCKS[round(8 * min(1.0, max(0.0, height)))], style="cyan" if speech else "dim")
        return strip

    def _words(self) -> Text:
        if self._reading is None:
            return Text(" Speak: the first reading comes after a second.", style="dim")
        if self._reading.abstained or self._label is None:
            return Text(f" {self._reading.words[0].upper()}{self._reading.words[1:]}", style="bold")
        affect = self._reading.affect
        share = f"{self._reading.probabilities[self._label]:.0%}".replace("%", " %")
        words = Text(f" Sounds {self._label}", style=f"bold {COLOURS[self._label]}") + Text(f", {share}", style="bold")
        words.pad_right(max(2, _LEFT + 2 - words.cell_len))
        return words + Text(f"valence {affect.valence:+.2f}   arousal {affect.arousal:+.2f}")

    def _bars(self) -> list[Text]:
        drawn: list[Text] = []
        known = self._reading is not None and not self._reading.abstained
        for emotion in EMOTIONS:
            p = self._reading.probabilities[emotion] if self._reading is not None and known else 0.0
            chosen = emotion == self._label
            name = Text(f" {'▸' if chosen else ' '}{emotion:<10}", style="bold" if chosen else "")
            bar = Text("━" * max(round(p * _BAR), 1 if p >= 0.01 else 0), style=COLOURS[emotion])
            bar.pad_right(_BAR - len(bar))
            drawn.append(name + bar + Text(f"{p:4.0%}".replace("%", " %") if known else ""))
        return [Text(), *drawn]

    def _music(self) -> list[Text]:
        if self._change is None:
            return [Text(" ♪ The music is chosen once an emotion stands out.", style="dim"), Text()]
        change, at = self._change
        fresh = self._seconds - at < 3
        tracks = "  ·  ".join(item.track.title for item in change.playlist.items)
        return [
            Text(
                f" ♪ {clock(at)} {change.playlist.plan.words}: the voice {music_words(change)}",
                style="bold" if fresh else "",
            ),
            Text(f"   {tracks}"),
        ]


def circumplex_grid(trail: list[Affect], label: Emotion | None) -> list[Text]:
    """Valence to the right, arousal upwards: the emotions' names, and a dot with the way that led to it.

    Args:
        trail: Where the voice was, oldest first; the last is the dot.
        label: Gives the dot its colour.
    """
    columns, rows = _GRID
    cells = [[(" ", "")] * columns for _ in range(rows)]

    def place(affect: Affect) -> tuple[int, int]:
        return (
            min(rows - 1, max(0, round((1 - affect.arousal) / 2 * (rows - 1)))),
            min(columns - 1, max(0, round((affect.valence + 1) / 2 * (columns - 1)))),
        )

    def write(row: int, column: int, text: str, style: str) -> None:
        for offset, letter in enumerate(text):
            cells[row][column + offset] = (letter, style)

    for column in range(columns):
        cells[rows // 2][column] = ("─", "dim")
    for row in range(rows):
        cells[row][columns // 2] = ("│", "dim")
    cells[rows // 2][columns // 2] = ("┼", "dim")
    write(0, columns // 2 + 2, "↑ arousal", "dim")
    write(rows // 2, columns - 9, "valence →", "dim")
    for emotion, point in circumplex().items():
        row, column = place(point)
        first = column - len(emotion) + 1 if point.valence < -0.4 else column
        write(row, min(columns - len(emotion), max(0, first)), emotion, "bold" if emotion == label else "dim")
    for number, affect in enumerate(trail):
        row, column = place(affect)
        last = number == len(trail) - 1
        mark = "●" if last else "•" if number >= len(trail) - 4 else "·"
        if last or not cells[row][column][0].isalpha():
            cells[row][column] = (mark, f"bold {COLOURS[label]}" if last and label else "")
    return [Text.assemble(*row) for row in cells]
