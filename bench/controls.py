"""The controls of every latency figure: what no bridge can win.

    python -m bench.controls [--markers 100] [--out FILE]

C0 is a speaker heard directly; C1 is heard through a minimal echo, once with LiveKit's finest
frames and once with the bridge's own, which is what the bridge is compared with.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.markers import Marker, Passage, passage
from bench.participants import SPACING, SPEAKER
from bench.stats import percentile
from translator import channel, microphones, participant
from translator.server import LiveKitServer

WARM_UP = 10.0
"""Seconds that are not counted: the jitter buffer begins with 80 ms and shrinks."""
LONGEST = 5.0
"""Seconds within which a marker must be heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """How a minimal echo reads and writes."""

    sample_rate: int
    in_ms: int
    out_ms: int
    queue_ms: int


FINEST = Echo(sample_rate=48_000, in_ms=10, out_ms=10, queue_ms=0)
BRIDGE = Echo(
    sample_rate=channel.SAMPLE_RATE,
    in_ms=microphones.FRAME_MS,
    out_ms=10,
    queue_ms=participant.QUEUE_MS,
)
"""The bridge's frames as its listeners meet them: a rendition begins with the finest."""


async def measure(
    server: LiveKitServer,
    room: str,
    *,
    echo: Echo | None,
    markers: int,
    warm_up: float = WARM_UP,
) -> Passage:
    """What becomes of `markers` markers, heard directly or through an echo, after the warm-up."""
    unheeded = round(warm_up / SPACING)
    voice = SPEAKER if echo is None else "bench-echo"
    echoing = [] if echo is None else [take_part(server, room, "echo", *_options(echo))]
    speaking = take_part(server, room, "speak", "--markers", str(unheeded + markers))
    listening = take_part(server, room, "listen", "--to", voice)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in (speaking, listening, *echoing)]
    spoken, heard = (markers_of(task.result()) for task in tasks[:2])
    return passage(spoken, heard, longest=LONGEST, since=spoken[unheeded].onset)


def conditions() -> dict[str, Any]:
    """Where and with what a figure was measured."""
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "packages": {name: version(name) for name in ("livekit", "livekit-agents", "numpy")},
    }


def summary(found: Passage) -> dict[str, Any]:
    """Of `found`: percentiles in seconds with their intervals, and what went wrong."""
    return {
        "p50": asdict(percentile(found.delays, 0.5)),
        "p99": asdict(percentile(found.delays, 0.99)),
        "heard": len(found.delays),
        "lost": found.lost,
        "repeated": found.repeated,
        "swapped": found.swapped,
        "delays": found.delays,
    }


def line(name: str, found: Passage) -> str:
    """The same for people."""
    p50, p99 = (percentile(found.delays, share).in_ms() for share in (0.5, 0.99))
    return (
        f"{name}: p50 {p50}, p99 {p99} ({len(found.delays)} heard, {found.lost} lost, "
        f"{found.repeated} repeated, {found.swapped} swapped)"
    )


async def take_part(
    server: LiveKitServer, room: str, role: str, *options: str
) -> list[tuple[int, float]]:
    """Run one participant to its end, and give what it printed; see bench.participants."""
    command = (sys.executable, "-m", "bench.participants", "--room", room, role, *options)
    async with _running(server, command) as process:
        output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{role} failed with exit code {process.returncode}")
    return [(index, moment) for index, moment in json.loads(output)]


def markers_of(printed: Sequence[tuple[int, float]]) -> list[Marker]:
    """The markers that a participant spoke or heard."""
    return [Marker(index=index, onset=onset) for index, onset in printed]


@asynccontextmanager
async def _running(
    server: LiveKitServer, command: Sequence[str]
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        },
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _options(echo: Echo) -> list[str]:
    numbers = {f"--{name.replace('_', '-')}": str(value) for name, value in asdict(echo).items()}
    return ["--of", SPEAKER, *(part for pair in numbers.items() for part in pair)]


async def _run(markers: int) -> dict[str, Any]:
    controls = {"C0 direct": None, "C1 echo, finest frames": FINEST, "C1 echo, bridge's": BRIDGE}
    results: dict[str, Any] = {"conditions": conditions()}
    async with LiveKitServer.running() as server:
        for number, (name, echo) in enumerate(controls.items()):
            found = await measure(server, f"bench-{number}", echo=echo, markers=markers)
            print(line(name, found), flush=True)
            results[name] = summary(found)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.controls", description=__doc__)
    parser.add_argument("--markers", type=int, default=100, help="counted in each control")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    given = parser.parse_args()
    results = asyncio.run(_run(given.markers))
    if given.out is not None:
        given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
