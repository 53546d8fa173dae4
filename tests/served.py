"""The web server as tests ask it: what it serves, with whose links, and what it answers."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from translator.access import Access, Role
from translator.errors import ServiceError
from translator.web.links import Links
from translator.web.server import application

Client = TestClient[web.Request, web.Application]

SECRET = "s" * 40
ACCESS = Access(url="ws://127.0.0.1:7880", api_key="key", api_secret=SECRET)
PUBLIC = "wss://live.example.org"


class Rooms:
    """Rooms with as many people as a test says."""

    def __init__(self, people: int = 0, *, reachable: bool = True) -> None:
        self.count = people
        self.reachable = reachable
        self.asked: list[str] = []

    async def people(self, meeting: str) -> int:
        self.asked.append(meeting)
        if not self.reachable:
            raise ServiceError("livekit-server does not answer")
        return self.count


@asynccontextmanager
async def serving(
    links: Links, *, rooms: Rooms | None = None, **more: Any
) -> AsyncGenerator[Client, None]:
    served = application(
        access=ACCESS, links=links, rooms=rooms or Rooms(), **({"url": PUBLIC} | more)
    )
    async with TestClient(TestServer(served)) as client:
        yield client


def speaker(links: Links, **more: Any) -> str:
    return links.add(**({"meeting": "town", "title": "Town hall", "role": Role.SPEAKER} | more))


async def join(
    client: Client,
    link: str,
    name: str = "Ana",
    *,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> tuple[int, dict[str, Any]]:
    body = {"link": link, "name": name, **more}
    async with client.post("/api/join", json=body, headers=headers) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


def refusal(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    """(status, code) of an error that says something to a person."""
    status, body = answer
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert len(body["error"]["message"]) > 20
    return status, body["error"]["code"]


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"])
    return found
