"""Judging a recipe by a protocol: the whole way from corpora to a run that can be reported."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from affetto.corpora import load_corpora
from affetto.corpora.splits import ProtocolOptions, find_protocol
from affetto.evaluation.cross_validate import cross_validate
from affetto.evaluation.run import About, Run
from affetto.evaluation.toml import recipe_key
from affetto.learning.model import Progress
from affetto.learning.recipe import Recipe

__all__ = ["Judged", "judge"]

_FEW_SPEAKERS = 12  # up to so many, each is left out once; more are left out in groups


@dataclass(frozen=True, slots=True)
class Judged:
    """What judging gives.

    Attributes:
        run: The predictions and what they are about.
        temperature: For a model of the same recipe that is trained on all data.
        logs: Folders of the trained folds, with their loss curves.
    """

    run: Run
    temperature: float
    logs: tuple[Path, ...] = ()


def judge(
    recipe: Recipe,
    protocol: str,
    *,
    cache: Path,
    runs: Path,
    options: ProtocolOptions | None = None,
    seeds: Sequence[int] = (0,),
    folds: Sequence[str] | None = None,
    jobs: int = 1,
    beside: bool = True,
    keep: Path | None = None,
    insight: bool = True,
    progress: Progress | None = None,
) -> Judged:
    """Cross-validates a recipe; see :func:`~affetto.evaluation.cross_validate.cross_validate`.

    Args:
        recipe: What is trained, and on which corpora.
        protocol: Name of the protocol.
        cache: Folder of prepared examples.
        runs: Folder of checkpoints and fold results, of this very recipe; each protocol has its own below, unless
            it is tested on the trained folds of another.
        options: What may be chosen about the protocol.
        seeds: Seeds; every fold is trained once with each.
        folds: Names of the folds to run; None for all.
        jobs: Folds trained at the same time.
        beside: Whether to set the figure on unseen speakers beside that of a leaky protocol.
        keep: Folder in which the models of the folds are kept; None for none.
        insight: Whether models also show what the report's page draws of them.
        progress: Called with what is being done, how much is done and how much there is.
    """
    chosen, rule = options or ProtocolOptions(), find_protocol(protocol)
    outcome = cross_validate(
        recipe, protocol, cache=cache, runs=runs / (rule.folds_of or protocol), options=chosen, seeds=seeds,
        folds=folds, jobs=jobs, keep=keep, insight=insight, progress=progress,
    )  # fmt: skip
    independent = ()
    if beside and rule.warning:
        other, its = _independent(recipe, protocol, chosen)
        independent = cross_validate(
            recipe, other, cache=cache, runs=runs / other, options=its, seeds=seeds, jobs=jobs, progress=progress
        ).predictions
    defaults = asdict(ProtocolOptions())
    about = About(
        name=recipe.name,
        family=recipe.model.family,
        protocol=protocol,
        options={key: value for key, value in asdict(chosen).items() if value != defaults[key]},
        notes=outcome.notes,
        corpora=recipe.data.corpora,
        key=recipe_key(recipe),
    )
    return Judged(Run(about, outcome.predictions, independent), outcome.temperature, outcome.logs)


def _independent(recipe: Recipe, protocol: str, options: ProtocolOptions) -> tuple[str, ProtocolOptions]:
    """The protocol that tests the same corpora on unseen speakers."""
    corpus = find_protocol(protocol).tests
    tested = (corpus,) if corpus else options.test_on
    clips = load_corpora(recipe.data.corpora, recipe.data.root / recipe.data.speech)
    speakers = {(clip.corpus, clip.speaker) for clip in clips if not tested or clip.corpus in tested}
    return ("loso" if len(speakers) <= _FEW_SPEAKERS else "group-kfold"), replace(options, test_on=tested, k=5)
