"""The engine host: one process per machine and user that runs the heavy local engines.

A model is loaded once for all meetings, and never blocks the event loop of a job. The host is an
HTTP server on a Unix socket in a folder that only the user can enter:

    GET  /health              what is loaded, how often, and by which process
    GET  /lease?services=a,b  WebSocket: loads the services, then keeps the host alive while open
    POST /<service>/...       a request to one service; loads it where nobody leased it

Its life hangs on leases. `running()` takes one, and starts a host where none answers; the kernel
ends the lease of a process that dies, however it dies; a host without leases ends by itself.
The holder of a lease also starts a new host when the old one dies, and requests wait for that.
"""

import asyncio
import json as jsonlib
import logging
import os
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp

from translator.beside import beside
from translator.errors import ServiceError, StageError

logger = logging.getLogger(__name__)

SERVICES: Mapping[str, str] = {
    "whisper": "translator.engines.whisper.service:WhisperService",
    "apertium": "translator.engines.apertium:ApertiumService",
    "espeak": "translator.engines.espeak:EspeakService",
}
"""Services by name; all paths of a service begin with its name."""

RESTART = 10.0
"""How long a request waits for a host that restarts."""
SPAWN = 20.0
"""How long a new host may take until it answers, before it loads anything."""
LOAD = 300.0
"""How long the services of a lease may load: a model may have to be fetched."""
ATTEMPTS = (0.1, 0.3, 1.0, 2.0, 4.0)
"""Pauses between attempts to find or start a host."""
SECRETS = ("_KEY", "_SECRET", "_TOKEN", "_PASSWORD", "_CREDENTIALS")
"""Ends of the names of variables that a host does not inherit."""
NEEDED = frozenset({"HF_TOKEN"})
"""Those that it does: with it, models are fetched."""

_RUN = "from translator.engines.host_server import main; main()"
_URL = "http://engines"  # a name is needed, none is looked up


def runtime_dir() -> Path:
    """The folder of the socket, the lock and the log, private to the user. Raises ServiceError."""
    given, session = os.environ.get("TRANSLATOR_RUNTIME"), os.environ.get("XDG_RUNTIME_DIR")
    if given:
        folder = Path(given)
    elif session and os.access(session, os.W_OK):
        folder = Path(session) / "translator"
    else:
        folder = Path(tempfile.gettempdir()) / f"translator-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    # Someone else may have made the folder first, to answer in our place.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ServiceError(f"{folder} must be a folder of yours with mode 0700; remove it")
    return folder


def socket_path() -> Path:
    """Where the host of this machine and user listens. Raises ServiceError."""
    path = runtime_dir() / "engines.sock"
    if len(os.fsencode(path)) > 100:  # the kernel takes 107
        raise ServiceError(f"{path} is too long for a socket; set TRANSLATOR_RUNTIME to a shorter")
    return path


