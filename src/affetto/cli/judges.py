"""The options by which a command is told which models judge which recordings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from affetto.cli.laboratory import need_training

if TYPE_CHECKING:
    from affetto.evaluation.robustness.judges import Judge

__all__ = [
    "NOT_OUT_OF_FOLD",
    "Clips",
    "Corpus",
    "Data",
    "Folds",
    "FoldsOf",
    "ModelFile",
    "ModelSeed",
    "Sample",
    "chosen_judges",
]

NOT_OUT_OF_FOLD = (
    "not out of fold: this model may have learnt from these very speakers, and readings of voices that it knows hold "
    "better than those of strangers; judge the models of folds with --folds"
)

Clips = Annotated[Path | None, typer.Option("--clips", help="Folder of recordings to judge it on.")]
Corpus = Annotated[str, typer.Option("--corpus", help="With --clips: whose they are, for speakers and labels.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the recipe's.")]
Folds = Annotated[Path | None, typer.Option("--folds", help="Models that 'affetto evaluate --keep-models' kept.")]
FoldsOf = Annotated[str, typer.Option("--protocol", help="With --folds: whose folds, where several are kept.")]
ModelFile = Annotated[Path | None, typer.Option("--model", help="Model file (ONNX); default: the shipped one.")]
ModelSeed = Annotated[int | None, typer.Option("--model-seed", min=0, help="With --folds: which seed's.")]
Sample = Annotated[int | None, typer.Option("--sample", min=1, help="So many clips of each speaker.")]


def chosen_judges(
    *,
    clips: Path | None,
    model: Path | None,
    corpus: str,
    folds: Path | None,
    protocol: str,
    model_seed: int | None,
    data: Path | None,
) -> "tuple[Judge, ...]":
    """Who judges which clips, as the options say: one model all of a folder, or the models of folds each its own.

    Raises:
        AffettoError: If the clips or the models are not there.
    """
    from affetto.evaluation.robustness.judges import judges_of_folds, one_judge, recordings_of
    from affetto.settings import settings

    if clips is not None:
        return one_judge(model, recordings_of(clips, corpus))
    assert folds is not None
    need_training()
    return judges_of_folds(folds, data=data, cache=settings().cache_dir, seed=model_seed, protocol=protocol)
