"""The command line in a real room, as a person starts it, and every process that comes of it."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from translator.access import Access
from translator.rehearsal.recording import SAMPLE_RATE, Recording, Samples, read
from translator.server import ADDRESS

ROOT = Path(__file__).parents[2]
OUTSIDE = (*ADDRESS, "TRANSLATOR_RUNTIME")


def environment(**more: str) -> dict[str, str]:
    """The environment of a command that starts a server and a host of its own."""
    return {name: value for name, value in os.environ.items() if name not in OUTSIDE} | more


def naming(access: Access) -> dict[str, str]:
    """The variables that name a server."""
    return dict(zip(ADDRESS, (access.url, access.api_key, access.api_secret), strict=True))


def free_port() -> int:
    """A port of this machine that nothing uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Command:
    """`translator …` while it runs. What it started is known by its parent or its environment."""

    process: asyncio.subprocess.Process
    runtime: str
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _printed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self.err)

    async def until(self, text: str, *, within: float = 120.0) -> None:
        """Wait until a line of stdout holds `text`. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not any(text in line for line in self.out):
                self._printed.clear()
                await self._printed.wait()

    async def end(self, *, within: float = 120.0) -> int:
        """Its exit code. Raises TimeoutError."""
        async with asyncio.timeout(within):
            return await self.process.wait()

    def started(self) -> list[psutil.Process]:
        """What runs because of it, itself not included."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            try:
                environ = process.environ()
            except psutil.Error:
                continue
            if environ.get("TRANSLATOR_RUNTIME") == self.runtime:
                found[process.pid] = process
        for process in list(found.values()):
            try:
                found |= {child.pid: child for child in process.children(recursive=True)}
            except psutil.Error:
                continue
        found.pop(self.process.pid, None)
        return list(found.values())

    def found(self, part: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
        """Those that fit `part`."""
        return fitting(self.started(), part)

    def one(self, part: Callable[[psutil.Process], bool]) -> psutil.Process:
        """The one that fits `part`: not a child of it that is only being started, and looks as its
        parent does until it runs a program of its own."""
        fit = self.found(part)
        (found,) = [one for one in fit if not _is_child(one, fit)]
        return found

    async def read(self, stream: asyncio.StreamReader, into: list[str]) -> None:
        """Collect the lines of `stream` until it ends."""
        while line := await stream.readline():
            into.append(line.decode())
            self._printed.set()


@contextmanager
def runtime() -> Iterator[str]:
    """A folder for an engine host of the test's own."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:  # short: a socket lies in it
        yield folder  # made with mode 0700


@asynccontextmanager
async def command(
    *arguments: str | Path, environ: Mapping[str, str] | None = None, folder: Path = ROOT
) -> AsyncGenerator[Command, None]:
    """Run `translator ARGUMENTS` in `folder`; what it leaves running is killed at the end.

    It has an engine host of its own, unless `environ` names another.
    """
    with runtime() as own:
        given = {"TRANSLATOR_RUNTIME": own} | dict(environment() if environ is None else environ)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "translator", *map(str, arguments)),
            cwd=folder,
            env=given,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        one = Command(process=process, runtime=given["TRANSLATOR_RUNTIME"])
        async with asyncio.TaskGroup() as group:
            readers = [
                group.create_task(one.read(process.stdout, one.out)),
                group.create_task(one.read(process.stderr, one.err)),
            ]
            try:
                yield one
            finally:
                left = one.started()
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                for other in left:
                    with suppress(psutil.NoSuchProcess):
                        other.kill()
                for reader in readers:
                    reader.cancel()


def children() -> list[psutil.Process]:
    """What runs because of this program."""
    return psutil.Process(os.getpid()).children(recursive=True)


def _is_child(process: psutil.Process, among: Sequence[psutil.Process]) -> bool:
    """Of one of these; also where it has ended."""
    try:
        return any(parent in among for parent in process.parents())
    except psutil.Error:
        return True


def fitting(
    processes: Iterable[psutil.Process], part: Callable[[psutil.Process], bool]
) -> list[psutil.Process]:
    """Those that run, and fit `part`."""
    found = []
    for process in processes:
        with suppress(psutil.Error):  # a voice's program lives for milliseconds
            if part(process):
                found.append(process)
    return found


def is_server(process: psutil.Process) -> bool:
    """Whether it is livekit-server."""
    return process.name() == "livekit-server"


def is_host(process: psutil.Process) -> bool:
    """Whether it is the engine host."""
    return "translator.engines.host" in " ".join(process.cmdline())


def is_worker(process: psutil.Process) -> bool:
    """Whether it is a process of the worker's, for jobs."""
    return "multiprocessing.spawn" in " ".join(process.cmdline())


def is_job(process: psutil.Process) -> bool:
    """Whether it is the worker's process that runs a meeting: of all but the server, it alone
    has a connection to it."""
    talks = any(one.status == psutil.CONN_ESTABLISHED for one in process.net_connections("tcp"))
    return talks and not is_server(process)


def excerpt(path: Path, start: float, end: float) -> Recording:
    """A part of a recording, in seconds."""
    samples = read(path).samples
    return Recording(samples=samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)])


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE), np.int16)
