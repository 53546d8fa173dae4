"""One scene in a room for each kind of fault: who fails, and what listeners hear and read then."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.vendors.faults import Fault
from tests.vendors.played import Played, Stage, Vendors
from tests.vendors.server import Server

FIRST = 14.0
"""Seconds of a score before the first scene."""
LASTS = 3.0
"""Seconds that a fault lasts: every request in them fails so."""
EACH = 8.0
"""Seconds from one scene to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A vendor that is called first for its stage, and fails in the middle of a speech."""

    fault: Fault
    vendor: str
    stage: str
    stall: float
    """Seconds that pass until nobody waits for it any more: the deadline that it misses."""
    story: str
    """What listeners hear and read."""


NEXT = "the same words, by the next {}; the captions are whole"
SCENES: Sequence[Scene] = (
    Scene(
        fault=Fault.REFUSED,
        vendor="openai",
        stage="renders",
        stall=0.0,
        story=NEXT.format("model"),
    ),
    Scene(
        fault=Fault.RESET,
        vendor="assemblyai",
        stage="hears",
        stall=0.0,
        story="the same words: the next ear hears again what the first one had not given",
    ),
    Scene(
        fault=Fault.HANG,
        vendor="assemblyai",
        stage="hears",
        stall=2.0,
        story="the same words: after two seconds of speech without a word the next ear hears them",
    ),
    Scene(
        fault=Fault.SLOW, vendor="openai", stage="renders", stall=2.5, story=NEXT.format("model")
    ),
    Scene(
        fault=Fault.GARBAGE,
        vendor="openai",
        stage="renders",
        stall=0.0,
        story=NEXT.format("model"),
    ),
    Scene(
        fault=Fault.RATE_LIMITED,
        vendor="openai",
        stage="renders",
        stall=0.0,
        story=NEXT.format("model"),
    ),
    Scene(
        fault=Fault.EMPTY, vendor="openai", stage="renders", stall=0.0, story=NEXT.format("model")
    ),
    Scene(
        fault=Fault.DUPLICATE,
        vendor="elevenlabs",
        stage="speaks",
        stall=0.0,
        story="every word once",
    ),
    Scene(
        fault=Fault.RESET,
        vendor="elevenlabs",
        stage="speaks",
        stall=0.0,
        story="a word that breaks off, and from that word on the next voice",
    ),
    Scene(
        fault=Fault.HANG,
        vendor="elevenlabs",
        stage="speaks",
        stall=2.5,
        story="a word that breaks off, and from that word on the next voice",
    ),
    Scene(
        fault=Fault.WRONG_KEY,
        vendor="elevenlabs",
        stage="speaks",
        stall=0.0,
        story=NEXT.format("voice"),
    ),
    Scene(
        fault=Fault.QUOTA, vendor="openai", stage="renders", stall=0.0, story=NEXT.format("model")
    ),
)
PLAYED = (*SCENES[:5], SCENES[1], *SCENES[5:9], SCENES[1], *SCENES[9:])
"""In this order. An ear's failure makes every language late, so that none shows whether it was the
machine: what costs nothing is played until it can be told by the least that it cost."""
CALM = 10.0
"""Seconds of speech after all scenes, in which nothing fails."""
SECONDS = FIRST + EACH * len(PLAYED) + CALM
PAUSE = (4.5, 2.0)
"""Seconds before the scene of an ear, in which nobody speaks: then the first ear listens again."""


def name(scene: Scene) -> str:
    return f"{scene.vendor} {scene.stage}: {scene.fault.value}"


def gaps(played: Played, language: str, control: str) -> Mapping[str, float]:
    """What each scene costs the listeners of a language, in seconds, by its name: against
    `control`, a language whose vendors never fail, word by word, so that the machine's own delays
    do not count. An ear is that of both."""
    late, usual = played.lateness(language), dict(played.lateness(control))
    later = [(at, lag - usual[at]) for at, lag in late if at in usual]
    assert len(later) == len(late)
    return {name(one): gap(one, late if one.stage == "hears" else later) for one in SCENES}


def gap(scene: Scene, late: Sequence[tuple[float, float]]) -> float:
    """Seconds by which the scene makes words later than 99 of 100 of those that no scene touches;
    the least, where it is played several times.

    `late` has for every word when it was said, and how much later it was heard.
    """
    calm = sorted(lag for at, lag in late if at < FIRST - 3.0 or at - FIRST > EACH * len(PLAYED))
    starts = [begins(number) - 3.0 for number, one in enumerate(PLAYED) if one is scene]
    most = [max(lag for at, lag in late if start <= at < start + EACH) for start in starts]
    return min(most) - calm[int(0.99 * len(calm))]


def turns() -> Sequence[tuple[float, float]]:
    """When somebody speaks, on the score's clock."""
    ears = [begins(number) for number, one in enumerate(PLAYED) if one.stage == "hears"]
    starts = [1.0, *(at - PAUSE[1] for at in ears)]
    ends = [*(at - PAUSE[0] for at in ears), SECONDS - 2.0]
    return list(zip(starts, ends, strict=True))


def begins(number: int) -> float:
    """When the fault of a scene that is PLAYED begins, on the score's clock."""
    return FIRST + EACH * number


async def run(stage: Stage) -> None:
    """Play all of them."""
    for number, scene in enumerate(PLAYED):
        await stage.until(begins(number))
        await _fail(stage, _server(stage.vendors, scene), scene, begins(number) + LASTS)
    await asyncio.Event().wait()


async def _fail(stage: Stage, server: Server, scene: Scene, end: float) -> None:
    server.faults.always(scene.fault)
    if scene.fault is Fault.REFUSED:
        await server.down()
    await stage.until(end)
    if scene.fault is Fault.REFUSED:
        await server.up()
    server.faults.always(None)


def _server(vendors: Vendors, scene: Scene) -> Server:
    server = getattr(vendors, scene.vendor)
    assert isinstance(server, Server)
    return server
