"""The bridge's overhead over the echo: the one figure of the line, without any engine in it.

    python -m bench.overhead [--rounds 2] [--markers 10] [--speech FILE] [--out FILE]

A speaker, the bridge's job and a listener are processes that share CLOCK_MONOTONIC. Real speech
goes in; scripted engines (bench.scripted) answer it with markers. For marker i:

    total     = heard(onset of marker i) - spoken(p_i), where p_i is the last sample it needs
    plumbing  = total - the time that the script takes
    overhead  = plumbing - C1, percentile by percentile; C1 is the echo of bench.controls, with
                the bridge's frame sizes, in the same run

Which of the speaker's samples p_i is, is found by content, not by counting: the audio that the ear
had been given last, up to p_i, is looked for in the recording by cross-correlation. So the gate,
a codec's delay and what a jitter buffer stretches shift nothing, and each costs only the time that
it costs. A sample is spoken when its frame is captured, plus its place in it; it is heard when its
frame arrives, plus its place in it: as in the controls.

The ear notes when it was given p_i, which splits the plumbing in two halves: `in` (speaker to
ear) and `out` (ear to listener). Each crosses the server once, as C0 does.

Conditions take turns, each round in another order. An echo goes on without a gap, so it holds
what it hears for the longest frame, and for the latest packet, all the time; a rendition begins at
once. So the overhead over it can be below zero, and a second figure says what is above the way
itself: twice C0.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
from bisect import bisect
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import api

from bench import controls, scripted
from bench.controls import LONGEST, conditions, markers_of, take_part
from bench.markers import Marker, Passage, Samples, passage
from bench.participants import FAREWELL, FRAME, speech
from bench.participants import SAMPLE_RATE as SPOKEN_RATE
from bench.scripted import PRESETS, SPACING, TARGET, Need
from bench.stats import Estimate, difference, percentile
from tests.speech import FOLDER
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.house import registered
from translator.participant import PREFIX
from translator.rehearsal.recording import at_rate
from translator.server import LiveKitServer

SPEECH = FOLDER / "long_en_printing_a.flac"
LIKENESS = 0.4
"""Correlation that an excerpt of the ear's audio must have with its place in the recording. It is
less where packets came too late and the sound was stretched or made up: that one is not placed."""
WARM_UP = 6.0
"""Seconds of each condition that are not counted: jitter buffers have shrunk most by then."""
DIRECT = "C0 direct"
ECHO = "C1 echo"
NAMES = (DIRECT, ECHO, *(f"bridge {preset}" for preset in PRESETS))
"""The conditions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one condition gave in one round."""

    passage: Passage
    plumbing: tuple[float, ...]
    """Seconds from spoken to heard without the script's, one for each marker that was heard."""
    inward: tuple[float, ...] = ()
    """Seconds from the speaker to the ear."""
    outward: tuple[float, ...] = ()
    """Seconds from the ear to the listener, without the script's."""
    unplaced: int = 0
    """Markers whose position was not found in the recording: they count in `outward` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A server with a worker, and what is said in its rooms."""

    server: LiveKitServer
    agent_name: str
    recording: Path
    markers: int
    """Counted in each condition and round."""


async def measure(
    recording: Path, *, rounds: int, markers: int
) -> AsyncGenerator[tuple[str, Round], None]:
    """Every condition's name and outcome, round by round."""
    async with LiveKitServer.running() as server, _worker(server) as agent_name:
        rig = Rig(server=server, agent_name=agent_name, recording=recording, markers=markers)
        for number in range(rounds):
            turn = number % len(NAMES)
            for name in NAMES[turn:] + NAMES[:turn]:
                yield name, await _condition(rig, f"bench-{secrets.token_hex(4)}", name)


async def _condition(rig: Rig, room: str, name: str) -> Round:
    kind, which = name.split()
    if kind == "bridge":
        return await bridge(rig, room, which)
    echo = controls.BRIDGE if name == ECHO else None
    found = await controls.measure(
        rig.server, room, echo=echo, markers=rig.markers, warm_up=WARM_UP
    )
    return Round(passage=found, plumbing=found.delays)


