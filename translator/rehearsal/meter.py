"""Processor time and memory of what a rehearsal started."""

import asyncio
import os
import time
from typing import Any

import psutil


class Meter:
    """Processor time and memory of what we started."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds: dict[int, tuple[str, float]] = {}
        self._peak: dict[str, float] = {}

    async def run(self, server_pid: int | None) -> None:
        """Look once a second until cancelled."""
        while True:
            await asyncio.to_thread(self._look, server_pid)
            await asyncio.sleep(1.0)

    def result(self) -> dict[str, Any]:
        """Cores in use on average, and the peak of resident megabytes, by part."""
        lasted = time.monotonic() - self._began
        cores: dict[str, float] = {}
        for part, used in self._seconds.values():
            cores[part] = cores.get(part, 0.0) + used / lasted
        return {
            "cores": {part: round(value, 3) for part, value in cores.items()},
            "memory_mb": {part: round(value) for part, value in self._peak.items()},
        }

    def _look(self, server_pid: int | None) -> None:
        memory: dict[str, float] = {}
        for process in psutil.process_iter():
            try:
                part = self._part(process, server_pid)
                if part is None:
                    continue
                times = process.cpu_times()
                self._seconds[process.pid] = (part, times.user + times.system)
                memory[part] = memory.get(part, 0.0) + process.memory_info().rss / 2**20
            except psutil.Error:
                continue
        for part, value in memory.items():
            self._peak[part] = max(self._peak.get(part, 0.0), value)

    def _part(self, process: psutil.Process, server_pid: int | None) -> str | None:
        if process.pid == server_pid:
            return "livekit-server"
        if process.pid == os.getpid():
            return "people"
        command = process.cmdline()
        if "translator.engines.host" in command:
            return "engines"
        return "bridge" if os.getpid() in (p.pid for p in process.parents()) else None
