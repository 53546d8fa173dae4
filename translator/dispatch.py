"""Who makes sure that a meeting has its job.

livekit-server gives a room to a worker when it is told to, once: it forgets a dispatch that comes
before the worker, and starts no other job when one dies. So a dispatcher looks at the rooms and
tells it again. Several may run: a job's identity is its room's, so that only one stays.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import aiohttp
from livekit import api

from translator.access import Access
from translator.participant import PREFIX

log = logging.getLogger(__name__)

BRIDGE = "bridge-"
"""Beginning of the identity of a meeting's job."""
LOOK = 1.0
"""Seconds between two looks at the rooms."""
PATIENCE = 5.0
"""Seconds in which a job must follow its dispatch."""
START = 20.0
"""Seconds in which a job that follows must be in the room."""


@dataclass(slots=True)
class Duty:
    """Which rooms need a dispatch; no I/O."""

    _told: dict[str, float] = field(default_factory=dict)
    """When each room was last dispatched."""

    def is_due(self, room: str, identities: Collection[str], now: float) -> bool:
        """Whether people are in the room and no job is."""
        interpreted = any(one.startswith(BRIDGE) for one in identities)
        people = [one for one in identities if not one.startswith((BRIDGE, PREFIX))]
        return bool(people) and not interpreted and now - self._told.get(room, -START) >= PATIENCE

    def may_still_come(self, room: str, now: float) -> bool:
        """Whether the job that follows its dispatch may be on its way into the room."""
        return now - self._told.get(room, -START) < START

    def told(self, room: str, now: float) -> None:
        """The room is dispatched."""
        self._told[room] = now

    def forget_all_but(self, rooms: Collection[str]) -> None:
        """The other rooms are gone."""
        self._told = {room: at for room, at in self._told.items() if room in rooms}


class Dispatcher:
    """Tells livekit-server to have rooms interpreted, until cancelled."""

    def __init__(
        self,
        access: Access,
        *,
        agent_name: str,
        clock: Callable[[], float],
        rooms: str = "*",
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """`rooms` is a shell pattern of names; `metadata` goes to the job."""
        self._access = access
        self._agent_name = agent_name
        self._clock = clock
        self._rooms = rooms
        self._metadata = json.dumps(metadata or {})
        self._duty = Duty()

    async def run(self) -> None:
        """Look at the rooms, again and again. A server that does not answer is asked again."""
        async with self._access.server() as lk:
            while True:
                try:
                    await self._look(lk)
                except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
                    log.warning("livekit-server does not say which rooms there are: %s", error)
                await asyncio.sleep(LOOK)

    async def _look(self, lk: api.LiveKitAPI) -> None:
        found = await lk.room.list_rooms(api.ListRoomsRequest())
        names = [room.name for room in found.rooms if fnmatchcase(room.name, self._rooms)]
        self._duty.forget_all_but(names)
        for name in names:
            await self._care(lk, name)

    async def _care(self, lk: api.LiveKitAPI, room: str) -> None:
        present = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
        if not self._duty.is_due(
            room, [one.identity for one in present.participants], self._clock()
        ):
            return
        for old in await lk.agent_dispatch.list_dispatch(room):
            if old.agent_name == self._agent_name:
                if self._duty.may_still_come(room, self._clock()) and old.state.jobs:
                    return
                await lk.agent_dispatch.delete_dispatch(old.id, room)
        self._duty.told(room, self._clock())
        await lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(
                agent_name=self._agent_name, room=room, metadata=self._metadata
            )
        )
