"""The cloud's sets in a whole meeting: vendors' real plugins, against vendors on loopback."""

from pathlib import Path

import pytest

from tests.speech import speech
from tests.vendors.__main__ import vendors
from translator import settings
from translator.agent import paths
from translator.rehearsal.order import order
from translator.rehearsal.run import interpret
from translator.settings.sets import SET

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]


@pytest.mark.parametrize("engines", ["cloud", "cloud-azure"])
async def test_a_meeting_is_heard_rendered_and_spoken_by_vendors(
    engines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with vendors(tmp_path) as served:
        for name, value in {SET: engines, **served.environment}.items():
            monkeypatch.setenv(name, value)
        wanted = order(
            file=speech("call_en_T02"),
            to="es,fr",
            out=tmp_path / "out",
            spoken="en",
            speakers=[],
            room=None,
            loaded=settings.load(*paths()),
        )
        report = await interpret(wanted)
        heard = served.assemblyai if engines == "cloud" else served.azure
        spoken = served.elevenlabs.requests if engines == "cloud" else served.azure.said
        assert len(heard.sessions) >= 1
        assert len(served.openai.requests) >= report["languages"]["es"]["segments"]
        assert len(spoken) >= 2  # es and fr
    assert report["failures"] == []
    for language in ("es", "fr"):
        figures = report["languages"][language]
        assert figures["segments"] >= 2
        assert figures["coverage"] > 0.95
        assert (tmp_path / "out" / f"{language}.srt").read_text(encoding="utf-8").strip()
