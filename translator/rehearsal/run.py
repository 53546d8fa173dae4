"""`translator interpret`: recordings through the real line, as listeners get them.

A real livekit-server, a real worker, one participant who speaks each recording in real time, one
listener per language, and an observer who reads the speakers' own words.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit import api

from translator import languages
from translator.agent import worker
from translator.captions import FLOOR
from translator.engines.host import running
from translator.errors import ServiceError, first
from translator.meeting import Access
from translator.rehearsal import report
from translator.rehearsal.meter import Meter
from translator.rehearsal.order import Order
from translator.rehearsal.people import Listener, Speaker, channel_identity, joined, wishes
from translator.rehearsal.recording import SAMPLE_RATE, stretches, write
from translator.rehearsal.subtitles import write_subtitles
from translator.server import LiveKitServer

log = logging.getLogger(__name__)

READY = 60.0
"""Seconds in which everything must have joined."""
QUIET = 30.0
"""Seconds without any fact, with work open, after which the line counts as dead."""
LAST = 0.7
"""Seconds after the last rendition's end until a listener has heard it for sure."""
OBSERVER = "observer"


@dataclass(slots=True)
class Rehearsal:
    """What is being heard and noted."""

    order: Order
    listeners: dict[str, Listener] = field(default_factory=dict)
    observer: Listener | None = None
    facts: list[dict[str, Any]] = field(default_factory=list)
    account: report.Account = field(default_factory=lambda: report.Account(offset=0.0))
    begin: float = 0.0
    """Monotonic time of the recording's clock 0."""
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    spoken: bool = False


async def interpret(order: Order) -> Mapping[str, Any]:
    """Run it, leave the files in `order.out`, and give the report.

    Raises ServiceError when something that must run stops; what was recorded until then is
    written all the same.
    """
    rehearsal = Rehearsal(order=order)
    meter = Meter()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(LiveKitServer.running())
        await stack.enter_async_context(running())
        access = Access(url=server.url, api_key=server.api_key, api_secret=server.api_secret)
        agent_name = f"interpreter-{secrets.token_hex(4)}"
        await stack.enter_async_context(_working(access, agent_name))
        try:
            async with _watched(server):
                await _rehearse(rehearsal, access, agent_name, meter.run(server.pid))
        finally:
            if rehearsal.spoken:
                result = _write(rehearsal, meter)
    return result


@asynccontextmanager
async def _watched(server: LiveKitServer) -> AsyncGenerator[None, None]:
    """Cancel the block when livekit-server ends, and raise its ServiceError."""
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(server.wait())
            yield
            watching.cancel()
    except* ServiceError as errors:
        raise first(errors) from None


@asynccontextmanager
async def _working(access: Access, agent_name: str) -> AsyncGenerator[None, None]:
    """A worker of our own, registered."""
    server = worker(
        url=access.url,
        api_key=access.api_key,
        api_secret=access.api_secret,
        agent_name=agent_name,
    )
    registered = asyncio.Event()
    server.on("worker_registered", lambda *_: registered.set())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.run(devmode=False))
        try:
            async with asyncio.timeout(READY):
                await registered.wait()
            yield
        except TimeoutError:
            raise ServiceError("the worker could not register with livekit-server") from None
        finally:
            await server.aclose()
            serving.cancel()


async def _rehearse(
    rehearsal: Rehearsal, access: Access, agent_name: str, metering: Coroutine[None, None, None]
) -> None:
    """People join, the meeting opens, the recordings are spoken and interpreted to the end."""
    order = rehearsal.order
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        lk = await stack.enter_async_context(
            api.LiveKitAPI(access.url.replace("ws", "http", 1), access.api_key, access.api_secret)
        )
        await lk.room.create_room(
            api.CreateRoomRequest(name=order.room, empty_timeout=60, departure_timeout=2)
        )
        stack.push_async_callback(_close_room, lk, order.room)
        try:
            async with asyncio.timeout(READY):
                observer, tasks = await _gather_people(rehearsal, access, stack, group)
                await lk.agent_dispatch.create_dispatch(
                    api.CreateAgentDispatchRequest(
                        agent_name=agent_name,
                        room=order.room,
                        metadata=json.dumps({"observers": [OBSERVER]}),
                    )
                )
                await observer.opened.wait()
                speakers = await _speakers(rehearsal, access, stack)
                for listener in rehearsal.listeners.values():
                    await listener.hearing.wait()
        except TimeoutError:
            raise ServiceError(
                f"the meeting was not ready within {READY:.0f} s: {_missing(rehearsal)}"
            ) from None
        rehearsal.begin = time.monotonic() + 0.5
        rehearsal.account.offset = observer.zero - rehearsal.begin
        rehearsal.spoken = True
        tasks.append(group.create_task(metering))
        async with asyncio.TaskGroup() as speaking:
            for talk, speaker in zip(order.talks, speakers, strict=True):
                speaking.create_task(speaker.play(rehearsal.begin + talk.start))
        await _until_all_is_heard(rehearsal)
        for task in tasks:
            task.cancel()


