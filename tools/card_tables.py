"""The measured tables of the model card and the README, each made from the committed reports (see model_card.py)."""

import json
import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from affetto.evaluation.bakeoff import bakeoff_table, footnotes, read_cells
from affetto.evaluation.errors import find_errors
from affetto.evaluation.faithfulness import FIGURES, faithfulness, read_cuts
from affetto.evaluation.gate import gate_shares, read_rows
from affetto.evaluation.intervals import Interval, intervals
from affetto.evaluation.report import Figures
from affetto.evaluation.robustness.figures import outcomes
from affetto.evaluation.robustness.readings import read_readings
from affetto.evaluation.run import Run, read_run
from affetto.evaluation.uncertainty import uncertainty_figures
from affetto.learning.recipe import load_recipe

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"

RAVDESS = "ravdess-emobox"
TITLES = {
    RAVDESS: "RAVDESS, 8 emotions, EmoBox folds, speaker unknown",
    "ravdess-emobox-enrolled": "the same, four unlabelled clips of the speaker known",
    "ravdess-luna": "RAVDESS, 8 emotions, Luna-Jimenez folds",
    "emodb-loso": "EmoDB, 7 labels, each speaker left out",
    "tess-cross-actress": "TESS, 7 emotions, one actress to the other",
    "nemo-loso": "nEMO, 6 emotions, each speaker left out",
    "ased-speakers": "ASED, 5 emotions, five folds of speakers",
    "leave-one-corpus-out": "a corpus never learnt from, 4 emotions",
}
"""Reports of the recognizer that ships, and what they are of."""

ENCODERS = (
    ("wav2vec2-base", "95 M", ".543"),
    ("WavLM-base", "95 M", ".616"),
    ("HuBERT-base", "95 M", ".654"),
    ("HuBERT-large", "317 M", ".700"),
    ("WavLM-large", "317 M", ".720"),
    ("Whisper-large-v3", "635 M", ".753"),
)
"""Frozen encoders on the EmoBox RAVDESS folds, as published (Ma et al. 2024): name, parameters, UAR."""

Lines = list[str]


@cache
def run_of(name: str) -> Run | None:
    """A report, or None where it has not been made."""
    folder = REPORTS / name
    return read_run(folder) if (folder / "predictions.csv").is_file() else None


@cache
def figures_of(name: str) -> Figures | None:
    """The figures of a report."""
    run = run_of(name)
    return run.figures() if run else None


@cache
def intervals_of(name: str) -> dict[str, Interval]:
    """The intervals of a report."""
    run = run_of(name)
    return intervals(run.predictions) if run else {}


def short(value: float | None, *, digits: int = 3, sign: bool = False) -> str:
    """A figure as it is printed: ``.710``, ``-.021``."""
    if value is None:
        return ""
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    return re.sub(r"^([+-]?)0\.", r"\1.", text)


