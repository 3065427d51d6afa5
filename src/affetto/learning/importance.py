"""Which descriptors a classical model listens to."""

from collections.abc import Sequence

import numpy as np
from imblearn.pipeline import Pipeline

from affetto.learning.calibrate import softmax
from affetto.learning.held_out import Features, Table, divide, fit_table, score
from affetto.learning.recipe.classical import ClassicalRecipe

__all__ = ["permutation_importance"]

_EXPLAINED = 150  # clips that importance is measured on


def permutation_importance(
    recipe: ClassicalRecipe, table: Table, names: Sequence[str], *, scale: float, seed: int
) -> dict[str, float]:
    """What shuffling all functionals of a descriptor costs held-out speakers, most first.

    The mean probability of the right label is compared before and after (permutation importance, Breiman 2001), for a
    pipeline that learnt from the other training speakers.

    Args:
        recipe: What is fitted.
        table: The training clips.
        names: Of the features; what stands before the first dot is the descriptor.
        scale: What scores are divided by to be logits.
        seed: As in the fit.
    """
    held = next(iter(divide(table, recipe.folds, seed)))
    pipeline = fit_table(recipe, table[~held], seed)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(held[: table.originals]))[:_EXPLAINED]
    # scaling is a matter of each feature alone, so the rest of the pipeline is enough to shuffle before
    scaler, rest = pipeline.steps[0][1], Pipeline(pipeline.steps[1:])
    labels = table.labels
    x, right = scaler.transform(table.x[rows]), np.array([labels.index(label) for label in table.y[rows].tolist()])

    def quality(values: Features) -> float:
        p = softmax(score(rest, values, labels), scale)
        return float(p[np.arange(len(right)), right].mean())

    whole = quality(x)
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        groups.setdefault(name.split(".")[0], []).append(column)
    found: dict[str, float] = {}
    for name, columns in groups.items():
        shuffled = x.copy()
        shuffled[:, columns] = x[rng.permutation(len(x))][:, columns]
        found[name] = whole - quality(shuffled)
    return dict(sorted(found.items(), key=lambda item: -item[1]))
