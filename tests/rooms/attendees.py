"""People who join a room, and say what they want, or talk."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from livekit import rtc

from tests.rooms.rooms import excerpt
from tests.speech import speech
from translator.access import Access, Role
from translator.participant import PREFIX
from translator.rehearsal.people import Listener, Speaker, channel_identity, joined, wishes

SOON = 50.0
"""Seconds; five times what it takes on a quiet machine."""


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


@asynccontextmanager
async def speaking(
    access: Access, room_name: str, *, name: str = "Ana"
) -> AsyncGenerator[None, None]:
    """Somebody talks about printing all the time, as soon as anybody wants to hear it."""
    recording = excerpt(speech("long_en_printing_a"), 0.0, 150.0)
    async with (
        joined(
            access, room_name, "p-ana", name=name, attributes=wishes(speak="en"), role=Role.SPEAKER
        ) as room,
        asyncio.TaskGroup() as group,
    ):
        talking = group.create_task(_talk(Speaker(room, recording)))
        yield
        talking.cancel()


async def _talk(speaker: Speaker) -> None:
    await speaker.publish()  # returns when it is heard, which is when somebody wants to
    await speaker.play(time.monotonic())
