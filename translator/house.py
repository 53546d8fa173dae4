"""What every meeting needs, started together and stopped together.

livekit-server (or the one configured), the engine host, a worker, and a dispatcher that has the
worker take the rooms that people enter.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from livekit.agents import AgentServer

from translator.access import Access
from translator.agent import serve, worker
from translator.dispatch import Dispatcher
from translator.engines.host import running
from translator.errors import ServiceError
from translator.server import ADDRESS, LiveKitServer

READY = 60.0
"""Seconds in which the worker must be registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All of it, running."""

    access: Access
    server_pid: int | None
    """Of a livekit-server of our own."""
    worker: AgentServer
    agent_name: str
    """What the worker's meetings are dispatched to."""


@asynccontextmanager
async def house(*, rooms: str, observers: Sequence[str]) -> AsyncGenerator[House, None]:
    """Everything, until the block ends. `rooms` is a shell pattern of the names of those that
    are interpreted; `observers` are identities that get every fact of theirs.

    Raises ServiceError, perhaps in a group, when something cannot be started or stops.
    """
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(LiveKitServer.running())
        await stack.enter_async_context(running())
        agent_name = f"interpreter-{secrets.token_hex(4)}"
        working = worker(
            server.access,
            agent_name=agent_name,
            start="spawn",  # one program may do this several times, each with a server of its own
        )
        await stack.enter_async_context(registered(working))
        dispatcher = Dispatcher(
            server.access,
            agent_name=agent_name,
            rooms=rooms,
            metadata={"observers": list(observers)},
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(server.wait()), group.create_task(dispatcher.run())]
            yield House(
                access=server.access,
                server_pid=server.pid,
                worker=working,
                agent_name=agent_name,
            )
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def registered(worker: AgentServer) -> AsyncGenerator[None, None]:
    """A worker that takes meetings, until the block ends. Raises ServiceError, in a group."""
    before = {name: os.environ.get(name) for name in ADDRESS}  # it exports its own
    known = asyncio.Event()
    worker.on("worker_registered", lambda *_: known.set())
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(serve(worker))
            await _within_reason(known)
            yield
            serving.cancel()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


async def _within_reason(registered: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(READY):
            await registered.wait()
    except TimeoutError:
        raise ServiceError("the worker could not register with livekit-server") from None
