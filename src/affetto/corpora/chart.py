"""A corpus in one picture: clips by emotion, by speaker and by length."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from affetto.affect import EMOTIONS
from affetto.corpora.check import summarize
from affetto.corpora.table import Clip
from affetto.errors import AffettoError, CorpusError

__all__ = ["CHART_SUFFIXES", "check_suffix", "draw_chart"]

CHART_SUFFIXES = (".svg", ".png", ".pdf")

_NAMED_SPEAKERS = 40  # more names than that cannot be read below an axis


def draw_chart(clips: Sequence[Clip], path: Path, *, title: str) -> None:
    """Draws clips by emotion and gender, by speaker, and by length, into a picture.

    Args:
        clips: What to draw; lengths are drawn where they were measured.
        path: The picture, of a kind in :data:`CHART_SUFFIXES`.
        title: Stands above it.

    Raises:
        AffettoError: If matplotlib is not installed.
        CorpusError: If the picture cannot be written there.
    """
    check_suffix(path)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise AffettoError("a chart needs an extra: pip install 'affetto[train]'") from error
    summary = summarize(clips)
    figure: Any = Figure(figsize=(10, 7), layout="constrained")
    figure.suptitle(f"{title}: {summary.clips} clips")
    axes = figure.subplot_mosaic([["emotions", "lengths"], ["speakers", "speakers"]])
    emotions, lengths, speakers = axes["emotions"], axes["lengths"], axes["speakers"]
    own = sorted({clip.label for clip in clips if clip.emotion is None})
    targets = [*(emotion.value for emotion in EMOTIONS if emotion.value in summary.emotions), *own]
    bottom = [0] * len(targets)
    for gender in summary.genders:
        counts = [sum(clip.target == t and (clip.gender or "not known") == gender for clip in clips) for t in targets]
        emotions.bar(targets, counts, bottom=bottom, label=gender)
        bottom = [low + count for low, count in zip(bottom, counts, strict=True)]
    emotions.tick_params(axis="x", rotation=45)
    emotions.set_ylabel("clips")
    emotions.legend(title="gender")
    lengths.hist([clip.seconds for clip in clips if clip.seconds is not None], bins=40)
    lengths.set_xlabel("seconds")
    lengths.set_ylabel("clips")
    speakers.bar(range(len(summary.speakers)), list(summary.speakers.values()))
    if len(summary.speakers) <= _NAMED_SPEAKERS:
        speakers.set_xticks(range(len(summary.speakers)), list(summary.speakers), rotation=90)
    speakers.set_xlabel(f"{len(summary.speakers)} speakers")
    speakers.set_ylabel("clips")
    _save(figure, path)


def check_suffix(path: Path | None) -> None:
    """Refuses a picture of a kind that is not drawn, before any work is done.

    Raises:
        CorpusError: If the suffix is not in :data:`CHART_SUFFIXES`.
    """
    if path is not None and path.suffix.lower() not in CHART_SUFFIXES:
        raise CorpusError(f"chart {path}: a chart is one of {', '.join(CHART_SUFFIXES)}; give such a name")


def _save(figure: Any, path: Path) -> None:
    try:
        handle, partial = tempfile.mkstemp(prefix=".chart-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        try:
            figure.savefig(partial, format=path.suffix[1:].lower())
            Path(partial).replace(path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CorpusError(f"chart {path}: {error.strerror}; give a name in a folder that can be written") from error
