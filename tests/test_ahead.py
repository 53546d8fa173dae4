"""reading: a source that a task of its own reads, ahead of who asks for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from translator.ahead import reading

pytestmark = pytest.mark.unit


async def numbers(given: list[int], count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        given.append(number)
        yield number


async def turn() -> None:
    """Let all others come to where they wait."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_is_read_than_may_wait() -> None:
    given: list[int] = []
    async with aclosing(numbers(given, 100)) as source, reading(source, ahead=3) as reader:
        assert not reader.waiting
        await turn()
        assert reader.waiting
        assert given == [0, 1, 2, 3]  # three wait, and one for its place
        assert await anext(reader) == 0
        await turn()
        assert given == [0, 1, 2, 3, 4]


async def test_a_reader_that_is_cancelled_ends_no_source() -> None:
    ready = asyncio.Event()

    async def late() -> AsyncGenerator[str, None]:
        await ready.wait()
        yield "said"

    async with aclosing(late()) as source, reading(source, ahead=3) as reader:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(reader), 0.001)
        ready.set()
        assert [one async for one in reader] == ["said"]


async def test_the_end_is_told_each_time() -> None:
    async with aclosing(numbers([], 2)) as source, reading(source, ahead=3) as reader:
        assert [one async for one in reader] == [0, 1]
        assert [one async for one in reader] == []


async def test_an_error_of_the_source_is_raised_after_what_it_gave_and_again() -> None:
    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        raise OSError("no more frames")

    async with aclosing(broken()) as source, reading(source, ahead=3) as reader:
        assert await anext(reader) == 1
        for _ in range(2):
            with pytest.raises(OSError, match="no more frames"):
                await anext(reader)
