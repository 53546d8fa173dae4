"""One room: demand and settings -> plan -> reconcile.

Callbacks only note that something changed; one loop compares what should run with what runs.
Floors, languages and voices are children that fail alone.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from contextlib import aclosing
from functools import partial
from typing import Protocol

from livekit import rtc
from livekit.rtc.room import EventTypes

from translator.access import Access, Pass, Role
from translator.announcement import Announcement, announced_cast
from translator.captions import FLOOR
from translator.cast import Cast, lengths
from translator.channel import SAMPLE_RATE as CHANNEL_RATE
from translator.channel import Channel
from translator.children import Children
from translator.condition import CONDITIONS, Outlook
from translator.cost import metered
from translator.cost.budget import Budget
from translator.cost.day import Day, usual_path
from translator.current import Current, Edits, shortened
from translator.demand import Actions, Running, plan, reads, wish
from translator.ears import Ears
from translator.errors import SettingsError, StageError
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.health import Down, Health, Stage
from translator.hear import Ear
from translator.interpreters.cascade import Cascade
from translator.interpreters.end_to_end import EndToEnd
from translator.lookups import Lookups, Source, sources
from translator.microphones import Microphones, encrypted, is_encrypted, tracks
from translator.outbox import Fills, Outbox, Readers
from translator.participant import Participant, tell
from translator.persons import Consents, Persons
from translator.record import Fact, Failed, Record, SettingsChanged, SettingsRefused
from translator.sender import RoomSender
from translator.settings import Settings, ToolServer, diff
from translator.summary import Summarizer, Summary
from translator.turns import Samples

log = logging.getLogger(__name__)

ZERO = "translator.zero"
"""Attribute of the bridge: the machine's monotonic clock at meeting time 0. With it, it is open."""
TICK = 1.0
"""Seconds after which the plan is looked at again without a change: grace periods end."""
LULL = 0.05
"""Seconds in which further changes are waited for: a person may make many."""
FAREWELL = 2.0
"""Seconds in which the last messages must be out."""


class Engines(metered.Engines, Protocol):
    """What a meeting calls, by the names that the settings use."""

    def source(self, name: str, server: ToolServer) -> Source:
        """An MCP server to look things up in. Raises SettingsError where it cannot be asked."""
        ...

    async def trial(self, stage: Stage, name: str, settings: Settings) -> object:
        """Call an engine once for what it is there for. Raises StageError."""
        ...


