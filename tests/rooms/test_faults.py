"""What is killed in the middle of a meeting: a clear message, the rest goes on, nothing is left."""

import asyncio
import json
import signal
import wave
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import end_of
from tests.rooms.attendees import until
from tests.rooms.rooms import (
    Command,
    command,
    environment,
    is_host,
    is_job,
    is_server,
    is_worker,
    naming,
)
from tests.speech import speech
from translator.server import LiveKitServer

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

SOON = 30.0
"""Seconds until a command has ended, five times what it takes on a quiet machine."""


@asynccontextmanager
async def speaking(
    out: Path, *, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[Command, None]:
    """A call of 15 s, interpreted into two languages, when its first words have been heard."""
    wanted = (speech("call_en_T02"), "--to", "es,fr", "--from", "en", "--out", out)
    async with command("interpret", *wanted, environ=environ) as one:
        await one.until("Speaker:")
        yield one


async def ended(
    one: Command, started: list[psutil.Process], code: int, *, within: float = SOON
) -> None:
    """It ends with an exit code, and all that it had started ends too."""
    assert await one.end(within=within) == code, one.errors
    await end_of([process.pid for process in started], within=SOON)
    await until(lambda: not one.started())  # nor what was started since
    assert "Traceback" not in one.errors, one.errors


def report(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return found


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return float(file.getnframes() / file.getframerate())


async def test_livekit_server_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        one.one(is_server).kill()
        await ended(one, started, 1)
    assert "translator: livekit-server ended" in one.errors
    assert f"what was heard until then is in {tmp_path}" in one.errors
    assert len(one.errors.splitlines()) < 10
    assert seconds(tmp_path / "es.wav") > 1.0
    assert "problem" in (tmp_path / "en.srt").read_text(encoding="utf-8")


async def test_the_job_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        one.one(is_job).kill()
        await ended(one, started, 1)
    assert "translator: the worker's job ended in the middle of the meeting" in one.errors
    assert "problem" in (tmp_path / "en.srt").read_text(encoding="utf-8")


async def test_interrupted(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        one.process.send_signal(signal.SIGINT)
        await ended(one, started, 130)
    assert seconds(tmp_path / "es.wav") > 1.0


async def test_interrupted_while_the_worker_starts(tmp_path: Path) -> None:
    call = speech("call_en_T02")
    async with command("interpret", call, "--to", "es", "--out", tmp_path) as one:
        async with asyncio.timeout(60.0):
            while not one.found(is_worker):  # noqa: ASYNC110 (another process has no event)
                await asyncio.sleep(0.05)
        started = one.started()
        one.process.send_signal(signal.SIGINT)
        await ended(one, started, 130)


async def test_the_command_itself_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        assert all(map(one.one, (is_server, is_host, is_job)))
        one.process.kill()
        await ended(one, started, -signal.SIGKILL)


async def test_a_server_of_somebody_else_killed(tmp_path: Path) -> None:
    async with LiveKitServer.running(environ=environment()) as server:
        named = environment(**naming(server.access))
        async with speaking(tmp_path, environ=named) as one:
            started = one.started()
            psutil.Process(server.pid).kill()
            await ended(one, started, 1)
    assert "translator: livekit-server went away" in one.errors


async def test_the_engines_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        one.one(is_host).kill()  # in the middle of a sentence
        await one.until("ingénieur")
        broken = one.one(lambda process: process.cmdline()[-1:] == [ES_FR])
        broken.kill()  # the program that gives the French text
        started = one.started()
        await ended(one, started, 0, within=60.0)
    assert "The engine host ended; starting it again" in one.errors
    found = report(tmp_path)
    assert found["failures"] == []
    for language in found["languages"].values():
        assert language["spoken"] == language["segments"]
        assert language["coverage"] > 0.9
    heard = (tmp_path / "en.srt").read_text(encoding="utf-8")
    assert all(word in heard for word in ("problem", "overflow", "engineer", "confirm", "writing"))


ES_FR = "/usr/share/apertium/apertium-fr-es/es-fr.autopgen.bin"
"""Dictionary of the program that ends the pipeline of Spanish to French."""
