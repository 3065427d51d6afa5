"""Divisions by speaker, of any corpora."""

from collections.abc import Sequence

from affetto.corpora.protocols.fold import (
    Fold,
    ProtocolOptions,
    fold_of_people,
    leave_out,
    person,
    require_speakers,
    tested_corpora,
)
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["DEVELOPMENT_SPEAKERS", "ased_speakers", "development", "group_kfold", "holdout", "loso"]

DEVELOPMENT_SPEAKERS = {
    "emodb": frozenset({"03", "08", "14"}),
    "nemo": frozenset({"EB0", "WR0"}),
    "ased": frozenset({"05", "06", "10", "11", "13", "39", "41", "50", "57", "62"}),
}

_ASED_FOLDS = 5


def loso(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """Leaves one speaker out at a time, of every tested corpus; other corpora are learnt from in every fold.

    Raises:
        CorpusError: If a tested corpus has one speaker only.
    """
    corpora = tested_corpora(clips, options.test_on)
    require_speakers(clip for clip in clips if clip.corpus in corpora)
    people = sorted({(clip.corpus, clip.speaker) for clip in clips if clip.corpus in corpora})
    for corpus in corpora:
        speakers = [who for who in people if who[0] == corpus]
        if len(speakers) < 2:
            raise CorpusError(
                f"{corpus} has one speaker only ({speakers[0][1]}); loso needs two, try --protocol random"
            )
    return tuple(
        leave_out(
            speaker if len(corpora) == 1 else f"{corpus}:{speaker}",
            clips,
            lambda clip, who=(corpus, speaker): (clip.corpus, clip.speaker) == who,
        )
        for corpus, speaker in people
    )


def group_kfold(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """``k`` folds of unseen speakers, of nearly equal size."""
    corpora = tested_corpora(clips, options.test_on)
    tested = [clip for clip in clips if clip.corpus in corpora]
    require_speakers(tested)
    return tuple(
        leave_out(str(number), clips, lambda clip, who=who: clip.corpus in corpora and person(clip) in who)
        for number, who in enumerate(fold_of_people(tested, options.k), start=1)
    )


def ased_speakers(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """Five folds of ten unseen speakers of ASED; other corpora are learnt from in every fold.

    Raises:
        CorpusError: If ASED is not among the clips.
    """
    del options
    if not any(clip.corpus == "ased" for clip in clips):
        raise CorpusError("protocol ased-speakers needs the corpus ased; add it to data.corpora of the recipe")
    return group_kfold(clips, ProtocolOptions(k=_ASED_FOLDS, test_on=("ased",)))


def holdout(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """One fold that tests the speakers that are named.

    Raises:
        CorpusError: If none is named, or one is not there.
    """
    known = {f"{clip.corpus}:{clip.speaker}" for clip in clips} | {clip.speaker for clip in clips}
    if not options.held:
        raise CorpusError("protocol holdout tests the speakers that you name: --hold-out SPEAKER, once for each")
    for name in options.held:
        if name not in known:
            some = ", ".join(sorted(known)[:8])
            raise CorpusError(f"speaker {name!r} is not among the clips; there are {some} and more")
    held = frozenset(options.held)
    return (leave_out("holdout", clips, lambda clip: bool({clip.speaker, f"{clip.corpus}:{clip.speaker}"} & held)),)


def development(clips: Sequence[Clip], options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """One fold for choosing a recipe: unseen speakers of EmoDB, nEMO and ASED, none of RAVDESS or TESS.

    What is reported on RAVDESS is thus chosen without any of its actors.
    """
    del options
    return (leave_out("development", clips, lambda clip: clip.speaker in DEVELOPMENT_SPEAKERS.get(clip.corpus, ())),)
