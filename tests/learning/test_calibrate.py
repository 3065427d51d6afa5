import numpy as np
import pytest

from affetto.learning.calibrate import fit_temperature, softmax


def test_softmax_sums_to_one_and_does_not_overflow() -> None:
    p = softmax(np.array([[1000.0, 0.0, -1000.0], [1.0, 1.0, 1.0]]))
    assert np.allclose(p.sum(axis=1), 1)
    assert np.allclose(p[1], 1 / 3)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    rng = np.random.default_rng(0)
    logits = 3 * rng.standard_normal((20_000, 8))
    labels = np.array([rng.choice(8, p=p) for p in softmax(logits, true)])
    assert fit_temperature(logits, labels) == pytest.approx(true, rel=0.05)
