"""The cascade: what it does when a channel is behind."""

import asyncio

import pytest

from tests.fakes import (
    Saying,
    ScriptedVoice,
    segment,
)
from tests.stages import Stage
from translator.lag import FASTEST
from translator.record import Rendered, Spoken

pytestmark = pytest.mark.unit


async def test_a_backlog_quickens_the_voice() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=6.0)))
    async with stage.running():
        for number in range(4):
            stage.commit(segment(number, f"Sentence {number}.", start=stage.clock() - 2.0))
            await asyncio.sleep(3.0)
        await asyncio.sleep(60.0)
    paces = [pace for _, _, pace in stage.voice.calls]
    assert paces == sorted(paces)
    assert (paces[0], paces[-1]) == (1.0, FASTEST)
    spoken = [one.pace for one in stage.facts.of(Spoken)]
    assert all(made <= heard <= FASTEST for made, heard in zip(paces, spoken, strict=True))


async def test_a_voice_without_a_pace_of_its_own_is_hastened_by_the_channel() -> None:
    voice = ScriptedVoice(Saying(seconds=6.0))
    voice.paced = False
    stage = Stage(voice=voice)
    segments = [segment(n, f"Sentence {n}.", start=n) for n in range(3)]
    await stage.interpret(*segments, during=90.0)
    assert {pace for _, _, pace in voice.calls} == {1.0}
    first, _, last = stage.facts.of(Spoken)
    assert first.end - first.start == pytest.approx(6.0 / FASTEST, abs=0.1)
    assert (first.pace, last.pace) == (FASTEST, pytest.approx(FASTEST, abs=0.01))


async def test_a_channel_that_is_behind_asks_for_less_words() -> None:
    stage = Stage(voice=ScriptedVoice(Saying(seconds=12.0)))
    async with stage.running():
        for number in range(3):
            stage.commit(segment(number, f"Sentence {number}.", start=stage.clock() - 2.0))
            await asyncio.sleep(3.0)
        await asyncio.sleep(60.0)
        stage.commit(segment(9, "Again.", start=stage.clock() - 2.0))
        await asyncio.sleep(20.0)
    asked = [brief.terse for brief in stage.renderer.calls]
    assert asked == [False, True, True, False]
    assert [one.terse for one in stage.facts.of(Rendered)] == asked
