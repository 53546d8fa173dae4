"""The page and its files over HTTP, and nothing beside them."""

import asyncio
from pathlib import Path

import pytest

from tests.served import PUBLIC, serving, speaker
from translator.web.links import Links

pytestmark = pytest.mark.web


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
