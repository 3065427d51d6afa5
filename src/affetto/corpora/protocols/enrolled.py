"""Divisions in which the tested speakers are known by a few clips that nobody labelled."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from affetto.corpora.protocols.fold import Fold, ProtocolOptions, person
from affetto.corpora.protocols.published import emobox_ravdess
from affetto.corpora.protocols.together import every_corpus
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["ENROLMENT_CLIPS", "draw_enrolment", "every_corpus_enrolled", "ravdess_emobox_enrolled"]

ENROLMENT_CLIPS = 4
"""How many clips of each tested speaker are set aside."""


class Spoken(Protocol):
    """A recording of which it is known who speaks."""

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        ...

    @property
    def speaker(self) -> str:
        """The corpus's own code of the speaker."""
        ...

    @property
    def stem(self) -> str:
        """File name without suffix."""
        ...


_Clip = TypeVar("_Clip", bound=Spoken)


def draw_enrolment(clips: Sequence[_Clip], *, count: int = ENROLMENT_CLIPS, seed: int = 0) -> tuple[_Clip, ...]:
    """Draws some clips of every speaker, whatever is said or felt in them.

    A clip's place in the draw depends on its name and the seed alone: every model is given the same clips, and one that
    cannot be decoded does not change which others are drawn.

    Args:
        clips: Clips of the speakers who are tested.
        count: How many of each.
        seed: Decides which.

    Raises:
        CorpusError: If a speaker has no clip left to test.
    """

    def lot(clip: Spoken) -> bytes:
        return hashlib.sha256(f"{seed}/{clip.corpus}/{clip.speaker}/{clip.stem}".encode()).digest()

    drawn: list[_Clip] = []
    for who in dict.fromkeys((clip.corpus, clip.speaker) for clip in clips):
        own = sorted((clip for clip in clips if (clip.corpus, clip.speaker) == who), key=lot)
        if len(own) <= count:
            raise CorpusError(
                f"speaker {who[1]} of {who[0]} has {len(own)} clip(s); {count} to enrol and one to test are needed"
            )
        drawn += own[:count]
    return tuple(drawn)


def ravdess_emobox_enrolled(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """The six folds of ``emobox-ravdess``, each speaker known by four clips, which are not tested."""
    return tuple(_enrol(fold, fold.test, options.seed) for fold in emobox_ravdess(clips) if fold.test)


def every_corpus_enrolled(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """The folds of ``every-corpus``, each speaker known by four clips, which are not tested.

    A speaker of no more than four clips stays unknown.
    """
    many = {who for who, count in Counter(map(person, clips)).items() if count > ENROLMENT_CLIPS}
    return tuple(
        _enrol(fold, [clip for clip in fold.test if person(clip) in many], options.seed)
        for fold in every_corpus(clips, options)
    )


def _enrol(fold: Fold, clips: Sequence[Clip], seed: int) -> Fold:
    enrolment = draw_enrolment(clips, seed=seed)
    aside = {clip.path for clip in enrolment}
    return replace(fold, test=tuple(clip for clip in fold.test if clip.path not in aside), enrolment=enrolment)
