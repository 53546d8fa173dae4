"""An event loop whose clock jumps to the next timer, so that waiting costs nothing.

Tests marked `unit`, `line` or `virtual` run in it (conftest.py). While it runs, `time.monotonic`
gives its time, too. Time stands still while anything is ready to run, and while a thread works that
the loop itself started (`asyncio.to_thread`, `run_in_executor`). Sockets, pipes and processes have
a time of their own and do not belong into virtual time.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack
from unittest.mock import patch

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 1000.0
"""Seconds that a fresh loop's clock shows: not 0, which could be mistaken for "never"."""
PATIENCE = 5.0
"""Real seconds that the loop waits for a thread."""


class Stuck(RuntimeError):
    """Everything waits, and nothing will ever happen."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs as any loop does, in no time."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._threads = 0
        super().__init__(_Selector(self._wait))

    def time(self) -> float:
        return self._now

    def run_forever(self) -> None:
        with patch("time.monotonic", self.time):
            super().run_forever()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    async def shutdown_default_executor(self) -> None:
        self._threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._threads -= 1

    def _thread_ended(self, _: asyncio.Future[Any]) -> None:
        self._threads -= 1

    def _wait(self, timeout: float | None) -> float:
        """Real seconds to wait now that the loop would wait for `timeout`."""
        if self._threads:
            return PATIENCE
        if timeout is None:
            raise Stuck(f"nothing is scheduled, and these wait for ever: {self._waiting()}")
        self._now += timeout
        return 0.0

    def _waiting(self) -> str:
        frames = [task.get_stack(limit=1)[0] for task in asyncio.all_tasks(self)]
        return ", ".join(f"{frame.f_code.co_qualname}:{frame.f_lineno}" for frame in frames)


class _Selector(selectors.DefaultSelector):
    """Asks how long to wait, once nothing is ready."""

    def __init__(self, wait: Callable[[float | None], float]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        patience = self._wait(timeout)
        ready = super().select(patience)
        if patience and not ready:
            raise Stuck(f"a thread does not end within {patience:.0f} s")
        return ready
