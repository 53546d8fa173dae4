"""The web server: the page for browsers, and tokens for those who have a link."""

import errno
import logging
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from translator.access import Access, hostname, loopback
from translator.errors import ServiceError
from translator.web import door
from translator.web.join import LARGEST, Join, Rooms
from translator.web.links import Links
from translator.web.rooms import LiveKitRooms

STATIC = Path(__file__).parent / "static"
"""The built page."""
HOST, PORT = "127.0.0.1", 8080
MAX_PEOPLE = 200
"""Persons in one meeting."""
GRACE = 1.0
"""Seconds in which a request may end when the server does."""
FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = "The page is not built: run scripts/client, then start this server again.\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def running(
    *,
    access: Access,
    links: Links,
    host: str = HOST,
    port: int = PORT,
    public_url: str | None = None,
    home: str | None = None,
    max_people: int = MAX_PEOPLE,
    tls: ssl.SSLContext | None = None,
    behind_proxy: bool = False,
    listener: socket.socket | None = None,
) -> AsyncGenerator[str, None]:
    """Serve until the block ends; gives the base URL, such as http://127.0.0.1:8080.

    `port` 0 is any free one. `public_url` is where browsers find livekit-server, if not at
    `access.url`; `home` the secret of the link that `/` leads to; `listener` of `listening` is
    taken instead of `host` and `port`. Raises InputError where it
    would not be safe, or not work, to serve there; ServiceError where the port is not to be had.
    """
    url = door.check(
        access=access,
        host=host,
        public_url=public_url,
        tls=tls is not None,
        behind_proxy=behind_proxy,
    )
    async with access.server() as server:
        served = application(
            access=access,
            links=links,
            rooms=LiveKitRooms(server, max_people=max_people),
            url=url,
            home=home,
            max_people=max_people,
            tls=tls is not None,
            behind_proxy=behind_proxy,
        )
        runner = web.AppRunner(served, access_log_class=AccessLog, shutdown_timeout=GRACE)
        await runner.setup()
        try:
            yield await _serve(runner, listener, host, port, tls)
        finally:
            await runner.cleanup()


def application(
    *,
    access: Access,
    links: Links,
    rooms: Rooms,
    url: str,
    home: str | None = None,
    max_people: int = MAX_PEOPLE,
    tls: bool = False,
    behind_proxy: bool = False,
    static: Path = STATIC,
) -> web.Application:
    """What is served; see `running`."""

    def address(request: web.Request) -> str:
        hops = request.headers.getall("X-Forwarded-For", [""]) if behind_proxy else [""]
        return door.address(request.remote, hops[-1])

    async def page(request: web.Request) -> web.StreamResponse:
        index = static / "index.html"
        if not index.is_file():
            return web.Response(text=NOT_BUILT, status=503)
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    async def to_home(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"/m/{home}", headers={"Cache-Control": "no-store"})

    async def health(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True})

    join = Join(
        access=access, links=links, rooms=rooms, url=url, max_people=max_people, address=address
    )
    served = web.Application(
        client_max_size=LARGEST, middlewares=[] if tls or behind_proxy else [_loopback_names]
    )
    served.on_response_prepare.append(_with(door.headers(url, tls=tls)))
    served.router.add_get("/", page if home is None else to_home)
    served.router.add_get("/m/{link}", page)
    served.router.add_get("/health", health)
    served.router.add_post("/api/link", join.look)
    served.router.add_post("/api/join", join.post)
    _add_files(served, static)
    return served


def _add_files(served: web.Application, static: Path) -> None:
    """The page's scripts, and what lies beside it, as it is now."""
    if (static / "assets").is_dir():
        served.router.add_static("/assets", static / "assets")
    for file in static.glob("*"):
        if file.is_file() and file.name != "index.html":
            served.router.add_get(f"/{file.name}", _file(file))


def _file(path: Path) -> Handler:
    async def file(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return file


def _with(
    headers: dict[str, str],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)
        if request.path.startswith("/assets/") and response.status in (200, 206, 304):
            response.headers["Cache-Control"] = FOREVER  # their names change with what is in them

    return add


@web.middleware
async def _loopback_names(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer to this machine's own names alone: a page elsewhere, whose name is made to lead
    here, could read the link that `/` leads to."""
    if not loopback(hostname(f"//{request.host}")):
        raise web.HTTPMisdirectedRequest(text="This server is for its own machine.\n")
    return await handler(request)


class AccessLog(AbstractAccessLogger):
    """One line for each request, without links, names, tokens and addresses."""

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        super().__init__(logging.getLogger(__name__), log_format)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write it."""
        resource = request.match_info.route.resource if isinstance(request, web.Request) else None
        route = "nothing here" if resource is None else resource.canonical
        self.logger.info("%s %s: %d in %.3f s", request.method, route, response.status, time)


def listening(port: int) -> socket.socket:
    """What `running` may serve at on this machine: the port is ours before anything else starts.

    `port` 0 is any free one. Raises ServiceError where the port is not to be had.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise _not_served(HOST, port, error) from error


async def _serve(
    runner: web.AppRunner,
    listener: socket.socket | None,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
) -> str:
    site: web.BaseSite
    if listener is None:
        site = web.TCPSite(runner, host, port, ssl_context=tls)
    else:
        site = web.SockSite(runner, listener, ssl_context=tls)
    try:
        await site.start()
    except OSError as error:
        raise _not_served(host, port, error) from error
    bound = runner.addresses[0][1]
    name = host if host not in ("", "0.0.0.0", "::") else socket.gethostname()
    place = f"[{name}]" if ":" in name else name
    return f"{'http' if tls is None else 'https'}://{place}:{bound}"


def _not_served(host: str, port: int, error: OSError) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        other = _free_port(host, port)
        return ServiceError(
            f"port {port} is in use: stop what uses it, or take another, such as --port {other}"
            f" (of make: PORT={other})"
        )
    reason = error.strerror or str(error)
    return ServiceError(f"nothing can be served at {host}, port {port}: {reason}")


def _free_port(host: str, port: int) -> int:
    """A port that is free, near `port` where there is one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for other in range(port + 1, min(port + 20, 65_536)):
        with suppress(OSError), socket.create_server((host, other), family=family):
            return other
    with socket.create_server((host, 0), family=family) as found:
        return int(found.getsockname()[1])
