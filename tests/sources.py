"""A source of answers that does what a test wrote."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from translator.lookups import Tool

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}}


class ScriptedSource:
    """One tool, `find`; each call takes `delay` seconds and gives `answer`, or fails."""

    def __init__(
        self,
        answer: str | Exception = "found",
        *,
        delay: float = 0.1,
        listing: Exception | None = None,
    ) -> None:
        self.answer = answer
        self.delay = delay
        self.listing = listing
        self.listed = 0
        self.calls: list[Mapping[str, Any]] = []

    async def tools(self) -> Sequence[Tool]:
        self.listed += 1
        if self.listing is not None:
            raise self.listing
        return [Tool(name="find", description="finds", parameters=QUERY)]

    async def look_up(self, tool: str, arguments: Mapping[str, Any]) -> str:
        assert tool == "find"
        self.calls.append(arguments)
        await asyncio.sleep(self.delay)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer
