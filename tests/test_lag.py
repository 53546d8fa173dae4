"""The formulas of lag, against plainer ones."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.lag import CALM, FASTEST, HURRY, pace, slope, weighted_percentile

pytestmark = pytest.mark.unit

finite = st.floats(-1e4, 1e4)
shares = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("backlog", "expected"),
    [(0.0, 1.0), (CALM, 1.0), ((CALM + HURRY) / 2, 1.12), (HURRY, FASTEST), (60.0, FASTEST)],
)
def test_pace_rises_with_the_backlog_up_to_the_fastest(backlog: float, expected: float) -> None:
    assert pace(backlog) == pytest.approx(expected, abs=0.006)


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_pace_never_falls_with_a_longer_backlog(one: float, other: float) -> None:
    assert 1.0 <= pace(min(one, other)) <= pace(max(one, other)) <= FASTEST


@given(st.lists(finite, min_size=1, max_size=60), shares)
def test_percentile_of_equal_weights_is_numpys(values: list[float], share: float) -> None:
    expected = np.percentile(values, share * 100, method="inverted_cdf")
    assert weighted_percentile([(value, 1.0) for value in values], share) == expected


@given(st.lists(st.tuples(finite, st.integers(1, 9)), min_size=1, max_size=20), shares)
def test_a_weight_counts_as_so_many_values(pairs: list[tuple[float, int]], share: float) -> None:
    repeated = [(value, 1.0) for value, weight in pairs for _ in range(weight)]
    assert weighted_percentile(pairs, share) == weighted_percentile(repeated, share)


@given(st.lists(st.tuples(finite, st.floats(0.0, 10.0)), max_size=20), shares)
def test_percentile_is_one_of_the_values_that_weigh(
    pairs: list[tuple[float, float]], share: float
) -> None:
    weighing = {value for value, weight in pairs if weight > 0}
    found = weighted_percentile(pairs, share)
    assert found in weighing if weighing else found is None


def test_a_long_segment_is_not_hidden_by_many_short_ones() -> None:
    assert weighted_percentile([(1.0, 0.5)] * 10 + [(9.0, 10.0)], 0.5) == 9.0


points = st.lists(st.tuples(st.integers(0, 300).map(float), finite), max_size=30)


@given(points)
def test_slope_is_the_median_of_all_pairs(points: list[tuple[float, float]]) -> None:
    times, lags = np.array(points).reshape(-1, 2).T
    one, other = np.triu_indices(len(points), 1)
    apart = times[one] != times[other]
    one, other = one[apart], other[apart]
    if len(one) == 0:
        assert slope(points) is None
        return
    expected = np.median((lags[other] - lags[one]) / (times[other] - times[one])) * 60
    assert slope(points) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True),
    st.floats(-5.0, 5.0),
    st.randoms(),
)
def test_slope_of_a_line_is_its_own_in_any_order(
    times: list[int], rise: float, random: Random
) -> None:
    line = [(float(time), 3.0 + rise * time / 60) for time in times]
    random.shuffle(line)
    assert slope(line) == pytest.approx(rise, abs=1e-6)


def test_one_outlier_does_not_turn_the_slope() -> None:
    flat = [(float(time), 2.0) for time in range(0, 100, 10)]
    assert slope([*flat, (105.0, 60.0)]) == 0.0
