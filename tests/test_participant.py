"""Joining a room, by somebody who may be stopped meanwhile."""

import asyncio
from typing import Any, cast

import pytest
from livekit import rtc

from translator.participant import join

pytestmark = pytest.mark.unit


class SlowRoom:
    """Takes a while to connect, or to find out that it cannot."""

    def __init__(self, *, takes: float = 0.3, error: Exception | None = None) -> None:
        self.connected = False
        self.cancelled = False
        self._takes = takes
        self._error = error

    async def connect(self, url: str, token: str, options: rtc.RoomOptions) -> None:
        assert not options.auto_subscribe
        try:
            await asyncio.sleep(self._takes)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._error is not None:
            raise self._error
        self.connected = True


async def stopped(room: SlowRoom, *, after: float = 0.1) -> float:
    """Join, and be cancelled: how many seconds that takes."""
    begun = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(after):
            await join(cast(rtc.Room, room), "ws://x", "token")
    return asyncio.get_running_loop().time() - begun


async def test_who_is_stopped_while_joining_has_joined() -> None:
    room = SlowRoom()
    assert await stopped(room) == pytest.approx(0.3)
    assert room.connected
    assert not room.cancelled


async def test_what_then_fails_concerns_nobody() -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    room = SlowRoom(error=rtc.ConnectError("no such server"))
    assert await stopped(room) == pytest.approx(0.3)
    del room
    await asyncio.sleep(1.0)
    assert told == []


async def test_what_goes_wrong_is_told() -> None:
    with pytest.raises(rtc.ConnectError, match="no such server"):
        await join(
            cast(rtc.Room, SlowRoom(error=rtc.ConnectError("no such server"))), "ws://x", "token"
        )
