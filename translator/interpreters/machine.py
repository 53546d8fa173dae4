"""The machine interpreter: every segment goes to the kind that the settings name for its pair."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol

from translator import languages
from translator.backchannels import Conversation
from translator.cast import Cast
from translator.channel import Channel
from translator.health import Health
from translator.interpreters import Floors
from translator.interpreters.cascade import Cascade
from translator.interpreters.cascade import Engines as EnginesOfStages
from translator.interpreters.end_to_end import EndToEnd
from translator.interpreters.end_to_end import Engines as EnginesOfModels
from translator.interpreters.notes import Notes
from translator.record import Record
from translator.settings import Settings
from translator.turns import Turn
from translator.types import Segment


class Engines(EnginesOfStages, EnginesOfModels, Protocol):
    """The engines that it calls, by the names that the settings use."""


class Kind(Protocol):
    """One way to interpret, for one channel."""

    def interpret(self, segment: Segment, turn: Turn | None) -> None:
        """Begin with a segment, and return at once. It gets its text, in the order of its
        speaker, and the turn is filled and ended; without one nobody hears it."""
        ...


class Machine:
    """Reads the cuts for one channel; see Interpreter."""

    def __init__(
        self,
        engines: Engines,
        *,
        settings: Callable[[int], Settings],
        record: Record,
        health: Health,
        cast: Cast | None = None,
        summary: Callable[[], str] = str,
    ) -> None:
        """`settings` gives the snapshot of a number: a segment is under the one it began with;
        `health` says which engines are worth a call, `cast` who speaks with which voice (without
        it all have the first one), `summary` what the meeting has been about, empty for nothing."""
        self._engines = engines
        self._settings = settings
        self._health = health
        self._cast = cast or Cast()
        self._summary = summary
        self._record = record
        self._notes = Notes(record)

    async def run(self, floors: Floors, channel: Channel) -> None:
        """See Interpreter."""
        language = channel.language
        async with asyncio.TaskGroup() as group, aclosing(_committed(floors)) as committed:
            cascade, model = self._kinds(floors, channel, group)
            async for segment, backchannel in committed:
                settings = self._settings(segment.settings)
                if language not in settings.languages:
                    self._notes.unspoken(segment, language, "removed")
                elif languages.same(segment.language, language):
                    cascade.overhear(segment)
                    self._notes.unspoken(segment, language, "passthrough")
                else:
                    turn = self._turn(segment, channel, backchannel=backchannel)
                    pair = settings.pair(segment.language, language)
                    kind: Kind = cascade if pair is None or pair.realtime is None else model
                    kind.interpret(segment, turn)

    def _kinds(
        self, floors: Floors, channel: Channel, group: asyncio.TaskGroup
    ) -> tuple[Cascade, EndToEnd]:
        cascade = Cascade(
            self._engines,
            channel,
            group,
            settings=self._settings,
            record=self._record,
            health=self._health,
            cast=self._cast,
            summary=self._summary,
        )
        model = EndToEnd(
            self._engines,
            channel,
            group,
            settings=self._settings,
            record=self._record,
            health=self._health,
            sound=floors.sound,
            stages=cascade,
        )
        return cascade, model

    def _turn(self, segment: Segment, channel: Channel, *, backchannel: bool) -> Turn | None:
        """The segment's place in the voice, taken as soon as it is committed; none where nobody
        is to hear it."""
        language = self._settings(segment.settings).languages[channel.language]
        if channel.wants_machine and language.speak is not None and not backchannel:
            return channel.turn(segment)
        why = "backchannel" if backchannel else "captions"
        self._notes.unspoken(segment, channel.language, why)
        return None


async def _committed(floors: Floors) -> AsyncGenerator[tuple[Segment, bool], None]:
    """Every segment as it is committed, and whether it is a backchannel."""
    conversation = Conversation()
    async with aclosing(floors.cuts()) as cuts:
        async for cut in cuts:
            backchannel = conversation.push(cut)
            for segment in cut.segments:
                yield segment, backchannel
