"""Which track a listener means, and the facts of it that feedback keeps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from affetto.errors import OptionError
from affetto.music.track import Track
from affetto.recommendation.history import Entry, History
from affetto.recommendation.leaning import taste_columns
from affetto.recommendation.playlist import Playlist
from affetto.recommendation.saved import Saved, SavedPlaylist
from affetto.recommendation.source import Music, find_music
from affetto.recommendation.taste import Kind, standardized

__all__ = ["Named", "contents", "facts_of", "named_track"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NO_SOURCE = ("", "none")  # of a mood that nobody knows
_SHOWN = 60
_LISTS = 20  # playlists that are looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A track that somebody means.

    Attributes:
        library: The music that it is from, as `affetto.recommendation.source.Music.key`.
        track: Its id there; empty where only an artist is meant.
        facts: What it is, for `affetto.recommendation.history.Entry`.
        wanted: Valence and arousal of the waypoint that it played for, or None.
        propensity: How likely it was when it was chosen, or None.
        playlist: Number of the playlist that it played from, or None.
    """

    library: str
    track: str
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    wanted: tuple[float, float] | None = None
    propensity: float | None = None
    playlist: int | None = None

    def entry(self, kind: Kind, *, at: int, seconds: float | None = None) -> Entry:
        """What is written down of it: what was done, at how many milliseconds since 1970, and the seconds it played."""
        return Entry(
            kind=kind,
            library=self.library,
            track=self.track,
            at=at,
            seconds=seconds,
            wanted=self.wanted,
            propensity=self.propensity,
            playlist=self.playlist,
            facts=self.facts,
        )

    def only_artist(self) -> "Named":
        """The artist alone."""
        artist = str(self.facts.get("artist") or "")
        if not artist.strip():
            raise OptionError(f"track {self.facts.get('title') or self.track!r}: its artist is not known; name one")
        return replace(self, track="", facts={"artist": artist}, wanted=None, propensity=None)


def facts_of(track: Track, music: Music | None) -> dict[str, Any]:
    """The facts of a track that feedback keeps; with its music also its sound and the region that it lies in."""
    octave = np.nan if track.tempo is None else math.log2(track.tempo)
    loudness = np.nan if track.loudness is None else track.loudness
    mood = (track.mood.valence, track.mood.arousal) if track.mood_source not in _NO_SOURCE else (np.nan, np.nan)
    content = standardized([*mood, octave, loudness, np.nan, np.nan, np.nan])
    cluster = ""
    place = None if music is None else music.library.find(track.id)
    if music is not None and place is not None:
        columns = taste_columns(music.library, music.key)
        content = columns.content[place]
        cluster = columns.clusters[columns.cluster[place]]
    return {
        "title": track.title,
        "artist": track.artist,
        "genre": track.genre,
        "seconds": track.seconds,
        "uri": track.uri,
        "cluster": cluster,
        "content": [round(float(value), 4) if math.isfinite(value) else None for value in content],
    }


def contents(playlist: Playlist, music: Music) -> dict[str, Any]:
    """A playlist as it is kept: its JSON form, each track with the waypoint it is for and the facts of it."""
    steps, waypoints = playlist.journey.steps, playlist.journey.waypoints
    content: dict[str, Any] = playlist.to_dict() | {"library_key": music.key}
    tracks: list[dict[str, Any]] = []
    for step, item in zip(steps, playlist.items, strict=False):  # there may be fewer tracks than places for them
        wanted = waypoints[step].affect
        more = {"wanted": [wanted.valence, wanted.arousal], "facts": facts_of(item.track, music)}
        tracks.append(item.to_dict() | more)
    return content | {"tracks": tracks}


def named_track(
    track: Track | int | str,
    *,
    saved: Saved,
    history: History,
    music: Music | None = None,
    playlist: int | None = None,
    artist: bool = False,
) -> Named:
    """What somebody means.

    Args:
        track: A track, its number in the playlist, its id, words of its title, or the name of an artist.
        saved: The listener's playlists.
        history: What the listener said before, where facts of a track are found that is gone since.
        music: Where to look; None for the newest playlist that has it, then the music of the settings.
        playlist: Number of the playlist that it played from.
        artist: Whether an artist is meant.

    Raises:
        OptionError: If nothing or several tracks fit.
    """
    lists = [saved.playlist(playlist)] if playlist is not None else saved.playlists(limit=_LISTS)
    if isinstance(track, int):
        return _numbered(track, lists)
    identity = track.id if isinstance(track, Track) else track.strip()
    if music is None:
        for each in lists:
            for plain in each.tracks:
                if identity in (plain["id"], plain["uri"]) and (
                    not isinstance(track, Track) or plain["uri"] == track.uri
                ):
                    return _listed(each, plain)
    if isinstance(track, Track):
        where = music or _home(track)
        return Named(library=where.key if where else "given", track=track.id, facts=facts_of(track, where))
    found = _titled(identity, lists[:1]) if music is None else None
    if found is not None:
        return found
    music = music or find_music()
    place = music.library.find(identity)
    if place is not None:
        return Named(library=music.key, track=identity, facts=facts_of(music.library.take([place])[0], music))
    if artist:
        return Named(library=music.key, track="", facts={"artist": identity})
    gone = history.facts(music.key, identity)
    if gone is not None:
        return Named(library=music.key, track=identity, facts=gone)
    raise OptionError(
        f"track {identity[:_SHOWN]!r}: is in none of your latest playlists and not in {music.name}; give its number in "
        "the playlist or its id"
    )


def _numbered(number: int, lists: Sequence[SavedPlaylist]) -> Named:
    if not lists:
        raise OptionError(f"track {number}: there is no playlist yet; make one: affetto recommend")
    newest = lists[0]
    if not 1 <= number <= len(newest.tracks):
        raise OptionError(f"track {number}: playlist {newest.number} has tracks 1 to {len(newest.tracks)}")
    return _listed(newest, newest.tracks[number - 1])


def _titled(words: str, lists: Sequence[SavedPlaylist]) -> Named | None:
    """The one track of a playlist whose title has the words."""
    wanted = words.casefold()
    fitting = [(each, plain) for each in lists for plain in each.tracks if wanted in str(plain["title"]).casefold()]
    exact = [(each, plain) for each, plain in fitting if str(plain["title"]).casefold() == wanted]
    fitting = exact or fitting
    if len(fitting) > 1:
        some = "; ".join(str(plain["title"]) for _, plain in fitting[:5])
        raise OptionError(f"track {words[:_SHOWN]!r}: several fit ({some}); give its number in the playlist")
    return _listed(*fitting[0]) if fitting and wanted else None


def _listed(playlist: SavedPlaylist, plain: Mapping[str, Any]) -> Named:
    valence, arousal = plain["wanted"]
    return Named(
        library=str(playlist.content["library_key"]),
        track=str(plain["id"]),
        facts=cast("dict[str, Any]", plain["facts"]),
        wanted=(float(valence), float(arousal)),
        propensity=plain["propensity"],
        playlist=playlist.number,
    )


def _home(track: Track) -> Music | None:
    """The music of the settings, if the track is in it."""
    music = find_music()
    place = music.library.find(track.id)
    if place is None or music.library.take([place])[0].uri != track.uri:
        return None
    return music
