"""The protocols: who is learnt from and who is tested, never the same speaker on both sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["PROTOCOLS", "Fold", "development", "emobox_ravdess"]

EMOBOX_RAVDESS = (
    ("01", "11", "20", "21"),
    ("04", "10", "12", "14"),
    ("08", "09", "19", "23"),
    ("03", "05", "07", "24"),
    ("02", "15", "16", "18"),
    ("06", "13", "17", "22"),
)
"""Test actors of the six RAVDESS folds of EmoBox (Ma et al. 2024, arXiv 2406.07162)."""

DEVELOPMENT_SPEAKERS = {
    "emodb": frozenset({"03", "08", "14"}),
    "nemo": frozenset({"EB0", "WR0"}),
    "ased": frozenset({"05", "06", "10", "11", "13", "39", "41", "50", "57", "62"}),
}


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the clips.

    Attributes:
        name: The fold's name in reports.
        train: Clips that may be learnt from.
        test: Clips that are predicted; their speakers do not occur in ``train``.
    """

    name: str
    train: tuple[Clip, ...]
    test: tuple[Clip, ...]

    def __post_init__(self) -> None:
        shared = {(c.corpus, c.speaker) for c in self.train} & {(c.corpus, c.speaker) for c in self.test}
        if shared:
            raise CorpusError(f"fold {self.name}: {sorted(shared)[0]} is both learnt from and tested")


def _leave_out(name: str, clips: Sequence[Clip], held: Callable[[Clip], bool]) -> Fold:
    return Fold(name, tuple(c for c in clips if not held(c)), tuple(c for c in clips if held(c)))


def emobox_ravdess(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """Six folds, each testing four unseen actors of RAVDESS; other corpora are learnt from in every fold.

    Raises:
        CorpusError: If RAVDESS is not among the clips.
    """
    if not any(clip.corpus == "ravdess" for clip in clips):
        raise CorpusError("protocol emobox-ravdess needs the corpus ravdess; add it to data.corpora of the recipe")
    return tuple(
        _leave_out(str(number), clips, lambda c, actors=actors: c.corpus == "ravdess" and c.speaker[1:] in actors)
        for number, actors in enumerate(EMOBOX_RAVDESS, start=1)
    )


def development(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """One fold for choosing a recipe: unseen speakers of EmoDB, nEMO and ASED, none of RAVDESS or TESS.

    What is reported on RAVDESS is thus chosen without any of its actors.
    """
    return (_leave_out("development", clips, lambda c: c.speaker in DEVELOPMENT_SPEAKERS.get(c.corpus, ())),)


PROTOCOLS: dict[str, Callable[[Sequence[Clip]], tuple[Fold, ...]]] = {
    "emobox-ravdess": emobox_ravdess,
    "development": development,
}
"""Every protocol by its name on the command line."""