class Host:
    """A client of the host; it belongs to the event loop of its first request.

    Without `socket` it finds the host of this machine and user when it is first asked for
    something; that raises ServiceError.
    """

    def __init__(self, socket: Path | None = None) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    @cached_property
    def socket(self) -> Path:
        """Where the host answers."""
        return self._socket or socket_path()

    @property
    def log(self) -> Path:
        """Where the host writes what goes wrong."""
        return self.socket.with_suffix(".log")

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(path=str(self.socket)),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    @asynccontextmanager
    async def post(
        self,
        path: str,
        *,
        failed: type[StageError],
        data: bytes | None = None,
        json: object | None = None,
        timeout: float = 30.0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one request, its body read; `timeout` is seconds of one attempt.

        A request that a dying host left without an answer is sent again. Raises `failed`, which
        is the stage's own: retryable where the service says so or takes too long, and where no
        host comes back.
        """
        try:
            response = await self._request("POST", path, timeout=timeout, data=data, json=json)
        except ServiceError as error:
            raise failed(str(error), retryable=True) from error
        if response.status >= 400:
            reason, retryable = _refusal(
                path, response.status, await response.text(errors="replace")
            )
            raise failed(reason, retryable=retryable)
        yield response

    async def health(self) -> dict[str, Any]:
        """What GET /health says. Raises ServiceError."""
        response = await self._request("GET", "/health", timeout=RESTART)
        answer: dict[str, Any] = await response.json()
        return answer

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _request(
        self, method: str, path: str, *, timeout: float, **options: Any
    ) -> aiohttp.ClientResponse:
        """The answer, its body read. Raises ServiceError."""
        patience: float | None = None
        broken = 0
        while True:
            try:
                async with asyncio.timeout(timeout):
                    response = await self.session.request(method, _URL + path, **options)
                    await response.read()  # to the end, which also frees the connection
                return response
            except TimeoutError as error:
                raise ServiceError(
                    f"the engine host did not answer {path} in {timeout:g} s; see {self.log}"
                ) from error
            except (aiohttp.ClientError, OSError) as error:
                # A request that brings the host down must not do it again and again.
                broken += not isinstance(error, aiohttp.ClientConnectorError)
                patience = patience or time.monotonic() + RESTART
                if broken > 2 or time.monotonic() > patience:
                    raise ServiceError(
                        f"the engine host at {self.socket} is gone ({error}); see {self.log}"
                    ) from error
                await asyncio.sleep(0.1)


def _refusal(path: str, status: int, body: str) -> tuple[str, bool]:
    """Why a service refused, and whether it may take the same at once."""
    try:
        said = jsonlib.loads(body)
        return str(said["error"]), bool(said.get("retryable"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"the engine host answered {status} to {path}", False


@asynccontextmanager
async def running(services: Collection[str] = tuple(SERVICES)) -> AsyncIterator[Host]:
    """The host of this machine with `services` loaded, kept alive while this is open.

    Starts a host where none answers, and again when it dies. Raises ServiceError where a service
    cannot be loaded: what is missing, and how to get it.
    """
    host = Host()
    try:
        lease = await _lease(host, services)
        async with beside(_keep(lease, host, services)):
            yield host
    finally:
        await host.close()


async def _keep(
    lease: aiohttp.ClientWebSocketResponse, host: Host, services: Collection[str]
) -> None:
    """Hold a lease for ever, on a new host whenever the old one dies."""
    while True:
        try:
            async for _ in lease:
                pass
        finally:
            await lease.close()
        logger.warning("The engine host ended; starting it again. See %s", host.log)
        while lease.closed:
            try:
                lease = await _lease(host, services)
            except ServiceError as error:
                logger.error("The engine host does not come back: %s", error)
                await asyncio.sleep(ATTEMPTS[-1])
        logger.info("The engine host is back")


async def _lease(host: Host, services: Collection[str]) -> aiohttp.ClientWebSocketResponse:
    """A lease on a host that has loaded `services`, started where needed. Raises ServiceError."""
    for pause in ATTEMPTS:
        lease = await _connected(host, services)
        if lease is None and await _spawn(host):
            lease = await _connected(host, services)
        if lease is not None and await _loaded(lease, host):
            return lease
        await asyncio.sleep(pause)  # another host was about to listen, or to end
    raise ServiceError(f"the engine host does not start or does not stay; see {host.log}")


async def _connected(
    host: Host, services: Collection[str]
) -> aiohttp.ClientWebSocketResponse | None:
    """A lease that is not yet answered; None where nobody listens. Raises ServiceError."""
    try:
        async with asyncio.timeout(SPAWN):
            return await host.session.ws_connect(
                f"{_URL}/lease",
                params={"services": ",".join(services)},
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
    except TimeoutError as error:
        raise ServiceError(
            f"the engine host listens but does not answer; end its process, see {host.log}"
        ) from error
    except (aiohttp.ClientError, ConnectionError):
        return None


async def _loaded(lease: aiohttp.ClientWebSocketResponse, host: Host) -> bool:
    """Whether the host has loaded what the lease asked for; False when it ended instead."""
    try:
        answer = await lease.receive(timeout=LOAD)
    except TimeoutError as error:
        await lease.close()
        raise ServiceError(f"the engines did not load in {LOAD:g} s; see {host.log}") from error
    if answer.type is not aiohttp.WSMsgType.TEXT:
        await lease.close()
        return False
    problem = jsonlib.loads(answer.data)["error"]
    if problem is not None:
        await lease.close()
        raise ServiceError(problem)
    return True


async def _spawn(host: Host) -> bool:
    """Start a host and see it listen; False when it ended first, as beside another one."""
    with _appended(host.log) as log:
        shell, birth = await asyncio.get_running_loop().subprocess_exec(
            _Birth,
            # The shell ends at once, so the host is nobody's child: it may outlive us.
            *("/bin/sh", "-c", '"$@" &', "sh", sys.executable, "-c", _RUN),
            env={**_environment(), "TRANSLATOR_RUNTIME": str(host.socket.parent)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(SPAWN):
            return await birth.listens
    except TimeoutError as error:
        raise ServiceError(
            f"the engine host did not start in {SPAWN:g} s; see {host.log}"
        ) from error
    finally:
        await birth.shell_ended.wait()  # at once, see above
        shell.close()


def _environment() -> dict[str, str]:
    """What a host inherits: not the server's and the vendors' keys, of which it needs none."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in NEEDED or not (name.startswith("LIVEKIT_") or name.endswith(SECRETS))
    }


class _Birth(asyncio.SubprocessProtocol):
    """What a new host says on its stdout: one line as soon as it listens, see host_server.py."""

    def __init__(self) -> None:
        self.listens: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.shell_ended = asyncio.Event()

    def process_exited(self) -> None:
        self.shell_ended.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._know(True)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._know(False)

    def _know(self, listens: bool) -> None:
        if not self.listens.done():
            self.listens.set_result(listens)


@contextmanager
def _appended(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
