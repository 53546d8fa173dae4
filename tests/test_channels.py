"""Channels: what is interpreted and spoken, for whom, and what a fault of one costs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from livekit import rtc

from tests.fakes import meeting_settings
from tests.meetings import ACCESS, Room
from tests.meetings import Channel as Participant
from translator.channel import Channel
from translator.channels import Channels
from translator.children import BACKOFF, Children
from translator.condition import WELL
from translator.demand import Actions, Demand, Running
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.interpreters import Floors as AllFloors
from translator.record import Record, Switched

pytestmark = pytest.mark.unit

SPANISH = frozenset({"es"})


@pytest.fixture(autouse=True)
def serverless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.channels.Participant", Participant)


class Interpreters:
    """Count the channels that they fill."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.broken = False

    async def run(self, floors: AllFloors, channel: Channel) -> None:
        self.begun.append(channel.language)
        try:
            if self.broken:
                raise RuntimeError("a fault of ours")
            await asyncio.Event().wait()
        finally:
            self.ended.append(channel.language)


class Hall:
    """The channels of a room, and what happens in it."""

    def __init__(self) -> None:
        self.interpreters = Interpreters()
        self.settings = meeting_settings()
        self.failed: list[str] = []
        self.switched: list[str] = []
        record = Record(asyncio.get_running_loop().time)
        record.subscribe(
            lambda fact: self.switched.append(fact.language) if isinstance(fact, Switched) else None
        )
        self.channels = Channels(
            cast(rtc.Room, Room()),
            ACCESS,
            interpreter=lambda: self.interpreters,
            condition=lambda code: WELL,
            guard=EchoGuard(),
            record=record,
            floors=Floors(),
        )

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            self.children = Children(group, lambda name, error: self.failed.append(name))
            yield
            await self.apply(stop=SPANISH)

    async def apply(self, **actions: frozenset[str]) -> None:
        """Do this, and let it begin."""
        await self.channels.apply(
            Actions(**actions), settings=self.settings, children=self.children
        )
        await asyncio.sleep(0.01)

    def running(self, *, listeners: int = 0, readers: int = 0) -> Running:
        """What runs in Spanish, while so many want it."""
        counted = ({"es": count} if count else {} for count in (listeners, readers))
        heard, read = counted
        wanted = Demand(listeners=heard, readers=read, floor_readers=0)
        return self.channels.running(wanted, settings=self.settings, children=self.children)["es"]


async def test_a_language_is_interpreted_from_its_start_to_its_stop() -> None:
    hall = Hall()
    async with hall.open():
        await hall.apply(start=SPANISH)
        await hall.apply()
        assert hall.interpreters.begun == ["es"]
        assert hall.switched == ["es"]
        await hall.apply(stop=SPANISH)
        assert hall.interpreters.ended == ["es"]
        assert list(hall.children.names) == []


async def test_a_language_is_spoken_by_itself() -> None:
    hall = Hall()
    async with hall.open():
        await hall.apply(start=SPANISH)
        assert not hall.running(readers=1).voice
        await hall.apply(voice_on=SPANISH)
        assert hall.running(listeners=1).voice
        await hall.apply(voice_off=SPANISH)
        assert not hall.running(readers=1).voice
        assert hall.interpreters.ended == []


async def test_readers_keep_a_language_and_no_voice() -> None:
    hall = Hall()
    async with hall.open():
        await hall.apply(start=SPANISH, voice_on=SPANISH)
        now = hall.running(listeners=1, readers=1)
        assert (round(now.idle, 3), round(now.voice_idle, 3)) == (0.0, 0.0)
        await asyncio.sleep(5.0)
        now = hall.running(readers=1)
        assert (round(now.idle, 3), round(now.voice_idle, 3)) == (0.0, 5.0)
        await asyncio.sleep(2.0)
        now = hall.running()
        assert (round(now.idle, 3), round(now.voice_idle, 3)) == (2.0, 7.0)


async def test_an_interpreter_that_fails_is_begun_again() -> None:
    hall = Hall()
    hall.interpreters.broken = True
    async with hall.open():
        await hall.apply(start=SPANISH, voice_on=SPANISH)
        hall.interpreters.broken = False
        await asyncio.sleep(BACKOFF)
        await hall.apply()
        assert hall.failed == ["channel es"]
        assert hall.interpreters.begun == ["es", "es"]
        assert hall.running(listeners=1).voice
