"""Planning again: from the current track on, and when the emotion of a voice has really changed, and only then."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.affect import EMOTIONS, Emotion
from affetto.errors import OptionError
from affetto.music.library import Library
from affetto.music.track import Track
from affetto.recommendation.intent import Intent
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.recommender import recommend
from affetto.recommendation.rest import rest_of
from affetto.recommendation.wishes import check_options
from affetto.voice.reading import Reading

if TYPE_CHECKING:
    from affetto.recommendation.listener import Listener

__all__ = ["Change", "LivePlaylist", "replan"]

_INDEPENDENT = 3.0  # seconds of speech that count as one observation: readings of overlapping windows repeat each other
_LASTS = 30.0  # seconds of speech for which an emotion usually lasts
_LEADS = 0.5  # belief that the next emotion needs
_NAMED = 0.3  # confidence below which a reading gets the plan that plays safe, as in `default_plan`
_FLOOR = 0.01  # no single window rules an emotion out


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The music was planned anew.

    Attributes:
        before: The emotion that the last plan answered, None for the first plan.
        emotion: The emotion that this one answers, None where no emotion could be heard.
        probability: Probability that the emotion is no longer the one before; 1 for the first plan.
        playlist: What to play from here on.
    """

    before: Emotion | None
    emotion: Emotion | None
    probability: float
    playlist: Playlist

    @property
    def words(self) -> str:
        """What happened, in a few words: ``sounds sad, no longer angry (92 %)``."""
        now = "no clear emotion" if self.emotion is None else f"sounds {self.emotion}"
        return (
            now
            if self.before is None
            else f"{now}, no longer {self.before} ({self.probability:.0%})".replace("%", " %")
        )


def replan(playlist: Playlist, current: int, **options: Any) -> Playlist:
    """What to play after the current track of a playlist from now on, without anything that was heard.

    Args:
        playlist: What plays.
        current: Number of the track that plays now, from 1; 0 before the first.
        **options: ``start``, where the listener is now (default: the waypoint of the current track); ``intent`` (what
            is still to be served), ``length`` (what is left, at least one track), ``library`` (where it is from).

    Raises:
        OptionError: If there is no such track.

    >>> playlist = recommend("sad", length=6, seed=1)
    >>> rest = replan(playlist, 2, start="happy")
    >>> len(rest.items), set(rest.tracks) & set(playlist.tracks[:2])
    (4, set())
    """
    here, wanted = rest_of(playlist, current, **options)
    return recommend(here, **wanted)


class LivePlaylist:
    """Music that follows the readings of a voice.

    A belief over the eight emotions is kept as a hidden Markov model would: it fades towards the even one, as emotions
    change now and then, and is weighed by each reading in proportion to the new speech in it. The switch probability is
    what the belief gives to all emotions but the one that the music answers. The music is planned anew when it reaches
    ``switch`` while one emotion leads, and not within ``rest`` seconds of speech of the last time: to come back, the
    new emotion must be lost as clearly as the old one was. What was heard does not come again: the first track of each
    plan, which starts at once, and what `heard` is told.

    Args:
        intent: What the music is for; None for what suits each emotion.
        length: Tracks, 1 to 500; None for the setting.
        strategy: As in `recommend`.
        seed: The same seed and readings give the same playlists; None draws one.
        switch: Switch probability at which the music is planned anew, above .5 and below 1.
        rest: Seconds of speech between two plans.
        library: As in `recommend`.
        listener: As in `recommend`.
        plan: Makes a playlist of a reading; None for `recommend` with the options above.

    Raises:
        OptionError: If an option is not one that is offered.

    >>> music = LivePlaylist(length=3, seed=1)
    >>> sad = Reading(probabilities={**dict.fromkeys(EMOTIONS, 0.05), Emotion.SAD: 0.65}, seconds=2.0)
    >>> change = music.update(sad, seconds=3.0)
    >>> change.words, music.update(sad, seconds=0.5)
    ('sounds sad', None)
    """

    def __init__(
        self,
        *,
        intent: Intent | str | None = None,
        length: int | None = None,
        strategy: str = "journey",
        seed: int | None = None,
        switch: float = 0.8,
        rest: float = 6.0,
        library: Library | str | None = None,
        listener: "Listener | str | None" = None,
        plan: Callable[[Reading], Playlist] | None = None,
    ) -> None:
        check_options(intent=intent, length=length, strategy=strategy, seed=seed)
        if not 0.5 < switch < 1:
            raise OptionError(f"switch = {switch}: give a probability above .5 and below 1")
        self._switch, self._rest = switch, rest

        def recommended(reading: Reading) -> Playlist:
            return recommend(
                reading,
                intent=intent,
                length=length,
                strategy=strategy,
                seed=seed,
                library=library,
                listener=listener,
                before=self._heard,
            )

        self._plan = plan or recommended
        self._heard: list[Track] = []
        self._belief = np.full(len(EMOTIONS), 1 / len(EMOTIONS))
        self._since = self._seconds = 0.0
        self.emotion: Emotion | None = None
        self.playlist: Playlist | None = None

    @property
    def switch_probability(self) -> float:
        """Probability that the emotion is no longer the one that the music answers; 1 before there is music."""
        return 1.0 if self.emotion is None else 1 - float(self._belief[EMOTIONS.index(self.emotion)])

    def heard(self, *tracks: Track) -> None:
        """Tells that tracks were played, so that no later plan has them."""
        known = {track.id for track in self._heard}
        self._heard += [track for track in tracks if track.id not in known]

    def update(self, reading: Reading, *, seconds: float, final: bool = False) -> Change | None:
        """Takes a reading in.

        Args:
            reading: Partial or final; one that abstains says nothing of the emotion.
            seconds: Seconds of speech in it that no earlier reading rested on.
            final: Whether the utterance is over: the first one gets music even if the belief is still open.

        Returns:
            The new plan where the music was planned anew, else None.
        """
        if not reading.abstained:
            self._weigh(reading, max(0.0, seconds))
        best = int(self._belief.argmax())
        leads = float(self._belief[best]) >= _LEADS
        if self.playlist is None:
            if final and not leads:
                return self._replan(reading.emotion if reading.confidence >= _NAMED else None, reading)
            return self._replan(EMOTIONS[best], self._believed()) if leads else None
        if self.switch_probability >= self._switch and leads and self._since >= self._rest:
            return self._replan(EMOTIONS[best], self._believed())
        return None

    def _weigh(self, reading: Reading, seconds: float) -> None:
        self._since += seconds
        self._seconds += seconds
        keep = math.exp(-seconds / _LASTS)
        prior = keep * self._belief + (1 - keep) / len(EMOTIONS)
        seen = np.maximum([reading.probabilities.get(emotion, 0.0) for emotion in EMOTIONS], _FLOOR)
        weighed = prior * seen ** (seconds / _INDEPENDENT)
        self._belief = weighed / weighed.sum()

    def _believed(self) -> Reading:
        belief = {emotion: float(p) for emotion, p in zip(EMOTIONS, self._belief, strict=True)}
        return Reading(probabilities=belief, seconds=self._seconds)

    def _replan(self, emotion: Emotion | None, heard: Reading) -> Change:
        probability, before = self.switch_probability, self.emotion
        if self.playlist is not None:
            self.heard(*self.playlist.tracks[:1])
        self.playlist, self.emotion, self._since = self._plan(heard), emotion, 0.0
        return Change(before=before, emotion=emotion, probability=probability, playlist=self.playlist)
