"""The formulas of lag, against plainer ones."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.lag import (
    CALM,
    FASTEST,
    HURRY,
    LATEST,
    STEP,
    TERSE,
    Measures,
    measures,
    skips,
    slope_interval,
    weighted_percentile,
)

pytestmark = pytest.mark.unit

finite = st.floats(-1e4, 1e4)
shares = st.floats(0.0, 1.0)


waits = st.floats(0.0, 100.0)
befores = st.builds(Measures, pace=st.floats(1.0, FASTEST), terse=st.booleans())


@pytest.mark.parametrize(
    ("wait", "expected"),
    [(0.0, 1.0), (CALM, 1.0), ((CALM + HURRY) / 2, 1.125), (HURRY, FASTEST), (60.0, FASTEST)],
)
def test_pace_rises_with_the_wait_up_to_the_fastest(wait: float, expected: float) -> None:
    assert measures(wait, Measures()).pace == pytest.approx(expected)


@given(waits, waits, befores)
def test_a_longer_wait_never_means_less(one: float, other: float, before: Measures) -> None:
    less, more = (measures(wait, before) for wait in sorted((one, other)))
    assert 1.0 <= less.pace <= more.pace + STEP
    assert more.pace <= FASTEST
    assert more.terse >= less.terse


@given(waits, befores)
def test_the_same_wait_changes_nothing_a_second_time(wait: float, before: Measures) -> None:
    once = measures(wait, before)
    assert measures(wait, once) == once


@given(befores)
def test_nothing_is_left_of_the_measures_without_a_wait(before: Measures) -> None:
    assert measures(0.0, before) == Measures()


@given(waits, st.floats(0.0, 0.2), befores)
def test_a_wait_that_trembles_changes_the_pace_at_most_once(
    wait: float, tremor: float, before: Measures
) -> None:
    paces = []
    for number in range(10):
        before = measures(wait + (tremor if number % 2 else 0.0), before)
        paces.append(before.pace)
    inner = wait > CALM and wait + tremor < HURRY
    tremor_in_pace = tremor * (FASTEST - 1.0) / (HURRY - CALM)
    assert len(set(paces[1:])) == 1 or not inner or tremor_in_pace >= STEP


@given(st.lists(waits, max_size=40))
def test_words_are_saved_from_terse_until_hurry(some: list[float]) -> None:
    now = Measures()
    for wait in some:
        before, now = now, measures(wait, now)
        if wait >= TERSE:
            assert now.terse
        elif wait <= HURRY:
            assert not now.terse
        else:
            assert now.terse == before.terse


@given(waits, waits, st.booleans())
def test_only_what_is_late_is_skipped_and_whoever_is_late_twice_over(
    waited: float, following: float, again: bool
) -> None:
    skipped = skips(waited, following, again=again)
    assert waited >= LATEST or not skipped
    assert skipped or waited < 2 * LATEST
    if skipped and waited < 2 * LATEST:
        assert following >= HURRY  # so the voice goes on at its fastest
        assert not again


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


def slope(points: list[tuple[float, float]]) -> float | None:
    found = slope_interval(points)
    return None if found is None else found[1]


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


@given(points)
def test_the_interval_holds_the_slope(points: list[tuple[float, float]]) -> None:
    found = slope_interval(points)
    assert found is None or found[0] <= found[1] <= found[2]


def test_the_interval_is_sens() -> None:
    """The example of Hollander and Wolfe's kind, worked by hand: 8 points, 28 slopes, Kendall's
    variance 65.33, so the bounds at 95 % are 7.92 / 2 orders below and above the middle."""
    lags = (1.0, 3.0, 2.0, 5.0, 4.0, 8.0, 6.0, 9.0)
    points = [(60.0 * minute, lag) for minute, lag in enumerate(lags)]
    slopes = sorted(
        (other - one) / (j - i)
        for i, one in enumerate(lags)
        for j, other in enumerate(lags)
        if j > i
    )
    found = slope_interval(points)
    assert found is not None
    assert found[0] == pytest.approx(slopes[round((28 - 15.84) / 2)])
    assert found[2] == pytest.approx(slopes[round((28 + 15.84) / 2)])


def test_the_interval_holds_the_true_slope_as_often_as_it_says() -> None:
    random = Random(5)
    held = 0
    for _ in range(300):
        noisy = [(float(t), 0.5 * t / 60 + random.gauss(0.0, 1.0)) for t in range(0, 300, 10)]
        found = slope_interval(noisy)
        assert found is not None
        held += found[0] <= 0.5 <= found[2]
    assert 0.92 <= held / 300 <= 0.98


def test_an_interval_of_many_equal_lags_is_narrow() -> None:
    flat = [(float(time), 2.0) for time in range(0, 1000, 10)]
    assert slope_interval(flat) == (0.0, 0.0, 0.0)
