"""The division that many publish: at random by clip, so that every speaker is known beforehand."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from affetto.corpora.protocols.fold import Fold, ProtocolOptions, tested_corpora
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["random_split"]


def random_split(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """``k`` folds drawn at random within each label of each tested corpus; the first alone is a simple hold-out.

    Raises:
        CorpusError: If ``k`` is below 2 or above the number of clips.
    """
    corpora = tested_corpora(clips, options.test_on)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        if clip.corpus in corpora:
            groups[clip.corpus, clip.target].append(place)
    if not 2 <= options.k <= sum(map(len, groups.values())):
        raise CorpusError(f"{options.k} random folds cannot be made; choose k from 2 to the number of clips")
    rng = np.random.default_rng(options.seed)
    fold_of = np.full(len(clips), -1)
    for start, key in enumerate(sorted(groups)):  # labels start at different folds, or the first would be the largest
        drawn = rng.permutation(groups[key])
        fold_of[drawn] = (np.arange(len(drawn)) + start) % options.k
    return tuple(
        Fold(
            str(number + 1),
            tuple(clip for place, clip in enumerate(clips) if fold_of[place] != number),
            tuple(clip for place, clip in enumerate(clips) if fold_of[place] == number),
            leaky=True,
        )
        for number in range(options.k)
    )
