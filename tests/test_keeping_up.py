"""A channel keeps up with people who speak without a pause, also where the voice takes longer.

Fifteen minutes of speech, cut into segments of 1 to 5 seconds; a rendition is `expansion` times
as long as its segment, more or less by a tenth. 1.25 is the fastest pace, so what 1.35 leaves to
skip is 1 - 1.25 / 1.35 = 7.4 % at least.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from statistics import median

import pytest
from livekit import rtc

from tests.fakes import (
    Facts,
    ListTrack,
    ScriptedEngines,
    ScriptedVoice,
    frame,
    meeting_clock,
    meeting_settings,
    segment,
)
from translator import lag
from translator.channel import Channel
from translator.current import Current
from translator.floors import Floors
from translator.health import Health
from translator.interpreters.machine import Machine
from translator.lag import FASTEST, LATEST
from translator.record import Record, Rendered, Speaking, Spoken, Unspoken
from translator.types import Cut, Segment, Tail

pytestmark = [pytest.mark.engine, pytest.mark.virtual, pytest.mark.timeout(120)]

MINUTES = 15.0
LONGEST = 5.0
"""Seconds of a segment."""
DELAY = 0.4
"""Seconds from the end of a segment's speech until it is committed."""


class Drawl(ScriptedVoice):
    """Speaks each text in so many seconds, at its own pace or at none."""

    def __init__(self, seconds: Mapping[str, float], *, paced: bool) -> None:
        super().__init__()
        self.paced = paced
        self._seconds = seconds

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        self.calls.append((text, language, pace))
        await asyncio.sleep(0.2)
        yield frame(self._seconds[text] / pace, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of the segments."""

    segments: Sequence[Segment]
    facts: Facts

    @property
    def skipped(self) -> list[Segment]:
        gone = {one.segment_id for one in self.facts.of(Unspoken) if one.why == "skipped"}
        return [one for one in self.segments if one.id in gone]

    @property
    def coverage(self) -> float:
        return 1.0 - seconds(self.skipped) / seconds(self.segments)

    @property
    def lags(self) -> list[tuple[float, float]]:
        """(when a rendition began, seconds since its speech did)"""
        starts = {one.id: one.start for one in self.segments}
        begun = self.facts.of(Speaking)
        return [(one.start, one.start - starts[one.segment_id]) for one in begun]


def seconds(segments: Sequence[Segment]) -> float:
    return sum(one.end - one.start for one in segments)


def slope(lags: Sequence[tuple[float, float]]) -> float:
    found = lag.slope_interval(lags)
    assert found is not None
    return found[1]


def talk(random: Random, minutes: float = MINUTES) -> list[Segment]:
    """People speak, without a pause."""
    segments: list[Segment] = []
    now = 0.0
    while now < minutes * 60:
        end = now + random.uniform(1.0, LONGEST)
        number = len(segments)
        segments.append(segment(number, f"Sentence {number}.", start=now, end=end))
        now = end
    return segments


async def interpret(segments: Sequence[Segment], expansion: float, *, paced: bool) -> Heard:
    random = Random(7)
    said = {
        f"[es] {one.text}": expansion * random.uniform(0.9, 1.1) * (one.end - one.start)
        for one in segments
    }
    engines = ScriptedEngines(one_voice=Drawl(said, paced=paced))
    clock = meeting_clock()
    record, facts, floors = Record(clock), Facts(), Floors()
    record.subscribe(facts.note)
    channel = Channel("es", record=record, max_wait=2.0)
    channel.put_machine_on_air()
    machine = Machine(
        engines,
        settings=Current(meeting_settings()).of,
        record=record,
        health=Health(record.clock),
    )
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(machine.run(floors, channel)),
            group.create_task(channel.run(ListTrack(clock))),
        ]
        await asyncio.sleep(0)
        for one in segments:
            await asyncio.sleep(one.end + DELAY - clock())
            tail = Tail(speaker="p", speaker_name="P", language="en", text="", start=0.0, end=0.0)
            floors.publish(Cut(segments=(one,), tail=tail))
        await asyncio.sleep(60.0)
        for task in tasks:
            task.cancel()
    return Heard(segments=segments, facts=facts)


own_or_filter = pytest.mark.parametrize("paced", [True, False], ids=["own pace", "filter"])


@own_or_filter
@pytest.mark.parametrize("expansion", [1.0, 1.2])
async def test_a_voice_that_a_faster_pace_can_help_is_heard_whole_and_in_time(
    expansion: float, paced: bool
) -> None:
    slopes = []
    for seed in (1, 2, 3):
        heard = await interpret(talk(Random(seed)), expansion, paced=paced)
        assert heard.skipped == []
        assert max(late for _, late in heard.lags) <= LONGEST + DELAY + LATEST
        slopes.append(slope(heard.lags))
    assert median(slopes) <= 0.05


@own_or_filter
async def test_a_voice_that_takes_too_long_skips_little_and_bounds_the_lag(paced: bool) -> None:
    heard = await interpret(talk(Random(1)), 1.35, paced=paced)
    assert 0.0 < 1.0 - heard.coverage <= 0.08
    assert max(late for _, late in heard.lags) <= 2 * LONGEST + DELAY + LATEST
    assert max(one.pace for one in heard.facts.of(Spoken)) <= FASTEST
    assert len(heard.facts.of(Rendered)) == len(heard.segments)  # no caption is lost


async def test_skips_are_spread_evenly() -> None:
    """Never two in a row; and at no time do the seconds skipped so far differ from an even
    spread over the talk by more than one long segment and what the lag may grow by first."""
    heard = await interpret(talk(Random(2)), 1.35, paced=True)
    numbers = [heard.segments.index(one) for one in heard.skipped]
    assert all(later - earlier > 1 for earlier, later in pairwise(numbers))
    share, gone = 1.0 - heard.coverage, 0.0
    for one in heard.skipped:
        gone += one.end - one.start
        assert abs(gone - share * one.end) <= LONGEST + share / (1 - share) * LATEST * FASTEST


async def test_a_pause_brings_the_voice_back_to_the_speech() -> None:
    segments = talk(Random(3), minutes=3.0)
    rested = segments[-1].end + 30.0
    segments.append(segment(len(segments), "Good.", start=rested, end=rested + 2.0))
    heard = await interpret(segments, 1.35, paced=False)
    assert heard.skipped
    last = heard.facts.of(Spoken)[-1]
    assert last.segment_id == segments[-1].id
    assert last.start - rested <= 2.0 + DELAY + 0.5
    assert last.pace == 1.0
    assert not heard.facts.of(Rendered)[-1].terse


async def test_many_who_speak_at_once_are_skipped_in_turn() -> None:
    """Two people without a pause: more is skipped than said, and still there is no long hole."""
    first, second = talk(Random(4), minutes=5.0), talk(Random(5), minutes=5.0)
    both = sorted(
        [*first, *(replace(one, id=f"p-bob/{n}", speaker="p-bob") for n, one in enumerate(second))],
        key=lambda one: one.end,
    )
    heard = await interpret(both, 1.35, paced=True)
    waits = [late for _, late in heard.lags]
    assert max(waits) <= 2 * LATEST + 2 * LONGEST + DELAY
    assert heard.coverage >= 0.40
    begun = [start for start, _ in heard.lags]
    assert max(later - earlier for earlier, later in pairwise(begun)) <= 2 * LONGEST
