"""The web server over HTTP: what a browser gets, and what it does not."""

import asyncio
import json
import logging
import socket
import ssl
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit import api
from livekit.protocol.models import ParticipantInfo

from translator.access import PASS, Access, ClonedVoice, Consent, Pass, Role
from translator.errors import InputError, ServiceError
from translator.web.join import JOINS, MISSES
from translator.web.links import Links
from translator.web.rooms import LiveKitRooms
from translator.web.server import application, listening, running

pytestmark = pytest.mark.web

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


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A page, as the build leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Meeting</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1a2b.js").write_text("join()")
    (tmp_path / "private.txt").write_text("private")
    return folder


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


# --- joining ----------------------------------------------------------------------------------


async def test_a_link_and_a_name_are_exchanged_for_a_token() -> None:
    with Links() as links:
        rooms = Rooms()
        async with serving(links, rooms=rooms) as client:
            status, body = await join(client, speaker(links), "  Ana\u202e ")
    assert status == 200
    token = claims(body.pop("token"))
    identity = body.pop("identity")
    assert body == {
        "url": PUBLIC,
        "meeting": "town",
        "title": "Town hall",
        "role": "speaker",
        "name": "Ana",
        "voice": False,
    }
    assert identity.startswith("p-")
    assert (token["sub"], token["name"], token["video"]["room"]) == (identity, "Ana", "town")
    signed = ACCESS.verify(token["attributes"][PASS], meeting="town", identity=identity)
    assert signed == Pass(meeting="town", identity=identity, role=Role.SPEAKER, name="Ana")
    assert rooms.asked == ["town"]


CLONED = ClonedVoice(engine="vendor", name="v1")


def consent(body: Mapping[str, Any]) -> Consent | None:
    """What the answer's pass says of it."""
    token = claims(body["token"])["attributes"][PASS]
    signed = ACCESS.verify(token, meeting="town", identity=body["identity"])
    assert signed is not None
    return signed.consent


async def test_a_cloned_voice_is_in_the_pass_of_who_agreed_to_it_alone() -> None:
    with Links() as links:
        link = speaker(links, name="Ana", voice=CLONED)
        before = datetime.now(UTC).replace(microsecond=0)
        async with serving(links) as client:
            answers = {
                None: (await join(client, link))[1],
                False: (await join(client, link, voice=False))[1],
                True: (await join(client, link, voice=True))[1],
            }
    assert [answers[agreed]["voice"] for agreed in (None, False, True)] == [False, False, True]
    assert consent(answers[None]) is None
    assert consent(answers[False]) is None
    given = consent(answers[True])
    assert given is not None
    assert given.voice == CLONED
    assert before <= given.given <= datetime.now(UTC)


async def test_nobody_agrees_to_what_the_link_does_not_offer() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links), voice=True)
    assert body["voice"] is False
    assert consent(body) is None


@pytest.mark.parametrize("agreed", ["yes", 1, None, "true"])
async def test_what_is_no_clear_yes_is_no_request(agreed: object) -> None:
    with Links() as links:
        link = speaker(links, name="Ana", voice=CLONED)
        async with serving(links) as client:
            assert refusal(await join(client, link, voice=agreed)) == (400, "request")


async def look(client: Client, link: object) -> tuple[int, dict[str, Any]]:
    async with client.post("/api/link", json={"link": link}) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


async def test_a_link_says_for_whom_it_is_and_what_must_be_asked_before_anybody_joins() -> None:
    with Links() as links:
        async with serving(links) as client:
            known = await look(client, speaker(links, name="Ana", voice=CLONED))
            anybodys = await look(client, speaker(links))
            late = await look(client, speaker(links, valid=timedelta(seconds=-1)))
            unknown = await look(client, "x" * 20)
    whose = {"title": "Town hall", "role": "speaker", "name": "Ana", "voice": True}
    assert known == (200, whose)
    assert anybodys == (200, {**whose, "name": "", "voice": False})
    assert refusal(late) == (410, "expired")
    assert refusal(unknown) == (404, "link")


