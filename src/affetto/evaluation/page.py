"""A report as one self-contained page: light or dark, on a phone or on paper."""

from collections.abc import Sequence
from html import escape

from affetto.evaluation.charts import (
    confusion_chart,
    coverage_chart,
    importance_chart,
    learning_chart,
    map_chart,
    reliability_chart,
    uar_chart,
)
from affetto.evaluation.compare import Comparison
from affetto.evaluation.errors import Errors, error_tables, find_errors
from affetto.evaluation.insight import Insight
from affetto.evaluation.report import Figures, figures
from affetto.evaluation.run import Run
from affetto.evaluation.tables import Table, pairs_table, report_tables, runs_table
from affetto.evaluation.uncertainty import coverage_curve
from affetto.version import __version__

__all__ = ["comparison_page", "report_page", "tables_page"]

_LONG = 12  # rows, beyond which a table is folded
_STYLE = """
:root { color-scheme: light dark; --paper: #fdfcfa; --ink: #23202a; --soft: #6a6573; --faint: #d9d5de;
  --card: #ffffff; --accent: #5e35b1; --second: #b8690b; --on-accent: #ffffff; --warn: #9a4a00; --warn-paper: #fff3df; }
@media (prefers-color-scheme: dark) { :root { --paper: #17151b; --ink: #e9e6ee; --soft: #a49eb0; --faint: #3a3642;
  --card: #201d26; --accent: #9575cd; --second: #e8a33d; --on-accent: #ffffff; --warn: #ffcc80;
  --warn-paper: #3a2c14; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.2rem clamp(.8rem, 3vw, 2rem) 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .4rem 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, li { max-width: 46rem; } .soft, figcaption { color: var(--soft); font-size: .9rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: .6rem; margin: 1.2rem 0; }
.facts div { background: var(--card); border: 1px solid var(--faint); border-radius: .6rem; padding: .6rem .8rem; }
.facts b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.facts span { color: var(--soft); font-size: .82rem; }
.warning { background: var(--warn-paper); color: var(--warn); border-radius: .6rem; padding: .7rem .9rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--faint); border-radius: .6rem; padding: .8rem; }
figure svg { width: 100%; height: auto; display: block; max-height: 34rem; } figure.wide { grid-column: 1 / -1; }
figure.wide div { overflow-x: auto; } figure.wide svg { min-width: 29rem; }
svg text { font-family: system-ui, sans-serif; }
.tables { display: flex; flex-wrap: wrap; gap: 0 3rem; align-items: start; } .tables > * { max-width: 100%; }
.scroll { overflow-x: auto; margin-bottom: 1.2rem; } .caption { color: var(--soft); font-size: .9rem; margin: 0; }
summary { color: var(--soft); font-size: .9rem; cursor: pointer; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; } tbody tr { border-top: 1px solid var(--faint); }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { :root { --paper: #fff; --card: #fff; } figure { break-inside: avoid; } }
"""


def report_page(run: Run, insight: Insight) -> str:
    """The page of one report.

    Args:
        run: The predictions and what they are about.
        insight: Learning curves, maps and feature importance, as far as there are any.
    """
    result = run.figures()
    title = " · ".join(filter(None, (run.about.name, run.about.protocol)))
    tables = report_tables(run, result)
    errors = find_errors(run.predictions)
    low, high = result.uar_interval
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(_scope(run, result))}</p>',
        *_warnings(run, result),
        _facts(
            (f"{result.uar:.3f}", f"UAR, ± {result.uar_spread:.3f} over folds"),
            (f"{low:.2f}–{high:.2f}", "95 % interval over speakers"),
            (f"{result.accuracy:.3f}", "accuracy"),
            (f"{result.macro_f1:.3f}", "macro F1"),
            (f"{result.ece:.3f}", "calibration error"),
            *([(f"{result.uar_seed_spread:.3f}", "spread over seeds")] if len(result.seeds) > 1 else []),
        ),
        "".join(map(_table, tables[:1])),
        "<h2>What is taken for what</h2>",
        '<div class="figures">',
        _figure(confusion_chart(result), "Rows are labels, columns answers, in % of the row.", wide=True),
        "</div>",
        "<h2>Where it errs</h2>",
        _errors(errors),
        '<div class="tables">',
        *map(_table, error_tables(errors, ("intensity", "sentence"))),
        *map(_table, (table for table in tables[1:] if "answers to each" not in table.caption)),
        "</div>",
        "<h2>Whether to believe it</h2>",
        '<div class="figures">',
        _figure(
            reliability_chart(result),
            "Of predictions made with a confidence, the share that is right. On the dashed line they agree; "
            "larger dots are more predictions.",
        ),
        _figure(
            coverage_chart(coverage_curve(run.predictions)),
            "Accuracy when only the surest predictions are answered. On the dashed line all are.",
        ),
        *_curves(insight),
        "</div>",
        *_importance(insight),
        *_maps(insight, result),
        "<h2>How to read this</h2>",
        "<p>Every clip was predicted by a model that did not learn from it. UAR is the mean over labels of the share "
        "of their clips that is found, averaged over folds; chance is one over the number of labels. The interval "
        "draws whole speakers with replacement. All figures are computed from <code>predictions.csv</code>: "
        "<code>affetto evaluate --from predictions.csv</code> prints them again.</p>",
    ]
    return _page(title, body)


