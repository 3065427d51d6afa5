"""``affetto evaluate-profiles``: what a voice profile gains, the whole way from sound to reading."""

import json
from pathlib import Path
from typing import Annotated

import typer

from affetto.cli import show
from affetto.cli.judges import Clips, Corpus, Data, Folds, FoldsOf, ModelFile, ModelSeed, chosen_judges
from affetto.cli.laboratory import need_training
from affetto.errors import OptionError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate-profiles")(_evaluate_profiles)


def _evaluate_profiles(
    folds: Folds = None,
    protocol: FoldsOf = "",
    model_seed: ModelSeed = None,
    clips: Clips = None,
    corpus: Corpus = "",
    model: ModelFile = None,
    count: Annotated[int, typer.Option("--enrol", min=1, help="Clips of each speaker that make the profile.")] = 4,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides which clips those are.")] = 0,
    sample: Annotated[int | None, typer.Option("--sample", min=2, help="So many clips of each speaker.")] = None,
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to keep the predictions in.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object.")] = False,
) -> None:
    """Read speakers unknown, enrolled by a few of their clips, and with a profile that goes on learning.

    Nothing is labelled for the profiles. With --folds every model judges speakers whom it has not met.
    """
    if (folds is None) == (clips is None):
        raise OptionError("give either --folds FOLDER (of 'affetto evaluate --keep-models') or --clips FOLDER")
    need_training()
    from affetto.evaluation.known_voices import WAYS, judge_known_voices
    from affetto.evaluation.predictions import write_predictions
    from affetto.evaluation.report import figures
    from affetto.evaluation.robustness.judges import sampled

    if folds is not None and (model is not None or corpus):
        raise OptionError("--model and --corpus go with --clips; the folds have models and clips of their own")
    judges = chosen_judges(
        clips=clips, model=model, corpus=corpus, folds=folds, protocol=protocol, model_seed=model_seed, data=data
    )
    with show.stages() as progress:
        found = judge_known_voices(sampled(judges, sample), count=count, seed=seed, progress=progress)
    results = {way: figures(rows) for way, rows in found.predictions.items()}
    if out is not None:
        for way, rows in found.predictions.items():
            write_predictions(rows, out / way / "predictions.csv")
    if as_json:
        print(json.dumps({way: {**one.to_dict(), "abstained": found.abstained[way]} for way, one in results.items()}))
        return
    show.table(
        ("speaker is", "UAR", "95 % interval", "accuracy", "ECE", "clips", "not read"),
        [
            (
                way,
                f"{one.uar:.4f}",
                f"{one.uar_interval[0]:.3f} to {one.uar_interval[1]:.3f}",
                f"{one.accuracy:.4f}",
                f"{one.ece:.4f}",
                str(one.clips),
                str(found.abstained[way]),
            )
            for way, one in results.items()
        ],
    )
    for way, words in WAYS.items():
        show.line(f"  {way}: {words}")
    if folds is None:
        show.line("  the model may have learnt from these speakers; judge the models of folds with --folds")
