"""One room: demand and settings -> plan -> reconcile.

Callbacks only note that something changed; one loop compares what should run with what runs.
Floors, languages and voices are children that fail alone.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Protocol

from livekit import rtc
from livekit.rtc.room import EventTypes

from translator.access import Access, Role
from translator.announcement import Announcement, announced_cast
from translator.cast import Cast, lengths
from translator.channels import Channels
from translator.children import Children
from translator.condition import CONDITIONS, Outlook
from translator.cost import metered
from translator.cost.budget import Budget
from translator.cost.day import Day, usual_path
from translator.current import Current, Edits
from translator.demand import plan, wish
from translator.ears import Ears
from translator.errors import StageError
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.health import Down, Health, Stage
from translator.hear import Ear
from translator.interpreters.machine import Machine
from translator.lookups import Lookups, Source, sources
from translator.microphones import Microphones
from translator.outbox import Fills, Outbox, Readers
from translator.participant import tell
from translator.persons import Consents, Persons
from translator.record import Failed, Record
from translator.sender import RoomSender
from translator.settings import Settings, ToolServer
from translator.summary import Summarizer, Summary

log = logging.getLogger(__name__)

ZERO = "translator.zero"
"""Attribute of the bridge: the machine's monotonic clock at meeting time 0. With it, it is open."""
TICK = 1.0
"""Seconds after which the plan is looked at again without a change: grace periods end."""
LULL = 0.05
"""Seconds in which further changes are waited for: a person may make many."""


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
        self._zero = clock()
        self._record = Record(lambda: clock() - self._zero)
        self._health = Health(self._record.clock, self._note_availability)
        self._floors = Floors()
        self._guard = EchoGuard()
        self._outbox = Outbox(
            lambda: self._settings,
            Readers(
                by_stream=lambda stream: self._persons.readers(stream, self._settings),
                observers=lambda: self._persons.observers(observers),
            ),
        )
        self._record.subscribe(self._outbox.note)
        self._fills = Fills(self._outbox.fill)
        self._metered = metered.Metered(engines, self._record)
        self._budget = Budget(
            settings=lambda: self._settings,
            record=self._record,
            day=Day(usual_path(), room.name),
            reaches=engines.reaches,
        )
        lookups = Lookups(lambda: sources(self._settings, engines.source), self._record)
        self._summary = Summary(summarizer=self._summarizer, lookups=lookups, record=self._record)
        self._persons = Persons(
            room, lambda token, who: access.verify(token, meeting=room.name, identity=who)
        )
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
        self._channels = Channels(
            room,
            access,
            interpreter=self._machine,
            condition=lambda code: self._outlook.of(code),
            guard=self._guard,
            record=self._record,
            floors=self._floors,
        )
        self._changed = asyncio.Event()
        for event in _EVENTS:
            room.on(event, lambda *_: self._changed.set())

    @property
    def _settings(self) -> Settings:
        return self._current.newest

    async def run(self) -> None:
        """Interpret; the room is connected now."""
        self._room.local_participant.register_rpc_method("captions", self._outbox.backfill)
        sender = RoomSender(self._room)
        self._cast.resume(announced_cast(self._room.metadata))
        await self._announcement.make(self._settings, problem=None, cast=self._cast.seats)
        await self._room.local_participant.set_attributes({ZERO: repr(self._zero)})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._outbox.run(sender))
                group.create_task(
                    self._current.follow(self._edits, record=self._record, taken=self._taken_over)
                )
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
            await self._outbox.flush(sender)

    def _taken_over(self, before: Settings) -> None:
        """Engines that are other ones now deserve another call."""
        for name, engine in before.engines.items():
            if self._settings.engines.get(name) != engine:
                self._health.forget(name)
        self._changed.set()

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
        running = self._channels.running(wanted, settings=settings, children=children)
        actions = plan(wanted, settings=settings, running=running)
        await self._channels.apply(actions, settings=settings, children=children)
        self._microphones.reconcile(self._persons.present(), wanted=wanted.any, children=children)
        self._consents.note(self._persons)
        problem = self._microphones.problem or self._outlook.problem
        await self._announcement.make(
            settings, problem=problem, cast=self._cast.seats, limited=self._budget.poor
        )
        if CONDITIONS not in children:
            children.start(CONDITIONS, self._tell_conditions)
        self._fills.look(attributes, now)

    def _machine(self) -> Machine:
        """One that fills another channel."""
        return Machine(
            self._metered,
            settings=lambda number: self._budget.thrifty(self._current.of(number)),
            record=self._record,
            health=self._health,
            cast=self._cast,
            summary=lambda: self._summary.text,
        )

    async def _trial(self, stage: Stage, name: str) -> None:
        settings = self._budget.thrifty(self._settings)
        # In a thread: of hundreds of pairs it takes a tenth of a second.
        if (stage, name) not in await asyncio.to_thread(lambda: settings.uses):
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

        return Ears(
            lambda: self._budget.heard_by(person),
            made,
            self._health,
            settings=lambda name: (self._settings.engines.get(name), self._settings.segments),
        )

    def _child_failed(self, name: str, error: BaseException) -> None:
        message = str(error) or type(error).__name__
        at = self._record.clock()
        self._record.emit(Failed(at=at, stage=name, language=None, message=message))
        self._changed.set()


_EVENTS: tuple[EventTypes, ...] = (
    "participant_connected",
    "participant_disconnected",
    "participant_attributes_changed",
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
)
