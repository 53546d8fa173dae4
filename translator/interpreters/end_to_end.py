"""End to end: the sound of a segment -> an end-to-end model -> the channel's turns.

The floor hears and cuts as for any other kind, so such a model, which takes turns, is given one
segment at a time: its sound, and what it is. What it says it says is checked before it is heard.
In a hybrid it only speaks, and the captions are rendered. Where it fails, the stages of a cascade
interpret the same segment.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc

from translator.channel import SAMPLE_RATE, Channel
from translator.errors import InterpretError, SettingsError, StageError
from translator.guards.output import GuardedError
from translator.health import Health
from translator.interpret import Realtime
from translator.interpreters.clauses import Clauses, broken_off
from translator.interpreters.guarding import guard
from translator.interpreters.held import Held
from translator.interpreters.notes import Notes
from translator.interpreters.places import Place
from translator.record import Record
from translator.settings import Engine, Pair, Settings
from translator.speak import resample
from translator.turns import Turn
from translator.types import Brief, Rendition, Segment

IDLE = 60.0
"""Seconds without a segment after which a speaker's model is let go."""

Samples = npt.NDArray[np.int16]


class Engines(Protocol):
    """Models by the names that the settings use. One that cannot be made raises SettingsError; to
    make one takes time, so they are asked for in a thread."""

    def realtime(self, name: str) -> Realtime:
        """One of its own for a speaker and a channel."""
        ...


class Stages(Protocol):
    """What a cascade does with one segment: it makes the captions of a hybrid, and helps where a
    model fails."""

    def interpret(self, segment: Segment, turn: Turn | None) -> None:
        """All of it."""
        ...

    async def brief(self, segment: Segment) -> Brief:
        """What is known of the segment."""
        ...

    def place(self, segment: Segment) -> Place:
        """When the segment is to get its text."""
        ...

    async def render(self, segment: Segment, clauses: Clauses, place: Place) -> None:
        """Commit the rendition when it is its turn, and give its clauses, then their end."""
        ...

    async def speak(self, turn: Turn, clauses: Clauses) -> None:
        """Fill the turn and end it."""
        ...

    def commit(self, rendition: Rendition, brief: Brief, *, whole: bool) -> None:
        """Take a text for the segment's rendition."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One segment that a model is to say."""

    sound: Samples
    turn: Turn
    """Of the segment."""
    pair: Pair
    name: str
    """Of the model."""
    clauses: Clauses
    """Of the rendition, where a renderer makes one."""
    place: Place
    """Of its text, unless it is a hybrid's."""

    @property
    def segment(self) -> Segment:
        return self.turn.segment


_Line = asyncio.Queue[_Work]


