"""A tape: what a track sounded like, at the time when it arrived."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import cast

import numpy as np
import pytest
from livekit import rtc

from tests.fakes import frame
from translator.demand import LISTEN, READ, SPEAK
from translator.rehearsal.people import Tape, channel_identity, wishes
from translator.rehearsal.recording import SAMPLE_RATE, Samples

pytestmark = pytest.mark.unit

MS = SAMPLE_RATE // 1000


class ScriptedStream:
    """An audio stream that gives 10 ms frames of rising levels at given instants."""

    arrivals: Sequence[float] = ()
    closed = 0

    def __init__(self, track: object, **_: object) -> None:
        self._begin = time.monotonic()

    async def __aiter__(self) -> AsyncGenerator[rtc.AudioFrameEvent, None]:
        for number, at in enumerate(self.arrivals, start=1):
            await asyncio.sleep(self._begin + at - time.monotonic())
            yield rtc.AudioFrameEvent(frame(0.01, number))

    async def aclose(self) -> None:
        type(self).closed += 1


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedStream]:
    class Stream(ScriptedStream):
        pass

    monkeypatch.setattr(rtc, "AudioStream", Stream)
    return Stream


async def recorded(stream: type[ScriptedStream], arrivals: Sequence[float]) -> Samples:
    """What a tape says that was heard since it began; each frame's level is its number."""
    stream.arrivals = arrivals
    tape = Tape()
    begin = time.monotonic()
    await tape.record(cast(rtc.Track, None))
    return tape.since(begin)


def regular(count: int, *, first: float = 0.01) -> list[float]:
    """Arrivals in time: a frame of 10 ms is there when its end has sounded."""
    return [first + n * 0.01 for n in range(count)]


def onset(sound: Samples, level: int) -> float:
    return int(np.flatnonzero(sound == level)[0]) / SAMPLE_RATE


async def test_a_frame_lies_where_it_sounded(stream: type[ScriptedStream]) -> None:
    sound = await recorded(stream, regular(50, first=1.01))
    assert onset(sound, 1) == pytest.approx(1.0, abs=0.001)
    assert not sound[: SAMPLE_RATE - MS].any()
    assert len(sound) == pytest.approx(1.5 * SAMPLE_RATE, abs=MS)


async def test_a_gap_is_silence(stream: type[ScriptedStream]) -> None:
    sound = await recorded(stream, regular(20) + regular(20, first=3.01))
    assert onset(sound, 21) == pytest.approx(3.0, abs=0.001)
    assert not sound[round(0.21 * SAMPLE_RATE) : round(2.99 * SAMPLE_RATE)].any()


async def test_jitter_leaves_no_seam_and_no_doubt_about_the_time(
    stream: type[ScriptedStream],
) -> None:
    rng = np.random.default_rng(1)
    late = np.sort([at + float(rng.uniform(0.0, 0.06)) for at in regular(200, first=1.01)])
    sound = await recorded(stream, [float(at) for at in late])
    heard = sound[np.flatnonzero(sound)]
    assert (heard == np.repeat(np.arange(1, 201), 10 * MS)).all()
    assert onset(sound, 1) == pytest.approx(1.0, abs=0.01)
    assert onset(sound, 200) - onset(sound, 1) == pytest.approx(1.99)


async def test_frames_that_come_all_at_once_after_a_pause_lie_one_behind_the_other(
    stream: type[ScriptedStream],
) -> None:
    sound = await recorded(stream, regular(20) + [1.2] * 20 + regular(20, first=1.21))
    assert onset(sound, 21) == pytest.approx(1.0, abs=0.002)
    assert onset(sound, 41) == pytest.approx(1.2, abs=0.002)


async def test_a_clock_that_drifts_does_not_add_up(stream: type[ScriptedStream]) -> None:
    """0.1 % in a minute are 60 ms."""
    sound = await recorded(stream, [at * 1.001 for at in regular(6000)])
    assert onset(sound, 5990) == pytest.approx(59.89 * 1.001, abs=0.012)


async def test_what_came_before_the_beginning_is_cut_off(stream: type[ScriptedStream]) -> None:
    stream.arrivals = regular(100)
    tape = Tape()
    begin = time.monotonic()
    await tape.record(cast(rtc.Track, None))
    sound = tape.since(begin + 0.5)
    assert len(sound) == pytest.approx(0.5 * SAMPLE_RATE, abs=MS)
    assert onset(sound, 60) == pytest.approx(0.09, abs=0.001)
    assert len(tape.since(begin + 10.0)) == 0


async def test_a_tape_without_sound_is_empty() -> None:
    assert len(Tape().since(0.0)) == 0


async def test_a_tape_that_is_stopped_closes_its_stream_and_keeps_what_it_has(
    stream: type[ScriptedStream],
) -> None:
    stream.arrivals = regular(10_000)
    tape = Tape()
    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(tape.record(cast(rtc.Track, None)))
        await asyncio.sleep(1.0)
        task.cancel()
    assert stream.closed == 1
    assert len(tape.since(begin)) == pytest.approx(SAMPLE_RATE, abs=11 * MS)


def test_wishes_are_only_those_that_are_wanted() -> None:
    assert wishes(listen="es", read="es,floor") == {LISTEN: "es", READ: "es,floor"}
    assert wishes(speak="en") == {SPEAK: "en"}
    assert wishes() == {}


def test_a_channel_is_published_by_its_translator() -> None:
    assert channel_identity("pt-BR") == "translator-pt-BR"
