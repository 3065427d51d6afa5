import numpy as np
import torch

from affetto.learning.bank import Bank
from affetto.learning.examples import Spectrograms


def spectrograms(*lengths: int, first: int) -> Spectrograms:
    frames = np.log(np.arange(first, first + sum(lengths), dtype=np.float32) + 1)[:, None].repeat(4, axis=1)
    sizes = np.array(lengths, np.int64)
    return Spectrograms(frames.astype(np.float16), np.cumsum(sizes) - sizes, sizes)


def test_crops_are_stretches_of_the_sounds_asked_for() -> None:
    bank = Bank([spectrograms(10, 3, first=0), spectrograms(8, first=100)], torch.device("cpu"))
    assert len(bank) == 3
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, short, last = (crop[0].round().int().tolist() for crop in bank.crops(np.array([0, 1, 2]), 5, rng))
        assert first == list(range(first[0], first[0] + 5))
        assert set(first) <= set(range(1, 11))
        assert set(short) <= {11, 12, 13}  # repeated
        assert [(value - 11) % 3 for value in short] == [(short[0] - 11 + k) % 3 for k in range(5)]
        assert set(last) <= set(range(101, 109))


def test_power_has_bands_before_frames() -> None:
    bank = Bank([spectrograms(10, first=0)], torch.device("cpu"))
    assert bank.crops(np.array([0, 0]), 6, np.random.default_rng(1)).shape == (2, 4, 6)
