"""The renderers of a cascade: the pair's engines one after the other, until one renders."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from translator.errors import RenderError, SettingsError, StageError
from translator.glossary import respelled
from translator.guards.output import Guard, GuardedError
from translator.health import Health
from translator.interpreters.clauses import Clauses, Draft
from translator.render import Renderer
from translator.types import Brief, Rendition


class BrokenOffError(RenderError):
    """Rendering failed when a clause had already gone out: `text` is what was said, under the
    instructions `prompt`."""

    final = True

    def __init__(self, fault: RenderError, text: str, prompt: str | None) -> None:
        super().__init__(str(fault), kind=fault.kind)
        self.blameless = fault.blameless
        self.text = text
        self.prompt = prompt


class Engines(Protocol):
    """Renderers by the names that the settings use. One that cannot be made raises
    SettingsError; to make one takes time, so they are asked for in a thread."""

    def renderer(self, name: str) -> Renderer: ...

    def reaches(self, name: str, source: str, target: str) -> bool:
        """Whether a renderer knows the pair at all."""
        ...


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
        guard: Callable[[Renderer], Guard],
    ) -> Rendition:
        """The rendition by the first of `names` that gives one; its clauses go into `clauses` as
        they come, past a guard of its own.

        Nobody is called behind a clause that has gone out. Raises RenderError; BrokenOffError
        when one has.
        """
        source = brief.segment.language
        names = [name for name in names if self._engines.reaches(name, source, brief.target)]
        if not names:
            raise RenderError(f"no engine renders {source} to {brief.target}")
        return await self._health.call(
            "render",
            names,
            lambda name: self._call(name, brief, clauses, guard),
            failed=RenderError,
            failing=lambda error: self._failed(brief.target, error),
        )

    async def _call(
        self, name: str, brief: Brief, clauses: Clauses, guard: Callable[[Renderer], Guard]
    ) -> Rendition:
        # In a thread: a vendor's client takes half a second to make, and the first guard of a
        # meeting must read profiles.
        renderer, judge = await asyncio.to_thread(self._made, name, guard)
        return await self._attempt(brief, renderer, clauses, judge)

    def _made(self, name: str, guard: Callable[[Renderer], Guard]) -> tuple[Renderer, Guard]:
        try:
            renderer = self._engines.renderer(name)
        except SettingsError as error:
            raise RenderError(str(error)) from error
        return renderer, guard(renderer)

    async def _attempt(
        self, brief: Brief, renderer: Renderer, clauses: Clauses, guard: Guard
    ) -> Rendition:
        """One call of one engine; raises RenderError."""
        draft, said = Draft(), ""
        try:
            async with aclosing(renderer.render(brief)) as pieces:
                async for piece in pieces:
                    clause = respelled(draft.add(piece), brief.terms)
                    if clause and (clause := guard.admit(clause)):
                        clauses.put_nowait(clause)
                        said = f"{said} {clause}".strip()
                        self._shown(brief, said)
            if not draft.text.strip():
                raise RenderError("the rendition is empty", retryable=True)
            if rest := guard.finish(respelled(draft.rest, brief.terms)):
                clauses.put_nowait(rest)
                said = f"{said} {rest}".strip()
        except RenderError as error:
            if isinstance(error, GuardedError):
                self._guarded(brief, error.why)
            if said:
                raise BrokenOffError(error, said, renderer.prompt) from error
            raise
        return Rendition(
            segment=brief.segment,
            language=brief.target,
            text=said,
            prompt=renderer.prompt,
        )
