"""The engine host: one for all, there while someone needs it, and back after it is killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.processes import end_of, runs
from translator.engines import host as module
from translator.engines.host import Host, running, runtime_dir, socket_path
from translator.errors import RenderError, ServiceError, SpeakError

pytestmark = pytest.mark.engine

HOLDER = """
import asyncio, sys
from translator.engines.host import running

async def hold():
    async with running(["espeak"]) as host:
        print((await host.health())["pid"], flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(tmp_path / "run"))
    return tmp_path / "run"


async def say(host: Host, text: str = "Good morning.") -> bytes:
    question = {"text": text, "language": "en", "voice": None, "pace": 1.0}
    async with host.post("/espeak/say", json=question, failed=SpeakError) as response:
        return await response.read()


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


async def test_two_commands_at_once_share_one_host_and_its_models() -> None:
    async def pid() -> int:
        async with running(["espeak"]) as host:
            await say(host)
            health = await host.health()
            assert health["ready"]
            assert health["rss"] > 0
            assert health["loads"] == {"espeak": 1}
            return int(health["pid"])

    first, second = await asyncio.gather(pid(), pid())
    assert first == second
    assert await pid() == first


async def test_the_host_has_no_keys_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("LIVEKIT_API_SECRET", "LIVEKIT_URL", "OPENAI_API_KEY", "OUR_TOKEN", "A_SECRET")
    for name in (*secrets, "HF_TOKEN", "KEYBOARD"):
        monkeypatch.setenv(name, "x")
    async with running([]) as host:
        pid = (await host.health())["pid"]
        inherited = psutil.Process(pid).environ().keys()
    assert not inherited & set(secrets)
    assert {"HF_TOKEN", "KEYBOARD", "PATH", "TRANSLATOR_RUNTIME"} <= inherited


async def test_a_service_that_nobody_leased_is_loaded_once_by_requests() -> None:
    question = {"text": "Hello.", "source": "en", "target": "en", "terms": []}

    async def ask(host: Host) -> None:
        async with host.post("/apertium/render", json=question, failed=RenderError):
            pass

    async with running([]) as host:
        await asyncio.gather(*(ask(host) for _ in range(5)))
        assert (await host.health())["loads"] == {"apertium": 1}


async def test_the_host_ends_after_the_last_lease() -> None:
    async with running(["espeak"]) as host, running(["espeak"]):
        pid = (await host.health())["pid"]
        assert (await host.health())["leases"] == 2
    assert runs(pid)  # who comes next need not load again
    await end_of([pid])
    assert not socket_path().exists()


async def test_the_host_ends_when_who_needs_it_is_killed() -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER), stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    async with asyncio.timeout(20):
        pid = int(await holder.stdout.readline())
    holder.kill()
    await holder.wait()
    await end_of([pid])


async def test_a_start_that_is_cancelled_leaves_no_pipe_and_a_host_that_ends(folder: Path) -> None:
    async def use() -> None:
        async with running([]):
            pytest.fail("a host starts more slowly")

    log, before = folder / "engines.log", descriptors()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(use())
        # Until there is but the pipe, in which the host will say that it listens.
        while not log.exists() or descriptors() != before + 1:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        task.cancel()
    await asyncio.sleep(0)  # a transport closes in the next turn of the loop
    assert descriptors() == before
    async with asyncio.timeout(20):
        while "nobody needs it" not in log.read_text():  # noqa: ASYNC110 (it is another process)
            await asyncio.sleep(0.1)
    assert "Traceback" not in log.read_text()


async def test_a_request_survives_the_death_of_the_host() -> None:
    async with running(["espeak"]) as host:
        expected = await say(host)
        pid = (await host.health())["pid"]
        os.kill(pid, signal.SIGSTOP)  # so that the request is under way when the host dies
        async with asyncio.TaskGroup() as tasks:
            request = tasks.create_task(say(host))
            for _ in range(10):  # its connection is open: some turns of the loop send it
                await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
        assert request.result() == expected
        assert (await host.health())["pid"] != pid