async def test_links_cannot_be_tried_out_by_looking() -> None:
    with Links() as links:
        async with serving(links) as client:
            for _ in range(MISSES):
                await look(client, "x" * 20)
            assert refusal(await look(client, speaker(links))) == (429, "rate")
            assert refusal(await join(client, speaker(links))) == (429, "rate")


async def test_an_interpreters_pass_has_its_channels() -> None:
    with Links() as links:
        link = speaker(links, role=Role.INTERPRETER, channels=("es", "fr"))
        async with serving(links) as client:
            _, body = await join(client, link)
    signed = ACCESS.verify(
        claims(body["token"])["attributes"][PASS], meeting="town", identity=body["identity"]
    )
    assert signed is not None
    assert signed.channels == ("es", "fr")


async def test_an_attendees_token_lets_nobody_speak() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links, role=Role.ATTENDEE))
    grants = claims(body["token"])["video"]
    assert not grants["canPublish"]
    assert not grants["canPublishData"]


async def test_two_tabs_with_one_link_are_two_people() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            bodies = [(await join(client, link))[1] for _ in range(2)]
    assert bodies[0]["identity"] != bodies[1]["identity"]


async def test_nobody_chooses_an_identity_a_role_or_a_meeting() -> None:
    with Links() as links:
        wanted = {
            "link": speaker(links, role=Role.ATTENDEE),
            "name": "translator-es",
            "identity": "translator-es",
            "role": "organizer",
            "meeting": "other",
            "attributes": {PASS: "x"},
        }
        async with serving(links) as client, client.post("/api/join", json=wanted) as response:
            body = await response.json()
    assert body["identity"].startswith("p-")
    assert (body["role"], body["meeting"]) == ("attendee", "town")


@pytest.mark.parametrize(
    "name", ["", " \n", "\u202e", "x" * 61, "x" * 5_000], ids=lambda name: f"{len(name)} long"
)
async def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with Links() as links:
        async with serving(links) as client:
            assert refusal(await join(client, speaker(links), name)) == (422, "name")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "👩\u200d👧", 'O\'Brien "x" & Co'])
async def test_any_other_text_is_a_name(name: str) -> None:
    with Links() as links:
        async with serving(links) as client:
            status, body = await join(client, speaker(links), name)
    assert (status, body["name"]) == (200, name)
    assert claims(body["token"])["name"] == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'{"link": "x"}',
        b'{"link": 1, "name": "Ana"}',
        b'{"link": "x", "name": ["Ana"]}',
        b'{"link": "x", "name": "\\ud800"}',
        b'{"link": "x", "name": "\xff"}',
        b"[" * 5_000,
        b'{"link": "x", "name": "%s"}' % (b"x" * 10_000),
    ],
    ids=lambda body: str(body[:24]),
)
async def test_a_request_that_is_none_is_refused(body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    with Links() as links:
        async with (
            serving(links) as client,
            client.post("/api/join", data=body, headers=headers) as response,
        ):
            assert refusal((response.status, await response.json())) == (400, "request")


async def test_a_long_name_that_is_too_much_is_told_what_is_allowed() -> None:
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links), "x" * 10_000)
    assert "60 characters" in body["error"]["message"]


async def test_a_form_of_another_site_is_refused() -> None:
    with Links() as links:
        text = json.dumps({"link": speaker(links), "name": "Ana"})
        async with (
            serving(links) as client,
            client.post("/api/join", data=text, headers={"Content-Type": "text/plain"}) as answer,
        ):
            assert refusal((answer.status, await answer.json())) == (400, "request")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://seen.at.the.proxy"}, 200),
        ({}, 200),
    ],
)
async def test_only_our_own_page_may_ask(headers: dict[str, str], status: int) -> None:
    with Links() as links:
        async with serving(links) as client:
            assert (await join(client, speaker(links), headers=headers))[0] == status
            own = str(client.make_url("/")).rstrip("/")
            assert (await join(client, speaker(links), headers={"Origin": own}))[0] == 200


