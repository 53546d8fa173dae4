"""A segment finishes under the settings that it began with."""

import pytest

from tests.fakes import Facts, meeting_settings
from translator.current import KEPT, Current, Edits
from translator.errors import SettingsError
from translator.record import Record, to_json
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


async def test_an_edit_is_taken_and_one_that_cannot_be_used_is_told() -> None:
    async def edits() -> Edits:
        yield SettingsError("language_pairs.yaml: no such voice")
        yield numbered(2).model_copy(update={"max_wait": 1.0})

    current, facts, before = Current(numbered(1)), Facts(), list[int]()
    record = Record(lambda: 7.0)
    record.subscribe(facts.note)
    await current.follow(edits(), record=record, taken=lambda old: before.append(old.number))
    assert current.newest.number == 2
    assert before == [1]
    assert [to_json(fact) for fact in facts] == [
        {
            "fact": "SettingsRefused",
            "at": 7.0,
            "faults": ("language_pairs.yaml: no such voice",),
        },
        {
            "fact": "SettingsChanged",
            "at": 7.0,
            "number": 2,
            "changes": ("max_wait: 2.0 -> 1.0",),
        },
    ]
