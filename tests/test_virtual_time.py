"""Waiting in virtual time costs nothing, keeps its order, and never hangs."""

import asyncio
import threading
import time

import pytest

from tests import virtual_time
from tests.virtual_time import Stuck, VirtualTimeLoop

pytestmark = pytest.mark.unit


async def test_an_hour_passes_at_once() -> None:
    real = time.perf_counter()
    start = asyncio.get_running_loop().time()
    await asyncio.sleep(3600)
    assert asyncio.get_running_loop().time() == pytest.approx(start + 3600)
    assert time.perf_counter() - real < 1


async def test_monotonic_is_the_time_of_the_loop() -> None:
    start = time.monotonic()
    await asyncio.sleep(7.5)
    assert time.monotonic() == pytest.approx(start + 7.5)
    assert time.monotonic() == asyncio.get_running_loop().time()


def test_monotonic_is_real_outside() -> None:
    real = time.monotonic
    loop = VirtualTimeLoop()
    assert loop.run_until_complete(_now()) == virtual_time.BEGIN
    loop.close()
    assert time.monotonic is real


async def _now() -> float:
    return time.monotonic()


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[tuple[str, float]] = []
    start = time.monotonic()

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, round(time.monotonic() - start, 9)))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 5.0), ("early", 0.02), ("middle", 1.0)):
            group.create_task(sleeper(name, seconds))
    assert woken == [("early", 0.02), ("middle", 1.0), ("late", 5.0)]


async def test_work_takes_no_time() -> None:
    start = time.monotonic()
    for _ in range(100):
        await asyncio.sleep(0)
    assert time.monotonic() == start


async def test_a_deadline_passes() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.Event().wait()


async def test_time_stands_still_while_a_thread_works() -> None:
    start = time.monotonic()
    async with asyncio.timeout(0.001):
        assert await asyncio.to_thread(sum, range(1_000_000)) == 499_999_500_000
    assert time.monotonic() == start


def test_it_does_not_hang_when_nothing_is_scheduled() -> None:
    with (
        pytest.raises(Stuck, match="_wait_for_ever"),
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
    ):
        runner.run(_wait_for_ever())


async def _wait_for_ever() -> None:
    await asyncio.Event().wait()


def test_it_does_not_hang_on_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_time, "PATIENCE", 0.01)
    release = threading.Event()
    loop = VirtualTimeLoop()
    with pytest.raises(Stuck, match="a thread does not end"):
        loop.run_until_complete(asyncio.to_thread(release.wait))
    release.set()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
