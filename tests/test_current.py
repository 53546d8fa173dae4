"""A segment finishes under the settings that it began with."""

import pytest

from tests.fakes import meeting_settings
from translator.current import KEPT, Current
from translator.settings import Settings

pytestmark = pytest.mark.unit


def numbered(number: int) -> Settings:
    return meeting_settings().model_copy(update={"number": number})


def test_the_newest_is_what_was_taken_last() -> None:
    current = Current(numbered(1))
    current.take(numbered(2))
    assert current.newest.number == 2


def test_an_older_one_is_still_there_for_segments_that_began_under_it() -> None:
    current = Current(numbered(1))
    current.take(numbered(2))
    assert current.of(1).number == 1


def test_the_oldest_kept_serves_what_began_before_it() -> None:
    current = Current(numbered(1))
    for number in range(2, KEPT + 5):
        current.take(numbered(number))
    assert current.of(1).number == 5
    assert current.newest.number == KEPT + 4
