"""What a clip's file name tells beside its label: who speaks, how strongly, which sentence."""

from functools import lru_cache
from pathlib import PurePath

from affetto.corpora import CORPORA
from affetto.corpora.table import CorpusNameError, Facts
from affetto.evaluation.predictions import Prediction

__all__ = ["facts_of", "gender_of"]


def facts_of(prediction: Prediction) -> Facts | None:
    """What the name says, or None where the corpus has no such names (or keeps them in folders)."""
    return _facts(prediction.corpus, prediction.stem)


def gender_of(prediction: Prediction) -> str:
    """``"f"``, ``"m"`` or ``""``: as the predictions tell, else as the name does."""
    facts = None if prediction.gender else facts_of(prediction)
    return facts.gender if facts else prediction.gender


@lru_cache(maxsize=1 << 15)
def _facts(corpus: str, stem: str) -> Facts | None:
    if corpus not in CORPORA:
        return None
    try:
        return CORPORA[corpus].parse(PurePath(f"{stem}.wav"))
    except CorpusNameError:
        return None
