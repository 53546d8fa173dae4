"""`translator run`: the meeting to look at, from its first line to the last."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest
from livekit import api, rtc

from tests.rooms.attendees import until
from tests.rooms.rooms import Command, command, environment, excerpt, free_port, is_server, naming
from tests.speech import speech
from translator.access import Access
from translator.participant import BRIDGE
from translator.rehearsal.recording import SAMPLE_RATE, write
from translator.server import LiveKitServer

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]

SOON = 30.0
"""Seconds until a command has ended, five times what it takes on a quiet machine."""


@asynccontextmanager
async def showing(
    tmp_path: Path, *more: str, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[Command, None]:
    """The meeting, with seven seconds of a call; ended, nothing of it is left."""
    recording = tmp_path / "call.wav"
    write(recording, excerpt(speech("call_en_T02"), 0.0, 7.0).samples, SAMPLE_RATE)
    async with command(
        "run", recording, "--to", "es", "--from", "en", *more, environ=environ
    ) as one:
        yield one
        await until(lambda: not one.started())
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


async def test_ending_it_during_the_recording_leaves_nothing(tmp_path: Path) -> None:
    async with showing(tmp_path, "--port", str(free_port())) as one:
        await one.until("Recording: ")
        one.process.terminate()
        assert await one.end(within=SOON) == 130, one.errors
    assert one.errors == ""


async def test_an_interrupt_during_the_recording_ends_it_quietly(tmp_path: Path) -> None:
    async with showing(tmp_path, "--port", str(free_port())) as one:
        await one.until("Recording: ")
        group = os.getpgid(one.process.pid)
        for part in (*one.started(), psutil.Process(one.process.pid)):  # as a terminal does
            if os.getpgid(part.pid) == group:
                part.send_signal(signal.SIGINT)
        assert await one.end(within=SOON) == 130, one.errors
    assert one.errors == ""


async def rooms(access: Access) -> list[str]:
    async with access.server() as lk:
        return [room.name for room in (await lk.room.list_rooms(api.ListRoomsRequest())).rooms]


async def test_on_a_server_of_others_it_takes_a_room_of_its_own_and_leaves_none(
    tmp_path: Path,
) -> None:
    async with LiveKitServer.running(environ=environment()) as server:
        outside = environment(**naming(server.access))
        port = ("--port", str(free_port()))
        bridge = server.access.machine(BRIDGE + "town", "Interpreter", "town", attributes={})
        theirs = rtc.Room()
        await theirs.connect(server.url, bridge)
        async with showing(tmp_path, *port, "--room", "town", environ=outside) as one:
            assert await one.end() == 1
        assert "the room 'town' is interpreted already; give another --room" in one.errors

        async with showing(tmp_path, *port, environ=outside) as one:
            await one.until("Join in a browser")
            (own,) = set(await rooms(server.access)) - {"town"}
            assert own.startswith("open-meeting-")
            one.process.send_signal(signal.SIGINT)
            assert await one.end(within=SOON) == 130, one.errors
        assert one.errors == ""
        assert await rooms(server.access) == ["town"]
        await theirs.disconnect()


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
            assert await everything_started(one) == []
            assert await one.end() == 1
    assert f"port {port} is in use" in one.errors
    assert "PORT=" in one.errors


async def everything_started(one: Command) -> list[str]:
    """The programs that it started, whatever became of them, when it has ended."""
    found: dict[int, str] = {}
    async with asyncio.timeout(SOON):
        while one.process.returncode is None:
            found |= {process.pid: process.name() for process in one.started()}
            await asyncio.sleep(0.02)
    return list(found.values())
