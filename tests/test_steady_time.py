"""A machine that stops us for a while ends no deadline, and all else takes the time it takes."""

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.steady_time import MOST, SLICE, SteadyTimeLoop

pytestmark = pytest.mark.vendor

REAL = time.monotonic
STOP = 0.4


def stop() -> None:
    """As the loop sees it, nothing of its process runs for a while."""
    time.sleep(STOP)


async def by_real_time(wait: Callable[[], Any]) -> tuple[float, float]:
    """How long that takes, by the clock of the loop and by the real one."""
    loop = asyncio.get_running_loop()
    real = REAL()
    began = loop.time()
    await wait()
    took = loop.time() - began
    return took, REAL() - real


async def test_it_is_chosen_for_vendors_and_gives_the_time() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyTimeLoop)
    assert loop.time() <= time.monotonic() <= loop.time()
    assert time.monotonic is not REAL


async def test_a_stop_between_two_waits_ends_no_deadline() -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(0.1):
        loop.call_soon(stop)
        for _ in range(3):  # a deadline that is over would end it here
            await asyncio.sleep(0.01)


async def test_a_stop_in_the_middle_of_a_wait_ends_no_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = selectors.DefaultSelector.select
    stops: Iterator[Callable[[], None]] = iter([stop])

    def select(self: selectors.DefaultSelector, timeout: float | None = None) -> Any:
        if timeout:
            next(stops, lambda: None)()
        return real(self, timeout)

    async def nap() -> None:
        for _ in range(3):
            await asyncio.sleep(0.01)

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    async with asyncio.timeout(0.1):
        took, real_time = await by_real_time(nap)
    assert took < 0.1
    assert real_time > STOP


async def test_time_never_goes_back() -> None:
    loop = asyncio.get_running_loop()
    times = [loop.time()]
    for pause in (0.0, SLICE, 0.0):
        stop()
        times.append(loop.time())
        await asyncio.sleep(pause)
        times.append(loop.time())
    assert times == sorted(times)


async def test_a_timer_waits_as_long_as_it_says() -> None:
    took, real = await by_real_time(lambda: asyncio.sleep(0.3))
    assert took == pytest.approx(0.3, abs=0.02)
    assert real >= 0.3


async def test_a_deadline_passes() -> None:
    async def hang() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.Event().wait()

    took, real = await by_real_time(hang)
    assert took == pytest.approx(0.3, abs=0.02)
    assert real >= 0.3


async def test_to_wait_for_a_thread_takes_its_time() -> None:
    took, real = await by_real_time(lambda: asyncio.to_thread(time.sleep, 0.3))
    assert took >= 0.29
    assert took <= real


async def test_work_of_our_own_takes_its_time() -> None:
    async def work() -> None:
        until = time.process_time() + 0.2
        while time.process_time() < until:
            pass

    took, _ = await by_real_time(work)
    assert took >= 0.2 - MOST  # a stop just before it has counted already


async def test_other_threads_have_real_time() -> None:
    def watch() -> float:
        return REAL() - time.monotonic()

    stop()
    await asyncio.sleep(0)
    assert REAL() - time.monotonic() > STOP / 2
    assert abs(await asyncio.to_thread(watch)) < STOP / 4


def test_time_is_real_outside() -> None:
    loop = SteadyTimeLoop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert time.monotonic is REAL