@pytest.mark.parametrize("link", ["", "x", "../../etc/passwd", "' OR 1=1 --", "\0", "x" * 7_000])
async def test_a_forged_link_is_not_known(link: str) -> None:
    with Links() as links:
        speaker(links)
        async with serving(links) as client:
            assert refusal(await join(client, link)) == (404, "link")


async def test_a_link_that_was_changed_is_not_known() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            assert refusal(await join(client, link.swapcase())) == (404, "link")
            assert refusal(await join(client, link[:-1])) == (404, "link")


async def test_an_expired_link_and_a_revoked_one_let_nobody_in() -> None:
    with Links() as links:
        expired = speaker(links, valid=timedelta(seconds=-2))
        revoked = speaker(links)
        found = links.find(revoked)
        assert found is not None
        rooms = Rooms()
        async with serving(links, rooms=rooms) as client:
            assert (await join(client, revoked))[0] == 200
            links.revoke(found.id)
            rooms.asked.clear()
            assert refusal(await join(client, revoked)) == (404, "link")
            assert refusal(await join(client, expired)) == (410, "expired")
            assert rooms.asked == []


async def test_a_meeting_is_full_when_its_last_seat_is_taken() -> None:
    with Links() as links:
        rooms = Rooms(people=2)
        async with serving(links, rooms=rooms, max_people=3) as client:
            assert (await join(client, speaker(links)))[0] == 200
            rooms.count = 3
            assert refusal(await join(client, speaker(links))) == (409, "full")


async def test_nobody_joins_while_livekit_server_is_away_and_everybody_after() -> None:
    with Links() as links:
        rooms = Rooms(reachable=False)
        async with serving(links, rooms=rooms) as client:
            assert refusal(await join(client, speaker(links))) == (503, "closed")
            rooms.reachable = True
            assert (await join(client, speaker(links)))[0] == 200


async def test_nobody_joins_while_links_cannot_be_read() -> None:
    with Links() as links:
        link = speaker(links)
    async with serving(links) as client:
        assert refusal(await join(client, link)) == (503, "closed")


# --- how often --------------------------------------------------------------------------------


async def statuses(client: Client, link: str, count: int, **headers: str) -> list[int]:
    return [(await join(client, link, headers=headers))[0] for _ in range(count)]


async def test_who_guesses_links_has_to_wait() -> None:
    with Links() as links:
        async with serving(links) as client:
            assert set(await statuses(client, "guess", MISSES)) == {404}
            async with client.post("/api/join", json={"link": "x", "name": "A"}) as response:
                assert refusal((response.status, await response.json())) == (429, "rate")
                assert 1 <= int(response.headers["Retry-After"]) <= 60


async def test_a_school_behind_one_address_joins_at_once_and_no_more_than_that() -> None:
    with Links() as links:
        link = speaker(links)
        async with serving(links) as client:
            found = await statuses(client, link, JOINS + 20)
    assert set(found[:JOINS]) == {200}
    assert 429 in found[JOINS:]


async def test_behind_a_proxy_everybody_is_counted_alone() -> None:
    with Links() as links:
        async with serving(links, behind_proxy=True) as client:
            bad, good = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
            await statuses(client, "guess", MISSES, **bad)
            assert refusal(await join(client, "guess", headers=bad))[0] == 429
            assert refusal(await join(client, "guess", headers=good))[0] == 404
            forged = {"X-Forwarded-For": "198.51.100.5, 192.0.2.1"}
            assert refusal(await join(client, "guess", headers=forged))[0] == 429


