"""Every published corpus that is known, by its name."""

from affetto.corpora.ased import ASED
from affetto.corpora.cafe import CAFE
from affetto.corpora.cremad import CREMAD
from affetto.corpora.emodb import EMODB
from affetto.corpora.emovo import EMOVO
from affetto.corpora.jl import JL
from affetto.corpora.mesd import MESD
from affetto.corpora.nemo import NEMO
from affetto.corpora.ravdess import RAVDESS, RAVDESS_SONG
from affetto.corpora.savee import SAVEE
from affetto.corpora.shemo import SHEMO
from affetto.corpora.table import Corpus
from affetto.corpora.tess import TESS
from affetto.corpora.urdu import URDU

__all__ = ["CORPORA"]

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        *(RAVDESS, TESS, EMODB, NEMO, ASED),
        *(RAVDESS_SONG, CREMAD, SAVEE, URDU, EMOVO, SHEMO, JL, MESD, CAFE),
    )
}