class EndToEnd:
    """Interprets segments by the end-to-end model of their pair, for one channel; see
    machine.Kind."""

    def __init__(
        self,
        engines: Engines,
        channel: Channel,
        group: asyncio.TaskGroup,
        *,
        settings: Callable[[int], Settings],
        record: Record,
        health: Health,
        sound: Callable[[Segment], Samples],
        stages: Stages,
    ) -> None:
        """The work is done in `group`; `sound` is that of the floors. For the others see
        Machine."""
        self._engines = engines
        self._channel = channel
        self._group = group
        self._settings = settings
        self._health = health
        self._sound = sound
        self._stages = stages
        self._notes = Notes(record)
        self._lines: dict[str, _Line] = {}

    def interpret(self, segment: Segment, turn: Turn | None) -> None:
        """See Kind. A model interprets one speaker's segments in order; nobody pays for one that
        nobody hears."""
        pair = self._settings(segment.settings).pair(segment.language, self._channel.language)
        if turn is None or pair is None or pair.realtime is None:
            self._stages.interpret(segment, turn)
            return
        clauses: Clauses = asyncio.Queue()
        place = self._stages.place(segment)
        if pair.hybrid is not None:
            self._group.create_task(self._stages.render(segment, clauses, place))
        if segment.speaker not in self._lines:
            self._lines[segment.speaker] = asyncio.Queue()
            self._group.create_task(self._line(segment.speaker))
        sound = self._sound(segment)
        self._lines[segment.speaker].put_nowait(
            _Work(
                sound=sound,
                turn=turn,
                pair=pair,
                name=pair.realtime,
                clauses=clauses,
                place=place,
            )
        )

    async def _line(self, speaker: str) -> None:
        """One speaker, for as long as they speak now and then."""
        line = self._lines[speaker]
        try:
            async with aclosing(_Model(self._engines)) as model:
                while (work := await _next(line)) is not None:
                    await self._interpret(work, model)
                del self._lines[speaker]
        finally:
            while not line.empty():
                self._end(line.get_nowait())

    async def _interpret(self, work: _Work, model: "_Model") -> None:
        """One segment: by the model, or by the stages of a cascade where it says nothing."""
        try:
            said = self._is_for_model(work) and await self._is_said(work, model)
        except BaseException:
            self._end(work)  # or it would keep its speaker waiting for ever
            raise
        if not said:
            self._group.create_task(self._stages.speak(work.turn, work.clauses))
            if work.pair.hybrid is None:
                await self._stages.render(work.segment, work.clauses, work.place)

    def _is_for_model(self, work: _Work) -> bool:
        """Whether it is worth a call."""
        up = self._health.down("interpret", work.name) is None
        return up and not work.turn.dropped and len(work.sound) > 0

    async def _is_said(self, work: _Work, model: "_Model") -> bool:
        """Whether the model said it, or some of it; where not, the turn is as it was."""
        brief = await self._stages.brief(work.segment)
        held = await self._held(work, brief)
        try:
            await self._say(work, brief, model, held)
        except Exception as error:  # a fault in an engine is also no more than a lost segment
            self._note(error, work, brief)
            if not work.turn.filled:
                return False
            text, whole = broken_off(held.said, work.segment.text), False
        else:
            self._health.succeeded("interpret", work.name)
            text, whole = held.said, True
        self._end(work)
        if work.pair.hybrid is None:
            rendition = Rendition(
                segment=work.segment, language=brief.target, text=text, prompt=model.prompt
            )
            async with work.place:
                self._stages.commit(rendition, brief, whole=whole)
        return True

    async def _held(self, work: _Work, brief: Brief) -> Held:
        settings = self._settings(work.segment.settings)
        guarded = await asyncio.to_thread(guard, brief, work.pair, settings, instructed=True)
        shown = self._notes.progress if work.pair.hybrid is None else _to_nobody
        return Held(work.turn, brief, guarded, shown=shown)

    async def _say(self, work: _Work, brief: Brief, model: "_Model", held: Held) -> None:
        """Have the model say the segment into its turn. Raises StageError."""
        settings = self._settings(work.segment.settings)
        realtime = await model.of(work.name, settings.engines.get(work.name))
        frames = _frames(realtime.interpret(work.sound, brief), held)
        async with aclosing(resample(frames, SAMPLE_RATE)) as pieces:
            async for samples in pieces:
                if work.turn.dropped and work.pair.hybrid is not None:
                    return  # nobody hears it, nor reads it
                await held.sound(samples)
        await held.finish()

    def _note(self, error: Exception, work: _Work, brief: Brief) -> None:
        self._notes.failed("interpret", brief.target, error)
        if isinstance(error, GuardedError):
            self._notes.guarded(brief, error.why)
        elif isinstance(error, StageError):
            self._health.failed("interpret", work.name, error)

    def _end(self, work: _Work) -> None:
        work.turn.end()
        if not work.turn.filled:
            self._notes.unspoken(work.segment, self._channel.language, "captions")


class _Model:
    """The model that serves one speaker, made anew where it is configured otherwise."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._made_of: tuple[str, Engine | None] | None = None
        self._realtime: Realtime | None = None

    @property
    def prompt(self) -> str | None:
        """Of the one that was asked for last."""
        return None if self._realtime is None else self._realtime.prompt

    async def of(self, name: str, engine: Engine | None) -> Realtime:
        """The model of that name, which is configured so. Raises InterpretError."""
        if self._realtime is None or self._made_of != (name, engine):
            await self.aclose()
            try:
                self._realtime = await asyncio.to_thread(self._engines.realtime, name)
            except SettingsError as error:
                raise InterpretError(str(error), kind="refused") from error
            self._made_of = name, engine
        return self._realtime

    async def aclose(self) -> None:
        realtime, self._realtime = self._realtime, None
        if realtime is not None:
            await realtime.aclose()


async def _next(line: _Line) -> _Work | None:
    """What is said next; None where nothing is for IDLE seconds."""
    try:
        async with asyncio.timeout(IDLE):
            return await line.get()
    except TimeoutError:
        return None if line.empty() else line.get_nowait()


async def _frames(
    pieces: AsyncGenerator[str | rtc.AudioFrame, None], held: Held
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """The frames among `pieces`; the words go into `held`."""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, str):
                await held.words(piece)
            else:
                yield piece


def _to_nobody(brief: Brief, text: str) -> None:
    """The words of a hybrid's voice are not its captions."""
