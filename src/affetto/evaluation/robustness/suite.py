"""The tests of the battery: what is changed, and how much may depend on it."""

from collections.abc import Callable
from dataclasses import dataclass

from affetto.evaluation.robustness import backgrounds, phone, rooms, small
from affetto.evaluation.robustness.backgrounds import Backgrounds
from affetto.evaluation.robustness.sound import Rng
from affetto.voice.audio import Samples

__all__ = ["REFERENCES", "SUITE", "RobustnessTest"]

Change = Callable[[Samples, Rng, Backgrounds, str], Samples]
"""Samples, what decides random choices, sounds around, and who speaks."""


@dataclass(frozen=True, slots=True)
class RobustnessTest:
    """One test.

    Attributes:
        name: Name of the test, as published.
        group: Its group, as published.
        change: What is done to a recording.
        unchanged: The least share of readings that must stay as they are.
        loss: UAR must fall by less than this, or None where that is not asked.
        against: Key of the reference that readings are compared with, or ``""`` for the recording as it is.
        instead: What stands in the place of recordings that are not free, or ``""``.
        sounds: Whether it takes sounds from around.
    """

    name: str
    group: str
    change: Change
    unchanged: float
    loss: float | None = None
    against: str = ""
    instead: str = ""
    sounds: bool = False

    @property
    def key(self) -> str:
        """A name for files and columns.

        >>> SUITE[0].key
        'small-changes-additive-tone'
        """
        return f"{self.group} {self.name}".lower().replace(" ", "-")


def _alone(change: Callable[[Samples, Rng], Samples]) -> Change:
    """A change that does not ask what sounds around."""
    return lambda samples, rng, _around, _speaker: change(samples, rng)


def _small(name: str, change: Callable[[Samples, Rng], Samples]) -> RobustnessTest:
    return RobustnessTest(name, "Small Changes", _alone(change), 0.95)


def _noise(name: str, change: Change, instead: str = "") -> RobustnessTest:
    return RobustnessTest(name, "Background Noise", change, 0.90, 0.05, instead=instead, sounds=True)


REFERENCES = (
    RobustnessTest("Base Position", "Simulated Recording Condition", _alone(rooms.base_position), 0.0),
    RobustnessTest("Base Room", "Simulated Recording Condition", _alone(rooms.base_room), 0.0),
)
"""Changed recordings that other tests start from; nothing is asked of them."""

SUITE = (
    _small("Additive Tone", small.add_tone),
    _small("Append Zeros", small.append_zeros),
    _small("Clip", small.clip_peaks),
    _small("Crop Beginning", small.crop_beginning),
    _small("Crop End", small.crop_end),
    _small("Gain", small.gain),
    _small("Highpass Filter", small.highpass),
    _small("Lowpass Filter", small.lowpass),
    _small("Prepend Zeros", small.prepend_zeros),
    _small("White Noise", small.faint_white_noise),
    _noise("Babble Noise", backgrounds.babble, "4 to 7 other speakers of the tested corpora for those of MUSAN"),
    _noise("Coughing", backgrounds.coughing, "synthesized coughs for recorded ones"),
    _noise("Environmental Noise", backgrounds.environmental_noise, "ESC-10 for the noises of MUSAN"),
    _noise("Music", backgrounds.music, "Emotify for the music of MUSAN"),
    _noise("Sneezing", backgrounds.sneezing, "the sneezes of ESC-10 for an internal collection"),
    _noise("White Noise", backgrounds.white_noise),
    RobustnessTest("Low Quality Phone", "Low Quality Phone", _alone(phone.low_quality_phone), 0.50, 0.05),
    RobustnessTest("Downward Tilt", "Spectral Tilt", _alone(phone.downward_tilt), 0.80, 0.02),
    RobustnessTest("Upward Tilt", "Spectral Tilt", _alone(phone.upward_tilt), 0.80, 0.02),
    RobustnessTest(
        "Simulated Position", "Simulated Recording Condition", _alone(rooms.other_position), 0.80,
        against=REFERENCES[0].key, instead="places simulated after MARDY",
    ),
    RobustnessTest(
        "Simulated Room", "Simulated Recording Condition", _alone(rooms.other_room), 0.80,
        against=REFERENCES[1].key, instead="rooms simulated after the Aachen database",
    ),
)  # fmt: skip
"""Every test, in the order of the paper's groups."""