def between(interval: Interval | None) -> str:
    """An interval as it is printed."""
    return "" if interval is None else f"{short(interval[0])} to {short(interval[1])}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    """A Markdown table."""
    if not rows:
        return ["Not measured yet."]
    return [
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def facts() -> Lines:
    """What the model file says of itself."""
    data = _model_file()
    known = _metadata(data)
    return table(
        ("", ""),
        [
            ("size", f"{len(data) / 1e6:.1f} MB"),
            ("parameters", f"{learnt_numbers(data):,}"),
            ("recipe", f"`recipes/{known['recipe']}.toml`"),
            ("corpora", known["corpora"]),
            ("seed", known.get("seed", "")),
            ("temperature", f"{float(known['temperature']):.3f}, fitted on out-of-fold predictions"),
        ],
    )


@cache
def _model_file() -> bytes:
    return resources.files("affetto.voice.weights").joinpath("affetto.onnx").read_bytes()


def _metadata(data: bytes) -> dict[str, str]:
    import onnx

    return {prop.key: prop.value for prop in onnx.load_model_from_string(data).metadata_props}


@cache
def learnt_numbers(data: bytes) -> int:
    """Numbers in a model file without its front end, which is computed and not learnt."""
    import onnx

    from affetto.learning.networks import MelPower

    front = {tuple(buffer.shape) for buffer in MelPower().buffers()}
    front |= {shape[::-1] for shape in front}
    weights = onnx.load_model_from_string(data).graph.initializer
    learnt = (weight for weight in weights if not weight.name.startswith("fourier/"))
    return sum(math.prod(weight.dims) for weight in learnt if tuple(weight.dims) not in front)


def figures_table() -> Lines:
    """Every report with its figures and intervals."""
    rows: list[tuple[str, ...]] = []
    for name, title in TITLES.items():
        found, around = figures_of(name), intervals_of(name)
        if found is None:
            continue
        rows.append(
            (
                title,
                f"**{short(found.uar)}**",
                f"{short(found.uar_spread)}",
                between(around.get("uar")),
                short(found.uar_seed_spread) if len(found.seeds) > 1 else "",
                f"{short(found.accuracy)} ({between(around.get('accuracy'))})",
                f"{short(found.macro_f1)} ({between(around.get('macro_f1'))})",
                f"{short(found.ece)} ({between(around.get('ece'))})",
                f"{found.clips:,}, {found.speakers}, {len(found.seeds)}",
            )
        )
    missing = [title for name, title in TITLES.items() if run_of(name) is None]
    columns = (
        "what", "UAR", "± over folds", "95 % interval", "± over seeds", "accuracy", "macro F1", "calibration error",
        "clips, speakers, seeds",
    )  # fmt: skip
    return [*table(columns, rows), *(["", f"Not measured yet: {'; '.join(missing)}."] if missing else [])]


def commands() -> Lines:
    """What prints the figures again."""
    return [
        "```bash",
        *(f"affetto evaluate --from reports/{name} --intervals --errors" for name in TITLES if run_of(name)),
        *(["affetto uncertainty reports/ravdess-emobox"] if run_of(RAVDESS) else []),
        *(["affetto robustness --from reports/robustness"] if (REPORTS / "robustness").is_dir() else []),
        *(["affetto evaluate-gate --from reports/gate"] if (REPORTS / "gate").is_dir() else []),
        *(["affetto faithfulness --from reports/faithfulness"] if (REPORTS / "faithfulness").is_dir() else []),
        "python -m tools.model_card --print figures   # or any other table of this page",
        "```",
    ]


def confidence() -> Lines:
    """Whether to believe a reading, on RAVDESS."""
    found, run, around = figures_of(RAVDESS), run_of(RAVDESS), intervals_of(RAVDESS)
    if found is None or run is None:
        return ["Not measured yet."]
    uncertain = uncertainty_figures(run.predictions)
    cumulative = uncertain.sets[0]
    half = sum(seed.confident_half for seed in found.seeds) / len(found.seeds)
    arousal, valence = (
        sum(getattr(seed, name) or 0 for seed in found.seeds) / len(found.seeds)
        for name in ("arousal_correlation", "valence_correlation")
    )
    return table(
        ("figure", "value", "95 % interval"),
        [
            ("calibration error (ECE, 15 bins)", short(found.ece), between(around.get("ece"))),
            ("accuracy on the most confident half", short(half), between(around.get("confident_half"))),
            ("plausible emotions hold the label", short(cumulative.coverage), ""),
            ("plausible emotions, mean number", f"{cumulative.size:.2f}", ""),
            ("accuracy of clear readings", short(uncertain.clarity.accuracy_clear), ""),
            ("accuracy of unclear ones", short(uncertain.clarity.accuracy_unclear), ""),
            (
                "rank correlation of the reading's arousal with the label's",
                short(arousal),
                between(around.get("arousal")),
            ),
            ("the same of valence", short(valence), between(around.get("valence"))),
        ],
    )


def confusion() -> Lines:
    """Answers given to each label, on RAVDESS."""
    found = figures_of(RAVDESS)
    if found is None:
        return ["Not measured yet."]
    rows = [
        (
            label,
            *(f"**{100 * share:.0f}**" if answer == label else f"{100 * share:.0f}" for answer, share in row.items()),
        )
        for label, row in found.confusion.items()
    ]
    return table(("label", *found.labels), rows)


def subgroups() -> Lines:
    """Women against men, and other groups, on RAVDESS."""
    found, run = figures_of(RAVDESS), run_of(RAVDESS)
    if found is None or run is None:
        return ["Not measured yet."]
    gaps = found.fairness
    rows = [
        (
            name, short(gap.women), short(gap.men), short(gap.difference, sign=True),
            f"{short(gap.interval[0], sign=True)} to {short(gap.interval[1], sign=True)}", short(gap.chance),
            short(most), "yes" if abs(gap.difference) < most else "**no**",
            short(gap.from_everyone), "yes" if gap.from_everyone < most else "**no**",
        )
        for name, gap, most in (gaps.bounded if gaps else ())
    ]  # fmt: skip
    between = ("women", "men", "gap", "95 % interval", "chance", "under", "passed")
    lines = table(("figure", *between, "from everyone", "passed"), rows)
    if gaps:
        as_wide = f"{gaps.widest_chance:.0%} of random halves of the speakers have a label that differs as much"
        lines += ["", f"The widest of these gaps in recall is that of {gaps.widest}: {as_wide}."]
    groups = find_errors(run.predictions).groups
    others = [
        (kind, group.name.removeprefix("ravdess: "), str(group.clips), short(group.uar), short(group.accuracy))
        for kind in ("length", "intensity", "sentence")
        for group in groups.get(kind, ())
    ]
    return [*lines, "", *table(("group", "", "clips", "UAR", "accuracy"), others)]


def errors() -> Lines:
    """Where it errs, in words, on RAVDESS."""
    run = run_of(RAVDESS)
    return [f"- {sentence}" for sentence in find_errors(run.predictions).sentences] if run else ["Not measured yet."]


def robustness() -> Lines:
    """The battery."""
    file = REPORTS / "robustness" / "readings.csv"
    if not file.is_file():
        return ["Not measured yet: `affetto robustness --folds` makes it."]
    rows = read_readings(file)
    found = outcomes(rows)
    folds = {row.fold for row in rows}
    about = json.loads((REPORTS / "robustness" / "about.json").read_text(encoding="utf-8"))["notes"]
    lines = table(
        ("group", "test", "readings unchanged", "95 % interval", "at least", "UAR lost", "less than", "passed"),
        [
            (
                one.group, one.name, short(one.unchanged), between(one.interval), short(one.least, digits=2),
                short(one.loss, sign=True), short(one.most, digits=2), "yes" if one.passed else "**no**",
            )
            for one in found
        ],
    )  # fmt: skip
    passed = sum(one.passed for one in found)
    speakers = len({(row.corpus, row.speaker) for row in rows})
    scope = f"{passed} of {len(found)} tests passed; {len(rows)} clips of {speakers} speakers"
    scope += f", each judged by the model of its fold ({len(folds)} folds)." if folds != {""} else "."
    return [scope, *(f"*{note[0].upper()}{note[1:]}.*" for note in about if "not out of fold" in note), "", *lines]


def faithful() -> Lines:
    """Whether explanations name the moments that count."""
    file = REPORTS / "faithfulness" / "cuts.csv"
    if not file.is_file():
        return ["Not measured yet: `affetto faithfulness --folds` makes it."]
    found = faithfulness(read_cuts(file))
    return table(
        (f"{found.clips:,} clips", "mean", "95 % interval"),
        [(text, short(getattr(found, name)), between(found.intervals[name])) for name, text in FIGURES.items()],
    )


def gate() -> Lines:
    """What the speech gate refuses."""
    file = REPORTS / "gate" / "gate.csv"
    if not file.is_file():
        return [
            "`affetto evaluate-gate recipes/default.toml` measures it: [uncertainty](decisions/0016-uncertainty.md)."
        ]
    shares = gate_shares(read_rows(file), threshold=0.5)
    return table(
        ("sound", "refused", "of", "share"),
        [(one.kind, str(one.refused), str(one.total), short(one.share)) for one in shares],
    )


def readme() -> Lines:
    """The README's table."""
    found = figures_of(RAVDESS)
    assert found is not None
    around = intervals_of(RAVDESS)
    command = f"`affetto evaluate --from reports/{RAVDESS} --intervals`"
    half = sum(seed.confident_half for seed in found.seeds) / len(found.seeds)
    arousal = sum(seed.arousal_correlation or 0 for seed in found.seeds) / len(found.seeds)
    seeds = f", {len(found.seeds)} seeds" if len(found.seeds) > 1 else ""
    rows: list[tuple[str, ...]] = [
        (
            "RAVDESS, 8 emotions, unseen speakers (EmoBox folds): UAR",
            f"**{short(found.uar)}** ± {short(found.uar_spread)} over 6 folds{seeds} ({between(around['uar'])})",
            command,
        ),
        (
            "the same with frozen encoders of 95 to 635 million parameters",
            ", ".join(f"{uar} {name}" for name, _, uar in ENCODERS if not name.startswith("WavLM")),
            "as published by EmoBox",
        ),
    ]  # fmt: skip
    for name, title in TITLES.items():
        other = figures_of(name)
        if name != RAVDESS and other is not None:
            rows.append((f"{title}: UAR", short(other.uar), f"`affetto evaluate --from reports/{name}`"))
    rows += [
        ("accuracy; on the more confident half", f"{short(found.accuracy)}; {short(half)}", command),
        ("calibration error (ECE, 15 bins)", short(found.ece), ""),
        ("arousal: rank correlation with the label's", short(arousal), ""),
    ]
    rows += _laboratory()
    file = REPORTS / "robustness" / "readings.csv"
    if file.is_file():
        tests = outcomes(read_readings(file))
        text = f"{sum(one.passed for one in tests)} of {len(tests)}"
        rows.append(("robustness tests passed", text, "`affetto robustness --from reports/robustness`"))
    return table(("what", "figure", "printed by"), rows)


