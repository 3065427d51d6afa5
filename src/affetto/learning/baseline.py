"""The average voice: what the cues of a reading are compared with."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from affetto.affect import EMOTIONS
from affetto.corpora.table import Clip
from affetto.errors import AffettoError
from affetto.learning.examples import speech_of
from affetto.voice.audio import read_audio
from affetto.voice.cues import CUES, CueBaseline, measure_cues

__all__ = ["cue_baseline"]

_log = logging.getLogger(__name__)
_VERSION = 2  # raise when a cue changes
_EVERY = 3  # clips: means over a third of the corpora are as good as over all


def cue_baseline(
    clips: Sequence[Clip], cache: Path, *, progress: Callable[[str, int, int], None] | None = None
) -> CueBaseline:
    """Mean and within-emotion spread of every cue, and the average deviation of each emotion.

    Deviations are taken within each corpus, so that a corpus which has only some of the emotions, or another
    microphone, does not tilt them.
    """
    chosen = [clip for clip in clips if clip.emotion is not None][::_EVERY]
    key = hashlib.sha256(repr((_VERSION, [clip.path.name for clip in chosen])).encode()).hexdigest()[:12]
    file = cache / f"cues-{key}.json"
    if file.is_file():
        return CueBaseline.from_dict(json.loads(file.read_text(encoding="utf-8")))
    values = np.full((len(chosen), len(CUES)), np.nan)
    for row, clip in enumerate(chosen):
        if progress and row % 20 == 0:
            progress("measuring voices", row, len(chosen))
        try:
            measured = measure_cues(speech_of(read_audio(clip.path)))
        except AffettoError as error:
            _log.warning("left out: %s", error)
            continue
        values[row] = [measured.get(name, np.nan) for name in CUES]
    baseline = _average(chosen, values)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(baseline.to_dict()), encoding="utf-8")
    return baseline


def _average(clips: Sequence[Clip], values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> CueBaseline:
    corpora = np.array([clip.corpus for clip in clips])
    emotions = np.array([str(clip.emotion) for clip in clips])
    centred = values.copy()
    residual = values.copy()
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        centred[inside] -= np.nanmean(values[inside], axis=0)
        for emotion in np.unique(emotions[inside]):
            both = inside & (emotions == emotion)
            residual[both] -= np.nanmean(values[both], axis=0)
    spread = np.maximum(np.nanstd(residual, axis=0), 1e-3)
    usual = {
        emotion: np.nanmean(centred[emotions == str(emotion)], axis=0) / spread
        for emotion in EMOTIONS
        if np.any(emotions == str(emotion))
    }
    return CueBaseline(
        mean={name: float(v) for name, v in zip(CUES, np.nanmean(values, axis=0), strict=True)},
        spread={name: float(v) for name, v in zip(CUES, spread, strict=True)},
        emotions={e: {name: float(v) for name, v in zip(CUES, row, strict=True)} for e, row in usual.items()},
    )
