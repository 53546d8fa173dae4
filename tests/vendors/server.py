"""A vendor's server on loopback."""

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.vendors.faults import Fault, Faults

ARRIVES = 0.05
"""Seconds that what was sent gets before its connection is reset, which would take it back."""


class Server(ABC):
    """Serves a vendor's protocol for as long as it is entered; a subclass adds the routes."""

    def __init__(self, *, port: int = 0) -> None:
        """`port` 0: any that is free."""
        self.faults = Faults()
        self.released = asyncio.Event()
        """What hangs or is late is over when it is set: by a test, or when the server is left."""
        self._port = port
        self._stack = AsyncExitStack()
        self._site: web.TCPSite | None = None
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        return self._port

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """Of the protocol."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_routes(self.routes())
        # A client that goes away cancels its request, and leaving waits for none.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        self._stack.push_async_callback(self._runner.cleanup)
        await self._runner.setup()
        await self.up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        await self._stack.aclose()

    async def up(self) -> None:
        """Listen, at the same port as before."""
        assert self._runner is not None, "enter the server first"
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections from now on, and tear down those that are open."""
        assert self._runner is not None, "enter the server first"
        assert self._site is not None, "it is down"
        await self._site.stop()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        self._site = None

    async def late(self) -> bool:
        """Wait as long as Fault.SLOW says; false when released before."""
        try:
            async with asyncio.timeout(self.faults.slow):
                await self.released.wait()
        except TimeoutError:
            return True
        return False

    async def broken(
        self, request: web.Request, fault: Fault | None, *, arrives: float = ARRIVES
    ) -> None:
        """A part of the answer was sent: what `fault` makes of the connection then, which is reset
        when that part had `arrives` seconds."""
        if fault is Fault.RESET:
            await asyncio.sleep(arrives)
            reset(request)
        elif fault is Fault.HANG:
            await self._hang(request)

    async def _hang(self, request: web.Request) -> None:
        """Write nothing more until released, and read nothing on a socket. Who asked by HTTP may
        go away meanwhile."""
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        if "Upgrade" in request.headers:
            transport.pause_reading()
        await self.released.wait()
        transport.resume_reading()


def reset(request: web.Request) -> None:
    """Tear the connection of `request` down, as a network or a machine that dies does."""
    transport = request.transport
    if transport is None:
        return
    linger = struct.pack("ii", 1, 0)  # a reset instead of an orderly end
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
