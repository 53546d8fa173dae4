"""`POST /api/join`: a link's secret and a name, exchanged for a token.

`POST /api/link` says before that what the page must ask: a copy of somebody's voice is used only
where that person has agreed.
"""

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, StrictBool, ValidationError

from translator.access import Access, Consent, Pass
from translator.errors import InputError, ServiceError
from translator.web import names
from translator.web.limiter import Limiter
from translator.web.links import Link, Links

log = logging.getLogger(__name__)

LARGEST = 8 * 1024
"""Bytes of a request."""
PATIENCE = 10.0
"""Seconds in which a request must have arrived."""
PERSON = "p-"
"""Beginning of a person's identity; the rest is random."""
JOINS, MISSES = 120, 20
"""Requests a minute from one address, where a whole school may be; those with unknown links."""


T = TypeVar("T", bound=BaseModel)


class Rooms(Protocol):
    """The rooms of a livekit-server."""

    async def people(self, meeting: str) -> int:
        """How many persons are in the room, which is made where it is not there.

        Raises ServiceError.
        """
        ...


class Refusal(Exception):
    """Nobody joins with this request; the text tells a person what to do."""

    def __init__(self, status: int, code: str, message: str, *, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.wait = wait
        """Seconds until it may go through; 0 where that is not known."""

    def response(self) -> web.Response:
        """As the page gets it."""
        error = {"error": {"code": self.code, "message": str(self)}}
        again = {"Retry-After": str(math.ceil(self.wait))} if self.wait else {}
        return web.json_response(error, status=self.status, headers=again)


class Looked(BaseModel):
    """The body of a request for a link."""

    link: str


class Wanted(Looked):
    """The body of a request to join."""

    name: str
    voice: StrictBool = False
    """Whether the person agrees to be heard in the copy of its voice that the link offers."""


@dataclass(slots=True, kw_only=True)
class Join:
    """The handler. Whom it lets in it gives an identity, never one that was asked for."""

    access: Access
    links: Links
    rooms: Rooms
    url: str
    """Where browsers find livekit-server."""
    max_people: int
    address: Callable[[web.Request], str]
    """Whose request it is."""
    _joins: Limiter = field(init=False, default_factory=lambda: Limiter(count=JOINS, seconds=60.0))
    _looks: Limiter = field(init=False, default_factory=lambda: Limiter(count=JOINS, seconds=60.0))
    _misses: Limiter = field(
        init=False, default_factory=lambda: Limiter(count=MISSES, seconds=60.0)
    )

    async def post(self, request: web.Request) -> web.Response:
        """Answers with a token, or with what is wrong."""
        return await _answered(self._join(request))

    async def look(self, request: web.Request) -> web.Response:
        """Answers with what a link is for, or with what is wrong."""
        return await _answered(self._look(request))

    async def _look(self, request: web.Request) -> web.Response:
        address = self.address(request)
        self._count(address, self._looks)
        link = await self._find((await _read(request, Looked)).link, address)
        return web.json_response(
            {
                "title": link.title,
                "role": str(link.role),
                "name": link.name,
                "voice": link.voice is not None,
            }
        )

    async def _join(self, request: web.Request) -> web.Response:
        address = self.address(request)
        self._count(address, self._joins)
        wanted = await _read(request, Wanted)
        link = await self._find(wanted.link, address)
        try:
            name = names.clean(wanted.name)
        except InputError as error:
            raise Refusal(422, "name", str(error)) from error
        await self._look_for_room(link.meeting)
        one = Pass(
            meeting=link.meeting,
            identity=PERSON + secrets.token_hex(8),
            role=link.role,
            name=name,
            channels=link.channels,
            consent=_consent(link) if wanted.voice else None,
        )
        return web.json_response(
            {
                "url": self.url,
                "token": self.access.person(one),
                "identity": one.identity,
                "meeting": one.meeting,
                "title": link.title,
                "role": str(one.role),
                "name": one.name,
                "voice": one.consent is not None,
            }
        )

    def _count(self, address: str, limiter: Limiter) -> None:
        now = time.monotonic()
        wait = max(limiter.wait(address, now), self._misses.wait(address, now))
        if wait:
            raise Refusal(
                429, "rate", "That was tried too often. Wait a minute, then try again.", wait=wait
            )
        limiter.spend(address, now)

    async def _find(self, secret: str, address: str) -> Link:
        try:
            link = await asyncio.to_thread(self.links.find, secret)
        except ServiceError as error:
            raise _closed(error) from error
        if link is None:
            self._misses.spend(address, time.monotonic())
            raise Refusal(404, "link", "This link is not known. Ask who invited you for a new one.")
        if link.expired:
            raise Refusal(
                410, "expired", "This link has expired. Ask who invited you for a new one."
            )
        return link

    async def _look_for_room(self, meeting: str) -> None:
        try:
            people = await self.rooms.people(meeting)
        except ServiceError as error:
            raise _closed(error) from error
        if people >= self.max_people:
            raise Refusal(
                409, "full", f"The meeting is full: {people} people are in. Try again later."
            )


def _consent(link: Link) -> Consent | None:
    """As it is given now; None where the link asks for none."""
    if link.voice is None:
        return None
    return Consent(voice=link.voice, given=datetime.now(UTC).replace(microsecond=0))


async def _answered(answer: Awaitable[web.Response]) -> web.Response:
    try:
        response = await answer
    except Refusal as refusal:
        response = refusal.response()
    response.headers["Cache-Control"] = "no-store"
    return response


def _closed(error: ServiceError) -> Refusal:
    log.error("nobody can join: %s", error)
    return Refusal(
        503, "closed", "The meeting cannot be reached now. Wait a minute, then try again."
    )


async def _read(request: web.Request, body: type[T]) -> T:
    if request.content_type != "application/json" or not _of_our_page(request):
        raise Refusal(400, "request", "Open the link that you were given, and join on that page.")
    try:
        async with asyncio.timeout(PATIENCE):
            return body.model_validate_json(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise Refusal(
            400, "request", f"That is too much: a name has {names.LONGEST} characters at most."
        ) from error
    except (ValidationError, TimeoutError) as error:
        raise Refusal(
            400, "request", "This request cannot be read. Load the page again."
        ) from error


def _of_our_page(request: web.Request) -> bool:
    """Whether no other site's page sends it. Programs say nothing of it, and may ask."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:  # browsers alone can write it, and behind any proxy it is right
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.host
