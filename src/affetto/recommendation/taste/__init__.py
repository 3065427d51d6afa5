"""What likes, skips and completions teach about a listener: pure arrays, no database and no clock."""

from affetto.recommendation.taste.columns import CONTENT, TasteColumns, standardized
from affetto.recommendation.taste.events import Event, Kind, reward_of
from affetto.recommendation.taste.familiarity import Familiarity
from affetto.recommendation.taste.model import ADVENTUROUS, MINIMUM, Baseline, Prior, Taste
from affetto.recommendation.taste.moods import MoodShift
from affetto.recommendation.taste.scoring import Parts

__all__ = [
    "ADVENTUROUS",
    "CONTENT",
    "MINIMUM",
    "Baseline",
    "Event",
    "Familiarity",
    "Kind",
    "MoodShift",
    "Parts",
    "Prior",
    "Taste",
    "TasteColumns",
    "reward_of",
    "standardized",
]
