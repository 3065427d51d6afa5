"""Enrolment: some seconds of ordinary speech, of which only statistics remain."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np

from affetto.errors import AudioError
from affetto.voice.audio import Samples
from affetto.voice.memory import Heard
from affetto.voice.recognizer import Recognizer
from affetto.voice.speech import FRAME, Utterance, UtteranceFinder

__all__ = ["ENOUGH_SECONDS", "FEWEST_SECONDS", "enrol", "spoken"]

FEWEST_SECONDS = 6.0
"""Seconds in which the voice is active, without pauses; with less, a voice is not known."""

ENOUGH_SECONDS = 12.0
"""So much is asked for: 10 to 20 seconds of ordinary speech."""

_MOST_SECONDS = 60.0
_FAINTEST_DB = 12.0  # between the loud tenth of speech and its gaps: below it, noise fills the gaps
_FULL_SCALE, _CLIPPED = 0.99, 0.005

Hook: TypeAlias = Callable[[float], None]


def spoken(
    blocks: Iterable[Samples], *, enough: float = _MOST_SECONDS, progress: Hook | None = None
) -> Iterator[Utterance]:
    """The utterances of a recording, until there is enough speech.

    Args:
        blocks: Mono float32 at 16 kHz.
        enough: Seconds of speech after which no more is heard.
        progress: Called with the seconds of speech so far.
    """
    finder, done = UtteranceFinder(), 0.0
    for block in blocks:
        for utterance in finder.push(block):
            done += utterance.speech_seconds
            yield utterance
        now = done + (finder.in_speech or 0.0)
        if progress:
            progress(now)
        if now >= enough:
            break
    yield from finder.flush()


def enrol(recognizer: Recognizer, utterances: Iterable[Utterance]) -> Heard:
    """What there is to know of a voice.

    Args:
        recognizer: The model that is to know it.
        utterances: Ordinary speech of one person, some ten seconds.

    Raises:
        AudioError: If it is too little, too noisy, too loud, or no speech.
    """
    heard, reason = Heard(), "no speech was heard"
    seconds = loudness = 0.0
    clipped = samples = 0
    for utterance in utterances:
        reading = recognizer.read_utterances([utterance])  # each by itself, as the network learnt from clips
        seconds += utterance.speech_seconds
        if reading.trace is None:
            reason = reading.reason or reason
        else:
            heard = heard.then(reading.trace.heard)
            loudness += reading.seconds * _range_db(utterance.samples)
            clipped += int(np.sum(np.abs(utterance.samples) >= _FULL_SCALE))
            samples += len(utterance.samples)
        if seconds >= _MOST_SECONDS:
            break
    if heard.seconds <= seconds / 2:
        raise AudioError(f"this voice cannot be enrolled: {reason}; speak for some 15 seconds, in a quiet room")
    if heard.seconds < FEWEST_SECONDS:
        raise AudioError(
            f"only {heard.seconds:.1f} s of speech, {FEWEST_SECONDS:g} are needed; "
            "speak for some 15 seconds, for example of what you did today"
        )
    if clipped > _CLIPPED * samples:
        raise AudioError("the recording is too loud and clipped; turn the microphone down or move back, and try again")
    width = loudness / heard.seconds
    if width < _FAINTEST_DB:
        raise AudioError(
            f"too noisy: the voice stands only {width:.0f} dB above the noise, {_FAINTEST_DB:g} are needed; "
            "go to a quieter room or closer to the microphone"
        )
    return heard


def _range_db(samples: Samples) -> float:
    """How far the loud tenth of the frames lies above the quiet tenth, in dB; gaps between words show the noise."""
    whole = len(samples) // FRAME * FRAME
    power = np.square(samples[:whole].astype(np.float64)).reshape(-1, FRAME).mean(axis=1)
    low, high = np.percentile(power, [10, 90])
    return float(10 * np.log10(max(high, 1e-12) / max(low, 1e-12)))
