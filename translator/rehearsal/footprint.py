"""Processor time and memory of what a rehearsal started."""

import asyncio
import os
import time
from typing import Any

import psutil

EVERY = 2.0
"""Seconds between two looks."""


class Footprint:
    """Processor time and memory of what we started, from its first look on."""

    def __init__(self, server_pid: int | None) -> None:
        """`server_pid` is a livekit-server of ours, if there is one."""
        self._server_pid = server_pid
        self._began: float | None = None
        self._lasted = 0.0
        self._first: dict[int, float] = {}
        self._used: dict[int, tuple[str, float]] = {}
        self._peak: dict[str, float] = {}

    async def run(self) -> None:
        """Look every EVERY seconds until cancelled."""
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(EVERY)

    def result(self) -> dict[str, Any]:
        """Cores in use on average, and the peak of megabytes (PSS), by part."""
        cores: dict[str, float] = {}
        for part, used in self._used.values():
            cores[part] = cores.get(part, 0.0) + used / max(self._lasted, 1.0)
        return {
            "cores": {part: round(value, 3) for part, value in cores.items()},
            "memory_mb": {part: round(value) for part, value in self._peak.items()},
        }

    def _look(self) -> None:
        memory: dict[str, float] = {}
        now = time.monotonic()
        self._began = self._began or now
        self._lasted = now - self._began
        for process in psutil.process_iter():
            try:
                part = self._part(process)
                if part is None:
                    continue
                times = process.cpu_times()
                seconds = times.user + times.system
                self._used[process.pid] = (
                    part,
                    seconds - self._first.setdefault(process.pid, seconds),
                )
                memory[part] = memory.get(part, 0.0) + process.memory_full_info().pss / 2**20
            except psutil.Error:
                continue
        for part, value in memory.items():
            self._peak[part] = max(self._peak.get(part, 0.0), value)

    def _part(self, process: psutil.Process) -> str | None:
        if process.pid == self._server_pid:
            return "livekit-server"
        if process.pid == os.getpid():
            return "people"
        family = [process, *process.parents()]
        if any(_is_host(one) for one in family):
            return "engines"
        return "bridge" if os.getpid() in (one.pid for one in family) else None


def _is_host(process: psutil.Process) -> bool:
    return any("translator.engines.host" in part for part in process.cmdline())
