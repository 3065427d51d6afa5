"""A person who listens: what is played for them, what they say to it, and what is learnt from that."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from affetto.affect import Affect, Emotion
from affetto.errors import OptionError
from affetto.music.library import Library
from affetto.music.track import Track
from affetto.recommendation.account import Account, accounts_of
from affetto.recommendation.compose import compose
from affetto.recommendation.history import Entry, History
from affetto.recommendation.intent import Intent, Start, chosen_plan, start_emotion
from affetto.recommendation.journal import Journal
from affetto.recommendation.journey import leads_somewhere
from affetto.recommendation.learner import Learner
from affetto.recommendation.likeminded import like_minded
from affetto.recommendation.make import make
from affetto.recommendation.moods import parse_mood
from affetto.recommendation.named import contents, named_track
from affetto.recommendation.options import one_of
from affetto.recommendation.people import Person, delete_person, export_person, find_person, import_feedback
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.portrait import Portrait, portrait
from affetto.recommendation.request import format_request, parse_request
from affetto.recommendation.rest import rest_of
from affetto.recommendation.saved import Outcome, Saved, SavedPlaylist
from affetto.recommendation.shape import Shape, choose_shape, shape_odds
from affetto.recommendation.source import find_music
from affetto.recommendation.taste import Kind, Taste
from affetto.recommendation.wishes import Options, Wishes
from affetto.settings import settings
from affetto.store import Store, default_store, default_store_exists

__all__ = ["Listener"]

_SHAPE_DRAW = 2  # the shape draws from a stream of its own


class Listener:
    """A listener in the store. What one did is never seen by another; likes are pooled only if the settings say so.

    It may be open in several programs and on several devices at once; each sees what the others did at its next call.

    Args:
        store: Where everything is kept.
        person: Who it is.
        clock: Gives the time in seconds since 1970.

    Example:
        >>> import tempfile, affetto.store
        >>> store = affetto.store.open_store(tempfile.mkdtemp() + "/library.db")
        >>> anna = Listener.open("Anna", store=store)
        >>> playlist = anna.recommend("sad", length=6, seed=1, library="starter")
        >>> said = anna.feedback("like", playlist.tracks[0])
        >>> said.title == playlist.tracks[0].title, anna.undo().kind
        (True, <Kind.LIKE: 'like'>)
        >>> anna.outcome("better").said
        'better'
    """

    def __init__(self, store: Store, person: Person, *, clock: Callable[[], float] = time.time) -> None:
        self._store, self._person, self._clock = store, person, clock
        self._history = History(store, person.number)
        self._saved = Saved(store, person.number)
        self._learner = Learner(self._history, like_minded(store))
        self.journal = Journal(store, person.number)

    @classmethod
    def open(
        cls, name: str | None = None, *, store: Store | None = None, clock: Callable[[], float] = time.time
    ) -> "Listener":
        """The listener of a name, made when there is none yet.

        Args:
            name: Any name; None for the one of the settings ("me").
            store: Where listeners are kept; None for the store of the settings.
            clock: Gives the time in seconds since 1970.

        Raises:
            OptionError: If it cannot be a name.
            StoreError: If the store cannot be used.
        """
        where = store or default_store()
        person = find_person(where, name or settings().listener, make=True)
        assert person is not None
        return cls(where, person, clock=clock)

    @classmethod
    def known(cls, name: str | None = None, *, store: Store | None = None) -> "Listener | None":
        """The listener of a name if there is one; nothing is made.

        Args:
            name: The name; None for the one of the settings.
            store: Where to look; None for the store of the settings.
        """
        if store is None and not default_store_exists():
            return None
        where = store or default_store()
        person = find_person(where, name or settings().listener, make=False)
        return None if person is None else cls(where, person)

    def __repr__(self) -> str:
        return f"Listener({self.name!r})"

    @property
    def name(self) -> str:
        """What the listener is called."""
        return self._person.name

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def recommend(self, start: Start | str, *, keep: bool = True, **options: Unpack[Options]) -> Playlist:
        """A playlist for this listener.

        An intent that is given is remembered for the emotion that was heard, and taken the next time. Without a shape
        of the journey the one is taken that did them good by their own account.

        Args:
            start: What was heard, a point on the circumplex, an emotion, or words for a mood.
            keep: Whether to keep the playlist (and the intent); its number is then `Playlist.number`.
            **options: ``intent``, ``length``, ``strategy``, ``seed``, ``library``, ``shape``, ``novelty``,
                ``adventurous`` and ``before``, as for `affetto.recommend`.

        Raises:
            OptionError: If an option is not one that is offered.
            CatalogError: If the library is empty, or the listener wants none of it.
        """
        start = parse_mood(start) if isinstance(start, str) and not isinstance(start, Emotion) else start
        wishes = Wishes(**options)
        wishes.shape, likely = self._shape(wishes)
        now, last = self._now(), self._history.last()
        emotion = None if isinstance(start, Affect) else start_emotion(start)  # a point is none that could be met again
        known = None if emotion is None else self._saved.choices().get(emotion)
        plan = None if known is None else chosen_plan(known, before=emotion)
        taste = self.taste(now=now / 1000)
        made = make(start, wishes, plan=plan, taste=taste, feedback=last, time=now)
        playlist = replace(made, listener=self.name)
        if not keep:
            return playlist
        if wishes.intents is not None and emotion is not None:
            self._saved.choose(emotion, wishes.intents)
        return replace(playlist, number=self._keep(playlist, wishes, likely))

    def replan(
        self,
        playlist: Playlist,
        current: int,
        *,
        start: Start | str | None = None,
        intent: Intent | str | None = None,
        length: int | None = None,
        library: Library | str | None = None,
        keep: bool = True,
    ) -> Playlist:
        """What to play after the current track from now on, without anything that was heard.

        Args:
            playlist: What plays.
            current: Number of the track that plays now, from 1; 0 before the first.
            start: Where the listener is now; None for the waypoint of the current track.
            intent: What the music is for; None for what it was for.
            length: Tracks to come; None for as many as were left, at least one.
            library: Where to look; None for where the playlist was from.
            keep: Whether to keep the new playlist.

        Raises:
            OptionError: If there is no such track.
        """
        here, options = rest_of(playlist, current, start=start, intent=intent, length=length, library=library)
        return self.recommend(here, keep=keep, **options)

    def _shape(self, wishes: Wishes) -> tuple[Shape, float]:
        if wishes.shape is not None:
            return wishes.shape, 1.0
        outcomes = [(outcome.shape, outcome.said) for outcome in self._saved.outcomes()]
        return choose_shape(outcomes, np.random.default_rng([wishes.seed, _SHAPE_DRAW]))

    def _keep(self, playlist: Playlist, wishes: Wishes, likely: float) -> int:
        assert playlist.request is not None
        return self._saved.keep(
            title=playlist.title,
            request=format_request(playlist.request),
            shape=str(playlist.shape) if leads_somewhere(playlist.journey) else "",
            propensity=likely,
            content=contents(playlist, find_music(wishes.library)),
        )

    def feedback(
        self,
        kind: Kind | str,
        track: Track | int | str,
        *,
        playlist: Playlist | int | None = None,
        library: Library | str | None = None,
        seconds: float | None = None,
        at: float | None = None,
        token: str | None = None,
    ) -> Entry:
        """Writes down what the listener did with a track, or thinks of its artist.

        Args:
            kind: One of `affetto.recommendation.taste.Kind`: play, completed, skip, like, dislike, not_this_mood (of
                the track, which says nothing about taste), never, artist_more, artist_less.
            track: The track; its number in the playlist; its id or title; for a word about an artist also their name.
            playlist: What it played from, so that the mood it was meant for is known; None for the newest playlist of
                the listener that it is in.
            library: Where it is from, if it is in no playlist.
            seconds: How much of it had played, for a skip.
            at: When, in seconds since 1970; None for now.
            token: A name for this very act; what is told twice under one name counts once.

        Raises:
            OptionError: If there is no such kind or track, or a value cannot be.
        """
        kind = Kind(one_of("feedback", kind, [str(each) for each in Kind]))
        artist = kind in (Kind.ARTIST_MORE, Kind.ARTIST_LESS)
        named = named_track(
            track,
            saved=self._saved,
            history=self._history,
            music=None if library is None else find_music(library),
            playlist=_number(playlist),
            artist=artist,
        )
        named, now = named.only_artist() if artist else named, self._now()
        entry = named.entry(kind, at=now if at is None else round(at * 1000), seconds=seconds)
        if token is not None:
            entry = replace(entry, token=token[:64])
        entry.event(now)  # refuses what cannot be, before it is written
        (number,) = self._history.add([entry])
        return replace(entry, number=number)

    def undo(self, number: int | None = None) -> Entry:
        """Takes feedback back: what was learnt is then as if it never was.

        Args:
            number: Which, see `history`; None for the last that was more than a play.

        Raises:
            OptionError: If there is nothing to take back.
        """
        return self._history.undo(number)

    def unlike(self, number: int) -> None:
        """Takes a like back, however often the track was liked: it is not liked then; see `History.unlike`.

        Args:
            number: Which, see `likes`.

        Raises:
            OptionError: If there is no such like.
        """
        self._history.unlike(number)

    def history(self, *, limit: int | None = None, undone: bool = False) -> list[Entry]:
        """What the listener did, oldest first.

        Args:
            limit: Only the newest; None for all.
            undone: Also what was taken back.
        """
        return self._history.entries(limit=limit, undone=undone)

    def likes(self, library: str, tracks: Collection[str]) -> Mapping[str, int]:
        """Which tracks of a library they like, each with the number of the like; see `History.likes`."""
        return self._history.likes(library, tracks)

    def outcome(self, said: str, playlist: Playlist | int | None = None) -> Outcome:
        """Writes down how the listener felt after a playlist, which decides the shape of later journeys.

        Args:
            said: "better", "same" or "worse".
            playlist: Which; None for the newest.

        Raises:
            OptionError: If it is another word, or there is no such playlist.
        """
        return self._saved.say(said, _number(playlist))

    def unsay(self, playlist: Playlist | int | None = None) -> None:
        """Takes back what was said of a playlist, of the newest without a number."""
        self._saved.unsay(_number(playlist))

    def wants_outcome(self, playlist: Playlist | int | None = None) -> bool:
        """Whether to ask how they felt after a playlist: once for each, and not where they asked not to be asked."""
        return self._saved.asks() and self._saved.playlist(_number(playlist)).outcome is None

    def ask(self, wanted: bool) -> None:
        """Has the listener asked after playlists, or never."""
        self._saved.ask(wanted)

    def taste(self, *, now: float | None = None, upto: int | None = None) -> Taste:
        """What was learnt from all that stands.

        Args:
            now: The time for which it holds, in seconds since 1970; None for now.
            upto: Only what is up to this number of feedback; None for all.
        """
        when = self._clock() if now is None else now
        return self._learner.taste(when, upto=upto)

    def portrait(self) -> Portrait:
        """What their taste amounts to, in words and numbers."""
        return portrait(self.taste(), self._history.entries())

    def choices(self) -> Mapping[str, tuple[Intent, ...]]:
        """What they last wanted of the music, by the emotion."""
        return {str(emotion): intents for emotion, intents in self._saved.choices().items()}

    def forget_choice(self, emotion: Emotion | str) -> None:
        """Forgets what they wanted of the music when they sounded so: the default counts again.

        Raises:
            OptionError: If there is no such emotion.
        """
        self._saved.forget_choice(Emotion(one_of("emotion", emotion, [str(each) for each in Emotion])))

    def shapes(self) -> Mapping[Shape, tuple[float, float]]:
        """What they said of each shape of journey, see `affetto.recommendation.shape.shape_odds`."""
        return shape_odds((outcome.shape, outcome.said) for outcome in self._saved.outcomes())

    def playlists(self, *, limit: int | None = None) -> list[SavedPlaylist]:
        """The playlists that were made for them, newest first."""
        return self._saved.playlists(limit=limit)

    def playlist(self, number: int | None = None) -> SavedPlaylist:
        """One playlist, the newest without a number; an `OptionError` if there is none."""
        return self._saved.playlist(number)

    def remake(self, number: int | None = None, *, library: Library | str | None = None) -> Playlist:
        """A kept playlist made again from its request, with the taste of that time less what was taken back since.

        Args:
            number: Which; None for the newest.
            library: The music, where it was made from one that only the caller knows.

        Raises:
            OptionError: If there is none, or its music has to be given.
        """
        request = parse_request(self._saved.playlist(number).request)
        if library is None and request.library == "given":
            raise OptionError("this playlist was made from a library that was handed over; hand it over again")
        music = find_music(request.library if library is None else library)
        taste = None
        if request.feedback is not None and request.time is not None:
            taste = self.taste(now=request.time / 1000, upto=request.feedback)
        return replace(compose(request, music, taste=taste), listener=self.name)

    def why(self, playlist: Playlist | int | None = None, track: int | None = None) -> tuple[Account, ...]:
        """The full account of why tracks were chosen.

        Args:
            playlist: Which; None for the newest.
            track: Number of the track, from 1; None for all.

        Raises:
            OptionError: If there is no such playlist or track.
        """
        return accounts_of(self._saved.playlist(_number(playlist)), track)

    def delete_playlist(self, number: int) -> None:
        """Deletes a playlist; what was said to its tracks stays. An `OptionError` if there is none."""
        self._saved.delete(number)

    def export(self) -> dict[str, Any]:
        """Everything that is kept of the listener, as plain values for JSON."""
        return export_person(self._store, self._person)

    def import_feedback(self, held: Mapping[str, Any]) -> int:
        """Takes in the feedback of an export, this listener's or another's; what is known already counts once.

        Args:
            held: What `export` gives.

        Returns:
            How many entries were new.

        Raises:
            OptionError: If it is of another form; then nothing is taken in.
        """
        return import_feedback(self._history, held)

    def forget_taste(self) -> int:
        """Forgets all feedback, and with it all that was learnt; the number of entries that there were."""
        return self._history.clear()

    def delete(self) -> None:
        """Deletes everything that is kept of the listener, and the listener."""
        delete_person(self._store, self._person)


def _number(playlist: Playlist | int | None) -> int | None:
    return playlist.number if isinstance(playlist, Playlist) else playlist
