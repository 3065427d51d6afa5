"""How the library looks in a terminal."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from affetto.cli import show
from affetto.music.collection import Status
from affetto.music.importers import Imported
from affetto.music.listings import Listing
from affetto.music.scan import Report
from affetto.music.text import clean

__all__ = ["entries", "imported", "listing", "note", "plain", "report", "scanning", "status", "track"]

_SHOWN = 10
_LOG_SECONDS = 10.0
_NOT_TOLD = 1.0  # standard deviation of an axis that a source says nothing about


def note(text: str, *, quiet: bool) -> None:
    """A line about what was done."""
    if not quiet:
        show.error_console.print(clean(text, longest=1000), markup=False, soft_wrap=True)


def plain(done: Imported) -> dict[str, int]:
    """The numbers of an import."""
    return asdict(done)


@contextmanager
def scanning(*, quiet: bool) -> Generator[Callable[[str, int, int | None], None]]:
    """Progress of a scan with the time left: a bar on a terminal, else a line now and then."""
    if quiet or not show.error_console.is_terminal:
        yield _Lines(quiet=quiet)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=show.error_console,
        transient=True,
        speed_estimate_period=120,
    )
    with bar:
        task = bar.add_task("looking", total=None)
        stage = "looking"

        def update(now: str, done: int, total: int | None) -> None:
            nonlocal stage
            if now != stage:
                stage = now
                bar.reset(task, description=now, total=total)
            bar.update(task, completed=done, total=total)

        yield update


class _Lines:
    """Progress in a log."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = self._told = time.monotonic()
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began, self._told = stage, now, now
        if self._quiet or (done != total and now - self._told < _LOG_SECONDS):
            return
        self._told = now
        left = ""
        if total and 0 < done < total:
            left = f", {_clock((now - self._began) / done * (total - done))} left"
        show.error_console.print(f"{stage}: {done:,}{f' of {total:,}' if total else ''}{left}")


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def report(found: Report) -> None:
    """What a scan found."""
    parts = [
        f"{found.found:,} files",
        f"{found.new:,} new tracks",
        f"{found.updated:,} changed or moved" if found.updated else "",
        f"{found.unchanged:,} unchanged" if found.unchanged else "",
        f"{found.missing:,} missing" if found.missing else "",
        f"{len(found.failed):,} failed" if found.failed else "",
        f"{found.same:,} stood for by another version" if found.same else "",
    ]
    show.line(", ".join(part for part in parts if part) + f"; {_clock(found.seconds)}")
    for title, lines in (("could not be read", found.problems), ("failed", found.failed)):
        for path, problem in list(lines.items())[:_SHOWN]:
            show.line(f"  {title}: {clean(path, longest=500)}: {problem}")
        if len(lines) > _SHOWN:
            show.line(f"  and {len(lines) - _SHOWN:,} more; `affetto library list --which failed` lists them")


def status(found: Status) -> None:
    """Numbers about the collection."""
    show.line(f"{found.usable:,} tracks to make playlists from", style="bold")
    lines = {
        "waiting to be listened to": found.waiting,
        "files that failed": found.failed,
        "tracks whose files are missing": found.missing,
        "versions that another track stands for": found.versions,
        "moods corrected by you": found.corrected,
        **{f"set aside: {reason}": count for reason, count in found.aside.items()},
    }
    for text, count in lines.items():
        if count:
            show.line(f"  {count:>9,}  {text}")
    if found.sources:
        show.line("moods estimated from")
        for source, count in found.sources.items():
            show.line(f"  {count:>9,}  {source}")
    for folder in found.folders:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(folder.scanned)) if folder.scanned else "never"
        show.line(f"{clean(folder.path, longest=500)}: {folder.files:,} files, scanned {when}")
        if folder.problem:
            show.line(f"  {folder.problem}")
    show.line(f"kept in {found.database}", style="dim")


def _mood(entry: dict[str, Any]) -> tuple[str, str]:
    return f"{entry['valence']:+.2f}", f"{entry['arousal']:+.2f}"


def entries(found: list[dict[str, Any]], *, which: str, limit: int) -> None:
    """A list of tracks, or of files that failed."""
    if not found:
        show.line("nothing to list")
        return
    if which == "failed":
        for entry in found:
            show.line(f"{clean(entry['path'], longest=500)}: {entry['problem']}")
    else:
        rows = [
            (
                str(entry["id"]),
                clean(entry["title"], longest=50),
                clean(entry["artist"], longest=30),
                *_mood(entry),
                f"{entry['tempo']:.0f}" if entry["tempo"] else "",
                _clock(entry["seconds"]),
                _remark(entry),
            )
            for entry in found
        ]
        show.table(("id", "title", "artist", "valence", "arousal", "bpm", "length", ""), rows)
    if limit and len(found) == limit:
        show.line(f"the first {limit:,}; --limit 0 lists all", style="dim")


