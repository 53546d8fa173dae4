"""What a listener has heard is counted word by word, whatever the network did to single words."""

from collections.abc import Iterator

import pytest

from tests.vendors.played import Chimed, sounded

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
