"""Several corpora judged by their own protocols in the same trainings."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from affetto.corpora.protocols.fold import Fold, ProtocolOptions, leave_out
from affetto.corpora.protocols.published import emobox_ravdess
from affetto.corpora.protocols.speakers import ased_speakers, loso
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["PARTS", "every_corpus"]

PARTS = {
    "ravdess": "emobox-ravdess",
    "emodb": "loso",
    "nemo": "loso",
    "ased": "ased-speakers",
    "tess": "loso",
}
"""The corpora that ``every-corpus`` tests, each with the protocol that its part of the predictions follows."""

_DIVIDE: dict[str, Callable[[Sequence[Clip], ProtocolOptions], tuple[Fold, ...]]] = {
    "emobox-ravdess": emobox_ravdess,
    "ased-speakers": ased_speakers,
    "loso": loso,
}


def every_corpus(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Fold k leaves out fold k of every corpus at once; those with fewer folds are learnt from in the later ones.

    Ten trainings judge five corpora: six folds of RAVDESS (EmoBox), ten speakers of EmoDB, six of nEMO, five
    folds of ASED and two actresses of TESS.

    Raises:
        CorpusError: If none of these corpora is among the clips.
    """
    del options
    clips = sorted(clips, key=lambda clip: (clip.corpus, clip.path))  # the order of Fold.held
    present = [corpus for corpus in PARTS if any(clip.corpus == corpus for clip in clips)]
    if not present:
        raise CorpusError(f"protocol every-corpus tests {', '.join(PARTS)}; none of them is in data.corpora")
    parts = [_DIVIDE[PARTS[corpus]](clips, ProtocolOptions(test_on=(corpus,))) for corpus in present]
    folds: list[Fold] = []
    for number, together in enumerate(zip_longest(*parts), start=1):
        held = frozenset(clip.path for fold in together if fold for clip in fold.test)
        folds.append(leave_out(str(number), clips, lambda clip, held=held: clip.path in held))
    return tuple(folds)
