"""What in a voice stands out: a handful of cues a person can check by ear, beside the network's answer.

The cues are a companion model, not the network: each is compared with the average voice of the training corpora, and
its evidence for an emotion is that of a linear discriminant with independent cues.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from affetto.affect import Emotion
from affetto.features.prosodic import hz_to_semitones, loudness_db, pitch_track
from affetto.features.spectral import alpha_ratio
from affetto.features.temporal import pause_share, syllable_rate
from affetto.voice.audio import RATE, Samples
from affetto.voice.explanation import Cue

__all__ = ["CUES", "CueBaseline", "explain", "measure_cues", "weigh_cues"]

_SHOWN = 4
_NOTICEABLE = 0.3  # standard deviations: smaller differences are not heard as such


@dataclass(frozen=True, slots=True)
class _Kind:
    unit: str
    more: str
    less: str
    one: str  # what is counted, after the number 1
    many: str
    fine: bool = False  # tenths are worth telling above 2, too

    def words(self, difference: float, *, usual: bool = False) -> str:
        """A difference from the average voice, or from the speaker's usual one, as a listener would say it."""
        size = abs(difference)
        number = f"{size:.0f}" if size >= 2 and not self.fine else f"{size:.1f}".removesuffix(".0")
        amount = f"{number} {self.one if number == '1' else self.many}"
        text = (self.more if difference > 0 else self.less).format(amount)
        return text.replace("the average voice", "usual").replace("average", "usual") if usual else text


CUES: Mapping[str, _Kind] = {
    "pitch": _Kind(
        "semitones",
        "pitch {} above the average voice",
        "pitch {} below the average voice",
        "semitone",
        "semitones",
    ),
    "pitch range": _Kind(
        "semitones",
        "livelier melody: pitch range {} above average",
        "flatter melody: pitch range {} below average",
        "semitone",
        "semitones",
    ),
    "loudness range": _Kind(
        "dB",
        "stronger accents: loudness range {} above average",
        "more even: loudness range {} below average",
        "dB",
        "dB",
    ),
    "pace": _Kind(
        "syllables/s",
        "faster: {} a second above average",
        "slower: {} a second below average",
        "syllable",
        "syllables",
        fine=True,
    ),
    "pauses": _Kind(
        "% of the time",
        "more pauses: {} more of the time than average",
        "fewer pauses: {} less of the time than average",
        "%",
        "%",
    ),
    "brightness": _Kind("dB", "brighter, more pressed (+{})", "darker, softer (-{})", "dB", "dB"),
    "clearness": _Kind("dB", "clearer tone (+{})", "rougher or breathier tone (-{})", "dB", "dB"),
    "voiced share": _Kind(
        "%",
        "more sustained: the voice sounds {} more of the time",
        "less sustained: the voice sounds {} less of the time",
        "%",
        "%",
    ),
}
"""The cues: their unit, and how more and less of each is put into words."""


@dataclass(frozen=True, slots=True)
class CueBaseline:
    """The average voice that cues are compared with.

    Attributes:
        mean: Average of each cue over the training corpora.
        spread: Standard deviation within an emotion.
        emotions: Average deviation of each cue, in ``spread``, for each emotion.
        usual: The cues whose mean and spread are those of the speaker's own usual voice.
    """

    mean: Mapping[str, float]
    spread: Mapping[str, float]
    emotions: Mapping[Emotion, Mapping[str, float]]
    usual: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        emotions = {str(emotion): dict(cues) for emotion, cues in self.emotions.items()}
        return {"mean": dict(self.mean), "spread": dict(self.spread), "emotions": emotions}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CueBaseline":
        """The inverse of :meth:`to_dict`."""
        return cls(data["mean"], data["spread"], {Emotion(name): cues for name, cues in data["emotions"].items()})


def measure_cues(speech: Samples) -> dict[str, float]:
    """The cues of some speech (mono float32 at 16 kHz); those that need a voiced sound are left out without one."""
    level = loudness_db(speech, rate=RATE)
    pitch = pitch_track(speech, rate=RATE, level=level)
    quiet, loud = np.percentile(level[level > level.max() - 45], [20, 95])
    cues = {
        "loudness range": float(loud - quiet),
        "pace": syllable_rate(level, pitch),
        "pauses": 100 * pause_share(level),
        "brightness": alpha_ratio(speech, rate=RATE),
        "voiced share": 100 * float(np.mean(pitch.voiced)),
    }
    if pitch.voiced.any():
        semitones = hz_to_semitones(pitch.f0[pitch.voiced])
        low, middle, high = np.percentile(semitones, [10, 50, 90])
        cues |= {
            "pitch": float(middle),
            "pitch range": float(high - low),
            "clearness": float(np.median(pitch.harmonicity_db)),
        }
    return {name: cues[name] for name in CUES if name in cues}


def weigh_cues(values: Mapping[str, float], emotion: Emotion, baseline: CueBaseline) -> tuple[Cue, ...]:
    """Every cue with what it says for the emotion, or against it where its contribution is negative; strongest first.

    With deviation ``z`` of a cue and the emotion's usual deviation ``m``, the evidence is ``z m - m^2 / 2`` nats: the
    log-odds of the emotion against the average voice for a normal cue with unit variance. Cues are taken to be
    independent of each other, which they are not quite: their sum says more than they know.
    """
    found: list[Cue] = []
    for name, kind in CUES.items():
        if name not in values or baseline.spread.get(name, 0.0) <= 0:
            continue
        value = values[name]
        deviation = (value - baseline.mean[name]) / baseline.spread[name]
        usual = baseline.emotions.get(emotion, {}).get(name, 0.0)
        found.append(
            Cue(
                name=name,
                value=round(value, 2),
                unit=kind.unit,
                deviation=round(deviation, 2),
                contribution=round(deviation * usual - usual**2 / 2, 3),
                words=kind.words(value - baseline.mean[name], usual=name in baseline.usual),
            )
        )
    return tuple(sorted(found, key=lambda cue: -abs(cue.contribution)))


def explain(values: Mapping[str, float], emotion: Emotion, baseline: CueBaseline) -> tuple[Cue, ...]:
    """The cues that stand out and speak for the emotion, strongest evidence first, at most four."""
    every = weigh_cues(values, emotion, baseline)
    return tuple(cue for cue in every if abs(cue.deviation) >= _NOTICEABLE and cue.contribution > 0)[:_SHOWN]
