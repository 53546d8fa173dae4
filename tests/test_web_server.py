"""The web server by itself: its port, its certificate, its end and its log."""

import asyncio
import logging
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.served import ACCESS, PUBLIC, SECRET, join, serving, speaker
from translator.errors import InputError, ServiceError
from translator.web.links import Links
from translator.web.server import listening, running

pytestmark = pytest.mark.web


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
