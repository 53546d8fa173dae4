"""Whatever becomes of a meeting's job, the meeting gets another, and never two."""

import asyncio

import psutil
import pytest
from livekit import api

from tests.rooms.attendees import Attendee, attending, speaking, until
from tests.rooms.rooms import children, fitting, is_job
from translator.access import Access
from translator.dispatch import Dispatcher
from translator.house import house
from translator.participant import BRIDGE

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]

ROOM = "town hall"


def jobs() -> list[psutil.Process]:
    """The processes of the meetings that this test's worker runs."""
    return fitting(children(), is_job)


async def bridges(access: Access) -> list[str]:
    async with access.server() as lk:
        found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    return [one.sid for one in found.participants if one.identity.startswith(BRIDGE)]


async def successors(access: Access, before: str) -> list[str]:
    """The bridges, as soon as there is one after `before`, which stays for a while when it dies."""
    async with asyncio.timeout(60.0):
        while (found := await bridges(access)) in ([], [before]):  # noqa: ASYNC110 (a server tells)
            await asyncio.sleep(0.2)
    return found


async def reads_more(person: Attendee) -> None:
    """Wait until one more caption has come."""
    known = len(person.texts("es"))
    await until(lambda: len(person.texts("es")) > known, within=60.0)


async def test_a_room_made_by_anybody_gets_one_job_and_another_when_it_dies() -> None:
    async with (
        house(rooms="*", observers=[]) as home,
        attending(home.access, ROOM, "p-reader", read="es") as reader,
        speaking(home.access, ROOM),
    ):
        await reads_more(reader)
        before = await bridges(home.access)
        assert len(before) == 1

        (job,) = jobs()
        job.kill()
        after = await successors(home.access, *before)
        assert len(after) == 1
        await reads_more(reader)
        await asyncio.sleep(8.0)
        assert await bridges(home.access) == after


async def test_two_dispatchers_give_a_room_one_job() -> None:
    async with house(rooms="none of them", observers=[]) as home, asyncio.TaskGroup() as group:
        dispatchers = [
            group.create_task(Dispatcher(home.access, agent_name=home.agent_name).run())
            for _ in range(2)
        ]
        async with (
            attending(home.access, ROOM, "p-reader", read="es") as reader,
            speaking(home.access, ROOM),
        ):
            await reads_more(reader)
            (before,) = await bridges(home.access)
            await asyncio.sleep(5.0)
            assert await bridges(home.access) == [before]
            (job,) = jobs()

            job.kill()
            after = await successors(home.access, before)
            assert len(after) == 1
            await reads_more(reader)
            await asyncio.sleep(5.0)
            assert await bridges(home.access) == after
            await until(lambda: len(jobs()) == 1)  # the one that was killed is buried
        for one in dispatchers:
            one.cancel()
