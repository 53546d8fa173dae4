"""A livekit-server of our own answers, stops, and is never left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest

from translator.access import Access
from translator.errors import InputError, ServiceError
from translator.server import LiveKitServer, configured

pytestmark = pytest.mark.room

OWN = {"PATH": os.environ["PATH"]}


async def test_its_own_server_accepts_its_own_key() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        named = {
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        }
        async with LiveKitServer.running(environ=named) as same:
            assert same.url == server.url
            assert same.pid is None


async def test_it_binds_loopback_alone() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        connections = psutil.Process(server.pid).net_connections()
    assert {connection.laddr.ip for connection in connections} == {"127.0.0.1"}


async def test_key_and_secret_are_no_arguments() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        arguments = " ".join(psutil.Process(server.pid).cmdline())
        assert server.api_key not in arguments
        assert server.api_secret not in arguments
        assert server.api_secret not in repr(server)


async def test_it_takes_no_setting_from_the_environment() -> None:
    environ = OWN | {"LIVEKIT_KEYS": "other: key", "NODE_IP": "192.0.2.1", "UDP_PORT": "1"}
    async with LiveKitServer.running(environ=environ) as server:
        assert psutil.Process(server.pid).environ().keys() == {"LIVEKIT_CONFIG"}


async def test_nothing_is_left_after_the_block() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        pid = server.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)


async def test_a_deaf_server_is_killed() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        process = psutil.Process(server.pid)
        process.suspend()  # a stopped process does not answer SIGTERM
    assert not process.is_running()


async def test_two_servers_run_side_by_side() -> None:
    async with (
        LiveKitServer.running(environ=OWN) as one,
        LiveKitServer.running(environ=OWN) as other,
    ):
        assert one.url != other.url


async def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} is in use"):
            async with LiveKitServer.running(port=port, environ=OWN):
                pass


async def test_a_port_can_be_asked_for_again_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for _ in range(2):
        async with (
            LiveKitServer.running(port=port, environ=OWN) as server,
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}") as answer,
        ):
            assert answer.status == 200
            assert server.url == f"ws://127.0.0.1:{port}"


async def test_waiting_tells_of_its_death() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(ServiceError, match="livekit-server ended"):
            await server.wait()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "livekit-server"
    broken.write_text("#!/bin/sh\necho the certificate is missing\nexit 3\n")
    broken.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{OWN['PATH']}"}
    with pytest.raises(ServiceError, match="does not start: the certificate is missing"):
        async with LiveKitServer.running(environ=environ):
            pass


async def test_a_missing_program_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("translator.server.BUILT", tmp_path)
    with pytest.raises(ServiceError, match="make setup"):
        async with LiveKitServer.running(environ={"PATH": str(tmp_path)}):
            pass


async def test_a_wrong_key_is_refused_and_not_repeated() -> None:
    async with LiveKitServer.running(environ=OWN) as server:
        wrong = {
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": "a-secret-that-is-long-enough-but-wrong",
        }
        with pytest.raises(ServiceError, match="check LIVEKIT_API_KEY") as caught:
            async with LiveKitServer.running(environ=wrong):
                pass
        assert wrong["LIVEKIT_API_SECRET"] not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"LIVEKIT_API_KEY": "key"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_API_SECRET": "secret"}, "LIVEKIT_API_KEY"),
        ({}, "LIVEKIT_API_KEY, LIVEKIT_API_SECRET"),
    ],
)
async def test_what_is_missing_beside_the_url_is_named(given: dict[str, str], told: str) -> None:
    with pytest.raises(ServiceError, match=f"set {told} to where livekit-server is"):
        async with LiveKitServer.running(environ={"LIVEKIT_URL": "ws://127.0.0.1:1", **given}):
            pass


@pytest.mark.parametrize("url", ["127.0.0.1:7880", "ftp://host", "ws://", "livekit"])
async def test_a_url_of_another_kind_is_refused(url: str) -> None:
    environ = {"LIVEKIT_URL": url, "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}
    with pytest.raises(ServiceError, match="ws://host:port"):
        async with LiveKitServer.running(environ=environ):
            pass


@pytest.mark.parametrize(("key", "secret"), [("devkey", "s" * 32), ("key", "secret")])
async def test_a_key_that_everybody_knows_is_for_this_machine_alone(key: str, secret: str) -> None:
    environ = {
        "LIVEKIT_URL": "wss://live.example.org",
        "LIVEKIT_API_KEY": key,
        "LIVEKIT_API_SECRET": secret,
    }
    with pytest.raises(InputError, match="known to everybody"):
        configured(environ)
    assert configured(environ | {"LIVEKIT_URL": "http://127.0.0.1:7880"}) == Access(
        url="ws://127.0.0.1:7880", api_key=key, api_secret=secret
    )


async def test_a_url_where_nobody_answers_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}"
    environ = {"LIVEKIT_URL": url, "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}
    with pytest.raises(ServiceError, match=f"no livekit-server answers at {url}"):
        async with LiveKitServer.running(environ=environ):
            pass


PARENT = """
import asyncio
from translator.server import LiveKitServer

async def main():
    async with LiveKitServer.running() as server:
        print(server.pid, flush=True)
        await server.wait()

asyncio.run(main())
"""


async def test_it_dies_with_the_program_that_started_it() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=subprocess.PIPE, env=OWN
    )
    assert parent.stdout is not None
    server = psutil.Process(int(await parent.stdout.readline()))
    assert server.is_running()
    parent.kill()
    await parent.wait()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [server], timeout=5)
    assert gone == [server]
