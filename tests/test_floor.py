"""A floor: one source, heard and segmented once, in meeting time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from livekit import rtc

from tests.fakes import (
    Facts,
    Hearing,
    LoudnessVAD,
    Samples,
    ScriptedEar,
    meeting_clock,
    meeting_settings,
    microphone,
    segment,
)
from translator.errors import HearError
from translator.floor import Floor, _Origin
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.record import Failed, Guarded, Heard, Record
from translator.record import Hearing as Streams
from translator.settings import Pair, Segmenting, Settings
from translator.types import Cut, Hypothesis, Segment, Tail, Word

pytestmark = pytest.mark.unit

LOUD = 5000


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.hear.VAD", LoudnessVAD)


def hypothesis(
    text: str,
    *,
    final: bool = False,
    utterance: str = "a",
    language: str | None = "en",
    start: float = 0.0,
    end: float = 1.0,
    words: Sequence[Word] = (),
) -> Hypothesis:
    return Hypothesis(
        utterance=utterance,
        text=text,
        language=language,
        final=final,
        start=start,
        end=end,
        words=tuple(words),
    )


class ScriptedGuard(EchoGuard):
    """Takes for an echo what is said between two instants of meeting time."""

    def __init__(self, *spans: tuple[float, float]) -> None:
        super().__init__()
        self.spans = spans
        self.noted: list[tuple[float, int]] = []
        """(meeting time, samples) of every sound of the floor."""

    def heard(self, speaker: str, samples: Samples, sample_rate: int, at: float) -> None:
        self.noted.append((at, len(samples)))

    def is_echo(self, floor: str, *, start: float, end: float, suspect: bool = False) -> bool:
        return any(one <= end <= other for one, other in self.spans)


class Stage:
    """One floor."""

    def __init__(self, *acts: Hearing, guard: EchoGuard | None = None) -> None:
        self.clock = meeting_clock()
        self.record = Record(self.clock)
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.floors = Floors()
        self.ear = ScriptedEar(*acts)
        self.settings = meeting_settings()
        self.floor = Floor(
            "p-ada",
            "Ada",
            ear=self.ear,
            settings=lambda: self.settings,
            declared=lambda: None,
            guard=guard or EchoGuard(),
            record=self.record,
            floors=self.floors,
            name="p-ada",
            prefix="7.",
        )

    async def hear(self, *parts: tuple[float, int]) -> None:
        async with aclosing(microphone(*parts)) as frames:
            await self.floor.run(frames)

    @property
    def segments(self) -> list[Segment]:
        return [one for fact in self.facts.of(Heard) for one in fact.cut.segments]

    @property
    def ended(self) -> list[bool]:
        return [fact.cut.ended for fact in self.facts.of(Heard)]

    @property
    def tails(self) -> list[str]:
        return [fact.cut.tail.text for fact in self.facts.of(Heard)]


async def test_speech_becomes_segments_in_meeting_time() -> None:
    text = "Good morning everybody."
    words = [Word(text=word, start=n + 0.5, end=n + 1.5) for n, word in enumerate(text.split())]
    stage = Stage(
        Hearing(said=[(3.0, hypothesis(text, final=True, start=0.5, end=3.5, words=words))])
    )
    await asyncio.sleep(10.0)  # the microphone opens in the middle of the meeting
    await stage.hear((2.0, 0), (4.0, LOUD), (3.0, 0))
    (one,) = stage.segments
    listened = 10.0 + 2.0 - 0.8  # an ear is given what came shortly before
    assert (one.id, one.speaker, one.speaker_name, one.text) == ("7.1", "p-ada", "Ada", text)
    assert one.start == pytest.approx(listened + 0.5, abs=0.25)
    assert one.end - one.start == pytest.approx(3.0)
    assert one.committed == pytest.approx(listened + 3.0, abs=0.25)


async def test_a_floor_tells_how_many_ears_are_open() -> None:
    stage = Stage(Hearing(), Hearing())
    await stage.hear((1.0, LOUD), (3.0, 0), (1.0, LOUD), (3.0, 0))
    assert [one.opened for one in stage.facts.of(Streams)] == [True, False, True, False]
    assert stage.ear.listens == 2
    assert stage.ear.open == 0


async def test_what_is_not_committed_and_steady_is_the_tail() -> None:
    stage = Stage(
        Hearing(
            said=[
                (0.5, hypothesis("Good")),
                (1.0, hypothesis("Good mourning")),
                (1.5, hypothesis("Good mourning to")),
                (2.0, hypothesis("Good morning.", final=True, end=2.0)),
            ]
        )
    )
    await stage.hear((3.0, LOUD), (3.0, 0))
    assert stage.tails == ["", "", "Good", ""]
    assert stage.ended == [False, False, False, True]
    assert [one.text for one in stage.segments] == ["Good morning."]


async def test_where_speech_is_cut_may_be_edited_while_somebody_speaks() -> None:
    text = "yes, of course, we"
    stage = Stage(Hearing(said=[(at, hypothesis(text)) for at in (1.0, 1.5, 3.0, 3.5)]))
    stage.settings = _cut_at(4)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stage.hear((4.0, LOUD)))
        await asyncio.sleep(2.0)
        assert stage.segments == []
        stage.settings = _cut_at(3)
        await asyncio.sleep(1.5)
        assert [one.text for one in stage.segments] == ["yes, of course,"]
        task.cancel()


def _cut_at(words: int) -> Settings:
    return meeting_settings().model_copy(update={"segments": Segmenting(min_words=words)})


async def test_every_reader_gets_every_cut_in_order() -> None:
    stage = Stage(
        Hearing(said=[(1.0, hypothesis("One")), (2.0, hypothesis("One two.", final=True))])
    )
    async with _reading(stage.floors, 2) as read:
        await stage.hear((3.0, LOUD), (3.0, 0))
    given = [fact.cut for fact in stage.facts.of(Heard)]
    assert read == [given, given]


@asynccontextmanager
async def _reading(floors: Floors, readers: int) -> AsyncGenerator[list[list[Cut]], None]:
    read: list[list[Cut]] = [[] for _ in range(readers)]

    async def reader(into: list[Cut]) -> None:
        async with aclosing(floors.cuts()) as cuts:
            async for cut in cuts:
                into.append(cut)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(reader(into)) for into in read]
        await asyncio.sleep(0)
        yield read
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()


async def test_who_has_left_is_given_nothing_more() -> None:
    floors = Floors()
    tail = Tail(speaker="p", speaker_name="P", language="en", text="", start=0.0, end=0.0)
    async with _reading(floors, 1) as read:
        floors.publish(Cut(segments=(segment(1),), tail=tail))
    floors.publish(Cut(segments=(segment(2),), tail=tail))
    assert [cut.segments[0].id for cut in read[0]] == ["p-ada/1"]
    assert not floors._readers


async def test_a_failure_of_the_ear_is_told_and_the_floor_goes_on() -> None:
    stage = Stage(
        Hearing(said=[(0.5, hypothesis("Good morn"))], error=HearError("the engine is gone")),
        Hearing(said=[(0.5, hypothesis("And now again.", final=True))]),
    )
    await stage.hear((2.0, LOUD), (3.0, 0), (2.0, LOUD), (3.0, 0))
    assert [one.message for one in stage.facts.of(Failed)] == ["the engine is gone"]
    assert [one.text for one in stage.segments] == ["Good morn", "And now again."]
    assert stage.tails[-1] == ""


async def test_what_comes_back_from_a_loudspeaker_is_neither_shown_nor_interpreted() -> None:
    stage = Stage(
        Hearing(
            said=[
                (1.0, hypothesis("Buenos días", language="es")),
                (2.0, hypothesis("Buenos días a todos.", language="es", final=True)),
            ]
        ),
        guard=ScriptedGuard((0.0, 9.0)),
    )
    await stage.hear((3.0, LOUD), (3.0, 0))
    assert stage.segments == []
    assert set(stage.tails) == {""}
    assert [(one.speaker, one.why) for one in stage.facts.of(Guarded)] == [("p-ada", "heard back")]


async def test_an_echo_that_is_known_late_is_not_committed_with_what_follows() -> None:
    stage = Stage(
        Hearing(
            said=[
                (0.5, hypothesis("Buenos días", language="es", end=0.5)),
                (2.0, hypothesis("Buenos días a todos.", language="es", end=2.0, final=True)),
            ]
        ),
        Hearing(said=[(1.0, hypothesis("Thank you.", final=True))]),
        guard=ScriptedGuard((1.5, 3.5)),
    )
    await stage.hear((3.0, LOUD), (3.0, 0), (2.0, LOUD), (3.0, 0))
    assert [one.text for one in stage.segments] == ["Thank you."]


async def test_the_guard_is_given_the_floors_sound_in_meeting_time() -> None:
    guard = ScriptedGuard()
    stage = Stage(Hearing(), guard=guard)
    await asyncio.sleep(5.0)
    await stage.hear((2.0, LOUD), (2.0, 0))
    assert guard.noted[0][0] == pytest.approx(5.0)
    at, size = guard.noted[-1]
    assert at + size / 16_000 == pytest.approx(9.0, abs=0.04)


async def test_a_floor_that_is_cancelled_closes_its_ear() -> None:
    stage = Stage(Hearing(said=[(1.0, hypothesis("Good morning"))]))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(stage.hear((30.0, LOUD)))
        await asyncio.sleep(5.0)
        assert stage.ear.open == 1
        task.cancel()
    assert stage.ear.open == 0
    assert [one.opened for one in stage.facts.of(Streams)] == [True, False]


async def test_lost_frames_leave_silence_and_not_a_speaker_who_is_early() -> None:
    frame = rtc.AudioFrame(bytes(2 * 1600), 16_000, 1, 1600)
    loop = asyncio.get_running_loop()

    async def frames() -> AsyncGenerator[rtc.AudioFrame, None]:
        for number in range(300):
            await asyncio.sleep(3.1 if number == 100 else 0.1)  # thirty frames never come
            yield frame

    origin = _Origin(loop.time)
    begun = loop.time()
    async with aclosing(frames()) as source, aclosing(origin.mark(source)) as marked:
        given = sum([one.duration async for one in marked])
    assert origin.at == pytest.approx(begun)
    assert given == pytest.approx(loop.time() - begun, abs=0.01)


async def test_frames_that_only_waited_leave_no_silence() -> None:
    frame = rtc.AudioFrame(bytes(2 * 1600), 16_000, 1, 1600)
    loop = asyncio.get_running_loop()

    async def frames() -> AsyncGenerator[rtc.AudioFrame, None]:
        for number in range(300):
            await asyncio.sleep({100: 2.1}.get(number, 0.0 if 100 < number <= 120 else 0.1))
            yield frame

    async with aclosing(frames()) as source, aclosing(_Origin(loop.time).mark(source)) as marked:
        assert sum([one.duration async for one in marked]) == pytest.approx(30.0)


# The sound of a segment, for a model that hears for itself


def listening_model(stage: Stage) -> None:
    pair = Pair.model_validate({"from": "*", "to": "*", "render": "r", "hybrid": "realtime"})
    stage.settings = meeting_settings(pairs=[pair])


async def test_the_sound_of_a_segment_is_kept_where_a_model_needs_it() -> None:
    stage = Stage(
        Hearing(said=[(3.0, hypothesis("Good morning.", final=True, start=1.0, end=2.0))])
    )
    listening_model(stage)
    await asyncio.sleep(10.0)
    await stage.hear((2.0, 0), (4.0, LOUD), (3.0, 0))
    (one,) = stage.segments
    sound = stage.floors.sound(one)
    assert len(sound) == pytest.approx(1.2 * HEARD_RATE, abs=1)  # and a margin
    assert set(sound) == {LOUD}
    before = stage.floors.sound(replace(one, start=12.0, end=12.5))
    assert before[0] == 0
    assert before[-1] == LOUD
    assert len(stage.floors.sound(replace(one, id="17.1"))) == 0


async def test_no_sound_is_kept_where_no_model_needs_it() -> None:
    stage = Stage(
        Hearing(said=[(3.0, hypothesis("Good morning.", final=True, start=1.0, end=2.0))])
    )
    await stage.hear((2.0, 0), (4.0, LOUD), (3.0, 0))
    (one,) = stage.segments
    assert len(stage.floors.sound(one)) == 0


def test_sound_is_kept_for_half_a_minute_also_of_who_is_gone() -> None:
    floors, block = Floors(), np.full(HEARD_RATE // 2, LOUD, np.int16)
    for half in range(120):
        floors.keep("1.", block, half / 2)
    one = replace(segment(start=50.0), id="1.7")
    assert len(floors.sound(one)) > 2 * HEARD_RATE
    assert len(floors.sound(replace(one, start=20.0, end=22.0))) == 0
    assert len(floors.sound(replace(one, start=28.0, end=31.0))) == 0  # its beginning is gone
    floors.keep("2.", block, 70.0)
    assert len(floors.sound(one)) > 2 * HEARD_RATE
    floors.keep("2.", block, 100.0)
    assert len(floors.sound(one)) == 0
