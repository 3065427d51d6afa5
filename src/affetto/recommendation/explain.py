"""Reasons in plain words and numbers."""

import math

from affetto.affect import Affect
from affetto.music.track import Track
from affetto.music.words import mood_word
from affetto.recommendation.intent import Intent
from affetto.recommendation.journey import Journey
from affetto.recommendation.leaning import Leaning
from affetto.recommendation.taste.columns import name_key

__all__ = ["DOUBT", "TasteReasons", "doubt_note", "is_doubtful", "track_reasons"]

DOUBT = 0.42
"""Spread of a start, averaged over both axes, from which it counts as doubtful: wider than half the way between two
neighbouring emotions."""

_FAR = 0.4
_TURN = 0.1
_SAME_PULSE = 0.08
_FEELS_SHOWN = 3
_NOTABLE = 0.1  # of a like
_COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_NO_GENRE = {"unclassifiable", "unknown", "other"}


def is_doubtful(affect: Affect) -> bool:
    """Whether a start is so uncertain that the list sets out more gently and says so."""
    return sum(affect.spread) / 2 >= DOUBT


def doubt_note(affect: Affect) -> str:
    """What an uncertain start did to the list."""
    valence, arousal = affect.spread
    return (
        f"The voice could be heard in more than one way (valence ±{valence:.2f}, arousal ±{arousal:.2f}), so the list "
        "sets out gently, on the pleasant side of where the voice was."
    )


def _turn(before: Affect, after: Affect) -> str:
    valence, arousal = after.valence - before.valence, after.arousal - before.arousal
    words: list[str] = []
    if abs(valence) >= _TURN:
        words.append("brighter" if valence > 0 else "darker")
    if abs(arousal) >= _TURN:
        words.append("livelier" if arousal > 0 else "calmer")
    return " and ".join(words) or "onwards"


def _place_reason(journey: Journey, number: int, track: Track, before: Track | None) -> str:
    """Why here: ``before`` is the track before at the same waypoint, or None for the first one there."""
    waypoint = journey.waypoints[number]
    word, own = mood_word(waypoint.affect), mood_word(track.mood)
    starts = number == 0 and waypoint.intent is not Intent.STAY
    if before is not None and mood_word(before.mood) == own:
        return f"still {own}"
    if waypoint.affect.distance(track.mood) > _FAR and not starts:
        return f"{own}, the nearest to {word} here"
    if before is not None:
        return f"on to {own}" if starts or own == word else f"{own}, near {word}"
    if starts:
        return f"starts gently: {own}" if is_doubtful(journey.start) else f"starts {own}"
    if waypoint.intent is Intent.STAY:
        return f"stays {own}" if own == word else f"stays near {word}: {own}"
    turn = _turn(journey.waypoints[number - 1].affect, waypoint.affect)
    return f"{turn}, arrives at {word}" if waypoint.progress == 1.0 else f"{turn}, now {own}"


def _tempo_reason(tempo: float | None, before: float | None) -> str | None:
    if tempo is None:
        return None
    if before is None:
        return f"{tempo:.0f} bpm"
    if tempo == before:
        return f"same pulse, {tempo:.0f} bpm"
    octaves = math.log2(tempo / before)
    if abs(octaves) < _SAME_PULSE:
        change = "same pulse"
    elif abs(abs(octaves) - 1) < _SAME_PULSE:
        change = "double time" if octaves > 0 else "half time"
    else:
        change = "quickens" if octaves > 0 else "slows"
    return f"{change}, {before:.0f} to {tempo:.0f} bpm"


def _sound_reason(track: Track) -> str | None:
    genre = track.genre.casefold()
    feels = ", ".join(track.feels[:_FEELS_SHOWN])
    if not genre or genre in _NO_GENRE:
        return feels or None
    return f"{feels} ({genre})" if feels else genre


class TasteReasons:
    """What a listener is known to think of the tracks of a playlist.

    Args:
        leaning: The listener and these tracks, in playing order.
    """

    def __init__(self, leaning: Leaning) -> None:
        self._leaning = leaning
        self._familiar = leaning.taste.familiarity.scores(leaning.columns, leaning.taste.now)

    def of(self, number: int, track: Track) -> str | None:
        """What is liked of a track in a few words; None where nothing is known or it is neither here nor there."""
        taste, columns = self._leaning.taste, self._leaning.columns
        telling = len(columns.artists) > 1 or len(columns) == 1  # of a list by one artist, the artist says nothing
        likes = taste.likes.get(name_key(track.artist), 0)
        if likes and telling:
            return f"you liked {_COUNTS.get(likes, str(likes))} by this artist"
        parts, trust = taste.parts(columns, number), taste.trust  # what was not acted on is no reason
        said = {
            "you liked it before": trust * parts.track,
            "you like this artist": trust * parts.artist if telling else 0.0,
            f"you like {track.genre.casefold()}": trust * parts.genre if track.genre else 0.0,
            "sounds like what you like": trust * (parts.content + parts.cluster),
            taste.others_reason: 0.0 if taste.cold or not telling else parts.others,
        }
        words = max(said, key=lambda words: said[words])
        if said[words] >= _NOTABLE:
            return words
        liking = self._leaning.liking
        expected = trust * (parts.total - parts.others) + parts.others
        if liking is not None and liking[number] - expected >= _NOTABLE and not self._familiar[number]:
            return "new to you, to find out whether you like it"
        return None


def track_reasons(journey: Journey, tracks: list[Track], *, taste: TasteReasons | None = None) -> list[tuple[str, ...]]:
    """Why each track of a playlist is there.

    Its place on the journey, what is liked of it, its tempo after the one before, its sound.

    Args:
        journey: The way that was followed.
        tracks: The tracks in playing order.
        taste: What the listener is known to think of them; None for anybody.
    """
    reasons: list[tuple[str, ...]] = []
    steps = journey.steps
    for index, track in enumerate(tracks):
        before = tracks[index - 1] if index else None
        beside = before if index and steps[index] == steps[index - 1] else None
        parts = (
            _place_reason(journey, steps[index], track, beside),
            None if taste is None else taste.of(index, track),
            _tempo_reason(track.tempo, before.tempo if before else None),
            _sound_reason(track),
        )
        reasons.append(tuple(part for part in parts if part))
    return reasons
