"""Asks the sources: within a deadline, so many times, and none that keeps failing."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import anyio

from translator.errors import Kind
from translator.lookups.source import LookUpError, Source, Tool
from translator.prompt import quoted
from translator.record import LookedUp, Record

log = logging.getLogger(__name__)

DEADLINE = 2.0
"""Seconds for one look-up, or for a source to say what it can be asked."""
MOST_CALLS = 6
"""Look-ups for one summary."""
LONGEST_ANSWER = 2000
"""Characters of an answer; the rest is cut off."""
LONGEST_ARGUMENTS = 1000
"""Characters of the arguments that a model gives."""
FAILURES = 2
"""After so many in a row a source is not asked for PAUSE seconds."""
PAUSE = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model gets for one look-up, on one line."""

    text: str
    """JSON: `{"result": "…"}`, with `"cut": true` where it was longer, or
    `{"error": {"kind": "silent", "message": "…"}}`, its kind one of translator.errors.Kind."""
    ok: bool


class Lookups:
    """The look-ups of one meeting."""

    def __init__(self, sources: Callable[[], Mapping[str, Source]], record: Record) -> None:
        """`sources` gives those that may be asked now, by name; it is called in a thread."""
        self._sources = sources
        self._record = record
        self._failures: dict[tuple[str, bool], int] = {}
        """In a row, of a source that is asked for its tools, or asked something: what can still do
        the one may have stopped doing the other."""
        self._resting: dict[str, float] = {}
        """Until when a source is not asked, on the event loop's clock."""

    async def begin(self) -> "Enquiry":
        """The look-ups of one summary; a source that fails is left out."""
        sources = await asyncio.to_thread(self._sources)
        asked: dict[str, _Asked] = {}
        async with asyncio.TaskGroup() as group:
            for name, source in sources.items():
                if not self._rests(name):
                    group.create_task(self._list(name, source, asked))
        return Enquiry({name: asked[name] for name in sorted(asked)}, self)

    async def _list(self, name: str, source: Source, asked: "dict[str, _Asked]") -> None:
        began = asyncio.get_running_loop().time()
        try:
            tools = await self._within_deadline((name, False), source.tools())
        except LookUpError as error:
            self.note(name, began, error)
            return
        for tool in tools:
            full = f"{name}_{tool.name}" if tool.name else name
            asked[full] = _Asked(name, source, tool.name, replace(tool, name=full))

    async def ask(self, asked: "_Asked", arguments: Mapping[str, Any]) -> str:
        """One look-up. Raises LookUpError."""
        if self._rests(asked.source_name):
            raise LookUpError("it failed before and is not asked now", kind="unreachable")
        asking = asked.source.look_up(asked.tool_name, arguments)
        return await self._within_deadline((asked.source_name, True), asking)

    def note(self, tool: str, began: float, error: LookUpError | None) -> None:
        """Put what became of a look-up, which began at that instant, into the record."""
        kind: Kind | None = None if error is None else error.kind
        if error is not None:
            log.warning("a look-up failed: %s", error.kind, extra={"tool": tool})
            log.debug("why: %s", error)
        seconds = asyncio.get_running_loop().time() - began
        self._record.emit(
            LookedUp(
                at=self._record.clock(), tool=tool, ok=error is None, seconds=seconds, kind=kind
            )
        )

    async def _within_deadline(self, what: tuple[str, bool], asking: Awaitable[T]) -> T:
        """What a source gives; whatever it raises becomes a LookUpError."""
        try:
            # anyio's limit also ends what a source does to leave, where asyncio's strikes once.
            with anyio.fail_after(DEADLINE):
                given = await asking
        except LookUpError as error:
            self._count(what, failed=error.kind != "refused")
            raise
        except TimeoutError:
            self._count(what, failed=True)
            text = f"no answer within {DEADLINE:g} seconds"
            raise LookUpError(text, kind="silent") from None
        except Exception as error:
            self._count(what, failed=True)
            log.debug("a source failed", exc_info=True)
            raise LookUpError(f"it failed ({type(error).__name__})") from None
        self._count(what, failed=False)
        return given

    def _rests(self, name: str) -> bool:
        return asyncio.get_running_loop().time() < self._resting.get(name, 0.0)

    def _count(self, what: tuple[str, bool], *, failed: bool) -> None:
        self._failures[what] = self._failures.get(what, 0) + 1 if failed else 0
        if self._failures[what] >= FAILURES:
            self._failures[what] = 0
            self._resting[what[0]] = asyncio.get_running_loop().time() + PAUSE
            log.warning("%s is not asked for %.0f seconds: it keeps failing", what[0], PAUSE)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A tool, and where it is."""

    source_name: str
    source: Source
    tool_name: str
    tool: Tool
    """As a model knows it."""


class Enquiry:
    """What may be looked up for one summary."""

    def __init__(self, asked: Mapping[str, _Asked], lookups: Lookups) -> None:
        self._asked = asked
        self._lookups = lookups
        self._left = MOST_CALLS

    @property
    def tools(self) -> Sequence[Tool]:
        """What a model may call, under names of their own."""
        return [one.tool for one in self._asked.values()]

    async def look_up(self, tool: str, arguments: str) -> Answer:
        """Ask as a model says, `arguments` being its JSON. Never raises."""
        began = asyncio.get_running_loop().time()
        asked = self._asked.get(tool)
        try:
            if asked is None:
                known = ", ".join(self._asked) or "none"
                raise LookUpError(f"there is no such tool; there are: {known}", kind="refused")
            if self._left <= 0:
                raise LookUpError("nothing more can be looked up now", kind="refused")
            self._left -= 1
            text = await self._lookups.ask(asked, _arguments(arguments))
        except LookUpError as error:
            # What a model calls a tool that there is not may be anything: it is not written down.
            self._lookups.note("unknown" if asked is None else tool, began, error)
            return Answer(
                text=quoted({"error": {"kind": error.kind, "message": str(error)}}), ok=False
            )
        self._lookups.note(tool, began, None)
        cut = {"cut": True} if len(text) > LONGEST_ANSWER else {}
        return Answer(text=quoted({"result": text[:LONGEST_ANSWER], **cut}), ok=True)


def _arguments(text: str) -> Mapping[str, Any]:
    """What a model wrote. Raises LookUpError."""
    if len(text) > LONGEST_ARGUMENTS:
        raise LookUpError("the arguments are too long", kind="refused")
    try:
        arguments = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise LookUpError("the arguments are no JSON", kind="refused") from None
    if not isinstance(arguments, dict):
        raise LookUpError("the arguments are no JSON object", kind="refused")
    return arguments
