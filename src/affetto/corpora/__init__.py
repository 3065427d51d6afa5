"""Speech corpora: a table per corpus from its own file names, and the protocols that split them."""

from pathlib import Path

from affetto.corpora.published import CORPORA
from affetto.corpora.table import Clip, Corpus, scan_corpus
from affetto.errors import CorpusError

__all__ = ["CORPORA", "Clip", "Corpus", "load_corpora", "scan_corpus"]


def load_corpora(names: tuple[str, ...], root: Path) -> tuple[Clip, ...]:
    """The clips of several corpora, each in the folder of its name below ``root``.

    Raises:
        CorpusError: If a name is unknown, or a corpus cannot be read (see :func:`scan_corpus`).
    """
    unknown = [name for name in names if name not in CORPORA]
    if unknown:
        raise CorpusError(f"unknown corpus {unknown[0]!r}; known are {', '.join(CORPORA)}")
    return tuple(clip for name in names for clip in scan_corpus(CORPORA[name], root / name))
