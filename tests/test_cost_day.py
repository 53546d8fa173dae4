"""One sum a day, whoever adds to it and whatever is in the file."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from translator.cost.day import Day, Sums

pytestmark = pytest.mark.unit

TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


def day(path: Path, today: date = TODAY, meeting: str = "town") -> Day:
    return Day(path, meeting, today=lambda: today)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spent.json"


def test_meetings_add_to_one_sum_that_outlives_them(path: Path) -> None:
    assert day(path).add(1.5, "USD").day == 1.5
    assert day(path, meeting="hall").add(0.25, "USD").day == 1.75
    assert day(path).add(0.0, "USD").day == 1.75


def test_a_file_without_meetings_is_one_of_an_older_version(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"date": "2026-11-23", "currency": "USD", "spent": 1.5}')
    assert day(path).add(0.5, "USD") == Sums(day=2.0, meeting=0.5)


def test_a_meeting_goes_on_with_what_it_has_spent_when_another_job_takes_over(path: Path) -> None:
    day(path).add(1.5, "USD")
    assert day(path, meeting="hall").add(0.25, "USD").meeting == 0.25
    assert day(path).add(0.5, "USD").meeting == 2.0
    assert day(path, TOMORROW).add(0.0, "USD").meeting == 0.0


def test_a_meeting_that_goes_on_after_midnight_has_spent_what_it_spent(path: Path) -> None:
    now = [TODAY]
    day(path).add(1.0, "USD")
    going_on = Day(path, "town", today=lambda: now[0])
    going_on.add(0.5, "USD")
    now[0] = TOMORROW
    assert going_on.add(0.25, "USD") == Sums(day=0.25, meeting=1.75)
    assert day(path, TOMORROW).add(0.0, "USD").meeting == 1.75  # also for the next job


def test_a_new_day_and_another_currency_begin_anew(path: Path) -> None:
    day(path).add(1.5, "USD")
    assert day(path, TOMORROW).add(0.0, "USD").day == 0.0
    assert day(path).add(0.0, "EUR").day == 0.0
    assert day(path).add(0.0, "USD").day == 1.5  # nothing was spent since


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"\xff\x00",
        b"[" * 5000,
        b'{"date": "2026-11-23", "currency": "USD", "spent": "much", "meetings": {}}',
        b'{"date": "2026-11-23", "currency": "USD", "spent": -1, "meetings": {}}',
        b'{"date": "2026-11-23", "currency": "USD", "spent": 1, "meetings": 1}',
        b'{"date": "2026-11-23", "currency": "USD", "spent": NaN, "meetings": {}}',
        b'{"date": "2026-11-23", "currency": "USD", "spent": 1, "meetings": {"town": "much"}}',
        b"7",
    ],
)
def test_a_broken_file_is_told_and_replaced(
    path: Path, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(broken)
    assert day(path).add(2.0, "USD").day == 2.0
    assert "begins anew" in caplog.text
    assert json.loads(path.read_text()) == {
        **{"date": "2026-11-23", "currency": "USD"},
        **{"spent": 2.0, "meetings": {"town": 2.0}},
    }


def test_where_nothing_can_be_kept_a_meeting_counts_for_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("in the way")
    alone = day(tmp_path / "state" / "spent.json")
    assert [alone.add(1.0, "USD").day, alone.add(1.0, "USD").meeting] == [1.0, 2.0]
    assert len(caplog.records) == 1


def test_nothing_is_lost_among_meetings_that_add_at_the_same_time(path: Path) -> None:
    def meeting(_: int) -> None:
        one = day(path)
        for _ in range(25):
            one.add(0.5, "USD")

    with ThreadPoolExecutor(8) as together:
        list(together.map(meeting, range(8)))
    assert day(path).add(0.0, "USD").day == 100.0
    assert sorted(os.listdir(path.parent)) == ["spent.json", "spent.lock"]
