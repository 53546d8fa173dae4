"""The cascade: segments -> render -> speak -> the channel's turns."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from contextlib import aclosing
from functools import partial
from typing import Protocol

from translator import languages
from translator.backchannels import Conversation
from translator.cast import Cast
from translator.channel import Channel
from translator.errors import RenderError
from translator.glossary import Glossary
from translator.guards.output import FigureGuard, Guard, OutputGuard, Unguarded
from translator.health import Health
from translator.interpreters import Floors, renderers, voices
from translator.interpreters.clauses import Clauses, drain
from translator.interpreters.notes import Notes
from translator.interpreters.renderers import BrokenOffError, Renderers
from translator.interpreters.voices import Voices
from translator.record import Record, Rendered
from translator.render import Renderer
from translator.settings import Language, Settings
from translator.turns import Turn
from translator.types import Brief, Rendition, Segment

log = logging.getLogger(__name__)

CONTEXT = 6
"""Renditions that a renderer is shown."""

_Line = deque[tuple[Segment, Clauses]]
"""What one speaker has said and is not rendered yet."""


class Engines(renderers.Engines, voices.Engines, Protocol):
    """The engines that a cascade calls, by the names that the settings use."""


class Cascade:
    """The machine interpreter of one channel."""

    def __init__(
        self,
        engines: Engines,
        *,
        settings: Callable[[int], Settings],
        record: Record,
        health: Health,
        cast: Cast | None = None,
        summary: Callable[[], str] = str,
        takes: Callable[[Segment, str], bool] = lambda segment, language: True,
    ) -> None:
        """`settings` gives the snapshot of a number: a segment is under the one it began with;
        `health` says which engines are worth a call, `cast` who speaks with which voice (without
        it all have the first one), `summary` what the meeting has been about, empty for nothing;
        `takes` which segments of a language are its own: another kind interprets the others."""
        self._settings = settings
        self._record = record
        self._summary = summary
        self._takes = takes
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
            cast or Cast(),
            failed=lambda language, error: self._notes.failed("speak", language, error),
        )
        self._context: deque[Rendition] = deque(maxlen=CONTEXT)

    async def run(self, floors: Floors, channel: Channel) -> None:
        """See Interpreter. Segments of one speaker are rendered in order, speakers in parallel."""
        lines: dict[str, _Line] = {}
        conversation = Conversation()
        async with asyncio.TaskGroup() as group, aclosing(floors.cuts()) as cuts:
            async for cut in cuts:
                backchannel = conversation.push(cut)
                for segment in cut.segments:
                    if not self._takes(segment, channel.language):
                        continue
                    if channel.language not in self._settings(segment.settings).languages:
                        self._notes.unspoken(segment, channel.language, "removed")
                        continue
                    if languages.same(segment.language, channel.language):
                        self._note_said(segment)
                        self._notes.unspoken(segment, channel.language, "passthrough")
                        continue
                    clauses: Clauses = asyncio.Queue()
                    turn = None if backchannel else self._turn(segment, channel)
                    if turn is not None:
                        group.create_task(self.speak(turn, clauses, channel))
                    else:
                        why = "backchannel" if backchannel else "captions"
                        self._notes.unspoken(segment, channel.language, why)
                    if segment.speaker not in lines:
                        lines[segment.speaker] = deque()
                        group.create_task(self._line(lines, segment.speaker, channel))
                    lines[segment.speaker].append((segment, clauses))

    def _note_said(self, segment: Segment) -> None:
        """What is said in the channel's own language is context, too: who answers it is
        rendered."""
        self._context.append(
            Rendition(segment=segment, language=segment.language, text=segment.text)
        )

    def _turn(self, segment: Segment, channel: Channel) -> Turn | None:
        """The segment's place in the voice, taken as soon as it is committed."""
        wanted = channel.wants_machine and self._language(segment, channel).speak is not None
        return channel.turn(segment) if wanted else None

    def _language(self, segment: Segment, channel: Channel) -> Language:
        """How the channel's language is spoken."""
        return self._settings(segment.settings).languages[channel.language]

    async def _line(self, lines: dict[str, _Line], speaker: str, channel: Channel) -> None:
        """One speaker, while anything waits: render in order; a rendition is spoken while the next
        one is rendered."""
        while lines[speaker]:
            segment, clauses = lines[speaker].popleft()
            await self.render(await self.brief(segment, channel), clauses)
        del lines[speaker]  # who has left leaves nothing behind

    async def brief(self, segment: Segment, channel: Channel) -> Brief:
        """What is known of the segment, for whoever interprets it."""
        target = channel.language
        pair = self._settings(segment.settings).pair(segment.language, target)
        # In a thread, because thousands of entries take 0.1 s to read for a new pair.
        terms = await asyncio.to_thread(
            self._glossary(segment, target).terms, segment.text, segment.language, target
        )
        return Brief(
            segment=segment,
            target=target,
            terms=terms,
            context=tuple(self._context),
            summary=self._summary(),
            register=None if pair is None else pair.register_,
            gender=None if pair is None else pair.gender,
            terse=channel.measures.terse,
        )

    async def render(self, brief: Brief, clauses: Clauses) -> None:
        """Give the rendition's clauses as they come, then its end; the source text if it fails."""
        segment, target, whole = brief.segment, brief.target, False
        try:
            rendition = await self._rendition(brief, clauses)
        except BrokenOffError as error:
            self._notes.failed("render", target, error)
            rendition = Rendition(
                segment=segment,
                language=target,
                text=f"{error.text} … [{segment.text}]",
                prompt=error.prompt,
            )
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
        accuracy = self._glossary(segment, target).accuracy(
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

    def _glossary(self, segment: Segment, target: str) -> Glossary:
        return self._settings(segment.settings).glossary(segment.language, target)

    async def _rendition(self, brief: Brief, clauses: Clauses) -> Rendition:
        segment = brief.segment
        settings = self._settings(segment.settings)
        pair = settings.pair(segment.language, brief.target)
        if pair is None:
            raise RenderError(
                f"no line of language_pairs.yaml fits {segment.language} to {brief.target}"
            )
        guarded = partial(
            guard,
            candidates=(*settings.spoken, *settings.languages) if pair.guard else None,
        )
        return await self._renderers.render(brief, pair.rendered_by, clauses, guard=guarded)

    async def speak(self, turn: Turn, clauses: Clauses, channel: Channel) -> None:
        """Fill the turn. Without any audio it is reported here; the channel reports the others."""
        why = "captions"
        try:
            async with aclosing(drain(clauses)) as texts:
                async for text in texts:
                    if not turn.dropped:
                        await self._say(text, turn, channel)
            why = "captions" if turn.dropped else "unspeakable"
        except RenderError:  # reported where it came from
            why = "failed"
        except Exception as error:  # as in render
            self._notes.failed("speak", channel.language, error)
            why = "failed"
        finally:
            turn.end()
            if not turn.filled:
                self._notes.unspoken(turn.segment, channel.language, why)

    async def _say(self, text: str, turn: Turn, channel: Channel) -> None:
        language = self._language(turn.segment, channel)
        pace = channel.measures.pace
        said = self._glossary(turn.segment, channel.language).spoken(text, channel.language)
        await self._voices.say(said, turn, code=channel.language, language=language, pace=pace)


def guard(brief: Brief, renderer: Renderer, *, candidates: Collection[str] | None) -> Guard:
    """What a renderer's words must pass. `candidates` are the languages that they may be in by
    mistake; None: they pass as they are."""
    if candidates is None:
        return Unguarded()
    if renderer.prompt is None:
        return FigureGuard(brief)
    return OutputGuard(brief, languages=candidates)
