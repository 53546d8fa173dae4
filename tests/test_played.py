"""What a listener has heard is counted word by word, whatever the network did to single words."""

from collections.abc import Iterator

import pytest

from tests.vendors.brains import HEARD_RATE
from tests.vendors.played import Chimed, sounded
from tests.vendors.score import PLACED, Reading, compose, tried

pytestmark = pytest.mark.unit

WHOLE, STRETCHED, BROKEN, PIECE = 0.3, 0.5, 0.2, 0.1


def heard(*words: tuple[str, float]) -> Iterator[Chimed]:
    at = 0.0
    for name, seconds in words:
        yield Chimed(name=name, start=at, end=at + seconds)
        at += seconds + 0.05


def test_two_people_who_say_the_same_word_are_both_heard() -> None:
    due = ["umbrella", "lemon", "umbrella", "umbrella"]
    came = heard(("umbrella", STRETCHED), ("lemon", WHOLE), *2 * [("umbrella", WHOLE)])
    found = sounded(due, list(came))
    assert not found.lost
    assert not found.doubled


def test_a_word_that_broke_off_and_was_said_again_counts_once() -> None:
    came = heard(("lemon", WHOLE), ("bridge", BROKEN), ("bridge", WHOLE))
    found = sounded(["lemon", "bridge"], list(came))
    assert not found.lost
    assert not found.doubled


def test_a_word_that_was_said_twice_is_doubled() -> None:
    came = heard(("lemon", WHOLE), ("bridge", WHOLE), ("bridge", WHOLE))
    assert sounded(["lemon", "bridge"], list(came)).doubled == ["bridge"]


def test_a_word_that_nobody_said_is_lost() -> None:
    found = sounded(["lemon", "bridge"], list(heard(("lemon", WHOLE))))
    assert found.lost == ["bridge"]


def test_a_piece_of_a_word_is_none() -> None:
    came = heard(("lemon", WHOLE), ("bridge", WHOLE), ("lemon", PIECE))
    assert sounded(["lemon", "bridge", "lemon"], list(came)).lost == ["lemon"]


def test_a_meeting_in_which_nothing_is_heard_has_lost_all() -> None:
    assert sounded(["lemon"], []).lost == ["lemon"]


async def test_what_an_ear_is_tried_with_is_known_and_begins_no_score() -> None:
    score = compose([(1.0, 9.0)], seconds=10.0, voice="en-us+m3", seed=1)
    reading = Reading(scores=[score])
    size = round(PLACED * HEARD_RATE)
    found = reading.place(tried().samples[size : 2 * size])
    assert found is not None
    assert (found[0], round(found[1], 1)) == (tried(), PLACED)
    assert reading.begun is None
    found = reading.place(score.samples[2 * size : 3 * size])
    assert found is not None
    assert (found[0], round(found[1], 1)) == (score, 2.0)
