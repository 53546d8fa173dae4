"""Tasks that fail alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from translator.errors import first

log = logging.getLogger(__name__)

FAREWELL = 5.0
"""Seconds that a child which is stopped may hold up whoever stops it."""
BACKOFF = 2.0
"""Seconds before a child that failed is started again."""


class Children:
    """Named tasks of one group; what one raises is reported and does not end the others."""

    def __init__(
        self, group: asyncio.TaskGroup, failed: Callable[[str, BaseException], None]
    ) -> None:
        self._group = group
        self._failed = failed
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    @property
    def names(self) -> Collection[str]:
        """Those that run."""
        return tuple(self._tasks)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` until it ends, fails or is stopped."""
        task = self._group.create_task(self._run(name, work), name=name)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def stop(self, name: str) -> None:
        """Cancel it and wait until it is gone, if that does not take for ever."""
        task = self._tasks.get(name)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,), timeout=FAREWELL)

    async def _run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:
            log.exception("%s failed", name)
            self._failed(name, first(error) if isinstance(error, BaseExceptionGroup) else error)
            await asyncio.sleep(BACKOFF)
