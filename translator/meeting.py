"""One room: demand and settings -> plan -> reconcile.

Callbacks only note that something changed; one loop compares what should run with what runs.
Floors, languages and voices are children that fail alone.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from livekit import api, rtc
from livekit.rtc.room import EventTypes

from translator.captions import FLOOR, Caption
from translator.channel import SAMPLE_RATE as CHANNEL_RATE
from translator.channel import Channel
from translator.demand import SPEAK, Actions, Running, demand, plan, reads
from translator.errors import InputError, first
from translator.floor import Floor, Floors
from translator.guards import EchoGuard
from translator.hear import BLOCK, SAMPLE_RATE, Ear
from translator.interpreters.cascade import Cascade
from translator.interpreters.cascade import Engines as CascadeEngines
from translator.languages import normalize, own_name
from translator.outbox import TRANSCRIPTION_TOPIC, Outbox, Readers
from translator.participant import PREFIX, Participant
from translator.record import Failed, Record
from translator.settings import Settings
from translator.turns import Samples

log = logging.getLogger(__name__)

ZERO = "translator.zero"
"""Attribute of the bridge: the machine's monotonic clock at meeting time 0. With it, it is open."""
FRAME_MS = BLOCK * 1000 // SAMPLE_RATE
"""Audio taken from a microphone at a time: one Sound, so that no part of a frame waits for the
next (with 50 ms, speaker to ear took 1.4 to 1.6 times as long)."""
TICK = 1.0
"""Seconds after which the plan is looked at again without a change: grace periods end."""
BACKOFF = 2.0
"""Seconds before a child that failed is started again."""
FAREWELL = 2.0
"""Seconds in which the last messages must be out."""
RESERVED = (PREFIX, "bridge-", "booth-")
"""Beginnings of identities that are never a person's floor."""
PERSONS = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
    rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
    rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
)


class Engines(CascadeEngines, Protocol):
    """What a meeting calls, by the names that the settings use."""

    def ear(self, name: str) -> Ear:
        """An ear of its own for one floor."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How participants of ours join the room."""

    url: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"Access(url={self.url!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hearing:
    """A track that is heard; `gone` is set when it is not there any more."""

    track: rtc.RemoteTrack
    gone: asyncio.Event


