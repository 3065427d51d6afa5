"""How long it takes to describe a recording, and openSMILE beside it in the same run.

    python -m benchmarks.features

openSMILE's licence (research and education only) keeps it out of the product: it is a development-only reference, and
its row is left out where it is not installed. librosa, the other reference, describes nothing as a whole: its MFCC
alone are timed against ours.
"""

import time
from collections.abc import Callable

from rich.console import Console

from affetto.features.sets import FEATURE_SETS, extract
from affetto.features.spectral import mfcc
from affetto.voice.audio import RATE, Samples
from benchmarks.figures import Row, machine, missed, row, table
from benchmarks.reading import SECONDS, bundled_voices

REAL_TIME_LIMIT = 1000 / 20  # ms for a second of sound: 20 times faster than real time
OPENSMILE_LIMIT = 3.0

_REPEATS = 12


def measure(*, repeats: int = _REPEATS) -> list[Row]:
    """Rows of each set's time for one second of sound, on one core, and of the ratio to openSMILE's eGeMAPSv02."""
    voices = bundled_voices()
    smile = _egemaps()
    ours: dict[str, list[float]] = {name: [] for name in FEATURE_SETS}
    theirs: list[float] = []
    for number in range(repeats + 1):
        for name in FEATURE_SETS:
            ours[name].append(_milliseconds(lambda y, name=name: extract(y, name), voices))
        if smile is not None:
            theirs.append(_milliseconds(smile, voices))
        if number == 0:  # the first round fills caches
            theirs.clear()
            for times in ours.values():
                times.clear()
    rows = [
        row(f"features, set {name}: one second of sound", times, "ms", REAL_TIME_LIMIT) for name, times in ours.items()
    ]
    if theirs:
        ratios = [a / b for a, b in zip(ours["all"], theirs, strict=True)]
        rows += [
            row("openSMILE eGeMAPSv02, the same sound", theirs, "ms", None),
            row("features, set all: times openSMILE's eGeMAPSv02", ratios, "x", OPENSMILE_LIMIT),
        ]
    return rows + _cepstra(voices, repeats)


def _cepstra(voices: list[Samples], repeats: int) -> list[Row]:
    try:
        import librosa
    except ImportError:
        return []

    def reference(y: Samples) -> object:
        return librosa.feature.mfcc(
            y=y, sr=RATE, n_mfcc=13, n_fft=512, hop_length=160, n_mels=40, htk=True, norm="ortho", center=False
        )

    figures: list[Row] = []
    for name, work in (("MFCC", lambda y: mfcc(y, rate=RATE)), ("librosa's MFCC", reference)):
        work(voices[0])
        times = [_milliseconds(work, voices) for _ in range(repeats)]
        figures.append(row(f"{name}: one second of sound", times, "ms", None))
    return figures


def _egemaps() -> Callable[[Samples], object] | None:
    try:
        import opensmile
    except ImportError:
        return None
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    return lambda y: smile.process_signal(y, RATE)


def _milliseconds(work: Callable[[Samples], object], voices: list[Samples]) -> float:
    """Processor time for a second of sound: what other processes do on the machine does not count."""
    began = time.process_time()
    for voice in voices:
        work(voice)
    return 1e3 * (time.process_time() - began) / (SECONDS * len(voices))


def main() -> int:
    """Measures and prints."""
    figures = measure()
    Console().print(table(figures, machine()))
    return int(any(map(missed, figures)))


if __name__ == "__main__":
    raise SystemExit(main())
