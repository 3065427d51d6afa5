"""Who is learnt from and who is tested: every protocol by its name, and the clips to watch while learning."""

from collections.abc import Sequence
from dataclasses import replace

from affetto.corpora.protocols.crossing import cross_corpus, leave_one_corpus_out
from affetto.corpora.protocols.enrolled import every_corpus_enrolled, ravdess_emobox_enrolled
from affetto.corpora.protocols.fold import Fold, Protocol, ProtocolOptions
from affetto.corpora.protocols.leaky import random_split
from affetto.corpora.protocols.published import (
    EMOBOX_RAVDESS,
    emobox_cremad,
    emobox_emodb,
    emobox_ravdess,
    emobox_savee,
    emobox_tess,
    luna_ravdess,
)
from affetto.corpora.protocols.speakers import ased_speakers, development, group_kfold, holdout, loso
from affetto.corpora.protocols.together import PARTS, Part, every_corpus, part_of
from affetto.corpora.protocols.validation import validation_notes, validation_split
from affetto.corpora.table import Clip
from affetto.errors import CorpusError, OptionError

__all__ = [
    "EMOBOX_RAVDESS",
    "PARTS",
    "PROTOCOLS",
    "Fold",
    "Part",
    "Protocol",
    "ProtocolOptions",
    "divide",
    "find_protocol",
    "part_of",
    "validation_notes",
    "validation_split",
]

_LEAK = (
    "speakers are both learnt from and tested, so the figures tell how well known voices are recognized, "
    "not how well new ones will be"
)

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="emobox-ravdess", title="six folds of four unseen actors of RAVDESS (EmoBox)", divide=emobox_ravdess,
            tests="ravdess",
        ),
        Protocol(
            name="ravdess-emobox-enrolled", title="the same actors, each known by four clips without their labels",
            divide=ravdess_emobox_enrolled, tests="ravdess", folds_of="emobox-ravdess", enrols=True,
        ),
        Protocol(
            name="emobox-savee", title="four folds of one unseen speaker of SAVEE (EmoBox)", divide=emobox_savee,
            tests="savee",
        ),
        Protocol(
            name="emobox-tess", title="700 clips of TESS by known actresses (EmoBox)", divide=emobox_tess,
            tests="tess", warning=_LEAK,
        ),
        Protocol(
            name="emobox-emodb", title="five folds of clips of EmoDB by known speakers (EmoBox)", divide=emobox_emodb,
            tests="emodb", warning=_LEAK,
        ),
        Protocol(
            name="emobox-cremad", title="1,856 clips of CREMA-D by known actors (EmoBox)", divide=emobox_cremad,
            tests="cremad", warning=_LEAK,
        ),
        Protocol(
            name="luna-ravdess", title="five folds of unseen actors of RAVDESS (Luna-Jiménez et al. 2021)",
            divide=luna_ravdess, tests="ravdess",
        ),
        Protocol(name="loso", title="one unseen speaker at a time", divide=loso),
        Protocol(name="group-kfold", title="k folds of unseen speakers", divide=group_kfold),
        Protocol(name="ased-speakers", title="five folds of ten unseen speakers of ASED", divide=ased_speakers,
                 tests="ased"),
        Protocol(name="holdout", title="the speakers that are named", divide=holdout),
        Protocol(name="cross-corpus", title="corpora that were not learnt from", divide=cross_corpus),
        Protocol(name="leave-one-corpus-out", title="one unseen corpus at a time", divide=leave_one_corpus_out),
        Protocol(name="every-corpus", title="the own protocols of five corpora in eleven trainings",
                 divide=every_corpus),
        Protocol(name="every-corpus-enrolled", title="the same, each speaker known by four clips without their labels",
                 divide=every_corpus_enrolled, folds_of="every-corpus", enrols=True),
        Protocol(name="development", title="unseen speakers of EmoDB, nEMO and ASED, to make choices on",
                 divide=development),
        Protocol(name="random", title="clips drawn at random, of known speakers", divide=random_split,
                 warning=_LEAK),
    )
}  # fmt: skip
"""Every protocol by its name on the command line."""


def find_protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        OptionError: If there is none.
    """
    if name not in PROTOCOLS:
        raise OptionError(f"unknown protocol {name!r}; known are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def divide(clips: Sequence[Clip], protocol: str, options: ProtocolOptions | None = None) -> tuple[Fold, ...]:
    """The folds of a protocol that test anything.

    Args:
        clips: All clips, of all corpora.
        protocol: A name in :data:`PROTOCOLS`.
        options: What may be chosen about it.

    Raises:
        OptionError: If the protocol is unknown.
        CorpusError: If the clips cannot be divided so; a clip to be tested has no speaker, say.
    """
    rule, chosen = find_protocol(protocol), options or ProtocolOptions()
    known = {clip.target for clip in clips}
    for label in chosen.classes:
        if label not in known:
            raise CorpusError(f"no clip is labelled {label!r}; there are {', '.join(sorted(known))}")
    kept = [clip for clip in clips if not chosen.classes or clip.target in chosen.classes]
    folds = tuple(fold for fold in rule.divide(kept, chosen) if fold.test)
    if not folds:
        raise CorpusError(f"protocol {protocol}: none of the clips is tested; it tests {rule.title}")
    for fold in folds:
        if not fold.train:
            raise CorpusError(f"protocol {protocol}, fold {fold.name}: no clip is left to learn from")
    if not chosen.classes:
        return folds
    return tuple(
        replace(fold, labels=tuple(label for label in fold.labels or chosen.classes if label in chosen.classes))
        for fold in folds
    )
