"""``affetto evaluate``: speaker-independent cross-validation, and figures from predictions."""

import json
from pathlib import Path
from typing import Annotated

import typer

from affetto.errors import OptionError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate")(_evaluate)


def _evaluate(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe to cross-validate (TOML).")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Predictions (CSV) to recompute every figure from.")
    ] = None,
    protocol: Annotated[str, typer.Option("--protocol", help="emobox-ravdess or development.")] = "emobox-ravdess",
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
    seeds: Annotated[list[int] | None, typer.Option("--seed", min=0, help="Repeat for several seeds.")] = None,
    folds: Annotated[list[str] | None, typer.Option("--fold", help="Only these folds; repeat for several.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Folds trained at the same time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Cross-validate a recipe on speakers it has not met, or recompute the figures of earlier predictions.

    Folds that are finished are kept: run the same command again after an interruption and it goes on.
    """
    if (recipe is None) == (source is None):
        raise OptionError("give either a recipe to cross-validate or --from PREDICTIONS.csv to recompute figures")
    from affetto.cli import show
    from affetto.evaluation.predictions import read_predictions, write_predictions
    from affetto.evaluation.report import figures

    if source is not None:
        predictions = read_predictions(source)
    else:
        assert recipe is not None
        from affetto.cli.train import load, run_folder
        from affetto.evaluation.cross_validate import cross_validate
        from affetto.settings import settings

        loaded = load(recipe, data)
        with show.stages() as progress:
            outcome = cross_validate(
                loaded,
                protocol,
                cache=settings().cache_dir / "examples",
                runs=run_folder(loaded) / protocol,
                seeds=seeds or [0],
                folds=folds,
                jobs=jobs,
                progress=progress,
            )
        predictions = outcome.predictions
        if out is not None:
            write_predictions(predictions, out / "predictions.csv")
            (out / "recipe.toml").write_text(recipe.read_text(encoding="utf-8"), encoding="utf-8")
            calibration = {"temperature": round(outcome.temperature, 4)}
            (out / "calibration.json").write_text(json.dumps(calibration) + "\n", encoding="utf-8")
    result = figures(predictions)
    if as_json:
        print(json.dumps(result.to_dict()))
        return
    low, high = result.uar_interval
    show.line(
        f"UAR {result.uar:.4f} ± {result.uar_spread:.4f} over folds, 95 % interval over speakers "
        f"{low:.3f} to {high:.3f} ({result.clips} clips, {result.speakers} speakers, {len(result.seeds)} seed(s))",
        style="bold",
    )
    show.table(
        ("seed", "UAR", "accuracy", "macro F1", "ECE", "sure half", "arousal", "valence"),
        [
            (
                str(seed.seed),
                f"{seed.uar:.4f}",
                f"{seed.accuracy:.4f}",
                f"{seed.macro_f1:.4f}",
                f"{seed.ece:.4f}",
                f"{seed.confident_half:.4f}",
                f"{seed.arousal_correlation:.3f}",
                f"{seed.valence_correlation:.3f}",
            )
            for seed in result.seeds
        ],
    )
    show.line("  sure half: accuracy on the most confident half; arousal, valence: rank correlation with the label's")
    show.table(
        ("seed", *(f"fold {name}" for name in result.seeds[0].uar_folds)),
        [(str(seed.seed), *(f"{uar:.4f}" for uar in seed.uar_folds.values())) for seed in result.seeds],
    )
    if len(result.uar_corpora) > 1:
        scores = [*result.uar_corpora.values()]
        show.table(
            ("UAR on", *result.uar_corpora, "mean"),
            [("", *(f"{uar:.4f}" for uar in (*scores, sum(scores) / len(scores))))],
        )
    answers = list(next(iter(result.confusion.values())))
    show.table(
        ("answers in %", *(answer[:8] for answer in answers)),
        [(label, *(f"{100 * share:.0f}" for share in row.values())) for label, row in result.confusion.items()],
    )
