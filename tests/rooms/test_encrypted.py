"""A room that is encrypted end to end is not interpreted, and says why."""

import asyncio
import json
import time
from typing import Any

import pytest
from livekit import rtc

from tests.rooms.attendees import attending, until
from tests.rooms.rooms import excerpt
from tests.speech import speech
from translator.access import Pass, Role
from translator.house import house
from translator.rehearsal.people import Speaker

pytestmark = [pytest.mark.room, pytest.mark.timeout(120)]

ROOM = "board"


async def test_who_is_encrypted_is_refused_with_a_reason() -> None:
    key = rtc.KeyProviderOptions(shared_key=b"the board's own key")
    options = rtc.RoomOptions(
        auto_subscribe=False, encryption=rtc.E2EEOptions(key_provider_options=key)
    )
    ana = Pass(meeting=ROOM, identity="p-ana", role=Role.SPEAKER, name="Ana")
    async with (
        house(rooms=ROOM, observers=["p-boss"]) as home,
        attending(home.access, ROOM, "p-boss", read="es", role=Role.ORGANIZER) as boss,
        asyncio.TaskGroup() as group,
    ):
        await asyncio.wait_for(boss.opened.wait(), 60.0)
        room = rtc.Room()
        await room.connect(home.access.url, home.access.person(ana), options)
        speaker = Speaker(room, excerpt(speech("call_en_T02"), 0.0, 15.0))
        await speaker.announce()
        talking = group.create_task(speaker.play(time.monotonic()))

        fact = await asyncio.wait_for(_failure(boss.facts), 30.0)
        assert "encrypted" in fact["message"]
        await until(lambda: "encrypted" in (problem(boss.room) or ""))
        await talking
        assert boss.captions == []

        await room.disconnect()
        await until(lambda: problem(boss.room) is None)


async def _failure(facts: "asyncio.Queue[dict[str, Any]]") -> dict[str, Any]:
    while (fact := await facts.get())["fact"] != "Failed":
        pass
    return fact


def problem(room: rtc.Room) -> Any:
    return json.loads(room.metadata)["translator"]["problem"]