async def test_without_a_proxy_nobody_says_who_they_are() -> None:
    with Links() as links:
        async with serving(links) as client:
            for i in range(MISSES):
                await join(client, "guess", headers={"X-Forwarded-For": f"192.0.2.{i}"})
            again = await join(client, "guess", headers={"X-Forwarded-For": "192.0.2.99"})
    assert refusal(again) == (429, "rate")


# --- the page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/m/anything", "/m/%2e%2e", "/m/%3Cscript%3E"])
async def test_the_page_is_the_same_for_every_link(static: Path, path: str) -> None:
    with Links() as links:
        async with serving(links, static=static) as client, client.get(path) as response:
            assert response.status == 200
            assert await response.text() == "<title>Meeting</title>"
            assert response.content_type == "text/html"
            assert response.headers["Cache-Control"] == "no-cache"


async def test_the_front_door_leads_to_the_home_link(static: Path) -> None:
    with Links() as links:
        home = speaker(links)
        async with (
            serving(links, static=static, home=home) as client,
            client.get("/", allow_redirects=False) as response,
        ):
            assert response.status == 302
            assert response.headers["Location"] == f"/m/{home}"


async def test_scripts_are_kept_for_ever_and_their_absence_is_not(static: Path) -> None:
    with Links() as links:
        async with serving(links, static=static) as client:
            async with client.get("/assets/index-1a2b.js") as response:
                assert await response.text() == "join()"
                assert "immutable" in response.headers["Cache-Control"]
                assert response.content_type in ("text/javascript", "application/javascript")
            async with client.get("/assets/index-9z.js") as response:
                assert response.status == 404
                assert "Cache-Control" not in response.headers
            async with client.get("/favicon.svg") as response:
                assert response.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../private.txt",
        "/assets/..%2f..%2fprivate.txt",
        "/assets/%2e%2e/%2e%2e/private.txt",
        "/assets//etc/passwd",
        "/assets/..\\..\\private.txt",
        "/assets/%00",
        "/assets/",
        "/assets",
        "/../private.txt",
        "/index.html/../../private.txt",
        "/m/a/b",
        "/m/",
        "/nothing",
        "/api/join/x",
    ],
)
async def test_nothing_else_is_served(static: Path, path: str) -> None:
    with Links() as links:
        async with serving(links, static=static) as client:
            reader, writer = await asyncio.open_connection(client.host, client.port)
            # As it is: every client would tidy such a path up.
            writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = (await reader.read()).decode()
            writer.close()
            await writer.wait_closed()
    assert answer.split()[1] in ("400", "403", "404")
    assert "private" not in answer.partition("\r\n\r\n")[2]
    assert "root:" not in answer


async def test_a_page_that_is_not_built_says_how_it_is(tmp_path: Path) -> None:
    with Links() as links:
        async with serving(links, static=tmp_path) as client, client.get("/m/x") as response:
            assert response.status == 503
            assert "scripts/client" in await response.text()


async def test_health_is_told() -> None:
    with Links() as links:
        async with serving(links) as client, client.get("/health") as response:
            assert (response.status, await response.json()) == (200, {"ok": True})


@pytest.mark.parametrize("path", ["/", "/m/x", "/health", "/nothing", "/assets/index-1a2b.js"])
async def test_every_response_carries_the_policy(static: Path, path: str) -> None:
    with Links() as links:
        async with serving(links, static=static) as client, client.get(path) as response:
            assert PUBLIC in response.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "microphone=(self)" in response.headers["Permissions-Policy"]
            assert response.headers["Server"] == "translator"
            assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "192.0.2.1", "[::1"])
async def test_a_server_for_this_machine_answers_to_no_other_name(host: str) -> None:
    with Links() as links:
        home = speaker(links)
        async with serving(links, home=home) as client:
            async with client.get("/", headers={"Host": host}, allow_redirects=False) as response:
                assert response.status in (400, 421)
                assert home not in str(response.headers)
            for own in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
                async with client.get("/health", headers={"Host": own}) as response:
                    assert response.status == 200


