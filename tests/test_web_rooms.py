"""What the web server asks livekit-server."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.protocol.models import ParticipantInfo

from tests.served import SECRET
from translator.errors import ServiceError
from translator.web.rooms import LiveKitRooms

pytestmark = pytest.mark.web


class Server:
    """What livekit-server's API answers."""

    def __init__(self, *people: ParticipantInfo, rooms: tuple[str, ...] = ()) -> None:
        self.people = people
        self.rooms = list(rooms)
        self.made: list[api.CreateRoomRequest] = []

    async def call(self, request: web.Request) -> web.Response:
        body = await request.read()
        match request.match_info["method"]:
            case "ListRooms":
                names = api.ListRoomsRequest.FromString(body).names
                found = [api.Room(name=name) for name in self.rooms if name in names]
                return self._answer(api.ListRoomsResponse(rooms=found))
            case "CreateRoom":
                self.made.append(api.CreateRoomRequest.FromString(body))
                return self._answer(api.Room(name=self.made[-1].name))
            case "ListParticipants":
                return self._answer(api.ListParticipantsResponse(participants=self.people))
            case _:
                raise web.HTTPNotFound

    @staticmethod
    def _answer(message: Any) -> web.Response:
        return web.Response(body=message.SerializeToString(), content_type="application/protobuf")


@asynccontextmanager
async def rooms_of(server: Server) -> AsyncGenerator[LiveKitRooms, None]:
    served = web.Application()
    served.router.add_post("/twirp/livekit.RoomService/{method}", server.call)
    async with TestServer(served) as running_server:
        url = str(running_server.make_url("/")).rstrip("/")
        async with api.LiveKitAPI(url, "key", SECRET) as client:
            yield LiveKitRooms(client, max_people=7)


def participant(kind: Any) -> ParticipantInfo:
    return ParticipantInfo(identity=f"of kind {kind}", kind=kind)


async def test_a_room_that_is_not_there_is_made_with_its_limits() -> None:
    server = Server()
    async with rooms_of(server) as rooms:
        assert await rooms.people("town") == 0
    (made,) = server.made
    assert (made.name, made.max_participants) == ("town", 7)
    assert made.empty_timeout > 0
    assert made.departure_timeout > 0


async def test_a_room_that_is_there_is_left_alone_and_its_people_counted() -> None:
    kinds = ParticipantInfo.Kind
    machines = (kinds.AGENT, kinds.EGRESS)
    persons = (kinds.STANDARD, kinds.STANDARD, kinds.SIP, kinds.INGRESS)
    server = Server(*map(participant, (*machines, *persons)), rooms=("town", "other"))
    async with rooms_of(server) as rooms:
        assert await rooms.people("town") == len(persons)
    assert server.made == []


async def test_a_livekit_server_that_is_not_there_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    async with api.LiveKitAPI(f"http://127.0.0.1:{port}", "key", SECRET) as client:
        with pytest.raises(ServiceError, match="does not answer"):
            await LiveKitRooms(client, max_people=7).people("town")
