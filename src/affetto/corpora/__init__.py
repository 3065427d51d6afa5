"""Speech corpora: a table per corpus from its own file names, and the protocols that split them."""

from affetto.corpora.frame import load_table
from affetto.corpora.published import CORPORA
from affetto.corpora.registry import corpus_names, find_corpus, load_corpora
from affetto.corpora.table import Clip, Corpus, scan_corpus

__all__ = [
    "CORPORA",
    "Clip",
    "Corpus",
    "corpus_names",
    "find_corpus",
    "load_corpora",
    "load_table",
    "scan_corpus",
]
