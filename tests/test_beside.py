"""What runs beside something ends with it, and hides none of its errors."""

import asyncio

import pytest

from translator.beside import beside

pytestmark = pytest.mark.unit


class Work:
    """Runs until it is cancelled."""

    def __init__(self) -> None:
        self.running = False

    async def run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False


async def fail(what: str) -> None:
    await asyncio.sleep(1.0)
    raise LookupError(what)


async def test_work_runs_while_the_body_does() -> None:
    work = Work()
    async with beside(work.run()):
        await asyncio.sleep(1.0)
        assert work.running
    assert not work.running


async def test_the_bodys_error_comes_out_as_it_is() -> None:
    work = Work()
    with pytest.raises(LookupError, match="the body"):
        async with beside(work.run()):
            await fail("the body")
    assert not work.running


async def test_a_cancelled_body_is_cancelled_and_its_work_too() -> None:
    work = Work()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0), beside(work.run()):
            await asyncio.Event().wait()
    assert not work.running


async def test_work_that_ends_leaves_the_body_alone() -> None:
    async with beside(asyncio.sleep(1.0)):
        await asyncio.sleep(2.0)


async def test_an_error_of_the_work_is_not_lost() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        async with beside(fail("the work")):
            await asyncio.Event().wait()
    assert isinstance(raised.value.exceptions[0], LookupError)
