"""The process of the engine host: loads the engines, answers their requests, ends unneeded.

What it answers and when it ends is told in host.py, which starts it.
"""

import asyncio
import fcntl
import importlib
import logging
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, cast

import psutil
from aiohttp import web

from translator.engines.host import SERVICES, socket_path
from translator.errors import ServiceError, StageError, TranslatorError

logger = logging.getLogger(__name__)

LINGER = 3.0
"""How long a host outlives its last lease."""
LARGEST_REQUEST = 16 * 2**20
"""Bytes."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service(Protocol):
    """One engine inside the host."""

    async def start(self) -> None:
        """Load what is heavy, once. Raises ServiceError, which says what to do."""
        ...

    def routes(self) -> list[web.RouteDef]:
        """Fixed paths, all under the service's own name. A StageError becomes the answer."""
        ...

    async def close(self) -> None:
        """End what `start` or a request started."""
        ...


class Services:
    """The services of this process, each loaded once, when first asked for."""

    def __init__(self) -> None:
        self.loads: Counter[str] = Counter()
        self._services: dict[str, Service] = {}
        self._handlers: dict[str, dict[tuple[str, str], Handler]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, name: str) -> None:
        """Load a service unless it is loaded. Raises ServiceError."""
        async with self._turns[name]:
            if name in self._services:
                return
            logger.info("Loading %s", name)
            service = await self._load(name)
            self.loads[name] += 1
            self._services[name] = service
            self._handlers[name] = {
                (route.method, route.path): cast(Handler, route.handler)
                for route in service.routes()
            }
            logger.info("Loaded %s", name)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to /<service>/..."""
        name = request.match_info["service"]
        await self.start(name)
        handler = self._handlers[name].get((request.method, request.path))
        if handler is None:
            raise web.HTTPNotFound
        return await handler(request)

    async def close(self) -> None:
        for service in self._services.values():
            await service.close()

    async def _load(self, name: str) -> Service:
        if name not in SERVICES:
            raise ServiceError(f"the engine host has no service {name!r}, only {list(SERVICES)}")
        try:
            service = await asyncio.to_thread(_make, SERVICES[name])
            await service.start()
        except TranslatorError as error:
            logger.error("%s does not start: %s", name, error)
            raise ServiceError(str(error)) from error
        except Exception as error:  # whatever it is, the caller must learn of it
            logger.exception("%s does not start", name)
            raise ServiceError(
                f"the engine {name} does not start ({type(error).__name__}: {error}); "
                "install the package again, with all it depends on"
            ) from error
        return service


def _make(target: str) -> Service:
    module, _, name = target.partition(":")
    made: Service = getattr(importlib.import_module(module), name)()
    return made


class Leases:
    """How many hold this process alive."""

    def __init__(self) -> None:
        self.count = 0
        self._some = asyncio.Event()
        self._none = asyncio.Event()

    @contextmanager
    def hold(self) -> Iterator[None]:
        self.count += 1
        self._none.clear()
        self._some.set()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._some.clear()
                self._none.set()

    async def outlived(self, linger: float) -> None:
        """Return when there has been none for `linger` seconds."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(linger):
                    await self._some.wait()
                await self._none.wait()


class Server:
    """What the host answers."""

    def __init__(self) -> None:
        self.leases = Leases()
        self.services = Services()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_errors], client_max_size=LARGEST_REQUEST)
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/lease", self._lease),
                web.post("/{service}/{path:.+}", self.services.handle),
            ]
        )
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "ready": True,
                "pid": os.getpid(),
                "rss": psutil.Process().memory_info().rss,
                "leases": self.leases.count,
                "loads": dict(self.services.loads),
            }
        )

    async def _lease(self, request: web.Request) -> web.WebSocketResponse:
        lease = web.WebSocketResponse()
        await lease.prepare(request)
        names = [name for name in request.query.get("services", "").split(",") if name]
        # Who asked may be gone by the time it is loaded.
        with self.leases.hold(), suppress(ConnectionError):
            await lease.send_json({"error": await self._problem(names)})
            async for _ in lease:
                pass
        return lease

    async def _problem(self, names: Collection[str]) -> str | None:
        for name in names:
            try:
                await self.services.start(name)
            except ServiceError as error:
                return str(error)
        return None


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Failures as JSON: {"error": text, "retryable": bool}."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except StageError as error:
        return _failed(503 if error.retryable else 422, str(error), retryable=error.retryable)
    except ServiceError as error:
        return _failed(503, str(error))
    except Exception:  # one request must not be the end of another's
        logger.exception("A request failed", extra={"path": request.path})
        return _failed(500, f"the engine host failed at {request.path}; its log says why")


def _failed(status: int, error: str, *, retryable: bool = False) -> web.Response:
    return web.json_response({"error": error, "retryable": retryable}, status=status)


async def serve(socket: Path, listening: Callable[[], None]) -> None:
    """Serve until the last lease is gone. Who calls holds the lock of `socket`."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    server = Server()
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(socket)).start()
        logger.info("The engine host listens as process %d", os.getpid())
        listening()
        await server.leases.outlived(LINGER)
        logger.info("The engine host ends: nobody needs it")
    finally:
        await runner.cleanup()
        await server.services.close()


def main() -> None:
    """Run the host of this machine and user, unless it runs."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    socket = socket_path()
    with open(socket.with_suffix(".lock"), "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another one runs, or is about to end
        socket.unlink(missing_ok=True)  # left by a host that was killed
        with suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(serve(socket, _announce))
        socket.unlink(missing_ok=True)


def _announce() -> None:
    """Tell who started us, unless it is gone, then let go of what may be its pipe."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), b"listening\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
