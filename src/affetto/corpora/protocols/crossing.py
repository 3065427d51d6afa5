"""Divisions by corpus: learnt from some recordings, tested on recordings of other people in other rooms."""

from collections.abc import Collection, Sequence

from affetto.affect import EMOTIONS
from affetto.corpora.protocols.fold import Fold, ProtocolOptions, person, tested_corpora
from affetto.corpora.table import Clip
from affetto.errors import CorpusError

__all__ = ["cross_corpus", "leave_one_corpus_out"]


def cross_corpus(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """Learns from some corpora and tests each of others, label sets intersected; one fold per tested corpus.

    Raises:
        CorpusError: If no corpus is named to test, one is on both sides, or two have no label in common.
    """
    if not options.test_on:
        raise CorpusError("protocol cross-corpus tests the corpora that you name: --test-on CORPUS, once for each")
    tested = tested_corpora(clips, options.test_on)
    learnt = tested_corpora(clips, options.train_on)
    both = set(options.train_on) & set(tested)
    if both:
        raise CorpusError(f"corpus {min(both)!r} is both in --train-on and in --test-on; choose one")
    sources = [corpus for corpus in learnt if corpus not in tested]
    return tuple(_cross(clips, sources, corpus) for corpus in tested)


def leave_one_corpus_out(clips: Sequence[Clip], options: ProtocolOptions) -> tuple[Fold, ...]:
    """Tests each corpus by a model of the others, label sets intersected; one fold per corpus."""
    corpora = tuple(dict.fromkeys(clip.corpus for clip in clips))
    return tuple(
        _cross(clips, [other for other in corpora if other != corpus], corpus)
        for corpus in tested_corpora(clips, options.test_on)
    )


def _cross(clips: Sequence[Clip], sources: Collection[str], target: str) -> Fold:
    test = [clip for clip in clips if clip.corpus == target]
    people = frozenset(map(person, test))
    train = [clip for clip in clips if clip.corpus in sources and person(clip) not in people]
    if not train:
        raise CorpusError(f"nothing to learn from when {target} is tested; add corpora of other people to data.corpora")
    common = {clip.target for clip in train} & {clip.target for clip in test}
    if len(common) < 2:
        raise CorpusError(f"{target} and {', '.join(sources)} have {len(common)} label(s) in common; two are needed")
    order = [*(str(emotion) for emotion in EMOTIONS if emotion in common), *sorted(common - set(EMOTIONS))]
    return Fold(
        target,
        tuple(clip for clip in train if clip.target in common),
        tuple(clip for clip in test if clip.target in common),
        labels=tuple(order),
    )
