"""Makes the bundled voices: espeak-ng speaks with the prosody of an emotion, and its colour is laid over it.

    python tools/make_samples.py            # needs espeak-ng (Debian package of that name)

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


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How something is said.

    Attributes:
        voice: Voice of espeak-ng.
        text: What is said.
        pitch: Pitch against the voice's own, in per cent.
        range: Liveliness of the melody against the voice's own, in per cent.
        pace: Speed against the voice's own, in per cent.
        tilt: Pre-emphasis (positive: brighter, pressed) or de-emphasis (negative: darker, soft), in (-1, 1).
        drive: Strain: how far loud parts are pressed into the limit; 0 for none.
    """

    voice: str
    text: str
    pitch: int = 100
    range: int = 100
    pace: int = 100
    tilt: float = 0.0
    drive: float = 0.0


VOICES = {
    "happy": Manner(
        voice="en-us+f4",
        text="Oh, that is wonderful! I can hardly wait to see you all again!",
        pitch=160,
        range=200,
        pace=104,
        tilt=0.2,
    ),
    "angry": Manner(
        voice="en-us+m3",
        text="I told you this three times! Why do you never listen to me?",
        pitch=160,
        range=160,
        pace=120,
        tilt=0.5,
        drive=5.0,
    ),
    "calm": Manner(
        voice="en-us+f2",
        text="Let us sit here for a while, and look at the sea.",
        pitch=80,
        range=20,
        pace=65,
        tilt=-0.85,
    ),
    "neutral": Manner(voice="en-us", text="The train leaves from platform two at a quarter past nine."),
}


def speak(manner: Manner) -> np.ndarray:
    """The utterance, mono float32 at 16 kHz, with a little silence around it."""
    prosody = f'<prosody pitch="{manner.pitch}" range="{manner.range}" rate="{manner.pace}%">{manner.text}</prosody>'
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "voice.wav"
        command = ["espeak-ng", "-m", "-v", manner.voice, "-w", str(wav), f"<speak>{prosody}</speak>"]
        subprocess.run(command, check=True)
        samples, rate = soundfile.read(wav)
    samples = soxr.resample(samples, rate, RATE)
    coloured = lfilter([1, -max(manner.tilt, 0)], [1, min(manner.tilt, 0)], samples)
    coloured /= np.abs(coloured).max()
    if manner.drive:
        coloured = np.tanh(manner.drive * coloured)
    quiet = np.zeros(int(0.3 * RATE))
    sound = np.concatenate([quiet, 0.5 * coloured, quiet])
    return (sound + 2e-4 * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32)


if __name__ == "__main__":
    for name, manner in VOICES.items():
        soundfile.write(TARGET / f"{name}.flac", speak(manner), RATE, subtype="PCM_16")
        print(f"wrote {name}.flac")
