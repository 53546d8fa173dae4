"""`translator check --live`: each engine is called once, as a meeting calls it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livekit.agents.utils import http_context

from translator.engines.host import SERVICES, running
from translator.engines.registry import Engines
from translator.engines.trial import Timing
from translator.errors import StageError
from translator.health import Stage
from translator.settings import Settings

AT_ONCE = 4
"""Vendors that are called at the same time; of one vendor, one engine after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How one call went."""

    engine: str
    stage: Stage
    went: Timing | StageError


async def called(settings: Settings) -> Sequence[Call]:
    """Call every engine of `settings` once for each use of it, and say how that went."""
    wanted = list(settings.uses)
    vendors = {settings.engines[name].plugin: list[tuple[Stage, str]]() for _, name in wanted}
    for stage, name in wanted:
        vendors[settings.engines[name].plugin].append((stage, name))
    engines = Engines(settings.engines)
    bound = asyncio.Semaphore(AT_ONCE)

    async def vendor(mine: Iterable[tuple[Stage, str]]) -> list[Call]:
        async with bound:
            return [await _call(engines, stage, name, settings) for stage, name in mine]

    services = {"espeak", *vendors.keys() & SERVICES.keys()}  # espeak speaks to the ears
    async with running(services), http_context.open():  # which a job has by itself
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(vendor(mine)) for mine in vendors.values()]
        finally:
            await engines.close()
    went = {(call.stage, call.engine): call for task in tasks for call in task.result()}
    return [went[one] for one in wanted]


async def _call(engines: Engines, stage: Stage, name: str, settings: Settings) -> Call:
    try:
        went: Timing | StageError = await engines.trial(stage, name, settings)
    except StageError as error:
        went = error
    return Call(engine=name, stage=stage, went=went)
