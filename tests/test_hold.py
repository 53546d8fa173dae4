"""For how long a pause an ear is kept."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from tests.hearing import SILENT, VOICED, Floor, ScriptedEar, drain, hypothesis, sounds, to_the_end
from translator.hear import HOLD, LOOK, Sound, blocks, seconds
from translator.types import Hypothesis

pytestmark = pytest.mark.unit


async def test_an_ear_says_how_long_a_pause_it_is_kept_for() -> None:
    floor = Floor(ScriptedEar(to_the_end, hold=10.0))
    await floor.run((1.0, VOICED), (9.9, SILENT), (1.0, VOICED), (12.0, SILENT), (1.0, VOICED))
    first, second = floor.ear.given
    assert first[-1] + 1 == sum(map(blocks, (1.0, 9.9, 1.0, 10.0)))
    assert second[-1] + 1 == sum(map(blocks, (1.0, 9.9, 1.0, 12.0, 1.0)))


async def test_an_ear_is_not_kept_for_a_microphone_that_is_muted() -> None:
    floor = Floor(ScriptedEar(to_the_end, hold=10.0))

    async def muted() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((1.0, VOICED), (5.0, SILENT)):
            yield replace(sound, muted=sound.speech == SILENT)

    await drain(floor, muted())
    (given,) = floor.ear.given
    assert given[-1] + 1 == blocks(1.0) + blocks(HOLD)


async def test_who_mutes_in_a_long_pause_keeps_no_ear_from_then_on() -> None:
    floor = Floor(ScriptedEar(to_the_end, hold=10.0))

    async def muted() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((1.0, VOICED), (8.0, SILENT)):
            yield replace(sound, muted=sound.samples[0] >= blocks(5.0))

    await drain(floor, muted())
    (given,) = floor.ear.given
    assert given[-1] == blocks(5.0)


async def test_an_ear_is_not_kept_where_it_would_be_told_something_else_by_now() -> None:
    floor = Floor(ScriptedEar(to_the_end, hold=10.0))
    async with (
        aclosing(sounds((1.0, VOICED), (5.0, SILENT))) as source,
        aclosing(floor.hear(told_late(floor, source))) as said,
    ):
        assert len([one async for one in said]) == 1
    (given,) = floor.ear.given
    assert blocks(3.0) <= given[-1] <= blocks(3.0 + LOOK)


async def told_late(
    floor: Floor, source: AsyncGenerator[Sound, None]
) -> AsyncGenerator[Sound, None]:
    """`source`, and after three seconds of it another language is expected."""
    async for sound in source:
        if sound.samples[0] == blocks(3.0):
            floor.expected = "es"
        yield sound
        await asyncio.sleep(seconds(1))


async def test_an_ear_is_not_kept_where_another_would_be_made_by_now() -> None:
    async def edited(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        async for sound in audio:
            numbers.append(int(sound.samples[0]))
            if numbers[-1] == blocks(2.0):
                floor.made_of = "other settings"
        yield hypothesis(end=1.0)

    floor = Floor(ScriptedEar(edited, to_the_end, hold=10.0))
    await floor.run((1.0, VOICED), (3.0, SILENT), (1.0, VOICED), (1.6, SILENT))
    first, second = floor.ear.given
    assert first[-1] + 1 <= blocks(1.0 + HOLD + LOOK)
    assert second[-1] >= blocks(5.0)