def _remark(entry: dict[str, Any]) -> str:
    if entry["aside"]:
        return str(entry["aside"])
    if not entry["present"]:
        return "missing"
    if entry["same_as"]:
        return f"{entry['version'] or 'copy'} of {entry['same_as']}"
    return "named by its path" if "title" in entry["guessed"] else ""


def track(entry: dict[str, Any]) -> None:
    """All that is known of a track."""
    show.line(f"{entry['id']}  {entry['title']} · {entry['artist'] or 'unknown artist'}", style="bold")
    album = f"{entry['album']} ({entry['year']})" if entry["year"] else entry["album"]
    tempo = f"{entry['tempo']:.0f} bpm" if entry["tempo"] else ""
    if tempo and entry["tempo_corrected"]:
        tempo += ", as you said"
    elif tempo and entry["tempo_alternative"]:
        tempo += f" (or {entry['tempo_alternative']:.0f})"
    facts = {
        "album": album,
        "genre": entry["genre"],
        "moods told": ", ".join(entry["feels"]),
        "length": _clock(entry["seconds"]),
        "tempo": tempo,
        "key": entry["key"],
        "loudness": "" if entry["loudness"] is None else f"{entry['loudness']:.1f} LUFS",
        "guessed": ", ".join(entry["guessed"]) and f"{', '.join(entry['guessed'])} (from the path)",
        "left out": _remark(entry) if entry["aside"] or not entry["present"] or entry["same_as"] else "",
        "stands for": ", ".join(map(str, entry["stands_for"])),
    }
    for name, value in facts.items():
        if value:
            show.line(f"  {name:<10} {value}")
    show.line(
        f"  {'mood':<10} valence {entry['valence']:+.2f} ± {entry['valence_sd']:.2f}   "
        f"arousal {entry['arousal']:+.2f} ± {entry['arousal_sd']:.2f}   from {entry['mood_source']}"
    )
    for belief in entry["evidence"]:
        source = clean(belief["source"], longest=40)
        show.line(
            f"    {source:<20} valence {_told(belief['valence'], belief['valence_sd'])}"
            f"   arousal {_told(belief['arousal'], belief['arousal_sd'])}"
        )
    for file in entry["files"]:
        state = "" if file["state"] == "here" else f"  ({file['state']})"
        show.line(f"  {clean(file['path'], longest=2000)}{state}", style="dim")
        if file["note"]:
            show.line(f"    {file['note']}", style="dim")
    if entry["uri"]:
        show.line(f"  {entry['uri']}", style="dim")


def _told(value: float, deviation: float) -> str:
    return f"{value:+.2f} ± {deviation:.2f}" if deviation < _NOT_TOLD else "not told    "


def listing(found: Listing) -> None:
    """A list as it was understood, with its first tracks."""
    show.line(f"{clean(found.name)}: {len(found.tracks):,} tracks", style="bold")
    for name, column in found.columns.items():
        scale = found.scales.get(name)
        show.line(f"  {name:<8} from {column}{f', on a scale of {scale[0]:g} to {scale[1]:g}' if scale else ''}")
    for reason, count in found.skipped.items():
        show.line(f"  {count:,} lines left out: {reason}")
    rows = [
        (
            item.title[:40],
            item.artist[:30],
            item.genre[:20],
            f"{item.tempo:.0f}" if item.tempo else "",
            "" if item.valence is None else f"{2 * item.valence - 1:+.2f}",
            "" if item.energy is None else f"{2 * item.energy - 1:+.2f}",
            clean(item.uri, longest=50),
        )
        for item in found.tracks[:5]
    ]
    show.table(("title", "artist", "genre", "bpm", "valence", "energy", "address"), rows)


def imported(done: Imported, *, dry_run: bool) -> None:
    """What an import did or would do."""
    would = "would be " if dry_run else ""
    show.line(
        f"{done.added:,} tracks {would}added, {done.matched:,} known tracks {would}matched, "
        f"{done.noted:,} without an address {would}noted; {done.evidence:,} with evidence of their mood"
    )
    if done.repeated:
        show.line(f"{done.repeated:,} lines repeat an earlier one")
