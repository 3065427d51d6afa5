"""One division of the clips, and what may be chosen about a protocol."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = [
    "Fold",
    "Protocol",
    "ProtocolOptions",
    "fold_of_people",
    "leave_out",
    "person",
    "require_speakers",
    "tested_corpora",
]

_SAME_PEOPLE = {"ravdess-song": "ravdess"}
"""Corpora whose speakers are those of another, under the same codes."""


def person(clip: Clip) -> tuple[str, str]:
    """Whose voice it is: corpus and speaker, the same for a person whose speech and song are two corpora."""
    return _SAME_PEOPLE.get(clip.corpus, clip.corpus), clip.speaker


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the clips.

    Attributes:
        name: The fold's name in reports.
        train: Clips that may be learnt from.
        test: Clips that are predicted; their speakers do not occur in ``train``.
        leaky: Whether speakers on both sides are allowed, for protocols that others publish so.
        labels: The only answers there are, where label sets were intersected; None for those of the clip's corpus.
        enrolment: Further clips of the tested speakers, which a model may know before it answers, without their labels.

    Raises:
        CorpusError: If a speaker is on both sides of a fold that is not leaky, or a clip on both sides of any.
    """

    name: str
    train: tuple[Clip, ...]
    test: tuple[Clip, ...]
    leaky: bool = False
    labels: tuple[str, ...] | None = None
    enrolment: tuple[Clip, ...] = ()

    def __post_init__(self) -> None:
        known = {clip.path for clip in self.enrolment} & {clip.path for clip in self.test}
        if known:
            raise CorpusError(f"fold {self.name}: {min(known)} is both enrolled and tested")
        if self.leaky:
            both = {clip.path for clip in self.train} & {clip.path for clip in self.test}
            if both:
                raise CorpusError(f"fold {self.name}: {min(both)} is both learnt from and tested")
            return
        shared = self.shared_people
        if shared:
            corpus, speaker = min(shared)
            who = repr((corpus, speaker)) if speaker else f"a clip of {corpus} without a speaker"
            raise CorpusError(f"fold {self.name}: {who} is both learnt from and tested")

    @property
    def shared_people(self) -> frozenset[tuple[str, str]]:
        """Who is both learnt from and tested; nobody unless the fold is leaky."""
        return frozenset(map(person, self.train)) & frozenset(map(person, self.held))

    @property
    def held(self) -> tuple[Clip, ...]:
        """All clips that are not learnt from because their speakers are tested, enrolled ones too."""
        if not self.enrolment:
            return self.test
        return tuple(sorted((*self.test, *self.enrolment), key=lambda clip: (clip.corpus, clip.path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolOptions:
    """What may be chosen about a protocol; each uses what concerns it.

    Attributes:
        k: Number of folds of ``group-kfold`` and ``random``.
        seed: Decides which clips ``random`` tests, and which ``ravdess-emobox-enrolled`` sets aside to enrol.
        held: Speakers that ``holdout`` tests, ``speaker`` or ``corpus:speaker``.
        train_on: Corpora that ``cross-corpus`` learns from; empty for all that are not tested.
        test_on: Corpora that are tested; empty for all.
        classes: The only labels that are learnt and tested; empty for all.
    """

    k: int = 5
    seed: int = 0
    held: tuple[str, ...] = ()
    train_on: tuple[str, ...] = ()
    test_on: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A way of dividing clips.

    Attributes:
        name: As on the command line.
        title: What is tested, for people.
        divide: Makes the folds.
        tests: The one corpus that is tested, or ``""`` where that depends on the clips.
        warning: What is wrong with its figures (a leak), or ``""``.
        folds_of: The protocol whose trained folds serve it too, or ``""`` for its own.
        enrols: Whether a few clips of each tested speaker are known.
    """

    name: str
    title: str
    divide: Callable[[Sequence[Clip], ProtocolOptions], tuple[Fold, ...]]
    tests: str = ""
    warning: str = ""
    folds_of: str = ""
    enrols: bool = False


def require_speakers(clips: Iterable[Clip]) -> None:
    """Refuses clips whose speaker is unknown: who is not known cannot be left out.

    Raises:
        CorpusError: If there is such a clip.
    """
    unknown = [clip for clip in clips if not clip.speaker]
    if unknown:
        raise CorpusError(
            f"unseen speakers are tested, but {len(unknown)} clip(s) of {unknown[0].corpus} have no speaker "
            f"({unknown[0].path.name}); name them in the corpus's table, or use --protocol random"
        )


def leave_out(name: str, clips: Iterable[Clip], held: Callable[[Clip], bool]) -> Fold:
    """Tests the clips that are held out, and learns from every clip of other people.

    Raises:
        CorpusError: If a clip that is held out has no speaker.
    """
    every = tuple(clips)
    test = tuple(clip for clip in every if held(clip))
    require_speakers(test)
    people = frozenset(map(person, test))
    return Fold(name, tuple(clip for clip in every if person(clip) not in people and not held(clip)), test)


def fold_of_people(clips: Sequence[Clip], k: int) -> tuple[frozenset[tuple[str, str]], ...]:
    """Deals people out to ``k`` folds of nearly equal numbers of people and of clips.

    Those with most clips come first, each to the smallest fold that still has a place; ties go by name.

    Raises:
        CorpusError: If there are fewer people than folds.
    """
    counts: dict[tuple[str, str], int] = {}
    for clip in clips:
        counts[person(clip)] = counts.get(person(clip), 0) + 1
    if not 2 <= k <= len(counts):
        raise CorpusError(f"{k} folds of {len(counts)} speaker(s) cannot be made; choose k from 2 to the speakers")
    places = -(-len(counts) // k)
    folds: list[set[tuple[str, str]]] = [set() for _ in range(k)]
    sizes = [0] * k
    for who in sorted(counts, key=lambda who: (-counts[who], who)):
        smallest = min((i for i in range(k) if len(folds[i]) < places), key=lambda i: (sizes[i], i))
        folds[smallest].add(who)
        sizes[smallest] += counts[who]
    return tuple(frozenset(fold) for fold in folds)


def tested_corpora(clips: Sequence[Clip], wanted: Collection[str]) -> tuple[str, ...]:
    """The corpora that are tested, in the order of the clips.

    Raises:
        CorpusError: If a wanted one is not among the clips.
    """
    known = tuple(dict.fromkeys(clip.corpus for clip in clips))
    for corpus in wanted:
        if corpus not in known:
            raise CorpusError(f"corpus {corpus!r} is not in data.corpora; there are {', '.join(known)}")
    return tuple(corpus for corpus in known if not wanted or corpus in wanted)
