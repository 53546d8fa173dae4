"""Two meetings on one machine share its engines, and neither blocks the other."""

import asyncio
import json
import math
import time
from pathlib import Path

import pytest

from tests.processes import end_of
from tests.rooms.rooms import Command, command, environment, excerpt, runtime
from tests.speech import speech
from tests.whisper_host import whole
from translator.engines.host import Host
from translator.engines.whisper.window import PATH, Window
from translator.errors import HearError
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.rehearsal.recording import SAMPLE_RATE, at_rate

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(240)]


def long_window() -> Window:
    """Half a minute of speech, which takes a second or more to decode."""
    sound = excerpt(speech("long_en_printing_a"), 0.0, 30.0).samples
    return whole(at_rate(sound, SAMPLE_RATE, HEARD_RATE).tobytes(), "en", beam=1)


async def decode(host: Host, window: Window) -> float:
    """The seconds that it takes."""
    begun = time.monotonic()
    async with host.post(PATH, data=window.to_bytes(), failed=HearError, timeout=60.0):
        return time.monotonic() - begun


async def answering(host: Host, window: Window) -> float:
    """How long the host takes to answer in the middle of a decode, at best: a share of the decode;
    infinite where it answers nothing then."""
    asked: list[tuple[float, float]] = []
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        decoding = group.create_task(decode(host, window))
        while not decoding.done():
            at = time.monotonic()
            await host.health()
            asked.append((at - begun, time.monotonic() - at))
            await asyncio.sleep(0.02)
    took = decoding.result()
    middle = [answered for at, answered in asked if took / 4 < at < 3 * took / 4]
    return min(middle, default=math.inf) / took


async def spoken(one: Command, out: Path) -> dict[str, int]:
    """How many segments each language of a meeting spoke, when it has ended well."""
    assert await one.end() == 0, one.errors
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert found["failures"] == []
    languages = found["languages"]
    assert all(of["spoken"] == of["segments"] for of in languages.values())
    return {code: of["spoken"] for code, of in languages.items()}


async def test_two_meetings_load_the_models_once(tmp_path: Path) -> None:
    with runtime() as folder:
        host = Host(Path(folder) / "engines.sock")
        shared = environment(TRANSLATOR_RUNTIME=folder)
        english = (speech("call_en_T02"), "--to", "es,fr", "--from", "en", "--out", tmp_path / "1")
        french = (speech("cv_fr_002"), "--to", "en", "--from", "fr", "--out", tmp_path / "2")
        async with (
            command("interpret", *english, environ=shared) as one,
            command("interpret", *french, environ=shared) as other,
        ):
            await asyncio.gather(one.until("Speaker:"), other.until("Speaker:"))
            health = await host.health()
            shares: list[float] = []
            while min(shares, default=1.0) >= 0.1 and len(shares) < 3:
                shares.append(await answering(host, long_window()))
            assert min(shares) < 0.1, "the model held the host up"
            first, second = await asyncio.gather(
                spoken(one, tmp_path / "1"), spoken(other, tmp_path / "2")
            )
            assert health["leases"] == 2
            assert health["loads"] == {"whisper": 1, "apertium": 1, "espeak": 1}
            assert min(first["es"], first["fr"], second["en"]) >= 1
            await host.close()
            await end_of([health["pid"]])
