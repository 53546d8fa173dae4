"""A link, exchanged for a token over HTTP, in a real room: what its holder can do there."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit import api, rtc

from tests.rooms.attendees import until
from tests.rooms.rooms import command, free_port, naming
from translator.access import PASS, Access, Pass, Role
from translator.server import LiveKitServer
from translator.web.links import Links
from translator.web.server import running

pytestmark = [pytest.mark.room, pytest.mark.timeout(120)]

SOON = 30.0
"""Seconds for what must happen; a thousand times what it takes on a quiet machine."""
REFUSED = 3.0
"""Seconds in which what is refused does not happen: livekit-server answers nothing to it."""


@pytest.fixture
async def access() -> AsyncGenerator[Access, None]:
    """A livekit-server of our own."""
    async with LiveKitServer.running(environ={"PATH": os.environ["PATH"]}) as server:
        yield server.access


@pytest.fixture
def links() -> Iterator[Links]:
    """No links yet."""
    with Links() as kept:
        yield kept


async def ask(address: str, link: str, name: str = "Ana") -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession(address) as session,
        session.post("/api/join", json={"link": link, "name": name}) as response,
    ):
        return response.status, await response.json()


async def token(address: str, link: str, name: str = "Ana") -> dict[str, Any]:
    status, body = await ask(address, link, name)
    assert status == 200, body
    return body


@asynccontextmanager
async def inside(body: dict[str, Any]) -> AsyncGenerator[rtc.Room, None]:
    room = rtc.Room()
    await room.connect(body["url"], body["token"])
    try:
        yield room
    finally:
        await room.disconnect()


def microphone() -> rtc.LocalAudioTrack:
    return rtc.LocalAudioTrack.create_audio_track("microphone", rtc.AudioSource(48_000, 1))


async def publish(room: rtc.Room, *, within: float = SOON) -> None:
    """Publish a microphone. Raises TimeoutError where nothing answers."""
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    async with asyncio.timeout(within):
        await room.local_participant.publish_track(microphone(), options)


async def test_a_token_opens_the_room_to_the_person_it_names(access: Access, links: Links) -> None:
    link = links.add(meeting="town", role=Role.SPEAKER)
    async with running(access=access, links=links, port=0) as address:
        body = await token(address, link, "<b>Ana</b>")
        async with inside(body) as room:
            person = room.local_participant
            assert (room.name, person.identity) == ("town", body["identity"])
            assert person.name == "<b>Ana</b>"
            signed = access.verify(
                person.attributes[PASS], meeting="town", identity=person.identity
            )
            await publish(room)
    assert signed == Pass(
        meeting="town", identity=body["identity"], role=Role.SPEAKER, name="<b>Ana</b>"
    )


async def test_two_tabs_are_two_people_and_neither_is_an_interpreter(
    access: Access, links: Links
) -> None:
    link = links.add(meeting="town", role=Role.ATTENDEE)
    async with running(access=access, links=links, port=0) as address, AsyncExitStack() as stack:
        rooms = [
            await stack.enter_async_context(inside(await token(address, link, "translator-es")))
            for _ in range(2)
        ]
        identities = {one.identity for one in await people(access)}
    assert identities == {room.local_participant.identity for room in rooms}
    assert len(identities) == 2
    assert all(one.startswith("p-") for one in identities)


def may_send(access: Access) -> dict[str, Any]:
    """How somebody joins who may send data, as nobody with a link does."""
    grants = api.VideoGrants(room_join=True, room="town", can_publish_data=True)
    made = api.AccessToken(access.api_key, access.api_secret).with_identity("control")
    return {"url": access.url, "token": made.with_grants(grants).to_jwt()}


async def people(access: Access) -> list[api.ParticipantInfo]:
    async with access.server() as server:
        found = await server.room.list_participants(api.ListParticipantsRequest(room="town"))
    return list(found.participants)


async def tracks(access: Access) -> dict[str, int]:
    """How many tracks everybody has, by the name."""
    return {one.name: len(one.tracks) for one in await people(access)}


async def left(access: Access, identity: str) -> None:
    """Wait until livekit-server has let a person go."""
    async with asyncio.timeout(SOON):
        while identity in {one.identity for one in await people(access)}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def send(room: rtc.Room, to: str, topic: str) -> None:
    await room.local_participant.publish_data(b"{}", destination_identities=[to], topic=topic)


async def test_an_attendee_can_neither_speak_nor_send(access: Access, links: Links) -> None:
    speaking = links.add(meeting="town", role=Role.SPEAKER)
    listening = links.add(meeting="town", role=Role.ATTENDEE)
    async with (
        running(access=access, links=links, port=0) as address,
        inside(await token(address, speaking, "Ana")) as ana,
        inside(await token(address, listening, "Mallory")) as mallory,
        inside(may_send(access)) as control,
    ):
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        ana.on("data_received", lambda packet: heard.put_nowait(packet.topic))

        async def captions(call: rtc.RpcInvocationData) -> str:
            heard.put_nowait(call.caller_identity)
            return ""

        ana.local_participant.register_rpc_method("captions", captions)
        to = ana.local_participant.identity
        with pytest.raises(TimeoutError):
            await publish(mallory, within=REFUSED)
        await send(mallory, to, "translator.caption")
        with pytest.raises(rtc.RpcError) as refused:
            await mallory.local_participant.perform_rpc(
                destination_identity=to, method="captions", payload="", response_timeout=2.0
            )
        assert refused.value.code == rtc.RpcError.ErrorCode.CONNECTION_TIMEOUT
        await send(control, to, "control")
        async with asyncio.timeout(SOON):
            assert await heard.get() == "control"
        sent = ana.remote_participants[mallory.local_participant.identity]
        assert not sent.track_publications
        assert await tracks(access) == {"Ana": 0, "Mallory": 0, "": 0}
        await publish(ana)  # which everybody sees
        await until(lambda: mallory.remote_participants[to].track_publications)
        assert await tracks(access) == {"Ana": 1, "Mallory": 0, "": 0}


async def test_a_room_is_made_with_the_seats_it_has(access: Access, links: Links) -> None:
    link = links.add(meeting="town", role=Role.ATTENDEE)
    async with running(access=access, links=links, port=0, max_people=2) as address:
        first, second, late = [await token(address, link) for _ in range(3)]
        async with inside(first):
            machine = access.machine("translator-es", "Español", "town", attributes={})
            async with inside({"url": access.url, "token": machine}):  # takes nobody's seat
                async with inside(second):
                    status, body = await ask(address, link)
                    assert (status, body["error"]["code"]) == (409, "full")
                    with pytest.raises(rtc.ConnectError):  # who asked when there was a seat
                        async with inside(late):
                            pass
                await left(access, second["identity"])
                async with inside(await token(address, link)):
                    pass


async def test_a_livekit_server_that_went_away_is_said(links: Links) -> None:
    link = links.add(meeting="town", role=Role.ATTENDEE)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            LiveKitServer.running(environ={"PATH": os.environ["PATH"]})
        )
        async with running(access=server.access, links=links, port=0) as address:
            assert (await ask(address, link))[0] == 200
            await stack.aclose()
            status, body = await ask(address, link)
    assert (status, body["error"]["code"]) == (503, "closed")


def configured(access: Access, state: Path, **more: str) -> dict[str, str]:
    """The environment of `translator web` and `translator link`."""
    own = {"PATH": os.environ["PATH"], "TRANSLATOR_STATE": str(state)}
    return own | naming(access) | more


async def test_the_commands_let_a_person_in(access: Access, tmp_path: Path) -> None:
    environ, port = configured(access, tmp_path), free_port()
    address = f"http://127.0.0.1:{port}"
    async with command("web", "--port", str(port), environ=environ) as web:
        await web.until(f"Serving {address}", within=SOON)
        async with command("link", "town", "--web", address, environ=environ) as link:
            assert await link.end() == 0, link.errors
        base, _, secret = "".join(link.out).strip().rpartition("/m/")
        assert base == address
        async with inside(await token(base, secret)) as room:
            assert room.name == "town"
        web.process.send_signal(signal.SIGINT)
        assert await web.end(within=SOON) == 0, web.errors
    assert "POST /api/join: 200" in web.errors
    assert secret not in web.errors
    assert access.api_secret not in web.errors


async def test_the_command_says_why_it_does_not_serve(access: Access, tmp_path: Path) -> None:
    good = configured(access, tmp_path)
    lost = tmp_path / "no.pem"
    known = {"LIVEKIT_URL": "wss://live.example.org", "LIVEKIT_API_KEY": "devkey"}
    clear = {"LIVEKIT_PUBLIC_URL": "ws://live.example.org"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases: tuple[tuple[dict[str, str], tuple[str, ...], int, str], ...] = (
            (good, ("--host", "0.0.0.0"), 2, "microphone"),
            (good, ("--port", port), 1, f"port {port} is in use"),
            (good, ("--port", "70000"), 2, "65535"),
            (good, ("--cert", str(lost)), 2, "give both"),
            (good, ("--cert", str(lost), "--key", str(lost)), 2, "No such file"),
            (good, ("--max-people", "0"), 2, "--max-people"),
            (good | {"LIVEKIT_API_KEY": ""}, (), 1, "LIVEKIT_API_KEY"),
            (good | {"LIVEKIT_PUBLIC_URL": "live"}, (), 2, "wss://host"),
            (good, ("--behind-proxy",), 2, "set LIVEKIT_PUBLIC_URL"),
            (good | clear, (), 2, "in clear"),
        )
        for environ, arguments, code, said in cases:
            async with command("web", *arguments, environ=environ) as web:
                assert await web.end(within=SOON) == code, (arguments, web.errors)
            assert said in web.errors
            assert "Traceback" not in web.errors
        for name in ("web", "worker", "dispatch"):
            async with command(name, environ=good | known) as one:
                assert await one.end(within=SOON) == 2, one.errors
            assert "known to everybody" in one.errors
