"""Rooms and places of the microphone, simulated: the image method early on, decaying noise after it."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from affetto.evaluation.robustness.sound import Floats, Rng
from affetto.voice.audio import RATE, Samples

__all__ = ["Room", "base_position", "base_room", "impulse_response", "other_position", "other_room"]

_SOUND = 343.0  # m/s
_EARLY = 0.05  # s: reflections one by one until then
_EAR = 1.4  # m above the floor


@dataclass(frozen=True, slots=True)
class Room:
    """A box with a speaker and a microphone.

    Attributes:
        size: Length, width and height in metres.
        reverberation: Seconds in which a sound decays by 60 dB.
        distance: Metres from the mouth to the microphone.
        angle: Degrees by which the microphone is to the side.
    """

    size: tuple[float, float, float]
    reverberation: float
    distance: float
    angle: float = 0.0


# The rooms after those of the Aachen Impulse Response database (Jeub et al. 2009).
_BOOTH = Room((3.0, 1.8, 2.2), 0.12, 1.5)
_ROOMS = (Room((10.8, 10.9, 3.15), 0.78, 2.25), Room((8.0, 5.0, 3.1), 0.23, 1.9), Room((5.0, 6.4, 2.9), 0.43, 2.0))
# One room, nine places, as in MARDY (Wen et al. 2006): 1, 2 and 3 m away, left, in front and right.
_PLACES = tuple(
    Room((6.0, 5.0, 3.0), 0.4, distance, angle) for distance in (1.0, 2.0, 3.0) for angle in (0.0, -30.0, 30.0)
)


def base_room(samples: Samples, rng: Rng) -> Samples:
    """In a booth: what other rooms are compared with."""
    del rng
    return _heard(samples, _BOOTH)


def other_room(samples: Samples, rng: Rng) -> Samples:
    """In a lecture room, a meeting room or an office."""
    return _heard(samples, _ROOMS[int(rng.integers(len(_ROOMS)))])


def base_position(samples: Samples, rng: Rng) -> Samples:
    """In a living room, one metre in front of the microphone: what other places are compared with."""
    del rng
    return _heard(samples, _PLACES[0])


def other_position(samples: Samples, rng: Rng) -> Samples:
    """In the same room, up to three metres from the microphone or to its side."""
    return _heard(samples, _PLACES[int(rng.integers(1, len(_PLACES)))])


def _heard(samples: Samples, room: Room) -> Samples:
    from scipy.signal import fftconvolve

    heard = fftconvolve(samples, impulse_response(room))[: len(samples)]
    return (heard / max(float(np.abs(heard).max(initial=0.0)), 1e-9)).astype(np.float32)


@cache
def impulse_response(room: Room) -> Samples:
    """From the mouth to the microphone, starting with the direct sound.

    Reflections of the first 50 ms by the image method (Allen & Berkley 1979), with walls that absorb alike; what comes
    later is noise that decays as the reverberation time says (Polack 1988).
    """
    size = np.array(room.size)
    volume, surface = float(size.prod()), 2 * float(size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    absorbed = 1 - np.exp(-0.161 * volume / (surface * room.reverberation))  # Eyring 1930
    mouth = np.array([0.35 * size[0], 0.45 * size[1], _EAR])
    turned = np.deg2rad(room.angle)
    step = room.distance * np.array([np.cos(turned), np.sin(turned), 0.0])
    ear = np.clip(mouth + step, 0.2, size - 0.2)
    distances, bounces = _images(size, mouth, ear, _SOUND * _EARLY + room.distance)
    gains = np.sqrt(1 - absorbed) ** bounces / np.maximum(distances, 0.1)
    length = int((room.reverberation + _EARLY) * RATE)
    response = np.zeros(length)
    delays = (distances - distances.min()) / _SOUND * RATE
    whole = delays.astype(int)
    inside = whole < length - 1
    share = (delays - whole)[inside]  # between two samples: linear interpolation
    np.add.at(response, whole[inside], gains[inside] * (1 - share))
    np.add.at(response, whole[inside] + 1, gains[inside] * share)
    return _with_tail(response, room).astype(np.float32)


def _images(size: np.ndarray, mouth: np.ndarray, ear: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Distances of the mirrored mouths within reach of the microphone, and how often each was reflected."""
    most = [int(np.ceil(reach / (2 * side))) for side in size]
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in most), indexing="ij"), axis=-1).reshape(-1, 3)
    mirrors = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    place = (1 - 2 * mirrors)[None] * mouth + 2 * grid[:, None] * size
    distances = np.linalg.norm(place - ear, axis=2).reshape(-1)
    bounces = np.abs(2 * grid[:, None] - mirrors[None]).sum(axis=2).reshape(-1)
    near = distances <= reach
    return distances[near], bounces[near]


def _with_tail(response: Floats, room: Room) -> Floats:
    """Noise after the early reflections that goes on where their energy leaves off, its highs damped."""
    from scipy.signal import butter, sosfilt

    early = int(_EARLY * RATE)
    rng = np.random.default_rng(early)
    time = np.arange(len(response)) / RATE
    decay = 10 ** (-3 * time / room.reverberation)
    noise = np.asarray(sosfilt(butter(1, 4000, fs=RATE, output="sos"), rng.standard_normal(len(response)))) * decay
    last = slice(early // 2, early)
    match = np.sqrt(np.square(response[last]).sum() / max(float(np.square(noise[last]).sum()), 1e-12))
    response = response.copy()
    response[early:] = match * noise[early:]
    return response