def _laboratory() -> list[tuple[str, ...]]:
    """The README's rows of the laboratory: one view, the other, and their average."""
    svm, network, both = "bakeoff/svm", "bakeoff/cnn-asp", "two-views"
    views = (
        ("functionals and an SVM, RAVDESS / EmoDB", (f"{svm}/emobox-ravdess", f"{svm}/emodb-loso")),
        ("a network on RAVDESS alone", (f"{network}/emobox-ravdess",)),
        ("the average of both", (both,)),
    )
    rows: list[tuple[str, ...]] = []
    for what, names in views:
        found = [figures_of(name) for name in names]
        if all(found):
            command = f"affetto evaluate --from reports/{both}" if names == (both,) else "affetto compare"
            text = " / ".join(short(one.uar) for one in found if one)
            rows.append((f"the laboratory: {what}, unseen speakers: UAR", text, f"`{command}`"))
    return rows


def scale() -> Lines:
    """Frozen encoders, for scale."""
    found = figures_of(RAVDESS)
    rows = [(name, size, uar) for name, size, uar in ENCODERS]
    own = [("**Affetto**", f"{learnt_numbers(_model_file()) / 1e6:.1f} M", f"**{short(found.uar)}**")] if found else []
    return table(("model", "parameters", "UAR on the same folds"), [*own, *rows])


def bakeoff() -> Lines:
    """The bake-off of all recipes of the laboratory; those that were never run are left out."""
    recipes = {path.stem: load_recipe(path) for path in sorted((ROOT / "recipes" / "lab").glob("*.toml"))}
    folder = REPORTS / "bakeoff"
    known = {name: recipe for name, recipe in recipes.items() if (folder / name).is_dir()}
    cells = read_cells(folder, known)
    found = bakeoff_table(cells)
    return [*table(found.columns, found.rows), "", *(f"- {note}" for note in footnotes(cells))]


BLOCKS: dict[str, Callable[[], Lines]] = {
    "facts": facts,
    "figures": figures_table,
    "commands": commands,
    "confidence": confidence,
    "confusion": confusion,
    "subgroups": subgroups,
    "errors": errors,
    "robustness": robustness,
    "faithfulness": faithful,
    "gate": gate,
    "scale": scale,
    "readme": readme,
    "bakeoff": bakeoff,
}
"""Every table by its name."""
