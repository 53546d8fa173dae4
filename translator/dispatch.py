"""Who makes sure that a meeting has its job.

livekit-server gives a room to a worker when it is told to, once: it forgets a dispatch that comes
before the worker, and starts no other job when one dies. So a dispatcher looks at the rooms and
tells it again. Several may run: they go by what livekit-server says of every dispatch, whoever
made it, and where two tell it at once, the worker takes the first (`is_second`).
"""

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from livekit import api
from livekit.protocol.agent import Job, JobStatus
from livekit.protocol.models import ParticipantInfo, Room

from translator.access import FAILURES, PEOPLE, Access
from translator.participant import BRIDGE

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at the rooms."""
ANSWER = 10.0
"""Seconds in which livekit-server must answer."""
PATIENCE = 12.0
"""Seconds in which a worker must take a dispatch; livekit-server waits 10 for its answer."""
START = 75.0
"""Seconds in which a job that was taken must be in the room: a busy machine needs a minute."""
SETTLED = 10.0
"""Seconds after which livekit-server counts a new room's participants as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What livekit-server says of a dispatch; times are UTC, in seconds since 1970."""

    id: str
    created: float
    taken: float | None
    """When a worker took it; None while none has. That its job ended is told nowhere."""

    @classmethod
    def of(cls, one: api.AgentDispatch) -> "Dispatch":
        """From the server's own words."""
        going = (JobStatus.JS_PENDING, JobStatus.JS_RUNNING)
        states = [job.state for job in one.state.jobs if job.state.status in going]
        return cls(
            id=one.id,
            created=one.state.created_at / 1e9,
            taken=max((state.started_at / 1e9 for state in states), default=None),
        )

    def may_follow(self, *, now: float, last: float = 0.0) -> bool:
        """Whether its job may be on its way into the room, where none is.

        `last` is when the last job that was seen there came in: one taken before it is gone.
        """
        if self.taken is None:
            return now - self.created < PATIENCE
        return self.taken > last and now - self.taken < START

    def was_before(self, other: "Dispatch") -> bool:
        """Whether it was first; every observer says the same of two."""
        return (self.created, self.id) < (other.created, other.id)


def job_since(present: Collection[ParticipantInfo]) -> float | None:
    """When the job that is in the room came in; None where there is none."""
    jobs = [
        one.joined_at_ms / 1e3
        for one in present
        if one.kind == ParticipantInfo.AGENT and one.identity.startswith(BRIDGE)
    ]
    return max(jobs, default=None)


async def is_second(lk: api.LiveKitAPI, job: Job) -> bool:
    """Whether the room of `job` has a job, or gets one by an earlier dispatch.

    Two would end each other: livekit-server takes the second out with the first.
    """
    room = job.room.name
    present = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
    if job_since(present.participants) is not None:
        return True
    found = await _dispatches(lk, room, job.agent_name)
    mine = next((one for one in found if one.id == job.dispatch_id), None)
    if mine is None:
        return True  # taken back meanwhile
    return any(one.was_before(mine) and one.may_follow(now=_now()) for one in found)


class Dispatcher:
    """Tells livekit-server to have rooms interpreted, until cancelled."""

    def __init__(
        self,
        access: Access,
        *,
        agent_name: str,
        rooms: str = "*",
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """`rooms` is a shell pattern of names; `metadata` goes to the job."""
        self._access = access
        self._agent_name = agent_name
        self._rooms = rooms
        self._metadata = json.dumps(metadata or {})
        self._last: dict[str, float] = {}
        """When the last job that was seen in a room came in."""

    async def run(self) -> None:
        """Look at the rooms, again and again. A server that does not answer is asked again."""
        async with self._access.server() as lk:
            while True:
                try:
                    await self.look(lk)
                except FAILURES as error:
                    log.warning("livekit-server does not say which rooms there are: %s", error)
                await asyncio.sleep(LOOK)

    async def look(self, lk: api.LiveKitAPI) -> None:
        """Care for every room that may need it; one that fails keeps no other waiting."""
        async with asyncio.timeout(ANSWER):
            found = await lk.room.list_rooms(api.ListRoomsRequest())
        rooms = [one for one in found.rooms if fnmatchcase(one.name, self._rooms)]
        names = {one.name for one in rooms}
        self._last = {room: at for room, at in self._last.items() if room in names}
        async with asyncio.TaskGroup() as group:
            for room in rooms:
                if _may_have_people(room, _now()):
                    group.create_task(self._try_to_care(lk, room.name))

    async def _try_to_care(self, lk: api.LiveKitAPI, room: str) -> None:
        try:
            async with asyncio.timeout(ANSWER):
                await self._care(lk, room)
        except FAILURES as error:
            if isinstance(error, api.TwirpError) and error.code == api.TwirpErrorCode.NOT_FOUND:
                return  # the room has closed, or another dispatcher was faster
            log.warning("a room is not cared for: %s", error, extra={"room": room})

    async def _care(self, lk: api.LiveKitAPI, room: str) -> None:
        present = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
        since = job_since(present.participants)
        if since is not None:
            self._last[room] = since
        if since is not None or not any(one.kind in PEOPLE for one in present.participants):
            return
        found = await _dispatches(lk, room, self._agent_name)
        last = self._last.get(room, 0.0)
        if any(one.may_follow(now=_now(), last=last) for one in found):
            return
        for old in found:
            await lk.agent_dispatch.delete_dispatch(old.id, room)
        await lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(
                agent_name=self._agent_name, room=room, metadata=self._metadata
            )
        )


async def _dispatches(lk: api.LiveKitAPI, room: str, agent_name: str) -> list[Dispatch]:
    found = await lk.agent_dispatch.list_dispatch(room)
    return [Dispatch.of(one) for one in found if one.agent_name == agent_name]


def _may_have_people(room: Room, now: float) -> bool:
    return room.num_participants > 0 or now - room.creation_time < SETTLED


def _now() -> float:
    """As livekit-server has it: it takes no token of a machine whose clock is a minute off."""
    return datetime.now(UTC).timestamp()
