"""The real bridge with scripted engines: nothing is lost, and the figure comes out."""

import pytest

from bench import overhead
from bench.stats import percentile
from tests.speech import speech

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(240)]


async def test_every_marker_passes_the_bridge_once_and_in_order() -> None:
    outcome = await overhead.run(speech("long_en_printing_a"), rounds=1, markers=6)
    for name in overhead.NAMES:
        found = outcome[name].passage
        assert (found.lost, found.repeated, found.swapped) == (0, 0, 0), name
        assert len(found.delays) >= 5, name
        p50, p99 = (percentile(found.delays, share).in_ms() for share in (0.5, 0.99))
        assert f"{name}: p50 {p50}, p99 {p99}" in overhead.line(name, outcome)
    half, most, count = overhead.overhead(outcome)
    assert count >= 9
    assert -0.5 < half.value < 0.5
    told = f"p50 {half.in_ms()}, p99 {most.in_ms()} ({count} markers)"
    assert overhead.last_line(outcome) == f"overhead of the bridge over the echo: {told}"