async def _gather_people(
    rehearsal: Rehearsal, access: Access, stack: AsyncExitStack, group: asyncio.TaskGroup
) -> tuple[Listener, list[asyncio.Task[None]]]:
    """Listeners and the observer join; gives the observer and what they do."""
    order = rehearsal.order
    tasks = []
    for code in order.targets:
        room = await stack.enter_async_context(
            joined(
                access,
                order.room,
                f"listener-{code}",
                name=f"Listener {code}",
                attributes=wishes(listen=code, read=code),
            )
        )
        listener = rehearsal.listeners[code] = Listener(room)
        tasks.append(group.create_task(listener.listen(channel_identity(code))))
    room = await stack.enter_async_context(
        joined(access, order.room, OBSERVER, name="Observer", attributes=wishes(read=FLOOR))
    )
    observer = rehearsal.observer = Listener(room)
    tasks.append(group.create_task(observer.listen("speaker-1", frame_ms=50)))
    tasks.append(group.create_task(_take_notes(rehearsal, observer)))
    return observer, tasks


async def _speakers(rehearsal: Rehearsal, access: Access, stack: AsyncExitStack) -> list[Speaker]:
    speakers = []
    for number, talk in enumerate(rehearsal.order.talks, 1):
        room = await stack.enter_async_context(
            joined(
                access,
                rehearsal.order.room,
                f"speaker-{number}",
                name=talk.name,
                attributes=wishes(speak=rehearsal.order.spoken),
            )
        )
        speaker = Speaker(room, talk.recording)
        await speaker.publish()
        speakers.append(speaker)
    return speakers


async def _take_notes(rehearsal: Rehearsal, observer: Listener) -> None:
    while True:
        fact = await observer.facts.get()
        rehearsal.facts.append(fact)
        rehearsal.account.note(fact)
        rehearsal.progress.set()


async def _until_all_is_heard(rehearsal: Rehearsal) -> None:
    """Wait until no ear is open and no segment is open in any language."""
    account, order = rehearsal.account, rehearsal.order
    while any(account.streams.values()) or any(map(account.open_segments, order.targets)):
        rehearsal.progress.clear()
        try:
            async with asyncio.timeout(QUIET):
                await rehearsal.progress.wait()
        except TimeoutError:
            raise ServiceError(
                f"nothing happened for {QUIET:.0f} s with segments left to speak; "
                "did the worker's job end? See the messages above"
            ) from None
    ends = [one["end"] for spoken in account.spoken.values() for one in spoken]
    last = max(ends, default=0.0) + account.offset + rehearsal.begin
    await asyncio.sleep(max(last - time.monotonic(), 0.0) + LAST)


async def _close_room(lk: api.LiveKitAPI, room: str) -> None:
    try:
        await lk.room.delete_room(api.DeleteRoomRequest(room=room))
    except Exception as error:  # the server may be what has ended
        log.debug("the room was not deleted: %s", error)


def _missing(rehearsal: Rehearsal) -> str:
    if rehearsal.observer is None or not rehearsal.observer.opened.is_set():
        return "the worker's job did not open the meeting"
    silent = [code for code, one in rehearsal.listeners.items() if not one.hearing.is_set()]
    if silent:
        return "no track was published for " + ", ".join(silent)
    return "the speaker's microphone was not heard"


def _write(rehearsal: Rehearsal, meter: Meter) -> dict[str, Any]:
    """Leave the files."""
    order, account = rehearsal.order, rehearsal.account
    assert rehearsal.observer is not None
    captions = _captions(rehearsal)
    with (order.out / "captions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in captions)
    first = order.talks[0]
    floor_delay = report.delay(
        first.recording.samples[: 20 * SAMPLE_RATE],
        rehearsal.observer.tape.since(rehearsal.begin + first.start)[: 21 * SAMPLE_RATE],
    )
    speech = [
        (start + talk.start, end + talk.start)
        for talk in order.talks
        for start, end in stretches(talk.recording)
    ]
    result: dict[str, Any] = {
        "recordings": [str(talk.path) for talk in order.talks],
        "seconds": round(order.seconds, 2),
        "speech_seconds": round(sum(end - start for start, end in speech), 2),
        "floor_delay": floor_delay,
        "stt_streams_max": account.streams_max,
        "failures": account.failures,
        "guarded": account.guarded,
        **meter.result(),
        "languages": {},
    }
    for code, listener in rehearsal.listeners.items():
        sound = listener.tape.since(rehearsal.begin)
        write(order.out / f"{code}.wav", sound, SAMPLE_RATE)
        result["languages"][code] = report.of_language(
            code,
            account=account,
            sound=sound,
            speech=speech,
            seconds=order.seconds,
            floor_delay=floor_delay,
        )
    offset = account.offset
    for code in dict.fromkeys([*order.targets, *(one["language"] for one in captions)]):
        finals = [one for one in captions if one["language"] == code and one["final"]]
        write_subtitles(order.out / code, finals, offset)
    with (order.out / "report.json").open("w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=2)
    return result


def _captions(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Every message as received, in order of arrival; of two readers of one text, one."""
    assert rehearsal.observer is not None
    own = [
        (at, message)
        for at, message in rehearsal.observer.captions
        if not any(languages.same(message["language"], code) for code in rehearsal.order.targets)
    ]
    read = [pair for one in rehearsal.listeners.values() for pair in one.captions]
    return [
        {**message, "received_at": round(at - rehearsal.begin, 3)}
        for at, message in sorted([*own, *read], key=lambda pair: pair[0])
    ]