class Meeting:
    """Runs the interpretation of one room until cancelled."""

    def __init__(
        self,
        room: rtc.Room,
        *,
        settings: Settings,
        edits: Edits,
        engines: Engines,
        access: Access,
        observers: Collection[str],
        clock: Callable[[], float],
    ) -> None:
        """`room` is not connected yet; `edits` are the settings that come after these, or why an
        edit cannot be used; `clock` is the machine's monotonic clock; `observers` are the
        identities that get every fact, as organizers do."""
        self._room = room
        self._current = Current(settings)
        self._edits = edits
        self._engines = engines
        self._access = access
        self._zero = clock()
        self._record = Record(lambda: clock() - self._zero)
        self._observers = observers
        self._health = Health(self._record.clock, self._note_availability)
        self._floors = Floors()
        self._guard = EchoGuard()
        self._outbox = Outbox(
            lambda: self._settings,
            Readers(by_stream=self._readers, observers=self._present_observers),
        )
        self._record.subscribe(self._outbox.note)
        self._fills = Fills(self._outbox.fill)
        self._metered = metered.Metered(engines, self._record)
        self._budget = Budget(
            settings=lambda: self._settings,
            record=self._record,
            day=Day(usual_path()),
            reaches=engines.reaches,
        )
        lookups = Lookups(lambda: sources(self._settings, engines.source), self._record)
        self._summary = Summary(summarizer=self._summarizer, lookups=lookups, record=self._record)
        self._channels: dict[str, Channel] = {}
        self._wanted_at: dict[str, float] = {}
        self._heard_at: dict[str, float] = {}
        self._persons = Persons(room, self._verify)
        self._consents = Consents(self._record)
        self._cast = Cast(
            lengths=lambda: lengths(self._settings),
            present=lambda: {person.identity for person in self._persons.present()},
            cloned=self._persons.cloned_voice,
            clock=self._record.clock,
        )
        self._announcement = Announcement(room, access)
        self._microphones = Microphones(
            ear=self._ear,
            name=self._persons.name,
            hears=self._hears,
            settings=lambda: self._settings,
            guard=self._guard,
            record=self._record,
            floors=self._floors,
        )
        self._problem: str | None = None
        self._changed = asyncio.Event()
        for event in _EVENTS:
            room.on(event, lambda *_: self._changed.set())

    @property
    def _settings(self) -> Settings:
        return self._current.newest

    async def run(self) -> None:
        """Interpret; the room is connected now."""
        self._room.local_participant.register_rpc_method("captions", self._backfill)
        sender = RoomSender(self._room)
        self._cast.resume(announced_cast(self._room.metadata))
        await self._announcement.make(self._settings, problem=None, cast=self._cast.seats)
        await self._room.local_participant.set_attributes({ZERO: repr(self._zero)})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._outbox.run(sender))
                group.create_task(self._follow_edits())
                group.create_task(self._summary.run(self._floors.cuts()))
                group.create_task(self._health.watch(self._trial))
                group.create_task(self._budget.run())
                children = Children(group, self._child_failed)
                while True:
                    self._changed.clear()
                    await self._reconcile(children)
                    await self._change()
        finally:
            await self._budget.settle()
            await self._say_the_last(sender)

    async def _follow_edits(self) -> None:
        """Take over what was edited; a segment goes on under what it began with."""
        async with aclosing(self._edits) as edits:
            async for edit in edits:
                if isinstance(edit, SettingsError):
                    log.warning("the edited settings are not taken over: %s", edit)
                    self._note(SettingsRefused, faults=shortened(map(str, edit.faults)))
                else:
                    self._take_over(edit)

    def _take_over(self, settings: Settings) -> None:
        before = self._settings
        changes = diff(before, settings)
        for line in changes:
            log.warning("settings %d: %s", settings.number, line)
        self._current.take(settings)
        for name, engine in before.engines.items():
            if settings.engines.get(name) != engine:
                self._health.forget(name)
        for channel in self._channels.values():
            channel.wait_at_most(settings.max_wait)
        self._note(SettingsChanged, number=settings.number, changes=shortened(changes))
        self._changed.set()

    async def _say_the_last(self, sender: RoomSender) -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                await self._outbox.flush(sender)
        except TimeoutError:  # where livekit-server is gone
            log.warning("the room did not take the last messages")

    async def _change(self) -> None:
        try:
            async with asyncio.timeout(TICK):
                await self._changed.wait()
                await asyncio.sleep(LULL)
        except TimeoutError:
            pass

    async def _reconcile(self, children: Children) -> None:
        """Make what runs equal to what should run."""
        now = self._record.clock()
        attributes = {one.identity: one.attributes for one in self._persons.present()}
        wishes = {who: wish(theirs, self._settings) for who, theirs in attributes.items()}
        wanted = self._budget.wanted(wishes, now)
        settings = self._budget.thrifty(self._settings)
        for code in {*wanted.listeners, *wanted.readers}:
            self._wanted_at[code] = now
        for code in wanted.listeners:
            if settings.languages[code].speak is not None:
                self._heard_at[code] = now
        running = {
            code: Running(
                voice=f"voice {code}" in children,
                idle=now - self._wanted_at.get(code, now),
                voice_idle=now - self._heard_at.get(code, now),
            )
            for code in self._channels
        }
        await self._apply(plan(wanted, settings=settings, running=running), children)
        self._note_encrypted()
        self._consents.note(self._persons)
        problem = self._problem or self._outlook.problem
        await self._announcement.make(
            settings, problem=problem, cast=self._cast.seats, limited=self._budget.poor
        )
        if CONDITIONS not in children:
            children.start(CONDITIONS, self._tell_conditions)
        self._fills.look(attributes, now)
        self._microphones.reconcile(self._persons.present(), wanted=wanted.any, children=children)

    def _note_encrypted(self) -> None:
        """Say why nothing is heard of what is encrypted end to end."""
        present = self._persons.present()
        names = sorted(self._persons.name(p) for p in present if any(map(is_encrypted, tracks(p))))
        problem = encrypted(names) if names else None
        if problem is not None and problem != self._problem:
            log.warning("somebody's sound is encrypted end to end")
            self._note(Failed, stage="hear", language=None, message=problem)
        self._problem = problem

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
                condition=lambda code: self._outlook.of(code),
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
        def settings(number: int) -> Settings:
            return self._budget.thrifty(self._current.of(number))

        cascade = Cascade(
            self._metered,
            settings=settings,
            record=self._record,
            health=self._health,
            cast=self._cast,
            summary=lambda: self._summary.text,
            takes=lambda segment, language: not model.takes(segment, language),
        )
        model = EndToEnd(
            self._metered,
            settings=settings,
            record=self._record,
            health=self._health,
            stages=cascade,
        )
        async with asyncio.TaskGroup() as kinds:
            kinds.create_task(cascade.run(self._floors, channel))
            kinds.create_task(model.run(self._floors, channel))

    async def _trial(self, stage: Stage, name: str) -> None:
        settings = self._budget.thrifty(self._settings)
        if (stage, name) not in settings.uses:
            raise StageError("nobody would call it now")
        await self._engines.trial(stage, name, settings)

    def _note_availability(self, stage: Stage, name: str, down: Down | None) -> None:
        at = self._record.clock()
        self._record.emit(self._outlook.availability(stage, name, down, at=at))

    async def _tell_conditions(self) -> None:
        await tell(self._room.local_participant, CONDITIONS, lambda: self._outlook.to_json())

    @property
    def _outlook(self) -> Outlook:
        return self._budget.outlook(self._health.down)

    def _summarizer(self) -> Summarizer | None:
        name = self._budget.thrifty(self._settings).summarize
        return None if name is None else self._metered.summarizer(name)

    def _hears(self, person: rtc.RemoteParticipant) -> bool:
        """Whether a person's microphone is a floor, and may cost what hears it."""
        is_floor = self._persons.role(person) is not Role.INTERPRETER
        return is_floor and bool(self._budget.heard_by(person.identity))

    def _ear(self, person: str, floor: str) -> Ear:
        def made(name: str) -> Ear:
            pauses = self._settings.segments.pauses
            return self._metered.ear(name, pauses, person=person, floor=floor)

        return Ears(lambda: self._budget.heard_by(person), made, self._health)

    async def _voice(self, channel: Channel) -> None:
        """Publish the channel's track for as long as somebody listens."""
        participant = Participant(channel.language, clock=self._record.clock)
        async with (
            participant.joined(self._room.name, self._access),
            asyncio.TaskGroup() as group,
        ):
            playing = group.create_task(channel.run(participant))
            telling = group.create_task(participant.tell(lambda: channel.state))
            await participant.lost.wait()
            playing.cancel()
            telling.cancel()

    def _verify(self, token: str, identity: str) -> Pass | None:
        return self._access.verify(token, meeting=self._room.name, identity=identity)

    def _readers(self, stream: str) -> Collection[str]:
        wish = FLOOR if stream.startswith(FLOOR) else stream
        return [
            p.identity
            for p in self._persons.present()
            if wish in reads(p.attributes, self._settings)
        ]

    def _present_observers(self) -> Collection[str]:
        present = self._room.remote_participants
        named = [name for name in self._observers if name in present]
        return [*named, *self._persons.with_role(Role.ORGANIZER)]

    def _child_failed(self, name: str, error: BaseException) -> None:
        message = str(error) or type(error).__name__
        self._note(Failed, stage=name, language=None, message=message)
        self._changed.set()

    def _note(self, fact: Callable[..., Fact], **fields: object) -> None:
        self._record.emit(fact(at=self._record.clock(), **fields))

    async def _backfill(self, data: rtc.RpcInvocationData) -> str:
        """RPC `captions`: {"language": "es", "after_seq": 7} -> committed captions since."""
        try:
            wish = json.loads(data.payload)
            stream, after = str(wish["language"]), int(wish.get("after_seq", 0))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
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
