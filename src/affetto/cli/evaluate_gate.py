"""``affetto evaluate-gate``: whether what is no speech is refused, and speech is not."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.judges import Data, Folds, FoldsOf, ModelFile, ModelSeed, Sample
from affetto.cli.laboratory import changed_recipe, need_training
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.gate import GateRow, GateShare
    from affetto.evaluation.robustness.judges import Judge
    from affetto.learning.recipe import Recipe

__all__ = ["register"]

_MUST_REFUSE, _MUST_KEEP = 0.95, 0.97
_THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
_ROWS = "gate.csv"


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate-gate")(_evaluate_gate)


def _evaluate_gate(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe (TOML): where sounds and speech lie.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="A report, to print its figures again.")] = None,
    model: ModelFile = None,
    folds: Folds = None,
    protocol: FoldsOf = "",
    model_seed: ModelSeed = None,
    learnt: Annotated[
        bool, typer.Option("--learnt", help="Judge the sounds that the gate learnt from, to choose a threshold.")
    ] = False,
    threshold: Annotated[
        float, typer.Option("--threshold", min=0, max=1, help="Sounds less likely to be speech are refused.")
    ] = 0.5,
    sample: Sample = None,
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Play what is no speech and what is to a model, and count what it refuses.

    Noise and music that the gate did not learn from, silence, made noises and tones, and pieces of speech that are too
    short: at least 95 % are to be refused. Speech: at least 97 % is to be kept. The exit code is 1 where that fails.
    With --folds every model judges speakers whom it has not met.
    """
    if (recipe is None) == (source is None):
        raise OptionError("give either a recipe, for where the sounds lie, or --from REPORT")
    from affetto.evaluation.gate import judge_gate, made_sounds, read_rows, recorded_sounds, write_rows

    if source is not None:
        rows = read_rows(source / _ROWS if source.is_dir() else source)
    else:
        assert recipe is not None
        loaded = changed_recipe(recipe, data=data)
        sounds = recorded_sounds(loaded.data.root, loaded.data.non_speech, learnt=learnt) | made_sounds(int(learnt))
        with show.stages() as progress:
            rows = judge_gate(_judges(loaded, model, folds, protocol, model_seed, sample), sounds, progress=progress)
        if out is not None:
            write_rows(rows, out / _ROWS)
    _tell(rows, threshold, as_json=as_json)


def _judges(
    recipe: "Recipe", model: Path | None, folds: Path | None, protocol: str, seed: int | None, sample: int | None
) -> "tuple[Judge, ...]":
    from affetto.corpora import load_corpora
    from affetto.evaluation.robustness.judges import Recording, judges_of_folds, one_judge, sampled
    from affetto.settings import settings

    if folds is not None:
        if model is not None:
            raise OptionError(f"--model {model}: the folds have models of their own; leave one out")
        need_training()
        judges = judges_of_folds(folds, data=recipe.data.root, cache=settings().cache_dir, seed=seed, protocol=protocol)
    else:
        clips = load_corpora(recipe.data.corpora, recipe.data.root / recipe.data.speech)
        judges = one_judge(model, list(map(Recording.of, clips)))
    return sampled(judges, sample)


def _tell(rows: "tuple[GateRow, ...]", threshold: float, *, as_json: bool) -> None:
    from affetto.evaluation.gate import SPEECH, gate_shares

    shares = gate_shares(rows, threshold=threshold)
    by_kind = {one.kind: one for one in shares}
    fine = by_kind["no speech"].share >= _MUST_REFUSE and (
        SPEECH not in by_kind or 1 - by_kind[SPEECH].share >= _MUST_KEEP
    )
    curve = {level: gate_shares(rows, threshold=level)[-2:] for level in _THRESHOLDS}
    if as_json:
        found = {
            "threshold": threshold,
            "passed": fine,
            "kinds": [one.to_dict() for one in shares],
            "thresholds": {f"{level:g}": [one.to_dict() for one in pair] for level, pair in curve.items()},
        }
        print(json.dumps(found))
    else:
        show.table(("sound", "refused", "of", "share"), [_cells(one) for one in shares])
        show.table(
            ("threshold", *(f"{level:g}" for level in curve)),
            [
                (f"{kind} refused", *(f"{pair[place].share:.3f}" for pair in curve.values()))
                for place, kind in enumerate(("no speech", SPEECH))
                if all(len(pair) > place for pair in curve.values())
            ],
        )
        if not any(row.fold for row in rows) and SPEECH in by_kind:
            show.line("  the model may have learnt from this speech; judge the models of folds with --folds")
        show.line(
            f"{'Passed' if fine else 'FAILED'}: at least {_MUST_REFUSE:.0%} of what is no speech is to be refused, "
            f"at least {_MUST_KEEP:.0%} of speech to be kept".replace("%", " %"),
            style="bold",
        )
    if not fine:
        raise typer.Exit(1)


def _cells(one: "GateShare") -> tuple[str, ...]:
    return one.kind, str(one.refused), str(one.total), f"{one.share:.3f}"
