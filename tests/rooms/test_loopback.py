"""The cloud's sets in a whole meeting: vendors' real plugins, against vendors on loopback."""

from pathlib import Path

import pytest

from tests.speech import speech
from tests.vendors.__main__ import vendors
from tests.vendors.faults import Fault
from translator import settings
from translator.agent import paths
from translator.rehearsal.order import Order, order
from translator.rehearsal.run import interpret
from translator.settings.sets import SET

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(180)]


def wanted(folder: Path) -> Order:
    return order(
        file=speech("call_en_T02"),
        to="es,fr",
        out=folder / "out",
        spoken="en",
        speakers=[],
        room=None,
        loaded=settings.load(*paths()),
    )


def excused(failure: str) -> bool:
    """What is the embedded brains' own: Apertium's words."""
    return "output guard" in failure


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("engines", ["cloud", "cloud-azure"])
async def test_a_meeting_is_heard_rendered_and_spoken_by_vendors(
    engines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with vendors(tmp_path) as served:
        for name, value in {SET: engines, **served.environment}.items():
            monkeypatch.setenv(name, value)
        report = await interpret(wanted(tmp_path))
        heard = served.assemblyai if engines == "cloud" else served.azure
        spoken = served.elevenlabs.requests if engines == "cloud" else served.azure.said
        assert len(heard.sessions) >= 1
        assert len(served.openai.requests) >= report["languages"]["es"]["segments"]
        assert len(spoken) >= 2  # es and fr
    assert [one["message"] for one in report["failures"] if not excused(one["message"])] == []
    for language in ("es", "fr"):
        figures = report["languages"][language]
        assert figures["segments"] >= 2
        assert figures["coverage"] > 0.95
        assert (tmp_path / "out" / f"{language}.srt").read_text(encoding="utf-8").strip()


async def test_vendors_that_refuse_their_keys_leave_the_meeting_to_the_embedded_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    facts: list[str] = []
    async with vendors(tmp_path) as served:
        for name, value in {SET: "cloud", **served.environment}.items():
            monkeypatch.setenv(name, value)
        for vendor in (served.assemblyai, served.openai, served.elevenlabs):
            vendor.faults.always(Fault.WRONG_KEY)
        report = await interpret(wanted(tmp_path), lambda fact: facts.append(str(fact)))
        keys = [one.key for one in (served.assemblyai, served.openai, served.elevenlabs)]
    for language in ("es", "fr"):
        assert report["languages"][language]["segments"] >= 2
        assert report["languages"][language]["coverage"] > 0.8
    left = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    told = "\n".join([*facts, caplog.text]).encode()
    assert b"refuses the key" in told
    assert not [key for key in keys for text in (told, *left) if key.encode() in text]
