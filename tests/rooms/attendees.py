"""People who join a room and say what they want."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from livekit import rtc

from translator.access import Access, Role
from translator.participant import PREFIX
from translator.rehearsal.people import Listener, channel_identity, joined, wishes

SOON = 30.0
"""Seconds; three times what it takes on a quiet machine."""


async def until(condition: Callable[[], object], *, within: float = SOON) -> None:
    """Wait until `condition` is true. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 (it is true by what several others do)
            await asyncio.sleep(0.05)


class Attendee(Listener):
    """A person who says what they want."""

    def __init__(self, room: rtc.Room) -> None:
        super().__init__(room)
        self.room = room

    async def wish(self, **attributes: str) -> None:
        """Want something else from now on."""
        await self.room.local_participant.set_attributes(attributes)

    @property
    def channels(self) -> dict[str, list[str]]:
        """The tracks of each language that is voiced now."""
        return {
            identity.removeprefix(PREFIX): list(participant.track_publications)
            for identity, participant in self.room.remote_participants.items()
            if identity.startswith(PREFIX)
        }

    def texts(self, language: str) -> list[str]:
        """Captions in `language`, finals only."""
        return [m["text"] for _, m in self.captions if m["language"] == language and m["final"]]


@asynccontextmanager
async def attending(
    access: Access,
    room_name: str,
    identity: str,
    *,
    listen: str | None = None,
    read: str | None = None,
    role: Role = Role.ATTENDEE,
) -> AsyncGenerator[Attendee, None]:
    """Somebody who joins; hears what they listen to."""
    given = wishes(listen=listen, read=read)
    async with joined(
        access, room_name, identity, name=identity, attributes=given, role=role
    ) as room:
        person = Attendee(room)
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(person.listen(channel_identity(listen or "nobody")))
            yield person
            hearing.cancel()
