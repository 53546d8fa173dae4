"""A voice that is stopped while it joins leaves nothing in the room, and ends nothing else."""

import asyncio
import time

import pytest
from livekit import api

from tests.rooms.attendees import SOON
from translator.access import Access
from translator.participant import Participant
from translator.server import LiveKitServer

pytestmark = [pytest.mark.room, pytest.mark.timeout(120)]

ROOM = "town"


async def voiced(access: Access, moment: float) -> None:
    """Join for so many seconds at most."""
    participant = Participant("es", clock=time.monotonic)
    try:
        async with asyncio.timeout(moment), participant.joined(ROOM, access):
            await asyncio.Event().wait()
    except TimeoutError:
        pass


async def there(access: Access) -> list[str]:
    async with access.server() as lk:
        found = await lk.room.list_participants(api.ListParticipantsRequest(room=ROOM))
        return [one.identity for one in found.participants]


async def test_a_voice_that_is_stopped_while_it_joins_is_not_left_in_the_room() -> None:
    async with LiveKitServer.running() as server:
        async with server.access.server() as lk:
            await lk.room.create_room(api.CreateRoomRequest(name=ROOM))
        for moment in (0.001, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32):
            await voiced(server.access, moment)
        async with asyncio.timeout(SOON):
            while await there(server.access):  # noqa: ASYNC110 (the server tells nobody)
                await asyncio.sleep(0.1)
