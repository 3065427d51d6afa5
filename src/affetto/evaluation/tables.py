"""Figures as tables for papers: Markdown and LaTeX from the same cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from affetto.evaluation.compare import Comparison
from affetto.evaluation.fairness import RECALL_GAP
from affetto.evaluation.report import Figures, GroupFigures
from affetto.evaluation.run import Run

__all__ = ["Table", "fairness_tables", "latex", "markdown", "p_text", "pairs_table", "report_tables", "runs_table"]

_ESCAPES = {"\\": r"\textbackslash{}", **{sign: "\\" + sign for sign in "&%$#_{}"}, "~": r"\textasciitilde{}"}
_SIGNS = {"±": r"$\pm$", "−": "$-$", "·": r"\textperiodcentered{}", "…": r"\dots{}", "–": "--"}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells with a caption; the first column is text, the others are figures.

    Attributes:
        caption: What they show.
        columns: Headings.
        rows: Cells, as many in each row as there are headings.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(tables: Sequence[Table], *, notes: Sequence[str] = ()) -> str:
    """The tables one after another, each below its caption, and notes."""
    return "\n".join([*map(_markdown, tables), *(f"{note}\n" for note in notes)])


def _markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    marks = ["---", *["---:"] * (len(table.columns) - 1)]
    return "\n".join([f"**{table.caption}**", "", line(table.columns), line(marks), *map(line, table.rows), ""])


def latex(tables: Sequence[Table], *, notes: Sequence[str] = ()) -> str:
    """The tables one after another, for the package booktabs, and notes as comments."""
    return "% needs \\usepackage{booktabs}\n" + "\n".join([*map(_latex, tables), *(f"% {note}\n" for note in notes)])


def _latex(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join(map(_escaped, cells)) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(table.caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            line(table.columns),
            r"\midrule",
            *map(line, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(sign) or _SIGNS.get(sign, sign) for sign in text)


def report_tables(run: Run, result: Figures) -> tuple[Table, ...]:
    """The tables of one report: figures by seed, by label, the confusion matrix, and by group."""
    about = ", ".join(filter(None, (run.about.name, run.about.protocol)))
    low, high = result.uar_interval
    seeds = [
        (f"seed {one.seed}", *_three(one.uar, one.accuracy, one.macro_f1, one.ece, one.confident_half))
        for one in result.seeds
    ]
    if len(seeds) > 1:
        seeds.append(("mean", *_three(result.uar, result.accuracy, result.macro_f1, result.ece), ""))
    caption = (
        f"{about}: {result.clips} clips of {result.speakers} speakers; UAR {result.uar:.3f} ± {result.uar_spread:.3f} "
        f"over folds, 95 % interval over speakers {low:.3f} to {high:.3f}"
    )
    tables = [
        Table(caption, ("", "UAR", "accuracy", "macro F1", "ECE", "accuracy, sure half"), tuple(seeds)),
        Table(
            f"{about}: by label",
            ("label", "clips", "precision", "recall", "F1"),
            tuple((one.label, str(one.clips), *_three(one.precision, one.recall, one.f1)) for one in result.per_label),
        ),
        Table(
            f"{about}: answers to each label, in %",
            ("", *result.labels),
            tuple(
                (label, *(f"{100 * share:.0f}" for share in shares.values()))
                for label, shares in result.confusion.items()
            ),
        ),
        _groups(f"{about}: women and men", "voices", result.genders),
        *fairness_tables(about, result),
        _groups(f"{about}: by length of the clip", "length", result.lengths),
        _groups(f"{about}: by speaker, the hardest first", "speaker", result.per_speaker),
    ]
    return tuple(table for table in tables if table.rows)


def fairness_tables(about: str, result: Figures) -> tuple[Table, ...]:
    """The gaps between women and men, then between either and everyone, with their bounds; none without both."""
    found = result.fairness
    if found is None:
        return ()
    lead = f"{about}: " if about else ""
    between = [
        (
            name,
            *_three(gap.women, gap.men),
            f"{gap.difference:+.3f}",
            f"{gap.interval[0]:+.3f} to {gap.interval[1]:+.3f}",
            *_three(gap.chance, most),
            _verdict(abs(gap.difference), most),
        )
        for name, gap, most in found.bounded
    ]
    widest = found.recall[found.widest].difference
    as_wide = *_three(found.widest_chance, RECALL_GAP), _verdict(abs(widest), RECALL_GAP)
    return (
        Table(
            f"{lead}gap between women and men, and the share of random halves that differ as much",
            ("figure", "women", "men", "gap", "95 % interval", "chance", "under", "passed"),
            (*between, ("the widest recall", "", "", f"{widest:+.3f}", "", *as_wide)),
        ),
        Table(
            f"{lead}gap between either and everyone, as the bounds were published",
            ("figure", "everyone", "gap", "under", "passed"),
            tuple(
                (name, *_three(gap.everyone, gap.from_everyone, most), _verdict(gap.from_everyone, most))
                for name, gap, most in found.bounded
            ),
        ),
    )


def _verdict(gap: float, most: float) -> str:
    return "yes" if gap < most else "NO"


def _groups(caption: str, name: str, groups: Sequence[GroupFigures]) -> Table:
    rows = tuple((group.name, str(group.clips), *_three(group.uar, group.accuracy)) for group in groups)
    return Table(caption, (name, "clips", "UAR", "accuracy"), rows)


def _three(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in values)


def runs_table(runs: Sequence[tuple[str, Figures]]) -> Table:
    """Several reports, a row each."""
    return Table(
        "Reports; UAR is the mean over folds and seeds, its interval that of all folds together, over speakers",
        ("report", "clips", "UAR", "accuracy", "macro F1", "ECE", "95 % interval"),
        tuple(
            (
                name,
                str(result.clips),
                *_three(result.uar, result.accuracy, result.macro_f1, result.ece),
                f"{result.uar_interval[0]:.3f}–{result.uar_interval[1]:.3f}",
            )
            for name, result in runs
        ),
    )


def pairs_table(pairs: Sequence[Comparison]) -> Table:
    """Pairs of reports, a row each."""
    return Table(
        "Pairs on the clips that both predicted: difference of UAR with its paired bootstrap over speakers; clips that "
        "only one recognizes with McNemar's exact test, corrected for the number of pairs (Holm)",
        ("pair", "UAR", "95 % interval", "p", "only 1st", "only 2nd", "p McNemar", "p Holm"),
        tuple(
            (
                f"{pair.first} − {pair.second}",
                f"{pair.difference:+.3f}",
                f"{pair.interval[0]:+.3f} to {pair.interval[1]:+.3f}",
                p_text(pair.p_bootstrap),
                str(pair.only_first),
                str(pair.only_second),
                p_text(pair.p_mcnemar),
                p_text(pair.p_holm),
            )
            for pair in pairs
        ),
    )


def p_text(p: float) -> str:
    """A p value as it is printed.

    >>> p_text(0.0312), p_text(2e-9)
    ('.031', '<.001')
    """
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
