"""A kiosk that changes its tone with the voice it hears.

    affetto serve                       # in one terminal
    python examples/reply.py me.wav     # in another; without a file it listens to the microphone (affetto[mic])

What the person says is not understood here, only how it sounds. The kiosk answers at the end of each utterance; while
the person speaks it already shows how it is listening. It never tells people what they feel, it only adapts.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator

import numpy as np

from affetto.client import ClientError, connect
from affetto.errors import AffettoError
from affetto.voice.audio import RATE, AudioFile
from affetto.voice.reading import Reading

STYLES = {
    "tense": "I'll be quick. One step at a time, and you can stop whenever you like.",
    "low": "No hurry. I'll stay with you and keep it simple.",
    "bright": "Great! Shall we go straight on?",
    "even": "All right. What would you like to do next?",
}
UNSURE = "All right. Tell me if I should go slower."
BLOCK = RATE // 10


def style(reading: Reading) -> str | None:
    """How to answer a voice: by its place on the circumplex, and only where that is clear."""
    if reading.abstained:
        return None
    (valence, arousal), (unsure_valence, _) = (reading.affect.valence, reading.affect.arousal), reading.affect.spread
    if arousal > 0.25:
        # Angry and happy voices are both lively; where valence is in doubt, be careful rather than cheerful.
        return "bright" if valence - 0.5 * unsure_valence > 0 else "tense"
    return "low" if arousal < -0.1 and valence < 0 else "even"


def reply(reading: Reading) -> str:
    """The kiosk's answer."""
    return STYLES.get(style(reading) or "", UNSURE)


async def from_file(path: str) -> AsyncIterator[np.ndarray]:
    """A recording, block by block, as fast as the server takes it."""
    for block in AudioFile(path):
        for place in range(0, len(block), BLOCK):
            yield block[place : place + BLOCK]


async def from_microphone() -> AsyncIterator[np.ndarray]:
    """The microphone, until Ctrl-C."""
    import sounddevice

    with sounddevice.InputStream(samplerate=RATE, channels=1, dtype="float32") as stream:
        while True:
            samples, _ = await asyncio.to_thread(stream.read, BLOCK)
            yield samples[:, 0]


async def serve_person(url: str, path: str | None) -> None:
    """Listens, and answers each utterance."""
    tone = None
    async with connect(url) as session:
        async for event in session.stream(from_file(path) if path else from_microphone()):
            if event.type != "reading" or event.reading is None:
                continue
            if event.final:
                print(f"  [{event.reading.words}]\nkiosk: {reply(event.reading)}", flush=True)
                tone = None
            elif (now := style(event.reading)) != tone:
                tone = now
                print(f"  (listening: {tone or 'unsure'})", flush=True)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="A kiosk that changes its tone with the voice it hears.")
    parser.add_argument("file", nargs="?", help="a recording; left out: the microphone")
    parser.add_argument("--url", default="ws://127.0.0.1:8765/v1/listen")
    options = parser.parse_args()
    try:
        asyncio.run(serve_person(options.url, options.file))
    except KeyboardInterrupt:
        pass
    except (AffettoError, ClientError) as error:
        raise SystemExit(f"reply: {error}") from None


if __name__ == "__main__":
    main()
