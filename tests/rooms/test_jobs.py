"""Whatever becomes of a meeting's job, the meeting gets another, and never two."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psutil
import pytest
from livekit import api

from tests.rooms.attendees import Attendee, attending, until
from tests.rooms.rooms import excerpt, is_job
from tests.speech import speech
from translator.access import Access, Role
from translator.house import house
from translator.rehearsal.people import Speaker, joined, wishes
from translator.rehearsal.recording import Recording

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]

ROOM = "town hall"


def jobs() -> list[psutil.Process]:
    """The processes of the meetings that this test's worker runs."""
    return [one for one in psutil.Process(os.getpid()).children(recursive=True) if is_job(one)]


async def bridges(access: Access) -> list[str]:
    async with access.server() as lk:
        found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    return [one.sid for one in found.participants if one.identity.startswith("bridge-")]


@asynccontextmanager
async def speaking(access: Access, recording: Recording) -> AsyncGenerator[None, None]:
    """Somebody talks all the time."""
    async with (
        joined(
            access, ROOM, "p-ana", name="Ana", attributes=wishes(speak="en"), role=Role.SPEAKER
        ) as room,
        asyncio.TaskGroup() as group,
    ):
        speaker = Speaker(room, recording)
        await speaker.publish()
        talking = group.create_task(speaker.play(time.monotonic()))
        yield
        talking.cancel()


async def reads_more(person: Attendee) -> None:
    """Wait until one more caption has come."""
    known = len(person.texts("es"))
    await until(lambda: len(person.texts("es")) > known, within=60.0)


async def test_a_room_made_by_anybody_gets_one_job_and_another_when_it_dies() -> None:
    recording = excerpt(speech("long_en_printing_a"), 0.0, 120.0)
    async with (
        house(rooms="*", observers=[]) as home,
        attending(home.access, ROOM, "p-reader", read="es") as reader,
        speaking(home.access, recording),
    ):
        await reads_more(reader)
        before = await bridges(home.access)
        assert len(before) == 1

        (job,) = jobs()
        job.kill()
        await reads_more(reader)
        after = await bridges(home.access)
        assert len(after) == 1
        assert after != before
        await asyncio.sleep(8.0)
        assert await bridges(home.access) == after
