"""Statistics against numpy and scipy, and against columns whose statistics are known."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affetto.features import statistics as s

columns = arrays.arrays(
    np.float64,
    st.tuples(st.integers(0, 40), st.just(2)),
    elements=st.floats(-1e6, 1e6).map(lambda v: round(v, 3)),
)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(0).gamma(2.0, size=(200, 4)).cumsum(axis=0) % 7


def test_moments_are_those_of_scipy(x: np.ndarray) -> None:
    np.testing.assert_allclose(s.mean(x), x.mean(axis=0))
    np.testing.assert_allclose(s.standard_deviation(x), x.std(axis=0))
    np.testing.assert_allclose(s.skewness(x), scipy.stats.skew(x))
    np.testing.assert_allclose(s.kurtosis(x), scipy.stats.kurtosis(x, fisher=False))


@given(columns.filter(len))
def test_percentiles_are_those_of_numpy(values: np.ndarray) -> None:
    shares = [0, 5, 33.3, 50, 95, 100]
    np.testing.assert_allclose(
        s.percentiles(values, shares), np.percentile(values, shares, axis=0), rtol=1e-9, atol=1e-6
    )


def test_a_line_is_found_in_noise(x: np.ndarray) -> None:
    change, residual = s.linear_fit(x)
    for column in range(4):
        fit = scipy.stats.linregress(np.arange(200), x[:, column])
        assert change[column] == pytest.approx(fit.slope * 199)
        left = x[:, column] - fit.intercept - fit.slope * np.arange(200)
        assert residual[column] == pytest.approx(left.std())


def test_a_bow_is_as_high_as_its_middle() -> None:
    time = np.linspace(-1, 1, 101)
    bowed = np.stack([3 * (1 - time**2) + 5, 2 * time, -(1 - time**2)], axis=1)
    np.testing.assert_allclose(s.curvature(bowed), [3, 0, -1], atol=1e-9)


def test_rises_crossings_levels_and_peaks_of_a_wave() -> None:
    wave = np.sin(2 * np.pi * (np.arange(1000) + 0.5) / 100)[:, None]
    assert s.rise_share(wave)[0] == pytest.approx(0.5, abs=0.01)
    assert s.mean_crossings(wave)[0] == pytest.approx(19 / 999)
    assert s.level_shares(wave, [0.5])[0, 0] == pytest.approx(0.5, abs=0.01)
    rate, height = s.peaks(wave)
    assert rate[0] == pytest.approx(10 / 1000)
    assert height[0] == pytest.approx(1, abs=0.01)


def test_summarize_gives_the_statistics_asked_for(x: np.ndarray) -> None:
    found = s.summarize(x, ["p95", "mean", "p05"])
    np.testing.assert_allclose(found, [np.percentile(x, 95, axis=0), x.mean(axis=0), np.percentile(x, 5, axis=0)])
    assert s.summarize(x).shape == (len(s.STATISTICS), 4)
    assert s.summarize(x, ["sd", "change"]).shape == (2, 4)
    with pytest.raises(ValueError, match="unknown statistic 'median': give some of mean, sd"):
        s.summarize(x, ["median"])


@pytest.mark.filterwarnings("error")
@given(columns)
def test_all_are_finite_for_any_columns(values: np.ndarray) -> None:
    found = [
        s.summarize(values), s.curvature(values), s.rise_share(values), s.level_shares(values, [0.25, 0.9]),
        s.mean_crossings(values), *s.peaks(values), *s.linear_fit(values),
    ]  # fmt: skip
    assert all(np.isfinite(part).all() for part in found)
    assert (s.kurtosis(values) >= 1 - 1e-6).all()
    assert (s.standard_deviation(values) >= 0).all()


def test_a_constant_has_no_spread_and_no_shape() -> None:
    same = np.full((50, 1), 0.1)
    assert s.skewness(same) == 0
    assert s.kurtosis(same) == 3
    assert s.level_shares(same, [0.5]) == 0
