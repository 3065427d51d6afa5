"""The three verbs of the public API."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy.typing as npt

from affetto.music import Library
from affetto.recommendation import Intent, Playlist, recommend
from affetto.settings import settings
from affetto.voice.audio import RATE
from affetto.voice.profile import VoiceProfile
from affetto.voice.profiles import ProfileStore
from affetto.voice.reading import Reading
from affetto.voice.recognizer import Recognizer

__all__ = ["Answer", "hear", "hear_and_recommend", "recognizer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard, and the music that answers it.

    Attributes:
        reading: The emotion expressed in the voice.
        playlist: The music.
    """

    reading: Reading
    playlist: Playlist

    def to_dict(self) -> dict[str, Any]:
        """Both as plain values, in the documented JSON form."""
        return {"reading": self.reading.to_dict(), "playlist": self.playlist.to_dict()}


@cache
def recognizer() -> Recognizer:
    """The recognizer that the settings ask for, loaded once.

    Raises:
        ModelError: If the model file of the settings cannot be used.
    """
    return Recognizer(settings().model, threads=settings().threads)


def hear(
    voice: str | Path | npt.ArrayLike,
    *,
    rate: int = RATE,
    profile: VoiceProfile | str | None = None,
    explain: bool = False,
) -> Reading:
    """Reads the emotion expressed in a recording or in samples.

    Args:
        voice: A file name, or samples of shape ``(n,)`` or ``(n, channels)``.
        rate: Samples per second, where samples are given.
        profile: Who speaks: the name of a profile of this machine, which then also takes the reading in, or a profile,
            which stays as it is (``profile.remembering(reading)`` is what it would become).
        explain: Whether to find out what the reading rests on, too (``reading.explanation``); it takes a second or so.

    Raises:
        AudioError: If it cannot be decoded or cannot be sound.
        ProfileError: If there is no profile of that name.

    >>> hear([0.0] * 16_000).reason
    'no speech was heard'
    """
    known = ProfileStore().load(profile) if isinstance(profile, str) else profile
    if isinstance(voice, str | Path):
        reading = recognizer().hear(voice, profile=known, explain=explain)
    else:
        reading = recognizer().read(voice, rate=rate, profile=known, explain=explain)
    if isinstance(profile, str):
        ProfileStore().remember(profile, reading)
    return reading


def hear_and_recommend(
    voice: str | Path | npt.ArrayLike,
    *,
    rate: int = RATE,
    profile: VoiceProfile | str | None = None,
    intent: Intent | str | None = None,
    length: int | None = None,
    strategy: str = "journey",
    seed: int | None = None,
    library: Library | str | None = None,
) -> Answer:
    """Reads a recording and answers with music: :func:`hear`, then :func:`~affetto.recommendation.recommend`.

    Raises:
        AudioError: If the recording cannot be decoded.
        OptionError: If the intent, the length or the strategy is not on offer.
    """
    reading = hear(voice, rate=rate, profile=profile)
    music = recommend(reading, intent=intent, length=length, strategy=strategy, seed=seed, library=library)
    return Answer(reading, music)
