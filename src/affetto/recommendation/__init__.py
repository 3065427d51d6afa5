"""From a reading and an intent to a playlist."""

from affetto.recommendation.intent import INTENTS, Intent, Plan, Start, default_plan, goal, parse_intent
from affetto.recommendation.journey import SMALLEST_STEP, Journey, Waypoint, plan_journey
from affetto.recommendation.playlist import Playlist, PlaylistItem
from affetto.recommendation.recommender import mood_playlist, recommend
from affetto.recommendation.replan import replan
from affetto.recommendation.shape import SHAPES, Shape
from affetto.recommendation.wishes import STRATEGIES, check_options

__all__ = [
    "INTENTS",
    "SHAPES",
    "SMALLEST_STEP",
    "STRATEGIES",
    "Intent",
    "Journey",
    "Plan",
    "Playlist",
    "PlaylistItem",
    "Shape",
    "Start",
    "Waypoint",
    "check_options",
    "default_plan",
    "goal",
    "mood_playlist",
    "parse_intent",
    "plan_journey",
    "recommend",
    "replan",
]
