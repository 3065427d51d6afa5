"""Several corpora judged by their own protocols in the same trainings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from affetto.corpora.protocols.fold import Fold, ProtocolOptions, leave_out
from affetto.corpora.protocols.published import emobox_ravdess, luna_ravdess
from affetto.corpora.protocols.speakers import ased_speakers, loso
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["PARTS", "Part", "every_corpus", "part_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the reports that ``every-corpus`` gives.

    Attributes:
        name: The report's name.
        corpus: The corpus that is tested.
        protocol: The protocol that this part of the predictions follows.
        first: The training that leaves out the first fold of it; the next leaves out the second, and so on.
    """

    name: str
    corpus: str
    protocol: str
    first: int = 1


PARTS = (
    Part("ravdess", "ravdess", "emobox-ravdess"),
    Part("ravdess-luna", "ravdess", "luna-ravdess", first=7),  # after the six folds of EmoBox
    Part("emodb", "emodb", "loso"),
    Part("nemo", "nemo", "loso"),
    Part("ased", "ased", "ased-speakers"),
    Part("tess", "tess", "loso"),
)
"""The reports of ``every-corpus``; a corpus may have several, in trainings of their own."""

_DIVIDE: dict[str, Callable[[Sequence[Clip], ProtocolOptions], tuple[Fold, ...]]] = {
    "emobox-ravdess": emobox_ravdess,
    "luna-ravdess": luna_ravdess,
    "ased-speakers": ased_speakers,
    "loso": loso,
}


def part_of(corpus: str, fold: str) -> Part:
    """The part that predictions of a corpus in a fold of ``every-corpus`` belong to."""
    return max((part for part in PARTS if part.corpus == corpus and part.first <= int(fold)), key=lambda p: p.first)


def every_corpus(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Fold k leaves out fold k of every corpus at once; a corpus that has no such fold is learnt from.

    Eleven trainings judge five corpora by six protocols: six folds of RAVDESS as in EmoBox, then five as in
    Luna-Jiménez et al., ten speakers of EmoDB, six of nEMO, five folds of ASED and two actresses of TESS.

    Raises:
        CorpusError: If none of these corpora is among the clips.
    """
    del options
    clips = sorted(clips, key=lambda clip: (clip.corpus, clip.path))  # the order of Fold.held
    present = {clip.corpus for clip in clips}
    held: dict[int, set[Path]] = {}
    for part in PARTS:
        if part.corpus in present:
            folds = _DIVIDE[part.protocol](clips, ProtocolOptions(test_on=(part.corpus,)))
            for number, fold in enumerate(folds, start=part.first):
                held.setdefault(number, set()).update(clip.path for clip in fold.test)
    if not held:
        known = ", ".join(dict.fromkeys(part.corpus for part in PARTS))
        raise CorpusError(f"protocol every-corpus tests {known}; none of them is in data.corpora")
    return tuple(
        leave_out(str(number), clips, lambda clip, tested=tested: clip.path in tested)
        for number, tested in sorted(held.items())
    )
