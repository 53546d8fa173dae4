"""The livekit-server that everything else talks to: the one configured, or one of our own.

`LIVEKIT_URL`, `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET` name a server that runs already.
Without them a livekit-server is started on loopback, with ports, key and secret of its own, and
stopped at the end. It keeps nothing that is worth a slow farewell.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

import aiohttp
from livekit import api

from translator.access import Access
from translator.errors import InputError, ServiceError

ADDRESS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
"""Environment variables that name a server."""
_WEBSOCKET = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
"""What each scheme of a server's address is called for its websocket."""
KNOWN = (
    "the key devkey and the secret `secret` are known to everybody: set LIVEKIT_API_KEY and"
    " LIVEKIT_API_SECRET to a pair of your own, and give livekit-server the same"
)
LOOPBACK = "127.0.0.1"
BUILT = Path(__file__).parents[1] / ".tools" / "bin"
"""Where `make setup` puts the livekit-server that it builds."""
START = 15.0
"""Seconds that a server of ours may take until it answers."""
GRACE = 0.5
"""Seconds that a server of ours has to end each time that it is asked to."""
POLL = 0.05
"""Seconds between two looks at a server that starts."""
DEPARTURE = 3
"""Seconds that a room of ours outlives its last person."""
ATTEMPTS = 3
"""Starts, because another program may take a free port between our look and the bind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """A livekit-server of ours."""

    process: asyncio.subprocess.Process
    log: IO[bytes]

    @property
    def ended(self) -> bool:
        return self.process.returncode is not None

    def last_words(self) -> str:
        """What it wrote last."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self.process.returncode}, without a word"

    async def stop(self) -> None:
        """Ask it to end, then not to wait for participants, then leave it no choice."""
        try:
            for _ in range(2):
                if not self.ended:
                    self.process.terminate()
                    await self._wait(GRACE)
        finally:
            if not self.ended:
                self.process.kill()
                await self.process.wait()
            self.log.close()

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKitServer:
    """A livekit-server that answers and accepts this key."""

    url: str
    """ws:// or wss://."""
    api_key: str
    api_secret: str = field(repr=False)
    _process: _Process | None = field(default=None, repr=False)

    @classmethod
    @asynccontextmanager
    async def running(
        cls, *, port: int | None = None, environ: Mapping[str, str] = os.environ
    ) -> AsyncGenerator["LiveKitServer", None]:
        """The server that `environ` names, else one of our own until the block ends.

        `port` is where one of our own answers, None for any free one. Raises ServiceError where
        no server answers, none can be started, or the key is refused; InputError where everybody
        knows it.
        """
        if environ.get("LIVEKIT_URL"):
            named = configured(environ)
            server = cls(url=named.url, api_key=named.api_key, api_secret=named.api_secret)
            await _check(server)
            yield server
            return
        server, process = await _start(_program(environ), port)
        try:
            yield server
        finally:
            await process.stop()

    @property
    def access(self) -> Access:
        """The right to let others in."""
        return Access(url=self.url, api_key=self.api_key, api_secret=self.api_secret)

    @property
    def pid(self) -> int | None:
        """Process id of a server of our own."""
        return None if self._process is None else self._process.process.pid

    async def wait(self) -> NoReturn:
        """Raise ServiceError when a server of our own ends before its time; else wait."""
        if self._process is None:
            await asyncio.Event().wait()  # whoever runs it watches it
            raise AssertionError
        await self._process.process.wait()
        raise ServiceError(f"livekit-server ended: {self._process.last_words()}")


def configured(environ: Mapping[str, str] = os.environ) -> Access:
    """The server that `environ` names; nothing is asked of it.

    Raises ServiceError where it does not name one, and InputError where others reach the server
    and everybody knows its key.
    """
    missing = [name for name in ADDRESS if not environ.get(name)]
    if missing:
        raise ServiceError(f"set {', '.join(missing)} to where livekit-server is")
    given, key, secret = (environ[name] for name in ADDRESS)
    url = websocket(given)
    if url is None:
        raise ServiceError(f"LIVEKIT_URL is {given!r}: write it as wss://host or ws://host:port")
    access = Access(url=url, api_key=key, api_secret=secret)
    if access.known and not access.local:
        raise InputError(KNOWN)
    return access