async def bridge(rig: Rig, room: str, preset: str) -> Round:
    """Speech through a meeting with scripted engines. Raises RuntimeError when it says nothing."""
    seconds = WARM_UP + (rig.markers + 1) * SPACING
    talking = ("talk", "--speech", str(rig.recording), "--seconds", str(seconds))
    listening = ("listen", "--to", PREFIX + TARGET, "--language", TARGET)
    with tempfile.TemporaryDirectory() as folder:
        job = scripted.metadata(preset, Path(folder))
        async with _dispatched(rig, room, job), asyncio.TaskGroup() as group:
            speaker = group.create_task(take_part(rig.server, room, *talking))
            listener = group.create_task(take_part(rig.server, room, *listening))
        needs = scripted.read(Path(folder))
    return await asyncio.to_thread(
        outcome_of,
        needs,
        said=speech(rig.recording, seconds),
        captured=[moment for _, moment in speaker.result()],
        heard=markers_of(listener.result()),
        scripted_seconds=PRESETS[preset].total,
    )


def outcome_of(
    needs: Sequence[Need],
    *,
    said: Samples,
    captured: Sequence[float],
    heard: Sequence[Marker],
    scripted_seconds: float,
) -> Round:
    """What became of the markers behind the warm-up.

    `said` is the speech as the speaker played it, `captured` is when each frame was. Raises
    RuntimeError where the ear asked for no marker.
    """
    counted = [need for need in needs if need.received >= captured[0] + WARM_UP]
    if not counted:
        raise RuntimeError("the bridge's ear was not given enough speech")
    received = [Marker(index=need.index, onset=need.received) for need in counted]
    rest = [marker for marker in heard if marker.onset >= received[0].onset]
    source = at_rate(np.pad(said, (0, round(FAREWELL * SPOKEN_RATE))), SPOKEN_RATE, HEARD_RATE)
    moments = [spoken_at(need, source, captured) for need in counted]
    spoken = [
        Marker(index=need.index, onset=moment)
        for need, moment in zip(counted, moments, strict=True)
        if moment is not None
    ]
    outward = passage(received, rest, longest=LONGEST)
    total = passage(spoken, rest, longest=LONGEST)
    return Round(
        passage=replace(outward, delays=total.delays),
        plumbing=tuple(delay - scripted_seconds for delay in total.delays),
        inward=tuple(
            need.received - moment
            for need, moment in zip(counted, moments, strict=True)
            if moment is not None
        ),
        outward=tuple(delay - scripted_seconds for delay in outward.delays),
        unplaced=moments.count(None),
    )


def spoken_at(need: Need, source: Samples, captured: Sequence[float]) -> float | None:
    """When the sample that `need` waited for was spoken; None where it is not to be found.

    `source` is what was said, at hear.SAMPLE_RATE; `captured` is when each frame of it was.
    """
    frame = FRAME * HEARD_RATE // SPOKEN_RATE
    first = bisect(captured, need.received - LONGEST) * frame
    start = place(need.audio, source[first : bisect(captured, need.received) * frame])
    if start is None:
        return None
    number, inside = divmod(first + start + len(need.audio) - 1, frame)
    return captured[number] + inside / HEARD_RATE


def place(excerpt: Samples, source: Samples) -> int | None:
    """The sample of `source` where `excerpt` begins; None where it is not in it."""
    likeness = _correlation(excerpt.astype(np.float64), source.astype(np.float64))
    best = int(likeness.argmax())
    return best if likeness[best] >= LIKENESS else None


