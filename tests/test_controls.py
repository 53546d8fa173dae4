"""A minimal echo in a real room: every marker arrives once, in order, and soon."""

import pytest

from bench import controls
from bench.stats import percentile
from translator.server import LiveKitServer

pytestmark = pytest.mark.room


async def test_every_marker_passes_the_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "WARM_UP", 3.0)
    async with LiveKitServer.running() as server:
        found = await controls.measure(server, "echo", echo=controls.BRIDGE, markers=6)
    assert (found.lost, found.repeated, found.swapped) == (0, 0, 0)
    assert len(found.delays) == 6
    assert 0.02 < percentile(found.delays, 0.5).value < 0.6
