"""Two runs differ, or only seem to."""

import pytest

from tests.results import result
from translator.evaluation.compare import compared

pytestmark = pytest.mark.unit


def test_two_equal_runs_do_not_differ() -> None:
    run = [result(str(number)) for number in range(6)]
    assert not [one for one in compared(run, run) if one.significant]


def test_a_run_that_is_later_everywhere_differs() -> None:
    before = [result(str(number)) for number in range(6)]
    slow = {**result("x")["languages"]["es"], "first_word": 4.8}
    after = [result(str(number), languages={"es": slow}) for number in range(6)]
    found = {one.figure: one for one in compared(before, after)}
    assert found["first_word"].significant
    assert (found["first_word"].low, found["first_word"].high) == (2.0, 2.0)
    assert not found["evs_p50"].significant


def test_too_few_recordings_tell_no_difference_from_chance() -> None:
    changed = {**result("x")["languages"]["es"], "first_word": 4.8, "text": "otra cosa"}
    before = [result(str(number)) for number in range(5)]
    after = [result(str(number), languages={"es": changed}) for number in range(5)]
    found = {one.figure: one for one in compared(before, after)}
    assert (found["first_word"].before, found["first_word"].after) == (2.8, 4.8)
    assert [one.figure for one in found.values() if one.significant] == []


def test_only_what_both_runs_have_is_compared() -> None:
    assert compared([result("a")], [result("b")]) == []
