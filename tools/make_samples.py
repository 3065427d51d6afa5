"""Makes the bundled voices: flite speaks, and the prosody of an emotion is laid over its speech.

    python tools/make_samples.py            # needs flite (Debian package of that name)

Nothing recorded from a person is in them.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import lfilter

TARGET = Path(__file__).parents[1] / "src" / "affetto" / "samples"
RATE = 16_000
_STRESS_HZ = 2.4  # stressed syllables a second at the voice's own pace


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How something is said.

    Attributes:
        voice: Voice of flite.
        text: What is said.
        pitch: Mean fundamental frequency, Hz.
        shift: Factor by which pitch and formants rise together.
        swing: Rise of the pitch on stressed syllables, as a share.
        fall: Fall of the pitch from the first to the last syllable, as a share.
        stretch: Duration against the voice's own pace; under 1 is faster.
        tilt: Pre-emphasis (positive: brighter, pressed) or de-emphasis (negative: darker, soft), in (-1, 1).
        punch: Depth of the loudness swing on stressed syllables, in [0, 1].
        breath: Level of breath noise that follows the voice, in [0, 1].
    """

    voice: str
    text: str
    pitch: float
    shift: float
    swing: float
    fall: float
    stretch: float
    tilt: float
    punch: float
    breath: float = 0.0


VOICES = {
    "angry": Manner(
        voice="slt", text="I told you this three times! Why do you never listen to me?",
        pitch=240, shift=1.06, swing=0.35, fall=0.15, stretch=0.80, tilt=0.9, punch=0.6,
    ),
    "happy": Manner(
        voice="slt", text="Oh, that is wonderful! I can hardly wait to see you all again!",
        pitch=255, shift=1.1, swing=0.45, fall=-0.1, stretch=0.85, tilt=0.6, punch=0.4,
    ),
    "sad": Manner(
        voice="slt", text="I do not know any more. She is gone, and the house is so quiet.",
        pitch=170, shift=1.0, swing=0.05, fall=0.2, stretch=1.3, tilt=-0.8, punch=0.1, breath=0.05,
    ),
    "calm": Manner(
        voice="rms", text="Let us sit here for a while, and look at the sea.",
        pitch=95, shift=1.0, swing=0.08, fall=0.1, stretch=1.2, tilt=-0.4, punch=0.1,
    ),
    "neutral": Manner(
        voice="slt", text="The train leaves from platform two at a quarter past nine.",
        pitch=185, shift=1.0, swing=0.1, fall=0.1, stretch=1.0, tilt=0.0, punch=0.2,
    ),
}  # fmt: skip


def speak(manner: Manner) -> np.ndarray:
    """The utterance, mono float32 at 16 kHz, with a little silence around it."""
    flat = _flite(manner)
    stress = _stress(len(flat), manner.stretch)
    fall = np.linspace(manner.fall / 2, -manner.fall / 2, len(flat))
    speed = manner.shift * (1 + manner.swing * (stress - 0.5) + fall)
    bent = np.interp(_positions(speed), np.arange(len(flat)), flat)
    coloured = lfilter([1, -manner.tilt], [1], bent) if manner.tilt > 0 else lfilter([1], [1, manner.tilt], bent)
    loudness = 1 - manner.punch * (1 - _stress(len(coloured), manner.stretch))
    rng = np.random.default_rng(0)
    envelope = lfilter([0.005], [1, -0.995], np.abs(coloured))
    shaped = coloured * loudness + manner.breath * 3 * envelope * rng.standard_normal(len(coloured))
    shaped *= 0.5 / np.abs(shaped).max()
    quiet = np.zeros(int(0.3 * RATE))
    room = 2e-4 * rng.standard_normal(len(shaped) + 2 * len(quiet))
    return (np.concatenate([quiet, shaped, quiet]) + room).astype(np.float32)


def _flite(manner: Manner) -> np.ndarray:
    settings = {"int_f0_target_mean": manner.pitch, "duration_stretch": manner.stretch * manner.shift}
    options = [part for key, value in settings.items() for part in ("--setf", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        subprocess.run(["flite", "-voice", manner.voice, *options, "-t", manner.text, "-o", str(wav)], check=True)
        samples, rate = soundfile.read(wav)
    return soxr.resample(samples, rate, RATE)


def _stress(length: int, stretch: float) -> np.ndarray:
    """0 between stressed syllables to 1 on them."""
    return 0.5 + 0.5 * np.sin(2 * np.pi * _STRESS_HZ / stretch * np.arange(length) / RATE + 1.0)


def _positions(speed: np.ndarray) -> np.ndarray:
    """Where in the flat speech each output sample comes from, when it is played at a changing speed."""
    time = np.concatenate([[0.0], np.cumsum(1 / speed)])
    return np.interp(np.arange(int(time[-1])), time[:-1], np.arange(len(speed)))


if __name__ == "__main__":
    for name, manner in VOICES.items():
        soundfile.write(TARGET / f"{name}.flac", speak(manner), RATE, subtype="PCM_16")
        print(f"wrote {name}.flac")
