"""The bake-off: every recipe of the laboratory on the same corpora and folds."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from affetto.corpora.splits import ProtocolOptions
from affetto.errors import AffettoError, CorpusError
from affetto.evaluation.cross_validate import Plan, plan_folds
from affetto.evaluation.folds import Task, train_folds
from affetto.evaluation.judge import judge
from affetto.evaluation.run import TOGETHER, Run, keep_file, read_run, split_parts, write_run
from affetto.evaluation.tables import Table
from affetto.evaluation.toml import recipe_key, recipe_text
from affetto.learning.model import Progress
from affetto.learning.recipe import Recipe

__all__ = [
    "COLUMNS",
    "Cell",
    "Column",
    "Finished",
    "bake",
    "bakeoff_table",
    "column_recipe",
    "footnotes",
    "read_cells",
    "which_columns",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What every recipe is judged by.

    Attributes:
        name: Folder of its reports.
        title: Heading of the table.
        protocol: The protocol.
        corpus: What is learnt from and tested.
        folds: The folds that are run; None for all.
        part: Part of ``every-corpus`` that is the same, or ``""``.
    """

    name: str
    title: str
    protocol: str
    corpus: str
    folds: tuple[str, ...] | None = None
    part: str = ""


COLUMNS = (
    Column(name="emobox-ravdess", title="RAVDESS", protocol="emobox-ravdess", corpus="ravdess", part="ravdess"),
    Column(name="emodb-loso", title="EmoDB", protocol="loso", corpus="emodb", part="emodb"),
    Column(name="nemo-loso", title="nEMO", protocol="loso", corpus="nemo", part="nemo"),
    Column(name="tess-cross-actress", title="TESS, other actress", protocol="loso", corpus="tess", part="tess"),
    Column(name="tess-random", title="TESS, random", protocol="random", corpus="tess", folds=("1",)),
)
"""A fifth of TESS drawn at random stands for how it is usually published."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One report of the table.

    Attributes:
        recipe: Name of the recipe's file.
        column: What it was judged by.
        run: The report, or None where it is missing.
        stale: Whether the recipe has changed since.
    """

    recipe: str
    column: Column
    run: Run | None
    stale: bool = False

    @property
    def value(self) -> str:
        """What the table says."""
        if self.run is None:
            return "·"
        result = self.run.figures()
        shown = result.accuracy if self.column.protocol == "random" else result.uar
        return f"{shown:.3f}{'*' * self.stale}"


@dataclass(frozen=True, slots=True)
class Finished:
    """A step of the bake-off.

    Attributes:
        recipe: Name of the recipe's file.
        what: The columns that were made.
        done: Steps that are done.
        total: Steps that there are.
        seconds: What this one took.
        left: Seconds that the rest will take, at the pace so far.
        error: Why it failed, or ``""``.
    """

    recipe: str
    what: str
    done: int
    total: int
    seconds: float
    left: float
    error: str = ""


@dataclass(slots=True)
class _Step:
    name: str
    recipe: Recipe
    columns: tuple[Column, ...]
    protocol: str
    options: ProtocolOptions = field(default_factory=ProtocolOptions)

    @property
    def folds(self) -> tuple[str, ...] | None:
        column = self.columns[0]
        return column.folds if self.protocol == column.protocol else None


def column_recipe(recipe: Recipe, column: Column) -> Recipe:
    """The recipe that learns from the corpus of a column alone."""
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"corpora": (column.corpus,)})})


def _together(recipe: Recipe) -> bool:
    """Whether a recipe is made for many corpora at once; it is then judged on all of them in the same trainings."""
    return recipe.model.family == "recognizer" and len(recipe.data.corpora) > 1


def which_columns(recipe: Recipe) -> tuple[Column, ...]:
    """The columns that a recipe is judged by."""
    if _together(recipe):
        return tuple(column for column in COLUMNS if column.part in recipe.data.corpora)
    return COLUMNS


def _key(recipe: Recipe, column: Column) -> str:
    return recipe_key(recipe if _together(recipe) else column_recipe(recipe, column))


