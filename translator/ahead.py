"""A source read in a task of its own, ahead of who asks for it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from translator.beside import beside

T = TypeVar("T")


@asynccontextmanager
async def reading(source: AsyncIterator[T], *, ahead: int) -> AsyncGenerator["Reader[T]", None]:
    """Read `source` in a task of its own, at most `ahead` items before they are asked for.

    To be cancelled while it waits ends a generator. The reader given here only waits for the
    task, so that who reads it may be cancelled and `source` is read on by another.
    """
    reader = Reader[T](ahead)
    async with beside(reader.run(source)):
        yield reader


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


class Reader(Generic[T]):
    """What `reading` has read; raises the error of its source in the task that reads it."""

    def __init__(self, ahead: int) -> None:
        self._items: asyncio.Queue[T | _End] = asyncio.Queue(ahead)
        self._end: _End | None = None

    async def run(self, source: AsyncIterator[T]) -> None:
        error: Exception | None = None
        try:
            async for item in source:
                await self._items.put(item)
        except Exception as raised:  # the reader raises it, in its own task
            error = raised
        await self._items.put(_End(error))

    @property
    def waiting(self) -> bool:
        """Whether the next item, or the end, is here already."""
        return not self._items.empty()

    def __aiter__(self) -> "Reader[T]":
        return self

    async def __anext__(self) -> T:
        if self._end is None:
            item = await self._items.get()
            if not isinstance(item, _End):
                return item
            self._end = item
        if self._end.error is not None:
            raise self._end.error
        raise StopAsyncIteration
