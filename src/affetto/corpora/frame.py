"""Corpora as a pandas table, for notebooks and scikit-learn."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from affetto.corpora.measure import measured
from affetto.corpora.registry import load_corpora
from affetto.errors import AffettoError

__all__ = ["load_table"]


def load_table(
    names: tuple[str, ...] | list[str] | str,
    root: Path | str | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Any:
    """The clips of several corpora as a ``pandas.DataFrame``, one row a clip.

    Columns: path, corpus, speaker, gender, emotion (one of the eight, or missing), label (the corpus's own word),
    intensity, sentence, language, and seconds (from the header of the file; missing where it cannot be read).

    Args:
        names: Published corpora, or registered ones.
        root: Folder that holds each in a folder of its name; None for registered corpora.
        progress: Called with what is being done, how much is done and how much there is.

    Raises:
        AffettoError: If pandas is not installed.
        CorpusError: As :func:`~affetto.corpora.load_corpora`.
    """
    try:
        pandas: Any = importlib.import_module("pandas")  # by name: the base install knows nothing of it
    except ImportError as error:
        raise AffettoError("a table of a corpus needs an extra: pip install 'affetto[train]'") from error
    chosen = (names,) if isinstance(names, str) else tuple(names)
    clips = measured(load_corpora(chosen, None if root is None else Path(root)), progress=progress)
    return pandas.DataFrame(
        {
            "path": [str(clip.path) for clip in clips],
            "corpus": [clip.corpus for clip in clips],
            "speaker": [clip.speaker for clip in clips],
            "gender": [clip.gender for clip in clips],
            "emotion": [None if clip.emotion is None else clip.emotion.value for clip in clips],
            "label": [str(clip.label) for clip in clips],
            "intensity": [clip.intensity for clip in clips],
            "sentence": [clip.sentence for clip in clips],
            "language": [clip.language for clip in clips],
            "seconds": [clip.seconds for clip in clips],
        }
    )