def _correlation(
    part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Of `part` with each stretch of `whole` that is as long: -1 to 1."""
    size = len(whole) + len(part)
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    products = np.fft.irfft(spectrum, size)[: len(whole) - len(part) + 1]
    energy = np.concatenate(([0.0], np.cumsum(whole**2)))
    energies = (energy[len(part) :] - energy[: len(products)]) * (part**2).sum()
    return np.asarray(products / np.sqrt(np.maximum(energies, 1.0)))


@asynccontextmanager
async def _worker(server: LiveKitServer) -> AsyncGenerator[str, None]:
    """A worker with scripted engines, registered under the name that this gives."""
    agent_name = f"bench-{secrets.token_hex(4)}"
    worker = scripted.worker(
        url=server.url,
        api_key=server.api_key,
        api_secret=server.api_secret,
        agent_name=agent_name,
    )
    async with registered(worker):
        yield agent_name


@asynccontextmanager
async def _dispatched(rig: Rig, room: str, metadata: str) -> AsyncGenerator[None, None]:
    """A room with a meeting in it, which is deleted at the end."""
    server = rig.server
    url = server.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, server.api_key, server.api_secret) as lk:
        await lk.room.create_room(api.CreateRoomRequest(name=room))
        await lk.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=rig.agent_name, room=room, metadata=metadata)
        )
        try:
            yield
        finally:
            await lk.room.delete_room(api.DeleteRoomRequest(room=room))


def joined(rounds: Sequence[Round]) -> Round:
    """All rounds of one condition as one."""
    passages = [one.passage for one in rounds]
    return Round(
        passage=Passage(
            delays=tuple(delay for one in passages for delay in one.delays),
            lost=sum(one.lost for one in passages),
            repeated=sum(one.repeated for one in passages),
            swapped=sum(one.swapped for one in passages),
        ),
        plumbing=tuple(value for one in rounds for value in one.plumbing),
        inward=tuple(value for one in rounds for value in one.inward),
        outward=tuple(value for one in rounds for value in one.outward),
        unplaced=sum(one.unplaced for one in rounds),
    )


def overhead(outcome: Mapping[str, Round]) -> tuple[Estimate, Estimate, int]:
    """The bridge's over the echo, p50 and p99, and by how many markers."""
    bridges = [one for name, one in outcome.items() if name.startswith("bridge")]
    values = joined(bridges).plumbing
    p50, p99 = (difference(values, outcome[ECHO].plumbing, share) for share in (0.5, 0.99))
    return p50, p99, len(values)


def above_the_way(plumbing: Sequence[float], direct: Sequence[float]) -> str:
    """How much longer than twice the direct way, for people."""
    twice = [2 * delay for delay in direct]
    p50, p99 = (difference(plumbing, twice, share).in_ms() for share in (0.5, 0.99))
    return f"above twice C0: p50 {p50}, p99 {p99}"


def line(name: str, outcome: Mapping[str, Round]) -> str:
    """One condition for people."""
    one = outcome[name]
    text = controls.line(name, one.passage)
    if not one.inward:
        return text
    halves = (
        f"{half} {percentile(values, 0.5).in_ms()} / {percentile(values, 0.99).in_ms()}"
        for half, values in (("in", one.inward), ("out", one.outward))
    )
    p50, p99, _ = overhead({name: one, ECHO: outcome[ECHO]})
    return (
        f"{text}, {one.unplaced} not placed\n  over the echo: p50 {p50.in_ms()}, p99 {p99.in_ms()}"
        f"\n  {above_the_way(one.plumbing, outcome[DIRECT].plumbing)}"
        f"\n  p50 / p99: {', '.join(halves)}"
    )


def last_line(outcome: Mapping[str, Round]) -> str:
    """The one figure."""
    p50, p99, count = overhead(outcome)
    return (
        f"overhead of the bridge over the echo: p50 {p50.in_ms()}, p99 {p99.in_ms()} "
        f"({count} markers)"
    )


def summary(outcome: Mapping[str, Round]) -> dict[str, Any]:
    """All of it for machines, in seconds."""
    p50, p99, count = overhead(outcome)
    return {
        "conditions": conditions(),
        "overhead": {"p50": asdict(p50), "p99": asdict(p99), "markers": count},
        **{
            name: controls.summary(one.passage)
            | {"plumbing": one.plumbing, "in": one.inward, "out": one.outward}
            | {"unplaced": one.unplaced}
            for name, one in outcome.items()
        },
    }


async def run(recording: Path, *, rounds: int, markers: int) -> dict[str, Round]:
    """Every condition's outcome over all rounds, by name."""
    found: dict[str, list[Round]] = {}
    async with aclosing(measure(recording, rounds=rounds, markers=markers)) as measured:
        async for name, one in measured:
            found.setdefault(name, []).append(one)
    return {name: joined(found[name]) for name in sorted(found, key=NAMES.index)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--markers", type=int, default=10, help="in each round and condition")
    parser.add_argument("--speech", type=Path, default=SPEECH, help="what the speaker says")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    given = parser.parse_args()
    if not given.speech.is_file():
        parser.error(f"there is no recording at {given.speech}: name one with --speech")
    outcome = asyncio.run(run(given.speech, rounds=given.rounds, markers=given.markers))
    for name in outcome:
        print(line(name, outcome))
    print(last_line(outcome))
    if given.out is not None:
        given.out.write_text(json.dumps(summary(outcome), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
