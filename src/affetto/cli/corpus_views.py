"""How the commands of ``affetto corpus`` tell what is in a corpus: counts as bars, findings file by file, JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affetto.corpora.check import Check, Spread, Summary
    from affetto.corpora.registry import Registration
    from affetto.corpora.table import Corpus, Survey

__all__ = ["found_json", "show_added", "show_check", "show_found", "show_summary"]

_BAR = 40  # columns
_FEW = 30  # speakers whose bars are drawn


def found_json(found: "Survey", folder: Path) -> dict[str, Any]:
    """Every file that is not among the clips, for programs; paths below the folder."""
    return {
        "malformed": [{"file": _below(path, folder), "reason": why} for path, why in found.malformed],
        "elsewhere": [{"file": _below(path, folder), "corpus": owner} for path, owner in found.elsewhere],
        "copies": [{"file": _below(path, folder), "of": _below(kept, folder)} for path, kept in found.copies],
    }


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def show_added(name: str, summary: "Summary", entry: "Registration", *, accepted: bool, malformed: int) -> None:
    """What was registered, or why nothing was."""
    from affetto.cli import show

    if not accepted:
        why = f"{malformed} file name(s) not understood" if malformed else "there is no clip of it"
        way = "mend them, or leave them out with --skip-malformed" if summary.clips else "give another folder"
        show.error_console.print(f"affetto: {name} is not registered: {why}; {way}", soft_wrap=True, markup=False)
        return
    unknown = summary.speakers.get("not known", 0)
    speakers = "speakers not known" if unknown == summary.clips else f"{len(summary.speakers)} speakers"
    show.line(f"Registered {name}: {summary.clips} clips, {speakers}, {entry.folder}")
    if entry.votes is not None:
        show.line(f"  votes of listeners for {summary.perceived} of {summary.clips} clips")
    if unknown:
        show.line("  protocols that part speakers refuse clips whose speaker is not known", style="dim")


def show_found(found: "Survey", folder: Path) -> None:
    """Every file that is not among the clips, with the reason; to the error output."""
    from affetto.cli.show import error_console

    def tell(text: str) -> None:
        error_console.print(text, soft_wrap=True, markup=False)

    for path, why in found.malformed:
        tell(f"not understood: {_below(path, folder)} ({why})")
    for path, kept in found.copies:
        tell(f"copy: {_below(path, folder)} (of {_below(kept, folder)})")
    owners = sorted({owner for _, owner in found.elsewhere})
    for owner in owners:
        count = sum(one == owner for _, one in found.elsewhere)
        tell(f"left to {owner}: {count} files; register them with 'affetto corpus add {owner} {folder}'")


def show_summary(corpus: "Corpus", summary: "Summary") -> None:
    """Counts of clips as bars, and how long they are."""
    from affetto.cli import show

    show.line(f"{corpus.title}, {summary.clips} clips", style="bold")
    show.line(f"  licence {corpus.licence}; {corpus.citation or 'no citation given'}", style="dim")
    _bars("emotion", summary.emotions)
    if summary.labels != summary.emotions:
        _bars("label", summary.labels)
    _bars("gender", summary.genders)
    if len(summary.speakers) <= _FEW:
        _bars("speaker", summary.speakers)
    else:
        counts = sorted(summary.speakers.values())
        show.line(f"  {len(counts)} speakers, {counts[0]} to {counts[-1]} clips each")
    if summary.perceived:
        show.line(f"  votes of listeners for {summary.perceived} clips")
    length = summary.seconds
    show.line(f"  {length.total / 3600:.2f} hours; {_spread(length, 's', 2)}")
    if length.count < summary.clips:
        show.line(f"  the length of {summary.clips - length.count} clips cannot be read; see 'affetto corpus check'")


def show_check(result: "Check") -> None:
    """Levels, and the files that something is wrong with, by what it is."""
    from affetto.cli import show

    show.line("")
    show.line(f"  level {_spread(result.levels, 'dBFS', 1)}")
    show.line(f"  peak  {_spread(result.peaks, 'dBFS', 1)}")
    show.line(f"  quiet frames, 40 dB below the loudest: {100 * result.silent_shares.mean:.0f} % on average")
    _files("cannot be read", [f"{file}: {why}" for file, why in result.unreadable])
    _files("clipped, share at full scale", [f"{file} {100 * share:.2f} %" for file, share in result.clipped])
    _files("silent, peak below -60 dBFS", result.faint)
    _files("the same file", [", ".join(group) for group in result.same_bytes])
    _files("the same sound", [", ".join(group) for group in result.same_sound if group not in result.same_bytes])
    for words, groups in (
        ("the same sound under different labels", result.label_conflicts),
        ("the same sound by different speakers", result.speaker_conflicts),
    ):
        _files(words, [", ".join(f"{file} ({word or 'not known'})" for file, word in group) for group in groups])


def _files(words: str, lines: Sequence[str]) -> None:
    from affetto.cli import show

    show.line(f"  {words}: {len(lines) or 'none'}", style="" if lines else "dim")
    for one in lines:
        show.line(f"    {one}")


def _spread(values: "Spread", unit: str, digits: int) -> str:
    if not values.count:
        return "not measured"
    least, median, mean, largest = (
        f"{value:.{digits}f}" for value in (values.least, values.median, values.mean, values.largest)
    )
    return f"{least} to {largest} {unit}, median {median}, mean {mean}"


def _bars(title: str, counts: Mapping[str, int]) -> None:
    """Counts as bars, the longest as wide as allowed; the number stands beside each."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from affetto.cli.show import COLOURS, console

    most, widest = max(counts.values(), default=1), max(map(cell_len, [title, *counts]))
    colours = {emotion.value: colour for emotion, colour in COLOURS.items()}
    console.print(Text(f"  {title}", style="dim"), soft_wrap=True)
    for word, count in counts.items():
        bar = Text("━" * max(1, round(count / most * _BAR)), style=colours.get(word, "white"))
        bar.pad_right(_BAR - len(bar))
        console.print(Text(f"  {set_cell_size(word, widest)} ") + bar + Text(f" {count:>6}"), soft_wrap=True)
