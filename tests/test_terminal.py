"""What a person reads of a meeting in the terminal."""

from typing import Any

import pytest

from translator.rehearsal.terminal import Live

pytestmark = pytest.mark.unit


def availability(**fields: Any) -> dict[str, Any]:
    return {"fact": "Availability", "engine": "openai", "stage": "render", **fields}


def test_an_engine_that_is_down_is_told_with_who_takes_over() -> None:
    fact = availability(available=False, why="no answer", instead=("apertium",))
    (line,) = Live().lines(fact)
    assert line.strip() == "openai is down: in its place apertium will render"


def test_so_is_that_it_is_back() -> None:
    (line,) = Live().lines(availability(available=True, why="", instead=()))
    assert line.strip() == "openai is back: it may render again"
