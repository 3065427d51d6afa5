"""What a track sounds like, in numbers: tempo, key, loudness, onsets and timbre."""

from affetto.music.analysis.excerpt import TABLE_FEATURES
from affetto.music.analysis.track import ANALYSIS_VERSION, FEATURES, Analysis, analyse

__all__ = ["ANALYSIS_VERSION", "FEATURES", "TABLE_FEATURES", "Analysis", "analyse"]
