"""The cascade: segments -> render -> speak -> the channel's turns."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from translator import lag, languages
from translator.channel import SAMPLE_RATE, Channel
from translator.errors import RenderError, SettingsError, SpeakError, StageError
from translator.interpreters import Floors
from translator.record import Failed, Record, Rendered, Rendering, Unspoken
from translator.render import Renderer
from translator.settings import Language, Settings
from translator.speak import Voice, resample
from translator.turns import Turn
from translator.types import Rendition, Segment, Term

log = logging.getLogger(__name__)

CONTEXT = 6
"""Renditions that a renderer is shown."""
CLAUSE = re.compile(r"(?<=[.!?;:,…。！？，、])\s+")
ATTEMPTS = 2
"""Calls of one engine for one piece of work, where it says that another may go through."""
CLAUSE_WORDS = 4
"""A shorter clause waits for the next: a voice needs some words to sound like one."""

Clauses = asyncio.Queue[str | RenderError | None]
"""A rendition as it comes, clause by clause; then None, or what it failed of."""


class _BrokenOffError(RenderError):
    """Rendering failed when a clause had already gone out: `text` is what was said."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text


class Engines(Protocol):
    """The engines that a cascade calls, by the names that the settings use.

    One that cannot be made raises SettingsError.
    """

    def renderer(self, name: str) -> Renderer: ...

    def reaches(self, name: str, source: str, target: str) -> bool:
        """Whether a renderer knows the pair at all."""
        ...

    def voice(self, name: str) -> Voice: ...