def read_cells(folder: Path, recipes: dict[str, Recipe]) -> tuple[Cell, ...]:
    """The reports that there are, of each recipe and column; those of recipes that are gone come last.

    Raises:
        CorpusError: If a report is damaged.
    """
    gone = sorted(path.name for path in folder.glob("*") if path.is_dir() and path.name not in recipes)
    cells: list[Cell] = []
    for name in [*recipes, *gone]:
        for column in COLUMNS:
            where = folder / name / column.name
            run = read_run(where) if (where / "predictions.csv").is_file() else None
            stale = run is not None and name in recipes and run.about.key != _key(recipes[name], column)
            cells.append(Cell(name, column, run, stale))
    return tuple(cells)


def bakeoff_table(cells: Sequence[Cell]) -> Table:
    """The table: a row for each recipe."""
    rows: dict[str, list[str]] = {}
    for cell in cells:
        row = rows.setdefault(cell.recipe, [cell.recipe])
        if cell.run and cell.run.about.family not in ("", cell.recipe):
            row[0] = f"{cell.recipe} ({cell.run.about.family})"
        row.append(cell.value)
    columns = ("recipe", *(column.title for column in COLUMNS))
    return Table("The bake-off of all recipes", columns, tuple(tuple(row) for row in rows.values()))


def footnotes(cells: Sequence[Cell]) -> tuple[str, ...]:
    """What a reader of the table should know."""
    made = [cell.run for cell in cells if cell.run is not None]
    seeds = sorted({len({p.seed for p in run.predictions}) for run in made})
    notes = [
        "UAR, mean over folds: RAVDESS on the six EmoBox folds; EmoDB, nEMO and TESS leave one speaker out.",
        "TESS, random: accuracy on a fifth drawn at random, by known voices (a leak, as it is usually published).",
    ]
    if made:
        notes.append(f"Seeds: {' or '.join(map(str, seeds))}. A recipe learns from the corpus of the column alone.")
    for name in dict.fromkeys(run.about.name for run in made if len(run.about.corpora) > 1):
        notes.append(f"{name} learns from the other corpora too.")
    if any(cell.stale for cell in cells):
        notes.append("* made by an earlier version of the recipe; 'affetto compare --run' makes it anew")
    if any(cell.run is None for cell in cells):
        notes.append("· not made yet; 'affetto compare --run' makes it")
    return tuple(notes)


def bake(
    recipes: dict[str, Recipe],
    folder: Path,
    *,
    cache: Path,
    runs: Callable[[Recipe], Path],
    columns: Iterable[str] = (),
    seeds: Sequence[int] = (0,),
    jobs: int = 1,
    progress: Progress | None = None,
    finished: Callable[[Finished], None] = lambda _: None,
) -> int:
    """Makes every report that is missing or stale, one after another; a failure is told and passed over.

    With several jobs, the folds of all of them are trained by the same processes, so that none waits for the last fold
    of a report.

    Args:
        recipes: Recipes by the name of their file.
        folder: Where the reports lie: ``folder/recipe/column/predictions.csv``.
        cache: Folder of prepared examples.
        runs: Folder of checkpoints of a recipe.
        columns: Names of the only columns to make; empty for all.
        seeds: Seeds of every training.
        jobs: Trainings at the same time, in a process each.
        progress: Called with what is being done, how much is done and how much there is.
        finished: Called after every step.

    Returns:
        How many steps failed.
    """
    steps = _steps(recipes, folder, frozenset(columns), seeds)
    kitchen = _Kitchen(folder, cache, runs, seeds, jobs, progress, finished, len(steps))
    if jobs > 1:
        steps = kitchen.make_together(steps)
    for step in steps:
        kitchen.make(step)
    return kitchen.failed


