"""A bad telephone line, and microphones that favour the lows or the highs."""

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from affetto.evaluation.robustness.sound import Floats, Rng, as_loud_as
from affetto.voice.audio import RATE, Samples

__all__ = ["downward_tilt", "low_quality_phone", "phone_codec", "upward_tilt"]

_PHONE_RATE = 8000
_THRESHOLD_DB, _RATIO = -20.0, 0.8
_NOISE_DB = -25.0
_TAPS, _FLOOR_DB = 1024, -30.0
_CODECS = (("libopencore_amrnb", "amrnb", 7_400, 160), ("pcm_mulaw", "pcm_mulaw", None, 0))
_TITLES = {"libopencore_amrnb": "AMR-NB, 7.4 kbit/s", "pcm_mulaw": "G.711 µ-law, 64 kbit/s"}


def phone_codec() -> str:
    """The codec of the phone line: AMR-NB where FFmpeg has its encoder, G.711 otherwise."""
    return _TITLES[_codec()[0]]


def low_quality_phone(samples: Samples, rng: Rng) -> Samples:
    """Driven into distortion, through a telephone codec at 8 kHz, with hiss above 3 kHz."""
    import soxr
    from scipy.signal import butter, sosfilt

    loud = samples / max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    narrow = soxr.resample(_drive(loud), RATE, _PHONE_RATE)
    wide = soxr.resample(_through_codec(narrow), _PHONE_RATE, RATE)
    line = np.zeros(len(samples))
    line[: len(wide)] = wide[: len(samples)]
    line /= max(float(np.abs(line).max(initial=0.0)), 1e-9)
    hiss = sosfilt(butter(2, 3000, "highpass", fs=RATE, output="sos"), _pink(len(samples), rng))
    return as_loud_as((line + np.asarray(hiss) * 10 ** (_NOISE_DB / 20)).astype(np.float32), samples)


def downward_tilt(samples: Samples, rng: Rng) -> Samples:
    """The gain falls linearly from 0 Hz to 8 kHz."""
    del rng
    return _filtered(samples, upward=False)


def upward_tilt(samples: Samples, rng: Rng) -> Samples:
    """The gain rises linearly from 0 Hz to 8 kHz."""
    del rng
    return _filtered(samples, upward=True)


def _filtered(samples: Samples, *, upward: bool) -> Samples:
    from scipy.signal import fftconvolve, firwin2

    low = 10 ** (_FLOOR_DB / 20)
    taps = firwin2(_TAPS + 1, [0, RATE / 2], [low, 1] if upward else [1, low], fs=RATE)
    return as_loud_as(fftconvolve(samples, taps, mode="same").astype(np.float32), samples)


def _drive(samples: Samples) -> Samples:
    """Above the threshold louder by the inverse of the ratio, then clipped; the gain follows within 20 ms."""
    from scipy.signal import lfilter

    decay = np.exp(-1 / (0.02 * RATE))
    envelope = np.sqrt(2 * np.maximum(np.asarray(lfilter([1 - decay], [1, -decay], np.square(samples))), 1e-12))
    above = np.maximum(20 * np.log10(envelope) - _THRESHOLD_DB, 0.0)
    return np.clip(samples * 10 ** (above * (1 / _RATIO - 1) / 20), -1, 1).astype(np.float32)


def _pink(length: int, rng: Rng) -> Floats:
    """Noise with equal power in every octave, its standard deviation a third of full scale."""
    spectrum = np.fft.rfft(rng.standard_normal(length)) / np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20))
    noise = np.fft.irfft(spectrum, length)
    return noise / (3 * max(float(noise.std()), 1e-12))


@cache
def _codec() -> tuple[str, str, int | None, int]:
    import av

    for one in _CODECS:
        try:
            av.Codec(one[0], "w")
            av.Codec(one[1], "r")
        except ValueError:  # PyAV's errors of codecs that this build lacks are value errors
            continue
        return one
    return _CODECS[-1]


def _through_codec(samples: Samples) -> Samples:
    """What comes out at the other end of the line, at 8 kHz."""
    import av

    encoder_name, decoder_name, bit_rate, size = _codec()
    encoder: Any = av.CodecContext.create(encoder_name, "w")
    encoder.sample_rate, encoder.layout, encoder.format = _PHONE_RATE, "mono", "s16"
    encoder.time_base = Fraction(1, _PHONE_RATE)
    if bit_rate:
        encoder.bit_rate = bit_rate
    decoder: Any = av.CodecContext.create(decoder_name, "r")
    decoder.sample_rate, decoder.layout = _PHONE_RATE, "mono"
    whole = np.clip(samples * 32767, -32768, 32767).astype(np.int16)
    size = size or max(len(whole), 1)
    whole = np.pad(whole, (0, -len(whole) % size))
    heard: list[np.ndarray] = []
    packets: list[Any] = []
    for start in range(0, len(whole), size):
        frame = av.AudioFrame.from_ndarray(whole[None, start : start + size], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _PHONE_RATE, start, encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    for packet in [*packets, None]:
        for frame in decoder.decode(packet):
            block = frame.to_ndarray().reshape(-1)
            heard.append(block / 32768 if block.dtype == np.int16 else block)
    found = np.concatenate(heard) if heard else np.zeros(0)
    return np.asarray(found[: len(samples)], np.float32)
