"""A channel is a switch: one input on air, changed with a ramp, on a track that stays."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np
import pytest

from tests.fakes import Facts, ListTrack, meeting_clock, segment
from translator.channel import RAMP, SAMPLE_RATE, Channel
from translator.lag import FASTEST
from translator.record import Fact, Record, Speaking, Spoken, Switched, Unspoken
from translator.turns import Samples, Turn, Turns

pytestmark = pytest.mark.unit

MACHINE, BOOTH = 8000, 4000
RAMPED = round(RAMP * SAMPLE_RATE)


class Booth(Turns):
    """Another input."""

    kind = "booth"


class Stage:
    """A channel that plays on a list."""

    def __init__(self) -> None:
        self.clock = meeting_clock()
        self.record = Record(self.clock)
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.track = ListTrack(self.clock)
        self.played: list[tuple[float, Samples]] = []
        self.channel = Channel(
            "es",
            record=self.record,
            max_wait=2.0,
            played=lambda samples, at: self.played.append((at, samples)),
        )
        self.booth = Booth(sample_rate=SAMPLE_RATE, max_wait=2.0, clock=self.clock)

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.channel.run(self.track))
            yield
            task.cancel()

    async def speak(self, number: int, seconds: float, *, level: int = MACHINE) -> Turn:
        """A turn that is heard as it is, however long others wait: it was made at FASTEST."""
        turn = self.channel.turn(segment(number, start=number))
        await turn.play(audio(seconds, level), pace=FASTEST)
        return turn

    def heard(self, level: int) -> tuple[float, float]:
        """When a level sounded, from its first full sample to its last."""
        times = [one for one in self.track.soundings() if one.level == level]
        return times[0].start, times[-1].end


def audio(seconds: float, level: int) -> Samples:
    return np.full(round(seconds * SAMPLE_RATE), level, np.int16)


def state(stage: Stage) -> dict[str, object]:
    """What listeners are told, without the measures."""
    told = json.loads(stage.channel.state)
    return {name: told[name] for name in ("on_air", "lag")}


def steps(samples: Samples) -> int:
    """The largest step between two samples that follow each other, from silence to silence."""
    return int(np.abs(np.diff(np.concatenate(([0], samples.astype(int), [0])))).max())


async def test_nothing_is_on_air_until_something_is_put_there() -> None:
    stage = Stage()
    (await stage.speak(1, 1.0)).end()
    async with stage.playing():
        await asyncio.sleep(1.0)
        assert stage.track.written == []
        assert state(stage) == {"on_air": "none", "lag": 0.0}
        stage.channel.put_machine_on_air()
        await asyncio.sleep(2.0)
    assert stage.heard(MACHINE)[0] == pytest.approx(1.0, abs=0.02)


async def test_says_when_a_rendition_begins_and_when_it_was_spoken() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    (await stage.speak(1, 1.0)).end()
    (await stage.speak(2, 2.0)).end()
    async with stage.playing():
        await asyncio.sleep(5.0)
    begun = [(one.segment_id, one.start) for one in stage.facts.of(Speaking)]
    assert begun == [("p-ada/1", 0.0), ("p-ada/2", pytest.approx(1.0))]
    first, second = stage.facts.of(Spoken)
    assert (first.start, first.end, first.backlog) == pytest.approx((0.0, 1.0, 2.0))
    assert (second.start, second.end, second.backlog) == pytest.approx((1.0, 3.0, 0.0))


async def test_the_start_is_when_it_sounds_and_not_when_it_is_written() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    for number in (1, 2):
        (await stage.speak(number, 1.0)).end()
    async with stage.playing():
        await asyncio.sleep(3.0)
    second = stage.facts.of(Speaking)[1]
    assert second.start - second.at == pytest.approx(ListTrack.QUEUE, abs=0.02)


async def test_lag_is_from_the_speech_to_its_rendition() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    async with stage.playing():
        await asyncio.sleep(5.0)
        (await stage.speak(2, 1.0)).end()  # spoken at 2 s
        await asyncio.sleep(1.0)
    assert state(stage) == {"on_air": "machine", "lag": 3.0}


async def test_listeners_are_told_of_the_measures_and_for_a_minute_of_what_was_skipped() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    turns = [await stage.speak(number, 9.0) for number in range(4)]
    for turn in turns:
        turn.end()
    async with stage.playing():
        await asyncio.sleep(1.0)
        told = json.loads(stage.channel.state)
        assert (told["pace"], told["terse"], told["skipped"]) == (1.25, True, 0)
        await asyncio.sleep(15.0)
        assert json.loads(stage.channel.state)["skipped"] == 1
        await asyncio.sleep(60.0)
        told = json.loads(stage.channel.state)
        assert (told["pace"], told["terse"], told["skipped"]) == (1.0, False, 0)
    reasons = [(one.segment_id, one.why) for one in stage.facts.of(Unspoken)]
    assert reasons == [("p-ada/1", "skipped")]


async def test_who_watches_is_told_all_that_goes_out() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    (await stage.speak(1, 0.5)).end()
    async with stage.playing():
        await asyncio.sleep(1.0)
    assert len(stage.played) == len(stage.track.written)
    for (at, samples), (written_at, written) in zip(stage.played, stage.track.written, strict=True):
        assert at == written_at
        assert (samples == written).all()


async def test_inputs_change_with_a_ramp_and_never_sound_together() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    await stage.speak(1, 10.0)
    booth = stage.booth.turn(segment(9))
    await booth.play(audio(10.0, BOOTH), pace=FASTEST)
    async with stage.playing():
        await asyncio.sleep(2.0)
        stage.channel.put_on_air(stage.booth)
        await asyncio.sleep(2.0)
        stage.channel.put_on_air(None)
        await asyncio.sleep(2.0)
    assert [one.on_air for one in stage.facts.of(Switched)] == ["machine", "booth", "none"]
    machine, person = stage.heard(MACHINE), stage.heard(BOOTH)
    assert machine[1] == pytest.approx(2.2, abs=0.1)  # a piece, behind what is queued
    assert person[0] - machine[1] == pytest.approx(2 * RAMP, abs=0.001)
    assert person[1] == pytest.approx(4.2, abs=0.1)
    assert steps(stage.track.samples()) <= MACHINE / RAMPED + 1
    runs = [int(level) for level in stage.track.samples() if level in (MACHINE, BOOTH)]
    assert runs == sorted(runs, reverse=True)  # nothing of the machine behind the booth


async def test_a_ramp_is_a_straight_line_of_ten_milliseconds() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    await stage.speak(1, 10.0)
    async with stage.playing():
        await asyncio.sleep(1.0)
        stage.channel.put_on_air(None)
        await asyncio.sleep(1.0)
    samples = stage.track.samples()
    line = np.linspace(0, MACHINE, RAMPED).astype(int)
    assert np.abs(samples[:RAMPED] - line).max() <= 1
    assert np.abs(samples[-RAMPED:] - line[::-1]).max() <= 1
    assert (samples[RAMPED:-RAMPED] == MACHINE).all()


async def test_an_input_that_has_nothing_to_say_gives_way_at_once() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    async with stage.playing():
        await asyncio.sleep(1.0)
        await stage.booth.turn(segment(9)).play(audio(1.0, BOOTH))
        stage.channel.put_on_air(stage.booth)
        await asyncio.sleep(1.0)
    assert stage.heard(BOOTH)[0] == pytest.approx(1.0, abs=2 * RAMP)


async def test_the_input_that_is_on_air_can_be_put_there_again() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    (await stage.speak(1, 2.0)).end()
    async with stage.playing():
        await asyncio.sleep(1.0)
        stage.channel.put_machine_on_air()
        await asyncio.sleep(2.0)
    assert len(stage.facts.of(Switched)) == 1
    assert (stage.track.samples()[RAMPED:] == MACHINE).all()


async def test_what_the_machine_had_not_said_when_it_left_is_never_said() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    half = await stage.speak(1, 4.0)
    (await stage.speak(2, 1.0, level=2000)).end()
    unfilled = stage.channel.turn(segment(3, start=3.0))
    async with stage.playing():
        await asyncio.sleep(1.0)
        stage.channel.put_on_air(stage.booth)
        await asyncio.sleep(60.0)
        for turn in (half, unfilled):  # the engine goes on for a while
            await turn.play(audio(1.0, MACHINE))
            turn.end()
        stage.channel.put_machine_on_air()
        await asyncio.sleep(5.0)
        (await stage.speak(4, 1.0, level=1000)).end()
        await asyncio.sleep(5.0)
    assert [one.level for one in stage.track.soundings()] == [MACHINE, 1000]
    assert [one.segment_id for one in stage.facts.of(Spoken)] == ["p-ada/1", "p-ada/4"]
    assert stage.facts.of(Spoken)[0].end == pytest.approx(1.1, abs=0.2)
    assert [(one.segment_id, one.why) for one in stage.facts.of(Unspoken)] == [
        ("p-ada/2", "captions")
    ]
    assert unfilled.dropped
    assert not unfilled.filled  # whoever fills it says why it was not spoken


async def test_a_listener_who_comes_later_hears_nothing_old() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    async with stage.playing():
        (await stage.speak(1, 4.0)).end()
        (await stage.speak(2, 1.0, level=2000)).end()
        await asyncio.sleep(1.0)
    await asyncio.sleep(600.0)
    async with stage.playing():
        await asyncio.sleep(10.0)
    assert stage.heard(MACHINE)[1] < 2.0
    assert {one.level for one in stage.track.soundings()} == {MACHINE}
    assert [one.segment_id for one in stage.facts.of(Spoken)] == ["p-ada/1"]
    assert [one.segment_id for one in stage.facts.of(Unspoken)] == ["p-ada/2"]


@pytest.mark.parametrize("tenth", range(0, 15))
async def test_every_turn_is_reported_once_whenever_the_track_ends(tenth: int) -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    for number in (1, 2):
        (await stage.speak(number, 0.6)).end()
    async with stage.playing():
        await asyncio.sleep(tenth / 10)
    reported = [one.segment_id for one in stage.facts.of(Spoken, Unspoken)]
    assert sorted(reported) == ["p-ada/1", "p-ada/2"]
    begun = [one.segment_id for one in stage.facts.of(Speaking)]
    assert begun == [one.segment_id for one in stage.facts.of(Spoken)]


async def test_the_machine_is_wanted_while_somebody_listens_and_it_is_on_air() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    assert not stage.channel.wants_machine
    async with stage.playing():
        await asyncio.sleep(0.1)
        assert stage.channel.wants_machine
        stage.channel.put_on_air(stage.booth)
        assert not stage.channel.wants_machine
        stage.channel.put_machine_on_air()
        assert stage.channel.wants_machine
    assert not stage.channel.wants_machine


async def test_no_turn_is_wanted_any_more_when_the_last_are_dropped() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    wanted: list[bool] = []

    def dropped(fact: Fact) -> None:
        if isinstance(fact, Unspoken):
            asyncio.get_running_loop().call_soon(lambda: wanted.append(stage.channel.wants_machine))

    stage.record.subscribe(dropped)
    async with stage.playing():
        (await stage.speak(1, 4.0)).end()
        (await stage.speak(2, 1.0)).end()
        await asyncio.sleep(1.0)
    await asyncio.sleep(0.1)
    assert wanted == [False]


async def test_pieces_follow_each_other_without_a_gap() -> None:
    stage = Stage()
    stage.channel.put_machine_on_air()
    for number in (1, 2, 3):
        (await stage.speak(number, 1.0)).end()
    async with stage.playing():
        await asyncio.sleep(5.0)
    for (at, samples), (begins, _) in pairwise(stage.track.written):
        assert begins - at == pytest.approx(len(samples) / SAMPLE_RATE)