class Children:
    """Named tasks of one group; what one raises is reported and does not end the others."""

    def __init__(
        self, group: asyncio.TaskGroup, failed: Callable[[str, BaseException], None]
    ) -> None:
        self._group = group
        self._failed = failed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    @property
    def names(self) -> Collection[str]:
        """Those that run."""
        return tuple(self._tasks)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` until it ends, fails or is stopped."""
        task = self._group.create_task(self._run(name, work), name=name)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def stop(self, name: str) -> None:
        """Cancel it and wait until it is gone."""
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    async def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            log.exception("%s failed", name)
            self._failed(name, first(error) if isinstance(error, BaseExceptionGroup) else error)
            await asyncio.sleep(BACKOFF)


class Meeting:
    """Runs the interpretation of one room until cancelled."""

    def __init__(
        self,
        room: rtc.Room,
        *,
        settings: Settings,
        engines: Engines,
        access: Access,
        observers: Collection[str],
        clock: Callable[[], float],
    ) -> None:
        """`room` is not connected yet; `clock` is the machine's monotonic clock; `observers`
        are the identities that get every fact."""
        self._room = room
        self._settings = settings
        self._engines = engines
        self._access = access
        self._zero = clock()
        self._record = Record(lambda: clock() - self._zero)
        self._observers = observers
        self._floors = Floors()
        self._guard = EchoGuard()
        self._outbox = Outbox(
            lambda: self._settings,
            Readers(by_stream=self._readers, observers=self._present_observers),
        )
        self._record.subscribe(self._outbox.note)
        self._channels: dict[str, Channel] = {}
        self._wanted_at: dict[str, float] = {}
        self._heard_at: dict[str, float] = {}
        self._floor_count = 0
        self._heard: dict[str, _Hearing] = {}
        self._changed = asyncio.Event()
        for event in _EVENTS:
            room.on(event, lambda *_: self._changed.set())

    async def run(self) -> None:
        """Interpret; the room is connected now."""
        self._room.local_participant.register_rpc_method("captions", self._backfill)
        sender = _RoomSender(self._room)
        await self._announce()
        await self._room.local_participant.set_attributes({ZERO: repr(self._zero)})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._outbox.run(sender))
                children = Children(group, self._child_failed)
                while True:
                    self._changed.clear()
                    await self._reconcile(children)
                    await self._change()
        finally:
            await self._say_the_last(sender)

    async def _announce(self) -> None:
        """Say in the room's metadata which languages can be asked for; keep what else is there."""
        try:
            metadata = json.loads(self._room.metadata or "{}")
        except ValueError:
            metadata = None
        if not isinstance(metadata, dict):
            log.warning("the room's metadata is no JSON object; the languages are not announced")
            return
        metadata["translator"] = {
            "languages": {code: own_name(code) for code in self._settings.languages},
            "spoken": list(self._settings.spoken),
        }
        access = self._access
        url = access.url.replace("ws", "http", 1)
        async with api.LiveKitAPI(url, access.api_key, access.api_secret) as lk:
            await lk.room.update_room_metadata(
                api.UpdateRoomMetadataRequest(
                    room=self._room.name, metadata=json.dumps(metadata, ensure_ascii=False)
                )
            )

    async def _say_the_last(self, sender: "_RoomSender") -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                await self._outbox.flush(sender)
        except TimeoutError:  # where livekit-server is gone
            log.warning("the room did not take the last messages")

    async def _change(self) -> None:
        try:
            async with asyncio.timeout(TICK):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _reconcile(self, children: Children) -> None:
        """Make what runs equal to what should run."""
        wanted = demand((p.attributes for p in self._persons()), self._settings)
        now = self._record.clock()
        for code in {*wanted.listeners, *wanted.readers}:
            self._wanted_at[code] = now
        for code in wanted.listeners:
            self._heard_at[code] = now
        running = {
            code: Running(
                voice=f"voice {code}" in children,
                idle=now - self._wanted_at.get(code, now),
                voice_idle=now - self._heard_at.get(code, now),
            )
            for code in self._channels
        }
        await self._apply(plan(wanted, settings=self._settings, running=running), children)
        await self._reconcile_floors(wanted.any, children)

    async def _apply(self, actions: Actions, children: Children) -> None:
        for code in actions.stop:
            await children.stop(f"voice {code}")
            await children.stop(f"channel {code}")
            self._channels.pop(code, None)
        for code in actions.voice_off:
            await children.stop(f"voice {code}")
        for code in actions.start:
            channel = Channel(
                code,
                record=self._record,
                max_wait=self._settings.max_wait,
                played=partial(self._note_played, code),
            )
            channel.put_machine_on_air()
            self._channels[code] = channel
        for code, channel in self._channels.items():
            if f"channel {code}" not in children:
                children.start(f"channel {code}", partial(self._interpret, channel))
        for code in actions.voice_on:
            if f"voice {code}" not in children:
                children.start(f"voice {code}", partial(self._voice, self._channels[code]))

    def _note_played(self, code: str, samples: Samples, at: float) -> None:
        self._guard.played(code, samples, CHANNEL_RATE, at)

    async def _interpret(self, channel: Channel) -> None:
        interpreter = Cascade(self._engines, settings=self._settings, record=self._record)
        await interpreter.run(self._floors, channel)

    async def _voice(self, channel: Channel) -> None:
        """Publish the channel's track for as long as somebody listens."""
        participant = Participant(channel.language, clock=self._record.clock)
        access = self._access
        async with participant.joined(
            self._room.name, url=access.url, api_key=access.api_key, api_secret=access.api_secret
        ):
            channel.voiced.set()
            try:
                async with asyncio.TaskGroup() as group:
                    playing = group.create_task(channel.run(participant))
                    telling = group.create_task(participant.tell(lambda: channel.state))
                    await participant.lost.wait()
                    playing.cancel()
                    telling.cancel()
            finally:
                channel.voiced.clear()

    async def _reconcile_floors(self, wanted: bool, children: Children) -> None:
        """Hear every person's microphone and shared sound, once, while anybody wants anything."""
        present = {
            f"floor {person.identity}/{publication.sid}": (person, publication)
            for person in self._persons()
            for publication in person.track_publications.values()
            if publication.kind == rtc.TrackKind.KIND_AUDIO
        }
        for name, heard in self._heard.items():
            _, found = present.get(name, (None, None))
            if not wanted or found is None or found.track is not heard.track:
                heard.gone.set()
        for name, (person, publication) in present.items():
            if not wanted:
                if publication.subscribed and name not in children:
                    publication.set_subscribed(False)
            elif publication.track is None:
                publication.set_subscribed(True)
            elif name not in children:
                children.start(name, partial(self._hear, name, person, publication))

    async def _hear(
        self, name: str, person: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication
    ) -> None:
        """Hear a track until it is gone, and what was said until then to its end."""
        track = publication.track
        if track is None:
            return
        gone = asyncio.Event()
        self._heard[name] = _Hearing(track=track, gone=gone)
        self._floor_count += 1
        prefix = f"{self._floor_count}."
        floor = Floor(
            person.identity,
            person.name or person.identity,
            ear=self._engines.ear(self._settings.hear),
            settings=lambda: self._settings,
            declared=lambda: _declared(person),
            guard=self._guard,
            record=self._record,
            floors=self._floors,
            name=_floor_name(person, publication),
            prefix=prefix,
        )
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS, capacity=64
        )
        try:
            async with aclosing(_frames(stream, gone)) as frames:
                await floor.run(frames)
        finally:
            del self._heard[name]
            self._guard.forget(prefix)
            await stream.aclose()

    def _persons(self) -> list[rtc.RemoteParticipant]:
        return [
            participant
            for participant in self._room.remote_participants.values()
            if participant.kind in PERSONS and not participant.identity.startswith(RESERVED)
        ]

    def _readers(self, stream: str) -> Collection[str]:
        wish = FLOOR if stream.startswith(FLOOR) else stream
        return [p.identity for p in self._persons() if wish in reads(p.attributes, self._settings)]

    def _present_observers(self) -> Collection[str]:
        return [name for name in self._observers if name in self._room.remote_participants]

    def _child_failed(self, name: str, error: BaseException) -> None:
        message = str(error) or type(error).__name__
        self._record.emit(
            Failed(at=self._record.clock(), stage=name, language=None, message=message)
        )
        self._changed.set()

    async def _backfill(self, data: rtc.RpcInvocationData) -> str:
        """RPC `captions`: {"language": "es", "after_seq": 7} -> committed captions since."""
        try:
            wish = json.loads(data.payload)
            stream, after = str(wish["language"]), int(wish.get("after_seq", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            expected = 'expected {"language": CODE, "after_seq": NUMBER}'
            raise rtc.RpcError(1400, expected) from None
        return self._outbox.captions.json_after(stream, after)


_EVENTS: tuple[EventTypes, ...] = (
    "participant_connected",
    "participant_disconnected",
    "participant_attributes_changed",
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
)


class _RoomSender:
    """The room as the outbox needs it."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        await self._room.local_participant.publish_data(
            payload, reliable=True, topic=topic, destination_identities=list(to)
        )

    async def send_transcription(self, caption: Caption, to: Collection[str]) -> None:
        attributes = {
            "lk.segment_id": f"{caption.segment_id}/{caption.language}",
            "lk.transcription_final": "true",
            "lk.transcribed_track_id": self._track_of(caption),
            "language": caption.language,
        }
        writer = await self._room.local_participant.stream_text(
            topic=TRANSCRIPTION_TOPIC,
            sender_identity=caption.speaker,
            attributes=attributes,
            destination_identities=list(to),
        )
        await writer.write(caption.text)
        await writer.aclose()

    def _track_of(self, caption: Caption) -> str:
        """The track on which the caption's words are to be heard."""
        source = caption.origin == "source"
        identity = caption.speaker if source else PREFIX + caption.language
        participant = self._room.remote_participants.get(identity)
        tracks: Mapping[str, object] = participant.track_publications if participant else {}
        return next(iter(tracks), "")


async def _frames(
    stream: rtc.AudioStream, gone: asyncio.Event
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """The frames until `gone`: a stream does not end when its track does."""
    async with asyncio.TaskGroup() as group:
        ending = group.create_task(gone.wait())
        try:
            while True:
                coming = group.create_task(_next(stream))
                await asyncio.wait((ending, coming), return_when=asyncio.FIRST_COMPLETED)
                if not coming.done() or (event := coming.result()) is None:
                    coming.cancel()
                    return
                yield event.frame
        finally:
            ending.cancel()


async def _next(stream: rtc.AudioStream) -> rtc.AudioFrameEvent | None:
    return await anext(aiter(stream), None)


def _floor_name(person: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication) -> str:
    """The person's identity for the microphone; shared sound is a floor of its own."""
    if publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
        return person.identity
    return f"{person.identity}/{rtc.TrackSource.Name(publication.source)}"


def _declared(person: rtc.RemoteParticipant) -> str | None:
    try:
        return normalize(person.attributes[SPEAK])
    except (KeyError, InputError):
        return None
