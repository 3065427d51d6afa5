import numpy as np
import pytest

from affetto.recommendation_evaluation.ceilings import calibrated, known_share


@pytest.mark.parametrize("correlation", [0.2, 0.57, 0.8])
def test_made_up_estimates_are_right_on_average_and_know_as_much_as_asked(correlation: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.multivariate_normal([0.1, -0.2], [[0.09, 0.05], [0.05, 0.08]], size=20_000)
    share = np.array([0.4, 0.5])
    estimate = calibrated(truth, share, correlation, rng)
    assert np.corrcoef(estimate.T)[0, 1] == pytest.approx(correlation, abs=0.02)
    assert known_share(estimate, truth) == pytest.approx(share, abs=0.02)
    slopes, *_ = np.linalg.lstsq(estimate - estimate.mean(0), truth - truth.mean(0), rcond=None)
    assert slopes == pytest.approx(np.eye(2), abs=0.03)
