"""Whether other processes have ended."""

import asyncio
from collections.abc import Iterable

import psutil


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # nobody may bury it
    except psutil.NoSuchProcess:
        return False


async def end_of(pids: Iterable[int], *, within: float = 10.0) -> None:
    """Raises TimeoutError if one of them runs on."""
    waited_for = tuple(pids)  # looked at again and again, which an iterator would not allow
    async with asyncio.timeout(within):
        while any(map(runs, waited_for)):  # noqa: ASYNC110 (another process has no event)
            await asyncio.sleep(0.05)
