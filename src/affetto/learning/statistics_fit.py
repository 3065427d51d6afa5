"""Fitting the member that answers from statistics: from views of clips to a small network."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from affetto.learning.checkpoints import check_stamp, fingerprint, read_checkpoint, stamped, write_checkpoint
from affetto.learning.groups import Groups
from affetto.learning.networks import StatisticsNetwork
from affetto.learning.recipe import RecognizerRecipe, StatisticsRecipe
from affetto.learning.recognizer_batches import TrainingSet, partners, smoothed
from affetto.learning.statistics_views import VIEWS_VERSION, Views
from affetto.learning.steps import one_cycle

__all__ = ["fit_statistics"]

_FILE = "statistics.pt"
_IMPOSSIBLE = -1e4  # logit of a label that the clip's corpus does not have
_LEAST_DEVIATION = 1e-4


def fit_statistics(
    views: Views,
    examples: TrainingSet,
    recipe: RecognizerRecipe,
    *,
    folder: Path,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> StatisticsNetwork:
    """Fits the member for the recipe's number of steps; a finished fit of the same clips is kept.

    Args:
        views: Statistics of all clips (see :func:`~affetto.learning.statistics_views.prepare_views`).
        examples: The clips, and which of them may be learnt from.
        recipe: How; corpora have the shares and labels the smoothing of the other members.
        folder: Where the fitted network is kept.
        seed: Decides the first weights and every random choice.
        progress: Called after every step with how many are done and how many there are.

    Returns:
        The network in evaluation mode; its weights have no more digits than half precision holds.

    Raises:
        ModelError: If the folder holds the fit of something else, or cannot be written to.
    """
    network = StatisticsNetwork(recipe.statistics, len(examples.labels))
    finished, stamp = folder / _FILE, _stamp(views, examples, recipe, seed)
    if finished.is_file():
        content = read_checkpoint(finished)
        check_stamp(content, stamp, finished)
        network.load_state_dict(content["state"])
        return network.eval()
    torch.manual_seed(seed)
    network = StatisticsNetwork(recipe.statistics, len(examples.labels))
    _fit_scale(network, views, examples.chosen, _shares(len(views), recipe.statistics))
    _learn(network, views, examples, recipe, seed, progress)
    with torch.no_grad():
        for value in network.parameters():
            if value.dim() > 1:
                value.copy_(value.half())
    write_checkpoint(stamped({"state": network.state_dict()}, stamp), finished)
    return network.eval()


def _shares(views: int, recipe: StatisticsRecipe) -> npt.NDArray[np.float64]:
    """How often each view is drawn, ``(views,)``, sum 1: the prepared variants come before those varied at random."""
    share = recipe.share if recipe.varied else 0.0
    prepared = views - recipe.varied
    return np.repeat([(1 - share) / prepared, share / max(recipe.varied, 1)], [prepared, recipe.varied])


def _fit_scale(
    network: StatisticsNetwork, views: Views, chosen: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]
) -> None:
    """Learns the mean and the deviation of each statistic from the views of the clips that are learnt from."""
    moments = [(some.mean(axis=0), some.var(axis=0)) for some in (view[chosen].astype(np.float32) for view in views)]
    means, variances = (np.stack(values) for values in zip(*moments, strict=True))
    middle = shares @ means
    network.middle.copy_(torch.from_numpy(middle))
    deviation = np.sqrt(shares @ variances + shares @ np.square(means - middle))
    network.deviation.copy_(torch.from_numpy(np.maximum(deviation, _LEAST_DEVIATION)))


def _learn(
    network: StatisticsNetwork,
    views: Views,
    examples: TrainingSet,
    recipe: RecognizerRecipe,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    how = recipe.statistics
    targets, known = (torch.from_numpy(values) for values in smoothed(examples, recipe.training.label_smoothing))
    groups = Groups(examples.clips, examples.chosen, shares=recipe.shares)
    optimizer = torch.optim.AdamW(network.parameters(), lr=how.rate, weight_decay=how.weight_decay)
    rng, shares = np.random.default_rng([seed, len(views)]), _shares(len(views), how)
    network.train()
    for number in range(how.steps):
        rows, corpora, _ = groups.draw(how.batch, rng)
        view = rng.choice(len(views), size=how.batch, p=shares)
        seen = torch.from_numpy(views[view, rows].astype(np.float32))
        partner = torch.from_numpy(partners(corpora, rng))
        share = (rng.random(how.batch) < how.augment.mixup) * rng.uniform(0.0, 0.5, how.batch)
        blend = torch.from_numpy(share.astype(np.float32))[:, None]
        seen, wanted = (torch.lerp(values, values[partner], blend) for values in (seen, targets[rows]))
        logits = network.answer(seen)
        loss = _loss(logits.masked_fill(~known[rows], _IMPOSSIBLE), wanted) + how.elsewhere * _loss(logits, wanted)
        for group in optimizer.param_groups:
            group["lr"] = one_cycle(number, how.steps, how.rate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if progress:
            progress(number + 1, how.steps)


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    return -(wanted * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def _stamp(views: Views, examples: TrainingSet, recipe: RecognizerRecipe, seed: int) -> str:
    """What is being learnt: the fit of something else is refused."""
    text = recipe.model_dump_json(include={"shares": True, "statistics": True, "training": {"label_smoothing"}})
    text += repr((VIEWS_VERSION, views.shape, examples.labels, examples.learnt_from))
    return fingerprint(text, seed)
