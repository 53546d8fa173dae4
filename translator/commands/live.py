"""`translator check --live`: each engine is called once, as a meeting calls it, and each voice."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livekit.agents.utils import http_context

from translator.cast import SUSPECT
from translator.engines.host import SERVICES, running
from translator.engines.registry import Engines
from translator.engines.trial import Timing, voice_trial, voices
from translator.errors import StageError
from translator.health import Stage
from translator.settings import Settings

AT_ONCE = 4
"""Vendors that are called at the same time; of one vendor, one engine after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an engine is called for."""

    engine: str
    stage: Stage
    language: str | None = None
    """Of what speaks: in which language ..."""
    voice: str | None = None
    """... and voice; None is the engine's usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How one call went."""

    use: Use
    went: Timing | StageError | None
    """None: it was not made, since the engine is down."""


async def called(settings: Settings) -> Sequence[Call]:
    """Call every engine of `settings` once for each stage that it does, and once for each voice,
    unless the first shows that it is down; and say how that went."""
    wanted = list(_uses(settings))
    vendors = {settings.engines[use.engine].plugin: list[Use]() for use in wanted}
    for use in wanted:
        vendors[settings.engines[use.engine].plugin].append(use)
    engines = Engines(settings.engines)
    bound = asyncio.Semaphore(AT_ONCE)

    async def vendor(mine: Iterable[Use]) -> list[Call]:
        async with bound:
            calls: list[Call] = []
            firsts: dict[tuple[str, Stage], Call] = {}
            for use in mine:
                first = firsts.get((use.engine, use.stage))
                down = first is not None and _is_down(first)
                call = Call(use=use, went=None) if down else await _call(engines, use, settings)
                firsts.setdefault((use.engine, use.stage), call)
                calls.append(call)
            return calls

    services = {"espeak", *vendors.keys() & SERVICES.keys()}  # espeak speaks to the ears
    async with running(services), http_context.open():  # which a job has by itself
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(vendor(mine)) for mine in vendors.values()]
        finally:
            await engines.close()
    went = {call.use: call for task in tasks for call in task.result()}
    return [went[use] for use in wanted]


def _uses(settings: Settings) -> Iterator[Use]:
    """A voice that does not exist is missed only when it is asked for, so each is."""
    for stage, name in settings.uses:
        if stage != "speak":
            yield Use(engine=name, stage=stage)
            continue
        for language, voice in voices(settings, name):
            yield Use(engine=name, stage=stage, language=language, voice=voice)


def _is_down(call: Call) -> bool:
    """Whether it failed for what would befall any other voice, too, perhaps after a long wait."""
    return isinstance(call.went, StageError) and call.went.kind not in SUSPECT


async def _call(engines: Engines, use: Use, settings: Settings) -> Call:
    try:
        if use.language is None:
            went: Timing | StageError = await engines.trial(use.stage, use.engine, settings)
        else:
            went = await voice_trial(engines, use.engine, use.language, use.voice)
    except StageError as error:
        went = error
    return Call(use=use, went=went)