async def test_a_client_without_a_lease_waits_for_the_host_to_come_back() -> None:
    async with running(["espeak"]) as keeper:
        client = Host()
        os.kill((await keeper.health())["pid"], signal.SIGKILL)
        assert await say(client)
        await client.close()


async def test_a_socket_left_behind_is_no_obstacle() -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path()))
    async with running(["espeak"]) as host:
        assert await say(host)


async def test_what_is_missing_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(ServiceError, match="apt-get install espeak-ng"):
        async with running(["espeak"]):
            pass


async def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(ServiceError, match="no service 'horse'"):
        async with running(["horse"]):
            pass


async def test_a_host_that_cannot_start_is_an_error_that_names_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", (0.0, 0.0))
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(ServiceError, match=r"engines\.log"):
        async with running(["espeak"]):
            pass


async def test_the_error_of_who_uses_the_host_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with running([]):
            raise KeyError


async def test_cancelling_who_uses_the_host_passes_through() -> None:
    entered = asyncio.Event()

    async def use() -> None:
        async with running([]):
            entered.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(use())
        await entered.wait()
        task.cancel()
    assert task.cancelled()


async def test_a_refusal_carries_its_reason() -> None:
    async with running(["espeak"]) as host:
        question = {"text": "Hi", "language": "xx", "voice": None, "pace": 1.0}
        with pytest.raises(SpeakError, match="speaks no xx") as refused:
            async with host.post("/espeak/say", json=question, failed=SpeakError):
                pass
        assert not refused.value.retryable
        with pytest.raises(SpeakError, match="404"):
            async with host.post("/espeak/sing", failed=SpeakError):
                pass
        with pytest.raises(SpeakError, match="its log says why"):
            async with host.post("/espeak/say", json={}, failed=SpeakError):
                pass
        assert await say(host)


@pytest.mark.virtual  # nobody is there to wait for
async def test_a_host_that_does_not_come_back_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESTART", 0.3)
    client = Host()
    begun = time.monotonic()
    with pytest.raises(SpeakError, match="is gone") as gone:
        await say(client)
    assert gone.value.retryable
    with pytest.raises(ServiceError, match="is gone"):
        await client.health()
    assert 0.3 <= time.monotonic() - begun < 3
    await client.close()


@asynccontextmanager
async def answering(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[Host, None]:
    """A client of something that stands in the place of the host."""
    server = await asyncio.start_unix_server(answer, socket_path())
    client = Host()
    try:
        yield client
    finally:
        await client.close()
        server.close()


async def test_a_request_that_kills_hosts_is_given_up() -> None:
    deaths = 0

    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal deaths
        await reader.readuntil(b"\r\n\r\n")
        deaths += 1
        writer.close()

    async with answering(die) as client:
        with pytest.raises(SpeakError, match="is gone"):
            await say(client)
    assert deaths == 3


async def test_a_request_that_takes_too_long_may_be_tried_again() -> None:
    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async with answering(listen_only) as client:
        with pytest.raises(SpeakError, match=r"in 0\.2 s") as late:
            async with client.post("/espeak/say", timeout=0.2, failed=SpeakError):
                pass
        assert late.value.retryable


async def test_a_host_that_hangs_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    monkeypatch.setattr(module, "SPAWN", 0.2)
    async with answering(hang):
        with pytest.raises(ServiceError, match="does not answer"):
            async with running(["espeak"]):
                pass


def test_a_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(ServiceError, match="0700"):
        runtime_dir()


def test_a_folder_that_is_only_linked_to_is_refused(folder: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ServiceError, match="0700"):
        runtime_dir()


def test_a_path_too_long_for_a_socket_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLATOR_RUNTIME", str(folder / ("x" * 100)))
    with pytest.raises(ServiceError, match="too long"):
        socket_path()