async def test_behind_a_proxy_it_answers_to_any_name() -> None:
    with Links() as links:
        async with (
            serving(links, behind_proxy=True) as client,
            client.get("/health", headers={"Host": "meet.example.org"}) as response,
        ):
            assert response.status == 200


# --- a server of its own ----------------------------------------------------------------------


async def get(url: str, **more: Any) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, **more) as response:
        return response.status


async def test_it_runs_until_the_block_ends() -> None:
    with Links() as links:
        async with running(access=ACCESS, links=links, port=0) as address:
            assert address.startswith("http://127.0.0.1:")
            assert await get(f"{address}/health") == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(f"{address}/health")


@pytest.mark.parametrize(
    "sent",
    [
        "POST /api/join HTTP/1.1\r\nHost: localhost\r\n",
        "POST /api/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{",
    ],
    ids=["half of a header", "half of a body"],
)
async def test_a_request_that_never_ends_does_not_keep_it_running(sent: str) -> None:
    with Links() as links:
        async with asyncio.timeout(5.0):
            async with running(access=ACCESS, links=links, port=0) as address:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", int(address.rpartition(":")[2])
                )
                writer.write(sent.encode())
                assert await get(f"{address}/health") == 200  # the other one is read by now
            assert await reader.read() == b""
            writer.close()


async def test_a_port_in_use_is_named_with_another_one() -> None:
    with Links() as links, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"port {port} is in use.*--port \d+.*PORT=\d+"):
            async with running(access=ACCESS, links=links, port=port):
                pass


async def test_a_port_can_be_had_before_anything_is_served_at_it() -> None:
    with listening(0) as listener, Links() as links:
        port = listener.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} is in use"):
            listening(port)
        async with running(access=ACCESS, links=links, listener=listener) as address:
            assert address == f"http://127.0.0.1:{port}"
            assert await get(f"{address}/health") == 200


async def test_an_address_that_is_not_ours_is_named() -> None:
    with Links() as links, pytest.raises(ServiceError, match=r"192\.0\.2\.1, port 8080"):
        async with running(
            access=ACCESS, links=links, host="192.0.2.1", public_url=PUBLIC, behind_proxy=True
        ):
            pass


async def test_it_does_not_start_where_it_would_not_be_safe() -> None:
    with Links() as links, pytest.raises(InputError, match="microphone"):
        async with running(access=ACCESS, links=links, host="0.0.0.0"):
            pass


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    files = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert)
    subprocess.run([*request.split(), *files], check=True, capture_output=True)
    return cert, key


async def test_with_a_certificate_it_speaks_tls(certificate: tuple[Path, Path]) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    with Links() as links:
        async with running(access=ACCESS, links=links, port=0, tls=tls) as address:
            assert address.startswith("https://127.0.0.1:")
            trusting = ssl.create_default_context(cafile=str(certificate[0]))
            assert await get(f"{address}/health", ssl=trusting) == 200


async def test_the_log_holds_no_link_no_name_and_no_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with Links() as links:
        link = speaker(links)
        async with (
            running(access=ACCESS, links=links, port=0) as address,
            aiohttp.ClientSession(address) as session,
        ):
            for name in ("Xanthippe", ""):
                await session.post("/api/join", json={"link": link, "name": name})
            for path in (f"/m/{link}", f"/{link}", f"/m/{link}?name=Xanthippe"):
                await session.get(path)
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert "GET /m/{link}" in written
    assert "POST /api/join: 503" in written
    assert "POST /api/join: 422" in written
    for secret in (link, "Xanthippe", SECRET, "eyJ"):
        assert secret not in written


async def test_a_token_is_not_logged_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Links() as links:
        async with serving(links) as client:
            _, body = await join(client, speaker(links), "Xanthippe")
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert body["token"] not in written
    assert "Xanthippe" not in written


# --- livekit-server's rooms -------------------------------------------------------------------


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