class Cascade:
    """The machine interpreter of one channel."""

    def __init__(
        self, engines: Engines, *, settings: Callable[[int], Settings], record: Record
    ) -> None:
        """`settings` gives the snapshot of a number: a segment is under the one it began with."""
        self._engines = engines
        self._settings = settings
        self._record = record
        self._context: deque[Rendition] = deque(maxlen=CONTEXT)

    async def run(self, floors: Floors, channel: Channel) -> None:
        """See Interpreter. Segments of one speaker are rendered in order, speakers in parallel."""
        lines: dict[str, asyncio.Queue[tuple[Segment, Clauses]]] = {}
        async with asyncio.TaskGroup() as group, aclosing(floors.cuts()) as cuts:
            async for cut in cuts:
                for segment in cut.segments:
                    if channel.language not in self._settings(segment.settings).languages:
                        self._leave_unspoken(segment, channel.language, "removed")
                        continue
                    if languages.same(segment.language, channel.language):
                        self._leave_unspoken(segment, channel.language, "passthrough")
                        continue
                    if segment.speaker not in lines:
                        lines[segment.speaker] = asyncio.Queue()
                        group.create_task(self._line(lines[segment.speaker], channel.language))
                    clauses: Clauses = asyncio.Queue()
                    turn = self._turn(segment, channel)
                    if turn is not None:
                        group.create_task(self._speak(turn, clauses, channel))
                    else:
                        self._leave_unspoken(segment, channel.language, "captions")
                    lines[segment.speaker].put_nowait((segment, clauses))

    def _turn(self, segment: Segment, channel: Channel) -> Turn | None:
        """The segment's place in the voice, taken as soon as it is committed."""
        wanted = channel.wants_machine and self._language(segment, channel).speak is not None
        return channel.turn(segment) if wanted else None

    def _language(self, segment: Segment, channel: Channel) -> Language:
        """How the channel's language is spoken."""
        return self._settings(segment.settings).languages[channel.language]

    async def _line(self, segments: asyncio.Queue[tuple[Segment, Clauses]], target: str) -> None:
        """One speaker: render in order; a rendition is spoken while the next one is rendered."""
        while True:
            segment, clauses = await segments.get()
            await self._render(segment, target, clauses)

    async def _render(self, segment: Segment, target: str, clauses: Clauses) -> None:
        """Give the rendition's clauses as they come, then its end; the source text if it fails."""
        settings = self._settings(segment.settings)
        terms = [
            term
            for glossary in settings.glossary(segment.language, target)
            for term in glossary.terms(segment.text, segment.language, target)
        ]
        try:
            text = await self._rendition(segment, target, terms, clauses)
        except _BrokenOffError as error:
            self._fail("render", target, error)
            rendition = Rendition(
                segment=segment, language=target, text=f"{error.text} … [{segment.text}]"
            )
            clauses.put_nowait(None)
        except Exception as error:  # a fault in an engine is also no more than a lost segment
            self._fail("render", target, error)
            rendition = Rendition(segment=segment, language=segment.language, text=segment.text)
            clauses.put_nowait(RenderError(str(error)))
        else:
            rendition = Rendition(segment=segment, language=target, text=text)
            self._context.append(rendition)
            clauses.put_nowait(None)
        said = rendition.text.casefold()
        self._record.emit(
            Rendered(
                at=self._record.clock(),
                rendition=rendition,
                target=target,
                terms=sum(term.target.casefold() in said for term in terms),
                terms_due=len(terms),
            )
        )

    async def _rendition(
        self,
        segment: Segment,
        target: str,
        terms: list[Term],
        clauses: Clauses,
    ) -> str:
        """The whole text. One retry, then the pair's next engine, unless a clause has already
        gone out."""
        pair = self._settings(segment.settings).pair(segment.language, target)
        if pair is None:
            raise RenderError(f"no line of language_pairs.yaml fits {segment.language} to {target}")
        attempt = _Attempt(segment=segment, target=target, terms=terms, clauses=clauses)
        names = [
            name
            for name in pair.rendered_by
            if self._engines.reaches(name, segment.language, target)
        ]
        failed = RenderError(f"no engine renders {segment.language} to {target}")
        for name in names:
            if name != names[0]:
                self._fail("render", target, failed)
            for _ in range(ATTEMPTS):
                try:
                    return await self._attempt(attempt, self._renderer(name))
                except _BrokenOffError:
                    raise
                except RenderError as error:
                    failed = error
                    if not error.retryable:
                        break
        raise failed

    def _renderer(self, name: str) -> Renderer:
        try:
            return self._engines.renderer(name)
        except SettingsError as error:
            raise RenderError(str(error)) from error

    async def _attempt(self, attempt: "_Attempt", renderer: Renderer) -> str:
        """One call of one engine; raises RenderError."""
        segment, target = attempt.segment, attempt.target
        draft = _Draft()
        try:
            pieces = renderer.render(
                segment, target=target, terms=attempt.terms, context=tuple(self._context)
            )
            async with aclosing(pieces):
                async for piece in pieces:
                    if draft.text and draft.text.startswith(attempt.shown):  # none is rewritten
                        self._note_progress(segment, target, draft.text)
                        attempt.shown = draft.text
                    if clause := draft.add(piece):
                        attempt.clauses.put_nowait(clause)
            if not draft.text.strip():
                raise RenderError("the rendition is empty", retryable=True)
        except RenderError as error:
            if draft.given:
                raise _BrokenOffError(str(error), draft.text[: draft.given].strip()) from error
            raise
        if rest := draft.text[draft.given :].strip():
            attempt.clauses.put_nowait(rest)
        return draft.text.strip()

    async def _speak(self, turn: Turn, clauses: Clauses, channel: Channel) -> None:
        """Fill the turn. Without any audio it is reported here; the channel reports the others."""
        why = "captions"
        try:
            async with aclosing(_drain(clauses)) as texts:
                async for text in texts:
                    if not turn.dropped:
                        await self._say(text, turn, channel)
            why = "captions" if turn.dropped else "unspeakable"
        except RenderError:  # reported where it came from
            why = "failed"
        except Exception as error:  # as in _render
            self._fail("speak", channel.language, error)
            why = "failed"
        finally:
            turn.end()
            if not turn.filled:
                self._leave_unspoken(turn.segment, channel.language, why)

    async def _say(self, text: str, turn: Turn, channel: Channel) -> None:
        """Speak one clause into the turn; one retry, then the language's next engine, while the
        turn has no audio."""
        language = self._language(turn.segment, channel)
        turn.pace = lag.pace(channel.backlog)
        failed = SpeakError("no engine")
        for name in language.spoken_by:
            if name != language.speak:
                self._fail("speak", channel.language, failed)
            for _ in range(ATTEMPTS):
                try:
                    frames = self._voice(name).say(
                        text,
                        language=channel.language,
                        voice=language.voice_of(name),
                        pace=turn.pace,
                    )
                    async with aclosing(resample(frames, SAMPLE_RATE)) as pieces:
                        async for samples in pieces:
                            await turn.play(samples)
                    return
                except SpeakError as error:
                    if turn.filled:
                        raise
                    failed = error
                    if not error.retryable:
                        break
        raise failed

    def _voice(self, name: str) -> Voice:
        try:
            return self._engines.voice(name)
        except SettingsError as error:
            raise SpeakError(str(error)) from error

    def _leave_unspoken(self, segment: Segment, language: str, why: str) -> None:
        self._record.emit(
            Unspoken(at=self._record.clock(), segment_id=segment.id, language=language, why=why)
        )

    def _note_progress(self, segment: Segment, target: str, text: str) -> None:
        self._record.emit(
            Rendering(
                at=self._record.clock(),
                rendition=Rendition(segment=segment, language=target, text=text.strip()),
            )
        )

    def _fail(self, stage: str, language: str, error: Exception) -> None:
        fault = None if isinstance(error, StageError) else error
        log.warning("%s failed: %s", stage, error, exc_info=fault, extra={"language": language})
        message = str(error) or type(error).__name__
        self._record.emit(
            Failed(at=self._record.clock(), stage=stage, language=language, message=message)
        )


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """A segment to render; `shown` is what readers have seen of it so far."""

    segment: Segment
    target: str
    terms: list[Term]
    clauses: Clauses
    shown: str = ""


class _Draft:
    """A rendition while it comes: its text, and how much of it was given to the voice."""

    def __init__(self) -> None:
        self.text = ""
        self.given = 0

    def add(self, piece: str) -> str:
        """Add `piece`; gives the clauses that are complete now and long enough, or nothing."""
        self.text += piece
        ends = [match.end() for match in CLAUSE.finditer(self.text, self.given)]
        fit = [end for end in ends if len(self.text[self.given : end].split()) >= CLAUSE_WORDS]
        if not fit:
            return ""
        clauses = self.text[self.given : fit[-1]].strip()
        self.given = fit[-1]
        return clauses


async def _drain(clauses: Clauses) -> AsyncGenerator[str, None]:
    while (item := await clauses.get()) is not None:
        if isinstance(item, RenderError):
            raise item
        yield item
