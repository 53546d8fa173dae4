"""The real bridge with scripted engines: nothing is lost, and the figure comes out."""

import pytest

from bench import overhead
from tests.speech import speech

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(240)]


async def test_every_marker_passes_the_bridge_once_and_in_order() -> None:
    outcome = await overhead.run(speech("long_en_printing_a"), rounds=1, markers=6)
    for name in overhead.NAMES:
        found = outcome[name].passage
        assert (found.lost, found.repeated, found.swapped) == (0, 0, 0), name
        assert len(found.delays) >= 5, name
        assert overhead.line(name, outcome).startswith(f"{name}: p50 ")
    p50, _, count = overhead.overhead(outcome)
    assert count >= 9
    assert -0.5 < p50.value < 0.5
    assert overhead.last_line(outcome).startswith("overhead of the bridge over the echo: p50 ")
    assert f"({count} markers)" in overhead.last_line(outcome)
