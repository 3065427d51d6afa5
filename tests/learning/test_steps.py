import pytest

from affetto.learning.steps import one_cycle


def test_the_rate_rises_then_falls_to_nearly_nothing() -> None:
    rates = [one_cycle(step, 1000, 0.01) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01 / 25)
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 200
    assert rates[:200] == sorted(rates[:200])
    assert rates[200:] == sorted(rates[200:], reverse=True)
    assert 0 < rates[-1] < 1e-6


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_few_steps_have_rates_too(steps: int) -> None:
    assert all(0 < one_cycle(step, steps, 0.01) <= 0.01 for step in range(steps))