def comparison_page(runs: Sequence[tuple[str, Run]], pairs: Sequence[Comparison]) -> str:
    """The page that sets several reports beside each other."""
    results = [(name, run.figures()) for name, run in runs]
    body = [
        f"<h1>{len(runs)} reports compared</h1>",
        '<div class="figures">',
        _figure(uar_chart(results), "UAR of all folds, with its 95 % interval over speakers.", wide=True),
        "</div>",
        *(
            f'<p class="warning">{escape(name)}: a leak: {escape(run.warning)}.</p>'
            for name, run in runs
            if run.warning
        ),
        "<h2>Figures</h2>",
        _table(runs_table(results)),
        "<h2>Which differences are more than chance</h2>",
        _table(pairs_table(pairs)) if pairs else "<p>No two of them predict the same clips.</p>",
        '<p class="soft">The first seed of each is compared. Intervals that overlap may still differ: '
        "the pairs are what tests a difference.</p>",
    ]
    return _page("Affetto: reports compared", body)


def tables_page(
    title: str, tables: Sequence[Table], notes: Sequence[str] = (), drawings: Sequence[tuple[str, str]] = ()
) -> str:
    """A page of tables, drawings (SVG) with their captions, and notes."""
    lines = [f'<p class="soft">{escape(note)}</p>' for note in notes]
    figures = [_figure(drawing, caption, wide=True) for drawing, caption in drawings]
    shown = ['<div class="figures">', *figures, "</div>"] if figures else []
    return _page(title, [f"<h1>{escape(title)}</h1>", *map(_table, tables), *shown, *lines])


def _page(title: str, body: Sequence[str]) -> str:
    parts = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{parts}\n"
        f"<footer>Affetto {escape(__version__)}</footer>\n</body>\n</html>\n"
    )


def _scope(run: Run, result: Figures) -> str:
    corpora = ", ".join(result.uar_corpora)
    options = ", ".join(f"{key} {value}" for key, value in run.about.options.items())
    folds = len(result.seeds[0].uar_folds)
    return (
        f"{result.clips} clips of {result.speakers} speakers ({corpora}), {folds} fold(s), {len(result.seeds)} seed(s)"
        + (f"; {run.about.family}" if run.about.family else "")
        + (f"; {options}" if options else "")
    )


def _warnings(run: Run, result: Figures) -> list[str]:
    lines: list[str] = []
    if run.warning:
        lines.append(f'<p class="warning">A leak: {escape(run.warning)}.</p>')
    elif result.leaks:
        lines.append(
            f'<p class="warning">A leak: {result.leaks} speaker(s) are tested in several folds, and so learnt from in '
            "others.</p>"
        )
    if run.independent:
        fair = figures(run.independent)
        lines.append(
            f"<p>The same recipe on unseen speakers: UAR <b>{fair.uar:.3f}</b>, accuracy {fair.accuracy:.3f}.</p>"
        )
    notes = [f"<li>{escape(note)}</li>" for note in run.about.notes if note != run.warning]
    return [*lines, *([f"<ul class='soft'>{''.join(notes)}</ul>"] if notes else [])]


def _facts(*facts: tuple[str, str]) -> str:
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>" for value, name in facts)
    return f'<div class="facts">{cells}</div>'


def _errors(errors: Errors) -> str:
    return f"<p>{escape(' '.join(errors.sentences))}</p>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    caption = escape(table.caption)
    drawn = f'<table aria-label="{caption}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    if len(table.rows) > _LONG:
        return f'<details class="scroll"><summary>{caption} ({len(table.rows)})</summary>{drawn}</details>'
    return f'<div class="scroll"><p class="caption">{caption}</p>{drawn}</div>'


def _figure(drawing: str, caption: str, *, wide: bool = False) -> str:
    mark = ' class="wide"' if wide else ""
    return f"<figure{mark}><div>{drawing}</div><figcaption>{escape(caption)}</figcaption></figure>"


def _curves(insight: Insight) -> list[str]:
    if not insight.curves:
        return []
    return [_figure(learning_chart(insight.curves), f"Learning curves of {len(insight.curves)} training(s).")]


def _importance(insight: Insight) -> list[str]:
    if not insight.importance:
        return []
    caption = "The strongest features, mean over folds."
    drawing = _figure(importance_chart(insight.importance), caption, wide=True)
    return ["<h2>What it listens to</h2>", '<div class="figures">', drawing, "</div>"]


def _maps(insight: Insight, result: Figures) -> list[str]:
    if not insight.maps:
        return []
    captions = {
        "PCA": "Directions of most variance.",
        "LDA": "Directions that best part the labels; it is told them.",
        "t-SNE": "Neighbourhoods; distances between groups mean little.",
    }
    return [
        "<h2>Map of the clips</h2>",
        f'<p class="soft">Each dot is a clip, placed by {escape(insight.placed_by)}; its sign is its label.</p>',
        '<div class="figures">',
        *(_figure(map_chart(one, result.labels), captions.get(one.title, "")) for one in insight.maps),
        "</div>",
    ]
