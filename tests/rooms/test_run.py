"""`translator run`: the meeting to look at, from its first line to the last."""

import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.processes import end_of
from tests.rooms.rooms import Command, command, excerpt, is_server
from tests.speech import speech
from translator.rehearsal.recording import SAMPLE_RATE, write

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]

SOON = 20.0
"""Seconds until a command has ended, three times what it takes on a quiet machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def showing(tmp_path: Path, *more: str) -> AsyncGenerator[Command, None]:
    """The meeting, with seven seconds of a call; ended, nothing of it is left."""
    recording = tmp_path / "call.wav"
    write(recording, excerpt(speech("call_en_T02"), 0.0, 7.0).samples, SAMPLE_RATE)
    async with command("run", recording, "--to", "es", "--from", "en", *more) as one:
        yield one
        await end_of([process.pid for process in one.started()], within=SOON)
        assert "Traceback" not in one.errors


async def test_once_it_ends_after_the_recording_with_a_summary(tmp_path: Path) -> None:
    port = free_port()
    async with showing(tmp_path, "--once", "--port", str(port)) as one:
        await one.until("Join in a browser")
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(f"http://127.0.0.1:{port}/") as page,
        ):
            assert page.status == 200
            assert "/m/" in str(page.url)
        assert await one.end() == 0
    printed = "".join(one.out)
    assert "Recording: " in printed
    assert "problema" in printed
    assert "EVS p50" in printed


async def test_the_room_stays_open_until_it_is_interrupted(tmp_path: Path) -> None:
    async with showing(tmp_path, "--port", str(free_port())) as one:
        await one.until("The room is open")
        one.process.send_signal(signal.SIGINT)
        assert await one.end(within=SOON) == 0


async def test_a_part_that_dies_ends_everything_with_a_message(tmp_path: Path) -> None:
    async with showing(tmp_path, "--port", str(free_port())) as one:
        await one.until("The room is open")
        one.one(is_server).kill()
        assert await one.end(within=SOON) == 1
    assert "livekit-server ended" in one.errors


async def test_a_port_in_use_is_told_with_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with showing(tmp_path, "--port", str(port)) as one:
            assert await one.end() == 1
    assert f"port {port} is in use" in one.errors
