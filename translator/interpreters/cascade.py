"""The cascade: segments -> render -> speak -> the channel's turns."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from translator.cast import Cast
from translator.channel import Channel
from translator.errors import RenderError
from translator.glossary import Glossary
from translator.guards.output import Guard
from translator.health import Health
from translator.interpreters import renderers, voices
from translator.interpreters.clauses import Clauses, broken_off, drain
from translator.interpreters.guarding import guard
from translator.interpreters.notes import Notes
from translator.interpreters.places import Place, Places
from translator.interpreters.renderers import BrokenOffError, Renderers
from translator.interpreters.voices import Voices
from translator.record import Record, Rendered
from translator.render import Renderer
from translator.settings import Settings
from translator.turns import Turn
from translator.types import Brief, Rendition, Segment

CONTEXT = 6
"""Renditions that a renderer is shown."""


class Engines(renderers.Engines, voices.Engines, Protocol):
    """The engines that a cascade calls, by the names that the settings use."""


class Cascade:
    """Interprets segments stage by stage, for one channel; see machine.Kind."""

    def __init__(
        self,
        engines: Engines,
        channel: Channel,
        group: asyncio.TaskGroup,
        *,
        settings: Callable[[int], Settings],
        record: Record,
        health: Health,
        cast: Cast,
        summary: Callable[[], str],
    ) -> None:
        """The work is done in `group`; for the others see Machine."""
        self._channel = channel
        self._group = group
        self._settings = settings
        self._record = record
        self._summary = summary
        self._notes = Notes(record)
        self._renderers = Renderers(
            engines,
            health,
            shown=self._notes.progress,
            guarded=self._notes.guarded,
            failed=lambda language, error: self._notes.failed("render", language, error),
        )
        self._voices = Voices(
            engines,
            health,
            cast,
            failed=lambda language, error: self._notes.failed("speak", language, error),
        )
        self._context: deque[Rendition] = deque(maxlen=CONTEXT)
        self._places = Places()

    def interpret(self, segment: Segment, turn: Turn | None) -> None:
        """See Kind. A rendition is spoken while it comes, and while the next one is rendered."""
        clauses: Clauses = asyncio.Queue()
        if turn is not None:
            self._group.create_task(self.speak(turn, clauses))
        self._group.create_task(self.render(segment, clauses, self.place(segment)))

    def place(self, segment: Segment) -> Place:
        """When it is to get its text; taken in the order of the segments."""
        return self._places.take(segment.speaker)

    def overhear(self, segment: Segment) -> None:
        """What is said in the channel's own language is context, too: who answers it is
        rendered."""
        self._context.append(
            Rendition(segment=segment, language=segment.language, text=segment.text)
        )

    async def brief(self, segment: Segment) -> Brief:
        """What is known of the segment, for whoever interprets it."""
        target = self._channel.language
        pair = self._settings(segment.settings).pair(segment.language, target)
        # In a thread, because thousands of entries take 0.1 s to read for a new pair.
        terms = await asyncio.to_thread(
            self._glossary(segment).terms, segment.text, segment.language, target
        )
        return Brief(
            segment=segment,
            target=target,
            terms=terms,
            context=tuple(self._context),
            summary=self._summary(),
            register=None if pair is None else pair.register_,
            gender=None if pair is None else pair.gender,
            terse=self._channel.measures.terse,
        )

    async def render(self, segment: Segment, clauses: Clauses, place: Place) -> None:
        """Give the rendition's clauses as they come, then its end, and commit it; the source text
        if it fails. One speaker's segments are rendered in order, speakers in parallel."""
        async with place:
            await self._render(await self.brief(segment), clauses)

    async def _render(self, brief: Brief, clauses: Clauses) -> None:
        segment, target, whole = brief.segment, brief.target, False
        try:
            rendition = await self._rendition(brief, clauses)
        except BrokenOffError as error:
            self._notes.failed("render", target, error)
            text = broken_off(error.text, segment.text)
            rendition = Rendition(segment=segment, language=target, text=text, prompt=error.prompt)
            clauses.put_nowait(None)
        except Exception as error:  # a fault in an engine is also no more than a lost segment
            self._notes.failed("render", target, error)
            rendition = Rendition(segment=segment, language=segment.language, text=segment.text)
            clauses.put_nowait(RenderError(str(error)))
        else:
            whole = True
            clauses.put_nowait(None)
        self.commit(rendition, brief, whole=whole)

    def commit(self, rendition: Rendition, brief: Brief, *, whole: bool) -> None:
        """Emit that the segment has its text, with the terms that are in it; a `whole` one is
        context for the next."""
        segment, target = brief.segment, brief.target
        if whole:
            self._context.append(rendition)
        said = rendition.text if rendition.language == target else ""  # else it is the source's
        accuracy = self._glossary(segment).accuracy(
            segment.text, said, source=segment.language, target=target
        )
        self._record.emit(
            Rendered(
                at=self._record.clock(),
                rendition=rendition,
                target=target,
                terms=accuracy.hits,
                terms_due=accuracy.due,
                terms_missing=tuple(term.target for term in accuracy.missing),
                false_copies=accuracy.false_copies,
                terse=brief.terse,
            )
        )

    def _glossary(self, segment: Segment) -> Glossary:
        settings = self._settings(segment.settings)
        return settings.glossary(segment.language, self._channel.language)

    async def _rendition(self, brief: Brief, clauses: Clauses) -> Rendition:
        segment = brief.segment
        settings = self._settings(segment.settings)
        pair = settings.pair(segment.language, brief.target)
        if pair is None:
            raise RenderError(
                f"no line of language_pairs.yaml fits {segment.language} to {brief.target}"
            )

        def guarded(brief: Brief, renderer: Renderer) -> Guard:
            return guard(brief, pair, settings, instructed=renderer.prompt is not None)

        return await self._renderers.render(brief, pair.rendered_by, clauses, guard=guarded)

    async def speak(self, turn: Turn, clauses: Clauses) -> None:
        """Fill the turn. Without any audio it is reported here; the channel reports the others."""
        why = "captions"
        try:
            async with aclosing(drain(clauses)) as texts:
                async for text in texts:
                    if not turn.dropped:
                        await self._say(text, turn)
            why = "captions" if turn.dropped else "unspeakable"
        except RenderError:  # reported where it came from
            why = "failed"
        except Exception as error:  # as in render
            self._notes.failed("speak", self._channel.language, error)
            why = "failed"
        finally:
            turn.end()
            if not turn.filled:
                self._notes.unspoken(turn.segment, self._channel.language, why)

    async def _say(self, text: str, turn: Turn) -> None:
        code = self._channel.language
        language = self._settings(turn.segment.settings).languages[code]
        pace = self._channel.measures.pace
        said = self._glossary(turn.segment).spoken(text, code)
        await self._voices.say(said, turn, code=code, language=language, pace=pace)
