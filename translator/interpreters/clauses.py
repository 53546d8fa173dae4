"""A rendition while it comes: cut into clauses, so that its voice begins before its text ends."""

import asyncio
import re
from collections.abc import AsyncGenerator

from translator.errors import RenderError

CLAUSE = re.compile(r"(?<=[.!?;:,…。！？，、])\s+")
CLAUSE_WORDS = 4
"""A shorter clause waits for the next: a voice needs some words to sound like one."""

Clauses = asyncio.Queue[str | RenderError | None]
"""A rendition as it comes, clause by clause; then None, or what it failed of."""


class Draft:
    """The text so far, and how much of it was given to the voice."""

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

    @property
    def rest(self) -> str:
        """What no complete clause has taken yet."""
        return self.text[self.given :].strip()


async def drain(clauses: Clauses) -> AsyncGenerator[str, None]:
    """The clauses until their end. Raises the RenderError that ended them."""
    while (item := await clauses.get()) is not None:
        if isinstance(item, RenderError):
            raise item
        yield item


def broken_off(said: str, source: str) -> str:
    """The text of a rendition that broke off behind `said`: the rest is as it was spoken."""
    return f"{said} … [{source}]".lstrip()
