"""The benchmark of many streams measures what it says."""

from benchmarks.streams import Level, climb, rows


def test_a_few_streams_lose_nothing_and_each_reading_is_timed():
    (level,) = climb([2], seconds=3.0)
    assert level.lost == 0
    assert len(level.lags) >= 2 * 3
    assert min(level.lags) > 0
    lag, p95, lost, _ = rows([level])
    assert lag["p50"] <= p95["p50"]
    assert lost["p50"] == 0


def test_the_bound_is_that_of_fifty_streams():
    kept, lagging, losing = Level(50, lags=[100.0]), Level(50, lags=[900.0]), Level(50, lags=[100.0], lost=1)
    assert [level.holds for level in (kept, lagging, losing, Level(50))] == [True, False, False, False]
    assert [row["limit"] for row in rows([kept])] == [None, 500.0, 0, None]
    assert [row["limit"] for row in rows([Level(100, lags=[1.0])])] == [None] * 4