@dataclass(slots=True)
class _Kitchen:
    folder: Path
    cache: Path
    runs: Callable[[Recipe], Path]
    seeds: Sequence[int]
    jobs: int
    progress: Progress | None
    finished: Callable[[Finished], None]
    total: int
    done: int = 0
    failed: int = 0
    started: float = field(default_factory=time.monotonic)

    def make(self, step: _Step) -> None:
        """Makes the reports of a step from what is trained, and trains what is not."""
        begun, error = time.monotonic(), ""
        try:
            self._write(step)
        except Exception as problem:  # one model that fails must not cost the night of all others
            error, self.failed = f"{type(problem).__name__}: {problem}", self.failed + 1
        now = time.monotonic()
        self.done += 1
        left = (now - self.started) / self.done * (self.total - self.done)
        what = ", ".join(column.title for column in step.columns)
        self.finished(Finished(step.name, what, self.done, self.total, now - begun, left, error))

    def make_together(self, steps: Sequence[_Step]) -> list[_Step]:
        """Trains the folds of all steps in one pool of processes, and makes each report as soon as its folds are there.

        Returns:
            The steps that could not be made.
        """
        tasks: list[Task] = []
        open_folds: list[set[Path]] = []
        for step in steps:
            try:
                planned = self._plan(step).tasks
            except AffettoError:
                planned = ()  # told when its turn comes
            tasks += planned
            open_folds.append({task.folder for task in planned if not task.finished})
        left = [step for step, folds in zip(steps, open_folds, strict=True) if not folds]

        def trained(task: Task) -> None:
            for step, folds in zip(steps, open_folds, strict=True):
                if task.folder in folds:
                    folds.remove(task.folder)
                    if not folds:
                        self.make(step)

        train_folds(tasks, jobs=self.jobs, report=self.progress or _silent, finished=trained, pass_over=True)
        return left + [step for step, folds in zip(steps, open_folds, strict=True) if folds]

    def _plan(self, step: _Step) -> Plan:
        return plan_folds(
            step.recipe,
            step.protocol,
            cache=self.cache,
            runs=self.runs(step.recipe) / step.protocol,
            options=step.options,
            seeds=self.seeds,
            folds=step.folds,
            jobs=self.jobs,
            insight=False,  # these reports have no page
            progress=_named(self.progress, step.name),
        )

    def _write(self, step: _Step) -> None:
        judged = judge(
            step.recipe,
            step.protocol,
            cache=self.cache,
            runs=self.runs(step.recipe),
            options=step.options,
            seeds=self.seeds,
            folds=step.folds,
            jobs=self.jobs,
            beside=False,  # the speaker-independent figure is a column of its own
            insight=False,
            progress=_named(self.progress, step.name),
        )
        parts = split_parts(judged.run) if step.protocol in TOGETHER else {}
        for one in step.columns:
            run = judged.run if step.protocol == one.protocol else parts[one.part]
            where = self.folder / step.name / one.name
            write_run(replace(run, about=replace(run.about, name=step.name)), where)
            keep_file(where / "recipe.toml", recipe_text(step.recipe))


def _steps(recipes: dict[str, Recipe], folder: Path, wanted: frozenset[str], seeds: Sequence[int]) -> list[_Step]:
    unknown = wanted - {column.name for column in COLUMNS}
    if unknown:
        raise CorpusError(f"unknown column {min(unknown)!r}; known are {', '.join(column.name for column in COLUMNS)}")
    steps: list[_Step] = []
    for name, recipe in recipes.items():
        missing = tuple(
            column
            for column in which_columns(recipe)
            if (not wanted or column.name in wanted) and not _made(folder / name / column.name, recipe, column, seeds)
        )
        if missing and _together(recipe):
            steps.append(_Step(name, recipe, missing, "every-corpus"))
        elif missing:
            steps += [_Step(name, column_recipe(recipe, c), (c,), c.protocol) for c in missing]
    return sorted(steps, key=lambda step: COLUMNS.index(step.columns[0]))


def _made(where: Path, recipe: Recipe, column: Column, seeds: Sequence[int]) -> bool:
    if not (where / "predictions.csv").is_file():
        return False
    run = read_run(where)
    return run.about.key == _key(recipe, column) and {p.seed for p in run.predictions} >= set(seeds)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _named(progress: Progress | None, name: str) -> Progress | None:
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
