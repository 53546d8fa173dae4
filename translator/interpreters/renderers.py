"""The renderers of a cascade: the pair's engines one after the other, until one renders."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from translator.errors import RenderError, SettingsError, StageError
from translator.glossary import respelled
from translator.guards.output import Guard, GuardedError
from translator.health import Health
from translator.interpreters.clauses import Clauses, Draft
from translator.render import Renderer
from translator.types import Brief, Rendition


class BrokenOffError(RenderError):
    """Rendering failed when a clause had already gone out: `text` is what was said, by `engine`,
    under the instructions `prompt`."""

    final = True

    def __init__(self, fault: RenderError, text: str, engine: str, prompt: str | None) -> None:
        super().__init__(str(fault), kind=fault.kind)
        self.blameless = fault.blameless
        self.text = text
        self.engine = engine
        self.prompt = prompt


class Engines(Protocol):
    """Renderers by the names that the settings use. One that cannot be made raises
    SettingsError; to make one takes time, so they are asked for in a thread."""

    def renderer(self, name: str) -> Renderer: ...

    def reaches(self, name: str, source: str, target: str) -> bool:
        """Whether a renderer knows the pair at all."""
        ...


@dataclass(frozen=True, slots=True)
class _Call:
    """One engine's, for one segment."""

    name: str
    renderer: Renderer
    guard: Guard

    def rendition(self, brief: Brief, text: str) -> Rendition:
        return Rendition(
            segment=brief.segment, language=brief.target, text=text, prompt=self.renderer.prompt
        )


_Attempt = Callable[[_Call, Brief, Clauses], Awaitable[Rendition]]
_Guards = Callable[[Brief, Renderer], Guard]
"""A guard for what a renderer makes of a brief; called in a thread."""


class Renderers:
    """Renders segment by segment."""

    def __init__(
        self,
        engines: Engines,
        health: Health,
        *,
        shown: Callable[[Brief, str], None],
        guarded: Callable[[Brief, str], None],
        failed: Callable[[str, StageError], None],
    ) -> None:
        """`shown` is told a rendition as it grows; `guarded` why one was kept back; `failed` of a
        language's engine that another follows."""
        self._engines = engines
        self._health = health
        self._shown = shown
        self._guarded = guarded
        self._failed = failed

    async def render(
        self,
        brief: Brief,
        names: Sequence[str],
        clauses: Clauses,
        *,
        guard: _Guards,
    ) -> Rendition:
        """The rendition by the first of `names` that gives one; its clauses go into `clauses` as
        they come, past a guard of its own.

        Where one breaks off behind a clause, the rest is asked of one that takes instructions.
        Raises RenderError; BrokenOffError when a clause has gone out.
        """
        source = brief.segment.language
        names = [name for name in names if self._engines.reaches(name, source, brief.target)]
        if not names:
            raise RenderError(f"no engine renders {source} to {brief.target}")
        try:
            return await self._by_one(names, self._attempt, brief, clauses, guard)
        except BrokenOffError as error:
            if error.blameless:  # what was said is no rendition, and nothing to go on with
                raise
            return await self._finished(error, brief, names, clauses, guard)

    async def _finished(
        self,
        broken: BrokenOffError,
        brief: Brief,
        names: Sequence[str],
        clauses: Clauses,
        guard: _Guards,
    ) -> Rendition:
        """The rendition that `broken` began, with the rest by those that can be told to go on: who
        broke off comes last, since most likely it is still out. Raises BrokenOffError."""
        able = await asyncio.to_thread(self._instructed, names)
        if broken.kind == "silent":
            able = [name for name in able if name != broken.engine]
        if not able:
            raise broken
        self._failed(brief.target, broken)
        able.sort(key=lambda name: name == broken.engine)
        begun = replace(brief, begun=broken.text)
        try:
            return await self._by_one(able, self._go_on, begun, clauses, guard)
        except RenderError as error:
            raise BrokenOffError(error, broken.text, broken.engine, broken.prompt) from error

    async def _by_one(
        self,
        names: Sequence[str],
        attempt: _Attempt,
        brief: Brief,
        clauses: Clauses,
        guard: _Guards,
    ) -> Rendition:
        def made(name: str) -> _Call:
            try:
                renderer = self._engines.renderer(name)
            except SettingsError as error:
                raise RenderError(str(error)) from error
            return _Call(name, renderer, guard(brief, renderer))

        async def call(name: str) -> Rendition:
            # In a thread: a vendor's client takes half a second to make, and the first guard of a
            # meeting must read profiles.
            return await attempt(await asyncio.to_thread(made, name), brief, clauses)

        return await self._health.call(
            "render",
            names,
            call,
            failed=RenderError,
            failing=lambda error: self._failed(brief.target, error),
        )

    def _instructed(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that can be told to go on."""
        able = []
        for name in names:
            with suppress(SettingsError):
                if self._engines.renderer(name).prompt is not None:
                    able.append(name)
        return able

    async def _attempt(self, call: _Call, brief: Brief, clauses: Clauses) -> Rendition:
        """One call of one engine; raises RenderError."""
        draft, said = Draft(), ""
        try:
            async with aclosing(call.renderer.render(brief)) as pieces:
                async for piece in pieces:
                    clause = respelled(draft.add(piece), brief.terms)
                    if clause and (clause := call.guard.admit(clause)):
                        clauses.put_nowait(clause)
                        said = f"{said} {clause}".strip()
                        self._shown(brief, said)
            if not draft.text.strip():
                raise RenderError("the rendition is empty", retryable=True, kind="empty")
            if rest := call.guard.finish(respelled(draft.rest, brief.terms)):
                clauses.put_nowait(rest)
                said = f"{said} {rest}".strip()
        except RenderError as error:
            if isinstance(error, GuardedError):
                self._guarded(brief, error.why)
            if said:
                raise BrokenOffError(error, said, call.name, call.renderer.prompt) from error
            raise
        return call.rendition(brief, said)

    async def _go_on(self, call: _Call, brief: Brief, clauses: Clauses) -> Rendition:
        """One call for what is missing, which is let go as a whole; raises RenderError."""
        async with aclosing(call.renderer.render(brief)) as pieces:
            text = "".join([piece async for piece in pieces])
        try:
            rest = missing(brief.begun, text)
        except RenderError as error:
            error.blameless = True  # it was asked for something odd
            raise
        try:
            rest = call.guard.finish(respelled(rest, brief.terms))
        except GuardedError as error:
            self._guarded(brief, error.why)
            raise
        clauses.put_nowait(rest)
        return call.rendition(brief, f"{brief.begun} {rest}")


_BETWEEN = " \t\n,.;:!?…"


def missing(begun: str, text: str) -> str:
    """What `text` says after `begun`, which it may repeat first.

    Raises RenderError where it says nothing more, or begins anew in other words.
    """
    letters = [letter.lower() for letter in begun if letter.isalnum()]
    places = [place for place, letter in enumerate(text) if letter.isalnum()][: len(letters)]
    repeated = bool(letters) and [text[place].lower() for place in places] == letters
    rest = text[places[-1] + 1 :] if repeated else text
    rest = rest.lstrip(_BETWEEN).rstrip()
    if not any(letter.isalnum() for letter in rest):
        raise RenderError("nothing follows what was heard", kind="empty")
    if _opening(rest) == _opening(begun):
        raise RenderError("the rendition begins anew", kind="refused")
    return rest


def _opening(text: str) -> list[str]:
    """Its first two words."""
    return re.findall(r"\w+", text.lower())[:2]
