"""Recordings through the real line, as listeners get them.

A real livekit-server, a real worker, one participant who speaks each recording in real time, one
listener per language, and an observer who reads the speakers' own words and gets the facts.
"""

import asyncio
import glob
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from livekit import api
from livekit.agents import AgentServer

from translator.access import FAILURES, Access, Role
from translator.captions import FLOOR
from translator.errors import ServiceError
from translator.house import House, house
from translator.participant import BRIDGE
from translator.rehearsal import files, report
from translator.rehearsal.footprint import Footprint
from translator.rehearsal.order import Order
from translator.rehearsal.people import Listener, Speaker, channel_identity, joined, wishes

log = logging.getLogger(__name__)

READY = 60.0
"""Seconds in which everybody must have joined."""
DEPARTURE = 20
"""Seconds that the room outlives its last person, should nobody be left to delete it."""
LOOK = 0.5
"""Seconds between two looks at the worker's job."""
QUIET = 30.0
"""Seconds without any fact, with work open, after which the line counts as dead."""
ARRIVAL = 1.0
"""Seconds in which the last words have reached the bridge, and opened an ear."""
LAST = 0.7
"""Seconds after the last rendition's end until a listener has heard it for sure."""
OBSERVER = "observer"
Told = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Rehearsal:
    """A room with everybody in it, or on the way."""

    order: Order
    access: Access
    footprint: Footprint
    observer: Listener = field(init=False)
    listeners: dict[str, Listener] = field(default_factory=dict)
    """By language."""
    speakers: list[Speaker] = field(default_factory=list)
    account: report.Account = field(default_factory=lambda: report.Account(offset=0.0))
    begin: float = 0.0
    """Monotonic time of the recording's clock 0, from `perform` on."""
    told: Told = lambda fact: None
    """Is given every fact."""
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by every fact."""

    async def perform(self, told: Told = lambda fact: None) -> None:
        """Speak the recordings, and return when the last rendition has been heard.

        `told` is given every fact. Raises ServiceError where the line stands still with work open.
        """
        self.told = told
        self.begin = time.monotonic() + 0.5
        self.account.offset = self.observer.zero - self.begin
        async with asyncio.TaskGroup() as speaking:
            for talk, speaker in zip(self.order.talks, self.speakers, strict=True):
                speaking.create_task(speaker.play(self.begin + talk.start))
        await asyncio.sleep(ARRIVAL)
        await self._until_all_is_heard()

    async def take_notes(self) -> None:
        """Note the facts until cancelled."""
        while True:
            fact = await self.observer.facts.get()
            self.account.note(fact)
            self.told(fact)
            self.progress.set()

    async def _until_all_is_heard(self) -> None:
        """Wait until no ear is open and no segment is open in any language."""
        account = self.account
        while any(account.streams.values()) or any(map(account.open_segments, self.order.targets)):
            self.progress.clear()
            try:
                async with asyncio.timeout(QUIET):
                    await self.progress.wait()
            except TimeoutError:
                raise ServiceError(
                    f"nothing happened for {QUIET:.0f} s with segments left to speak"
                ) from None
        ends = [one["end"] for spoken in account.spoken.values() for one in spoken]
        last = max(ends, default=0.0) + account.offset + self.begin
        await asyncio.sleep(max(last - time.monotonic(), 0.0) + LAST)

    def missing(self) -> str:
        """What a meeting that is not ready waits for."""
        if not self.observer.opened.is_set():
            return "the worker's job did not open it; its messages are above"
        if len(self.speakers) < len(self.order.talks):
            return "a speaker's microphone was not heard"
        silent = [code for code, one in self.listeners.items() if not one.hearing.is_set()]
        return "no track was published for " + ", ".join(silent)


async def interpret(order: Order, told: Told = lambda fact: None) -> Mapping[str, Any]:
    """Rehearse with a house of our own, leave the files in `order.out`, and give the report.

    `told` is given every fact of the meeting as it happens.

    Raises ServiceError, perhaps in a group, when something that must run stops; what was
    recorded until then is written all the same.
    """
    one: Rehearsal | None = None
    try:
        async with premises(order.room) as home, assembled(order, home) as one:
            await one.perform(told)
    except BaseException:
        if one is not None and one.begin:
            _leave(one)
            log.warning("what was heard until then is in %s", order.out)
        raise
    return _leave(one)


async def rehearse(order: Order, home: House, told: Told) -> Mapping[str, Any]:
    """As `interpret`, in a room and a house that are there. Where it fails, it leaves nothing."""
    async with assembled(order, home) as one:
        await one.perform(told)
    return _leave(one)


def _leave(one: Rehearsal) -> Mapping[str, Any]:
    talks = zip(one.order.talks, one.speakers, strict=True)
    played = tuple(replace(talk, recording=speaker.played) for talk, speaker in talks)
    return files.leave(
        replace(one.order, talks=played),
        account=one.account,
        tapes={code: listener.tape.since(one.begin) for code, listener in one.listeners.items()},
        floor=one.observer.tape.since(one.begin),
        captions=[pair for listener in one.listeners.values() for pair in listener.captions],
        own_words=one.observer.captions,
        begin=one.begin,
        used=one.footprint.result(),
    )


@asynccontextmanager
async def rehearsal(order: Order) -> AsyncGenerator[Rehearsal, None]:
    """Everybody in a room in a house of our own."""
    async with premises(order.room) as home, assembled(order, home) as one:
        yield one


@asynccontextmanager
async def premises(room: str) -> AsyncGenerator[House, None]:
    """A house of our own, and the room in it; one that was not there before is deleted when
    everything of ours has left it.

    Raises ServiceError where something cannot be started or stops, or the room is interpreted
    already.
    """
    ours: Access | None = None
    try:
        async with house(rooms=glob.escape(room), observers=[OBSERVER]) as home:
            made = await _make(home.access, room)
            ours = home.access if made and home.server_pid is None else None
            yield home
    finally:
        if ours is not None:  # on a server of our own it has ended with the server
            await _delete(ours, room)


@asynccontextmanager
async def assembled(order: Order, home: House) -> AsyncGenerator[Rehearsal, None]:
    """Everybody in the room, which is there; they leave at the end.

    Raises ServiceError where they do not get ready, or the bridge leaves.
    """
    one = Rehearsal(order=order, access=home.access, footprint=Footprint(home.server_pid))
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[Any]] = []
        try:
            async with asyncio.timeout(READY):
                tasks += await _listeners(one, stack, group)
                await one.observer.opened.wait()
                await _speakers(one, stack)
                for listener in one.listeners.values():
                    await listener.hearing.wait()
        except TimeoutError:
            raise ServiceError(
                f"the meeting was not ready within {READY:.0f} s: {one.missing()}"
            ) from None
        tasks.append(group.create_task(_watch(home.worker, one.observer)))
        tasks.append(group.create_task(one.footprint.run()))
        yield one
        for task in tasks:
            task.cancel()


async def _make(access: Access, room: str) -> bool:
    """Make the room; False where it is there. Raises ServiceError where it is interpreted."""
    async with access.server() as lk:
        found = await lk.room.list_rooms(api.ListRoomsRequest(names=[room]))
        if found.rooms:
            present = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
            if any(one.identity.startswith(BRIDGE) for one in present.participants):
                raise ServiceError(f"the room {room!r} is interpreted already; give another --room")
            return False
        await lk.room.create_room(
            api.CreateRoomRequest(name=room, empty_timeout=60, departure_timeout=DEPARTURE)
        )
    return True


async def _delete(access: Access, room: str) -> None:
    try:
        async with access.server() as lk:
            await lk.room.delete_room(api.DeleteRoomRequest(room=room))
    except FAILURES as error:
        log.debug("the room was not deleted: %s", error)  # nor is it, where it has ended already


async def _listeners(
    one: Rehearsal, stack: AsyncExitStack, group: asyncio.TaskGroup
) -> list[asyncio.Task[Any]]:
    """Listeners and the observer join; gives what they do until cancelled."""
    room_name = one.order.room
    room = await stack.enter_async_context(
        joined(one.access, room_name, OBSERVER, name="Observer", attributes=wishes(read=FLOOR))
    )
    one.observer = Listener(room)
    tasks = [
        group.create_task(one.observer.listen("speaker-1", frame_ms=50)),
        group.create_task(one.take_notes()),
    ]
    for code in one.order.targets:
        attributes = wishes(listen=code, read=code)
        room = await stack.enter_async_context(
            joined(
                one.access, room_name, f"listener-{code}", name="Listener", attributes=attributes
            )
        )
        listener = one.listeners[code] = Listener(room)
        tasks.append(group.create_task(listener.listen(channel_identity(code))))
    return tasks


async def _speakers(one: Rehearsal, stack: AsyncExitStack) -> None:
    """The speakers join, and are heard."""
    for number, talk in enumerate(one.order.talks, 1):
        room = await stack.enter_async_context(
            joined(
                one.access,
                one.order.room,
                f"speaker-{number}",
                name=talk.name,
                attributes=wishes(speak=one.order.spoken),
                role=Role.SPEAKER,
            )
        )
        speaker = Speaker(room, talk.recording)
        await speaker.publish()
        one.speakers.append(speaker)


async def _watch(working: AgentServer, observer: Listener) -> NoReturn:
    """Raise when the bridge leaves; of a job that was killed the worker knows before the room."""
    while working.active_jobs and not observer.closed.is_set():  # noqa: ASYNC110 (it has no event)
        await asyncio.sleep(LOOK)
    raise ServiceError(
        "the worker's job ended in the middle of the meeting; see the messages above"
        if observer.connected
        else "livekit-server went away in the middle of the meeting"
    )