def websocket(url: str) -> str | None:
    """`url` as ws:// or wss://, also where it is given as http:// or https://; else None."""
    scheme, _, place = url.partition("://")
    ours = _WEBSOCKET.get(scheme.lower())
    return f"{ours}://{place}" if ours and place else None


async def _check(server: LiveKitServer) -> None:
    """Raise ServiceError unless the server answers and accepts the key."""
    limit = aiohttp.ClientTimeout(total=10)
    try:
        async with api.LiveKitAPI(
            server.url, server.api_key, server.api_secret, timeout=limit, failover=False
        ) as client:
            await client.room.list_rooms(api.ListRoomsRequest(names=["translator-check"]))
    except api.TwirpError as error:
        raise ServiceError(_refusal(server.url, error.status)) from error
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or "no answer in time"
        raise ServiceError(f"no livekit-server answers at {server.url}: {reason}") from error


def _refusal(url: str, status: int) -> str:
    if status in (401, 403):
        return f"{url} refuses the key: check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
    return f"{url} does not answer as a livekit-server does (status {status})"


def _program(environ: Mapping[str, str]) -> str:
    for path in (environ.get("PATH", os.defpath), str(BUILT)):
        found = shutil.which("livekit-server", path=path)
        if found is not None:
            return found
    raise ServiceError(
        "there is no livekit-server: run `make setup`, put one on PATH, or set LIVEKIT_URL"
    )


async def _start(program: str, port: int | None) -> tuple[LiveKitServer, _Process]:
    if port is not None and not _free(port):
        raise ServiceError(f"port {port} is in use: stop what uses it, or choose another")
    for attempt in range(1, ATTEMPTS + 1):
        server, process = await _spawn(program, port or _any_port(socket.SOCK_STREAM))
        try:
            await _until_it_answers(server, process)
            return server, process
        except BaseException as error:
            collided = process.ended and "address already in use" in process.last_words()
            await process.stop()
            if not (collided and isinstance(error, ServiceError) and attempt < ATTEMPTS):
                raise
    raise AssertionError


async def _spawn(program: str, port: int) -> tuple[LiveKitServer, _Process]:
    key, secret = f"own-{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    log = tempfile.TemporaryFile()  # noqa: SIM115  # stop() closes it
    process = _Process(
        process=await asyncio.create_subprocess_exec(
            *_die_with_us(),
            *(program, "--bind", LOOPBACK, "--node-ip", LOOPBACK),
            # Others on the machine may read an argument, but no variable. Nothing is inherited:
            # the server would take NODE_IP, UDP_PORT or LIVEKIT_KEYS of ours for its own.
            env={"LIVEKIT_CONFIG": _config(port, key, secret)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C is for us; we stop the server when all is heard
        ),
        log=log,
    )
    url = f"ws://{LOOPBACK}:{port}"
    return LiveKitServer(url=url, api_key=key, api_secret=secret, _process=process), process


def _die_with_us() -> tuple[str, ...]:
    """Prefix under which the kernel kills the program when the thread that started it ends."""
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "KILL")


def _config(port: int, key: str, secret: str) -> str:
    """livekit-server's settings, as YAML: loopback only, for signals and for media."""
    return json.dumps(
        {
            "port": port,
            "keys": {key: secret},
            "logging": {"level": "warn"},
            "room": {"departure_timeout": DEPARTURE},
            "rtc": {
                "udp_port": _any_port(socket.SOCK_DGRAM),
                "tcp_port": 0,  # a fall-back that loopback never needs, and that binds everything
                "enable_loopback_candidate": True,
                "ips": {"includes": [f"{LOOPBACK}/32"]},
            },
        }
    )


async def _until_it_answers(server: LiveKitServer, process: _Process) -> None:
    try:
        async with asyncio.timeout(START):
            while not process.ended:
                try:
                    return await _check(server)
                except ServiceError:
                    await asyncio.sleep(POLL)
    except TimeoutError as error:
        words = process.last_words()
        raise ServiceError(
            f"livekit-server does not answer after {START:.0f} s: {words}"
        ) from error
    raise ServiceError(f"livekit-server does not start: {process.last_words()}")


def _any_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself binds
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
