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
    async with asyncio.timeout(within):
        while any(map(runs, pids)):  # noqa: ASYNC110 (another process has no event)
            await asyncio.sleep(0.05)
