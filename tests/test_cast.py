"""Who speaks with which voice: the same for the whole meeting, another one than the others."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc

from tests.fakes import (
    Facts,
    ListTrack,
    Saying,
    ScriptedEngines,
    ScriptedVoice,
    meeting_clock,
    meeting_settings,
    segment,
)
from translator.access import ClonedVoice
from translator.cast import DISTRUST, SEATS, Cast, lengths, vacant
from translator.channel import Channel
from translator.errors import Kind, SpeakError
from translator.floors import Floors
from translator.health import Health
from translator.interpreters.machine import Machine
from translator.record import Failed, Record, Spoken
from translator.settings import Language
from translator.types import Cut, Tail

pytestmark = pytest.mark.unit

ANA, LUIS, EVA = "p-ana", "p-luis", "p-eva"
SPANISH = Language.model_validate(
    {"speak": ["vendor", "robot"], "voice": {"vendor": ["a", "b", "c"], "robot": ["x", "y"]}}
)
FRENCH = Language.model_validate({"speak": "vendor", "voice": "one"})
CATALAN = Language.model_validate({"speak": "vendor"})


class Stage:
    """A cast, and who is there."""

    def __init__(self, *languages: Language) -> None:
        self.settings = meeting_settings(
            languages=dict(zip(("es", "fr", "ca"), languages, strict=False))
        )
        self.present: set[str] = {ANA, LUIS, EVA}
        self.cloned: dict[str, ClonedVoice] = {}
        self.now = 1000.0
        self.cast = self.begun()

    def begun(self) -> Cast:
        """As a job begins with it."""
        return Cast(
            lengths=lambda: lengths(self.settings),
            present=lambda: self.present,
            cloned=self.cloned.get,
            clock=lambda: self.now,
        )

    def voices(self, *speakers: str, engine: str = "vendor") -> list[str | None]:
        return [self.cast.voice(one, SPANISH, engine) for one in speakers]


def test_speakers_get_different_voices_and_keep_them() -> None:
    stage = Stage(SPANISH)
    assert stage.voices(ANA, LUIS, EVA) == ["a", "b", "c"]
    assert stage.voices(EVA, LUIS, ANA) == ["c", "b", "a"]
    assert stage.voices(ANA, LUIS, EVA, engine="robot") == ["x", "y", "x"]


def test_a_single_voice_is_everybodys_and_none_is_the_engines_own() -> None:
    stage = Stage(FRENCH)
    assert {stage.cast.voice(one, FRENCH, "vendor") for one in (ANA, LUIS)} == {"one"}
    assert stage.cast.voice(ANA, CATALAN, "vendor") is None
    assert stage.cast.seats == {}


def test_the_voice_of_who_left_goes_to_the_next_and_back_where_nobody_came() -> None:
    stage = Stage(SPANISH)
    stage.voices(ANA, LUIS)
    stage.present.remove(ANA)
    assert stage.voices(ANA) == ["a"]
    assert stage.voices(EVA) == ["a"], (
        "who loads the page again is another one, and sounds the same"
    )
    stage.present.add(ANA)
    assert stage.voices(ANA, LUIS, EVA) == ["c", "b", "a"]


def test_another_job_goes_on_with_the_same_voices() -> None:
    stage = Stage(SPANISH)
    before = stage.voices(ANA, LUIS, EVA)
    told = json.loads(json.dumps(stage.cast.seats))
    stage.cast = stage.begun()
    stage.cast.resume(told)
    assert stage.voices(EVA, LUIS, ANA) == before[::-1]


@pytest.mark.parametrize(
    "seats", [None, [], "p-ana", {"p-ana": "1"}, {"p-ana": True}, {"p-ana": -1}, {"p-ana": 10**9}]
)
def test_what_is_no_seat_is_not_taken_over(seats: object) -> None:
    stage = Stage(SPANISH)
    stage.cast.resume(seats)
    assert stage.cast.seats == {}


def test_a_cloned_voice_is_used_with_the_engine_that_has_it() -> None:
    stage = Stage(SPANISH)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    assert stage.voices(ANA, LUIS) == ["cloned", "a"]
    assert stage.cast.voice(ANA, FRENCH, "vendor") == "cloned"
    assert stage.voices(ANA, engine="robot") == ["y"]
    del stage.cloned[ANA]
    assert stage.voices(ANA) == ["b"], "a voice that nobody else has"


def test_a_cloned_voice_that_fails_is_left_alone_until_it_was_not_to_blame() -> None:
    stage = Stage(SPANISH)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    unknown = SpeakError("no such voice", kind="refused")
    assert not stage.cast.distrust(LUIS, "vendor", unknown)
    assert not stage.cast.distrust(ANA, "robot", unknown)
    assert stage.cast.distrust(ANA, "vendor", unknown)
    assert stage.voices(ANA) == ["a"]
    assert not stage.cast.distrust(ANA, "vendor", unknown), "that was the usual voice"
    stage.cast.trust(ANA)
    assert stage.voices(ANA) == ["cloned"]


@pytest.mark.parametrize(
    "kind", ["unreachable", "broken off", "silent", "garbled", "rate limited", "quota"]
)
def test_what_says_nothing_of_a_voice_does_not_cost_anybody_their_own(kind: Kind) -> None:
    stage = Stage(SPANISH)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    assert not stage.cast.distrust(ANA, "vendor", SpeakError("late", kind=kind))
    assert stage.voices(ANA) == ["cloned"]


def test_a_cloned_voice_that_failed_is_asked_for_again_after_some_minutes() -> None:
    stage = Stage(SPANISH)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    assert stage.cast.distrust(ANA, "vendor", SpeakError("no sound", kind="empty"))
    stage.now += DISTRUST - 1
    assert stage.voices(ANA) == ["a"]
    stage.now += 1
    assert stage.voices(ANA) == ["cloned"]


@given(
    length=st.integers(2, 6),
    doings=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40),
)
def test_who_comes_gets_the_voice_that_the_fewest_have_and_keeps_it(
    length: int, doings: Sequence[tuple[int, bool]]
) -> None:
    """`doings` are who speaks, or leaves."""
    language = Language.model_validate({"speak": "v", "voice": [*"abcdef"[:length]]})
    stage = Stage(language)
    stage.present = set()
    voices: dict[str, str | None] = {}
    for number, speaks in doings:
        one = f"p-{number}"
        if not speaks:
            stage.present.discard(one)
            voices.pop(one, None)
            continue
        stage.present.add(one)
        known = voices.get(one)
        others = [voice for other, voice in voices.items() if other != one]
        had = one in stage.cast.seats
        voices[one] = stage.cast.voice(one, language, "v")
        if known is not None:
            assert voices[one] == known
        elif not had:
            assert others.count(voices[one]) == min(map(others.count, language.voices_of("v")))
    held = list(stage.cast.seats.values())
    assert len(held) == len(set(held))


@given(taken=st.lists(st.integers(0, SEATS - 1), unique=True, max_size=5))
def test_a_seat_is_free_in_lists_of_every_length_that_have_voices_enough(taken: list[int]) -> None:
    among = (6, 7)
    seat = vacant(taken, among)
    assert seat not in taken
    for length in among:
        assert seat % length not in {other % length for other in taken}


# In the cascade


class Speaking(ScriptedVoice):
    """Keeps the voices that it was asked for; those that are `unknown` to it give an error, and
    the first call fails once as `late`."""

    def __init__(self, *unknown: str, silent: bool = False, late: Kind | None = None) -> None:
        super().__init__(Saying(seconds=0.5))
        self.asked: list[str | None] = []
        self.silent = silent
        self._late = late
        self._unknown = unknown

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        self.asked.append(voice)
        if self._late is not None:
            late, self._late = self._late, None
            raise SpeakError("vendor had a bad moment", retryable=True, kind=late)
        if self.silent or voice in self._unknown:
            raise SpeakError("vendor does not accept the request", kind="wrong key")
        async with aclosing(super().say(text, language=language, voice=voice, pace=pace)) as frames:
            async for one in frames:
                yield one


async def interpreted(stage: Stage, voice: Speaking, *speakers: str) -> tuple[Facts, Health]:
    """What comes of a segment by each of `speakers`, one after the other."""
    facts, floors, clock = Facts(), Floors(), meeting_clock()
    record, health = Record(clock), Health(clock)
    record.subscribe(facts.note)
    channel = Channel("es", record=record, max_wait=2.0)
    channel.put_machine_on_air()
    machine = Machine(
        ScriptedEngines(one_voice=voice),
        settings=lambda number: stage.settings,
        record=record,
        health=health,
        cast=stage.cast,
    )
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(machine.run(floors, channel)),
            group.create_task(channel.run(ListTrack(clock))),
        ]
        await asyncio.sleep(0)
        for number, speaker in enumerate(speakers):
            one = segment(number, start=clock(), speaker=speaker)
            tail = Tail(
                speaker=speaker, speaker_name="", language="en", text="", start=0.0, end=0.0
            )
            floors.publish(Cut(segments=(one,), tail=tail))
            await asyncio.sleep(5.0)
        for task in tasks:
            task.cancel()
    return facts, health


VOICED = Language.model_validate({"speak": "vendor", "voice": ["a", "b"]})


async def test_two_speakers_are_heard_in_two_voices() -> None:
    voice = Speaking()
    await interpreted(Stage(VOICED), voice, ANA, LUIS, ANA)
    assert voice.asked == ["a", "b", "a"]


async def test_who_agreed_is_heard_in_its_own_voice_until_it_takes_that_back() -> None:
    stage, voice = Stage(VOICED), Speaking()
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    await interpreted(stage, voice, ANA, LUIS)
    del stage.cloned[ANA]
    await interpreted(stage, voice, ANA)
    assert voice.asked == ["cloned", "a", "b"]


async def test_a_cloned_voice_that_the_engine_does_not_have_costs_nobody_the_engine() -> None:
    stage, voice = Stage(VOICED), Speaking("cloned")
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    facts, health = await interpreted(stage, voice, ANA, LUIS, ANA)
    assert voice.asked == ["cloned", "a", "b", "a"]
    assert len(facts.of(Spoken)) == 3
    assert len(facts.of(Failed)) == 1
    assert health.down("speak", "vendor") is None


@pytest.mark.parametrize(
    ("kind", "asked"), [("silent", 3), ("rate limited", 2), ("unreachable", 3)]
)
async def test_one_bad_moment_costs_nobody_their_own_voice(kind: Kind, asked: int) -> None:
    stage, voice = Stage(VOICED), Speaking(late=kind)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    facts, _ = await interpreted(stage, voice, ANA, ANA)
    assert voice.asked == ["cloned"] * asked  # who has had too many requests gets no other at once
    assert len(facts.of(Spoken)) == asked - 1


async def test_an_engine_that_fails_in_every_voice_is_down_and_the_cloned_voice_not_to_blame() -> (
    None
):
    stage, voice = Stage(VOICED), Speaking(silent=True)
    stage.cloned[ANA] = ClonedVoice(engine="vendor", name="cloned")
    _, health = await interpreted(stage, voice, ANA)
    assert voice.asked == ["cloned", "a"]
    assert health.down("speak", "vendor") is not None
    assert stage.voices(ANA) == ["cloned"]
