"""Music: tracks, their mood, and the collections they live in."""

from affetto.music.catalog import load_catalog, starter
from affetto.music.clusters import Region, region_named, region_of, regions
from affetto.music.library import Library
from affetto.music.mood import MoodEstimate, estimate_mood
from affetto.music.track import Track
from affetto.music.words import mood_word, pace_word

__all__ = [
    "Library",
    "MoodEstimate",
    "Region",
    "Track",
    "estimate_mood",
    "load_catalog",
    "mood_word",
    "pace_word",
    "region_named",
    "region_of",
    "regions",
    "starter",
]
