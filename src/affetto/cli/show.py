"""How results look in a terminal."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from affetto.affect import EMOTIONS, Emotion
from affetto.voice.explanation import Cue, Explanation
from affetto.voice.reading import Reading

if TYPE_CHECKING:
    from affetto.recommendation import Playlist

__all__ = ["COLOURS", "ProgressHook", "line", "playlist", "progress", "reading", "stages", "table", "when"]

_BAR = 24
COLOURS = {
    Emotion.NEUTRAL: "white",
    Emotion.CALM: "cyan",
    Emotion.HAPPY: "yellow",
    Emotion.SAD: "blue",
    Emotion.ANGRY: "red",
    Emotion.FEARFUL: "magenta",
    Emotion.DISGUST: "green",
    Emotion.SURPRISED: "bright_yellow",
}
"""The colour of each emotion; never the only sign of it."""

_SHORT = 30.0  # seconds: shorter recordings are read before a bar could be drawn

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)


class ProgressHook:
    """Draws how much of a long recording has been read."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("reading"),
            BarColumn(),
            TextColumn("{task.fields[heard]}"),
            TimeRemainingColumn(),
            console=error_console,
            transient=True,
            disable=quiet or not error_console.is_terminal,
        )
        self._task = self._bar.add_task("reading", visible=False, heard="")

    def __call__(self, heard: float, total: float | None) -> None:
        """Draws that ``heard`` of ``total`` seconds have been read."""
        if total is None or total > _SHORT:
            self._bar.update(self._task, completed=heard, total=total, visible=True, heard=_clock(heard))

    def __enter__(self) -> "ProgressHook":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def progress(*, quiet: bool) -> ProgressHook:
    """A progress bar on the error output; nothing is drawn for short recordings, in pipes or when ``quiet``."""
    return ProgressHook(quiet=quiet)


def line(text: str, *, style: str = "") -> None:
    """One line of plain text, never wrapped or read as markup."""
    console.print(Text(text, style=style), soft_wrap=True)


def reading(heard: Reading, *, name: str, explain: bool = False) -> None:
    """The reading: words, eight bars, affect, and what stands out in the voice."""
    words = heard.words[0].upper() + heard.words[1:]
    console.print(
        Text.assemble((words, "bold"), (f"   {name}, {heard.seconds:.1f} s of speech", "dim")), soft_wrap=True
    )
    if heard.abstained:
        line("")
        return
    for emotion in sorted(EMOTIONS, key=lambda e: -heard.probabilities[e]):
        share = heard.probabilities[emotion]
        bar = Text("━" * max(round(share * _BAR), 1 if share >= 0.01 else 0), style=COLOURS[emotion])
        bar.pad_right(_BAR - len(bar))
        console.print(Text(f"  {emotion:<10}") + bar + Text(f" {share:4.0%}".replace("%", " %")))
    spread = heard.affect.spread
    valence, arousal = heard.affect.valence, heard.affect.arousal
    line(f"  valence {valence:+.2f} ± {spread[0]:.2f}   arousal {arousal:+.2f} ± {spread[1]:.2f}")
    if len(heard.plausible) > 1:
        line(f"  not ruled out   {', '.join(map(str, heard.plausible))}")
    if explain and heard.explanation:
        _explanation(heard.explanation)
    elif explain and heard.cues:
        line("  what stands out in the voice, strongest evidence first:")
        _cues(heard.cues)
    elif heard.cues:
        for place, cue in enumerate(heard.cues[:3]):
            line(("  in the voice   " if place == 0 else " " * 17) + cue.words)
    line("")


def _explanation(found: Explanation) -> None:
    low, high = found.strongest
    line(f"  what weighed most was heard from {low:.1f} to {high:.1f} s: without it, log-odds {-found.weight:+.2f}")
    line(f"  the voice against {found.against}, what says most first (evidence for {found.emotion} in nats):")
    _cues(found.cues)


def _cues(cues: Sequence[Cue]) -> None:
    for cue in cues:
        line(f"    {cue.contribution:+.2f}  {cue.words} ({cue.value:g} {cue.unit}, {cue.deviation:+.1f} sd)")


def playlist(music: "Playlist") -> None:
    """The playlist: what it is for, then each track with its reason and its link."""
    line(music.title, style="bold")
    _paragraph(music.explanation, indent=2)
    _paragraph(f"From {music.library}.", indent=2)
    for note in music.notes:
        _paragraph(note, indent=2, style="dim")
    line("")
    names = [f"{track.title} · {track.artist}" for track in music.tracks]
    widest = max(map(cell_len, names))
    console.print(Text(f"  #  {set_cell_size('track', widest)}  length    tempo", style="dim"), soft_wrap=True)
    for number, (item, name) in enumerate(zip(music.items, names, strict=True), start=1):
        track = item.track
        length = _clock(track.seconds) if track.seconds else ""
        tempo = f"{track.tempo:.0f} bpm" if track.tempo else ""
        row = Text(f"{number:>3}  ") + Text(set_cell_size(name, widest), style="bold")
        console.print(row + Text(f"  {length:>6}  {tempo:>7}"), soft_wrap=True)
        line(f"     {item.why}")
        line(f"     {track.uri}", style="dim")
    line("")
    for credit in music.credits:
        _paragraph(credit, style="dim")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """A table; numbers are aligned to the right."""
    drawn = Table(*columns, title=title, title_justify="left", box=None, header_style="dim", pad_edge=False)
    for column, cells in zip(drawn.columns, zip(*rows, strict=True), strict=True):
        if all(cell[:1].isdigit() or cell[:1] in "+-." for cell in cells):
            column.justify = "right"
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


@contextmanager
def stages(*, transient: bool = False) -> Generator[Callable[[str, int, int], None]]:
    """Progress of work in named stages: the value yielded is called with stage, done and total.

    Bars on a terminal, gone when all is done if they are transient; elsewhere, in a log, a line at each tenth.
    """
    if not error_console.is_terminal:
        yield _log_stage
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    bar = Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        console=error_console,
        transient=transient,
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done)

    with bar:
        yield report


def _log_stage(stage: str, done: int, total: int) -> None:
    if done == total or done % max(1, total // 10) == 0:
        error_console.print(f"{stage}: {done} of {total}")


def _paragraph(text: str, *, indent: int = 0, style: str = "") -> None:
    """Plain text, wrapped to the terminal."""
    console.print(Padding(Text(text, style=style), (0, 0, 0, indent)))


def when(milliseconds: int) -> str:
    """A time in milliseconds since 1970 as the clock here shows it; empty where no calendar has it."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
