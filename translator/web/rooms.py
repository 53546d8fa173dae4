"""livekit-server's rooms, as joining needs them."""

import asyncio

from livekit import api

from translator.access import FAILURES, PEOPLE
from translator.errors import ServiceError

ANSWER = 5.0
"""Seconds within which livekit-server must answer."""
EMPTY = 300
"""Seconds that a room waits for its first person."""
DEPARTURE = 60
"""Seconds that a room outlives its last person: time to load the page again."""


class LiveKitRooms:
    """The rooms of one livekit-server; see Rooms."""

    def __init__(self, server: api.LiveKitAPI, *, max_people: int) -> None:
        self._room = server.room
        self._max_people = max_people

    async def people(self, meeting: str) -> int:
        """See Rooms."""
        try:
            async with asyncio.timeout(ANSWER):
                return await self._people(meeting)
        except (*FAILURES, ValueError) as error:
            raise ServiceError(f"livekit-server does not answer: {error!r}") from error

    async def _people(self, meeting: str) -> int:
        # A room that is there is left alone: livekit-server would take our values for news.
        there = await self._room.list_rooms(api.ListRoomsRequest(names=[meeting]))
        if not there.rooms:
            await self._room.create_room(
                api.CreateRoomRequest(
                    name=meeting,
                    max_participants=self._max_people,
                    empty_timeout=EMPTY,
                    departure_timeout=DEPARTURE,
                )
            )
            return 0
        found = await self._room.list_participants(api.ListParticipantsRequest(room=meeting))
        return sum(one.kind in PEOPLE for one in found.participants)
