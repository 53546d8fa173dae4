"""All loopback vendors with embedded brains, for a meeting with cloud engines and no account.

    python -m tests.vendors translator run talk.wav      the command meets them, and no vendor
    python -m tests.vendors                              prints what a shell must export, and serves

The command gets an engines.yaml like the usual one, in which every engine of a vendor that is
served here has an address on this machine, and keys that are good for nothing else. Unless
TRANSLATOR_SET names another one, the meeting is under the set `cloud`.
"""

import asyncio
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.vendors import embedded
from tests.vendors.assemblyai import AssemblyAI
from tests.vendors.azure import Azure
from tests.vendors.elevenlabs import ElevenLabs
from tests.vendors.openai import OpenAI
from tests.vendors.realtime import InterpretsInSteps, Realtime
from translator import agent
from translator.engines.host import running
from translator.settings.sets import SET

USUAL = "cloud"
PLAYED = "The vendors are played on this machine: nothing is charged, and the lag is not theirs.\n"


async def main(command: Sequence[str]) -> int:
    """Serve until the command has ended, or until a signal; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        async with vendors(Path(folder)) as served:
            if command:
                sys.stderr.write(PLAYED)
                return await _run(command, {SET: USUAL, **os.environ, **served.environment})
            for name, value in {SET: USUAL, **served.environment}.items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
            sys.stdout.flush()
            await _signalled()
            return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendors:
    """The servers."""

    assemblyai: AssemblyAI
    azure: Azure
    elevenlabs: ElevenLabs
    openai: OpenAI
    realtime: Realtime
    environment: Mapping[str, str]
    """What a meeting with them needs."""


@asynccontextmanager
async def vendors(folder: Path) -> AsyncGenerator[Vendors, None]:
    """The servers as long as this is open; `folder` is for the engines.yaml that leads to them."""
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(running())
        hears, speaks = embedded.Whisper(host), embedded.Espeak(host)
        renders = embedded.Apertium(host)
        await renders.warm()
        assemblyai = await stack.enter_async_context(AssemblyAI(hears))
        azure = await stack.enter_async_context(Azure(hears, speaks))
        elevenlabs = await stack.enter_async_context(ElevenLabs(hears=hears, speaks=speaks))
        openai = await stack.enter_async_context(
            OpenAI(renders=renders, hears=hears, speaks=speaks)
        )
        interprets = InterpretsInSteps(hears, renders, speaks)
        realtime = await stack.enter_async_context(Realtime(interprets, key=openai.key))
        addresses = {
            "realtime": (realtime.base_url, realtime.key),
            "assemblyai": (assemblyai.base_url, assemblyai.key),
            "azure": (f"http://127.0.0.1:{azure.port}", azure.key),
            "elevenlabs": (elevenlabs.base_url, elevenlabs.key),
            "openai": (openai.base_url, openai.key),
        }
        yield Vendors(
            assemblyai=assemblyai,
            azure=azure,
            elevenlabs=elevenlabs,
            openai=openai,
            realtime=realtime,
            environment=_written(folder / "engines.yaml", addresses),
        )


def _written(path: Path, addresses: Mapping[str, tuple[str, str]]) -> Mapping[str, str]:
    """Write the usual engines to `path`, with addresses and keys by name or plugin: what then
    leads there, as environment variables."""
    file = yaml.safe_load(agent.paths()[1].read_text(encoding="utf-8"))
    environment = {
        agent.ENGINES: str(path),
        "TRANSLATOR_STATE": str(path.parent),  # what is paid for here belongs to no day's sum
    }
    for name, engine in file["engines"].items():
        one = addresses.get(name) or addresses.get(engine["plugin"])
        if one is not None:
            engine["base_url"], environment[engine["key"]] = one
            engine.get("options", {}).pop("speech_region", None)  # the vendor's own address
    path.write_text(yaml.safe_dump(file, sort_keys=False), encoding="utf-8")
    return environment


async def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of `command`, which gets our signals."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        start_new_session=True,  # or Ctrl-C would reach it twice
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, process.send_signal, number)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()


async def _signalled() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
