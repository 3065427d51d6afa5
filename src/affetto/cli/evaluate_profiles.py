"""``affetto evaluate-profiles``: what a voice profile gains, the whole way from sound to reading."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli import show
from affetto.cli.laboratory import need_training
from affetto.errors import OptionError

if TYPE_CHECKING:
    from affetto.evaluation.robustness.judges import Judge

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("evaluate-profiles")(_evaluate_profiles)


def _evaluate_profiles(
    folds: Annotated[
        Path | None, typer.Option("--folds", help="Models that 'affetto evaluate --keep-models' kept.")
    ] = None,
    protocol: Annotated[
        str, typer.Option("--protocol", help="With --folds: whose folds, where several are kept.")
    ] = "",
    model_seed: Annotated[int | None, typer.Option("--model-seed", min=0, help="With --folds: which seed's.")] = None,
    clips: Annotated[Path | None, typer.Option("--clips", help="Folder of recordings of a corpus.")] = None,
    corpus: Annotated[str, typer.Option("--corpus", help="With --clips: which corpus.")] = "",
    model: Annotated[
        Path | None, typer.Option("--model", help="With --clips: model file (ONNX); default: the shipped one.")
    ] = None,
    count: Annotated[int, typer.Option("--enrol", min=1, help="Clips of each speaker that make the profile.")] = 4,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides which clips those are.")] = 0,
    sample: Annotated[int | None, typer.Option("--sample", min=2, help="So many clips of each speaker.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")] = None,
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

    judges = _judges(folds, protocol, model_seed, clips, corpus, model, data, sample)
    with show.stages() as progress:
        found = judge_known_voices(judges, count=count, seed=seed, progress=progress)
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


def _judges(
    folds: Path | None,
    protocol: str,
    model_seed: int | None,
    clips: Path | None,
    corpus: str,
    model: Path | None,
    data: Path | None,
    sample: int | None,
) -> "tuple[Judge, ...]":
    from affetto.evaluation.robustness.judges import judges_of_folds, one_judge, recordings_of, sampled
    from affetto.settings import settings

    if folds is not None:
        if model is not None or corpus:
            raise OptionError("--model and --corpus go with --clips; the folds have models and clips of their own")
        judges = judges_of_folds(folds, data=data, cache=settings().cache_dir, seed=model_seed, protocol=protocol)
    else:
        assert clips is not None
        judges = one_judge(model, recordings_of(clips, corpus))
    return sampled(judges, sample)
