"""What is killed in the middle of a meeting: a clear message, the rest goes on, nothing is left."""

import json
import signal
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import end_of
from tests.rooms.rooms import Command, command, is_host, is_job, is_server
from tests.speech import speech

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

SOON = 15.0
"""Seconds until a command has ended, three times what it takes on a quiet machine."""


@asynccontextmanager
async def speaking(out: Path) -> AsyncGenerator[Command, None]:
    """A call of 15 s, interpreted into two languages, when its first words have been heard."""
    call = speech("call_en_T02")
    async with command("interpret", call, "--to", "es,fr", "--from", "en", "--out", out) as one:
        await one.until("Speaker:")
        yield one


async def ended(one: Command, started: list[psutil.Process]) -> int:
    """Its exit code, when all that it had started has ended too."""
    code = await one.end(within=SOON)
    await end_of([process.pid for process in started], within=SOON)
    assert one.started() == []
    assert "Traceback" not in one.errors
    return code


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
        assert await ended(one, started) == 1
    assert "translator: livekit-server ended" in one.errors
    assert f"what was heard until then is in {tmp_path}" in one.errors
    assert len(one.errors.splitlines()) < 10
    assert seconds(tmp_path / "es.wav") > 1.0
    assert "problem" in (tmp_path / "en.srt").read_text(encoding="utf-8")


async def test_the_job_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        one.one(is_job).kill()
        assert await ended(one, started) == 1
    assert "translator: the worker's job ended in the middle of the meeting" in one.errors
    assert "problem" in (tmp_path / "en.srt").read_text(encoding="utf-8")


async def test_interrupted(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        one.process.send_signal(signal.SIGINT)
        assert await ended(one, started) == 130
    assert seconds(tmp_path / "es.wav") > 1.0


async def test_the_command_itself_killed(tmp_path: Path) -> None:
    async with speaking(tmp_path) as one:
        started = one.started()
        assert any(map(is_server, started))
        assert any(map(is_host, started))
        assert any(map(is_job, started))
        one.process.kill()
        assert await ended(one, started) == -signal.SIGKILL
