"""The summary of the meeting: made beside the line, of all floors, once for all languages."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.fakes import Facts, ScriptedEngines, meeting_clock, meeting_settings, segment
from translator.channel import Channel
from translator.errors import SettingsError, SummarizeError
from translator.floors import Floors
from translator.health import Health
from translator.interpreters.machine import Machine
from translator.lookups import Enquiry, Lookups
from translator.record import Failed, Record, Rendered, Summarized
from translator.summary import (
    DEADLINE,
    KEPT_TOKENS,
    MOST_TOKENS,
    TOKENS,
    UTTERANCES,
    WORDS,
    Summarizer,
    Summary,
    first_sentences,
    tokens,
)
from translator.types import Cut, Segment, Tail

pytestmark = pytest.mark.unit


class ScriptedSummarizer:
    """Numbers its summaries; each takes `delay` seconds, or fails as scripted."""

    prompt = "summary 9.8.7"

    def __init__(self, *, delay: float = 1.0, failures: Sequence[Exception | None] = ()) -> None:
        self.delay = delay
        self.calls: list[tuple[list[str], str]] = []
        """(texts, the summary before)"""
        self._failures = list(failures)

    async def summarize(
        self, said: Sequence[Segment], *, before: str, words: int, enquiry: Enquiry | None = None
    ) -> str:
        assert words == WORDS
        self.calls.append(([one.text for one in said], before))
        await asyncio.sleep(self.delay)
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            raise failure
        return f"Summary {len(self.calls)}."


class Meeting:
    """Floors and their summary."""

    def __init__(self, summarizer: Summarizer | Exception | None) -> None:
        self._engine = summarizer
        self.facts = Facts()
        self.record = Record(meeting_clock())
        self.record.subscribe(self.facts.note)
        self.floors = Floors()
        self.summary = Summary(
            summarizer=self._summarizer, lookups=Lookups(dict, self.record), record=self.record
        )
        self._count = 0

    def _summarizer(self) -> Summarizer | None:
        if isinstance(self._engine, Exception):
            raise self._engine
        return self._engine

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.summary.run(self.floors.cuts()))
            await asyncio.sleep(0)
            yield
            task.cancel()

    def say(self, text: str = "", *, speaker: str = "p-ada", ended: bool = True) -> Segment:
        """Commit `text`; nothing that follows it is steady enough for a tail."""
        self._count += 1
        one = segment(self._count, text or f"Sentence {self._count}.", speaker=speaker)
        rest = Tail(
            speaker=speaker, speaker_name="A", language="en", text="", start=one.end, end=one.end
        )
        self.floors.publish(Cut(segments=(one,), tail=rest, ended=ended))
        return one

    def talk(self, utterances: int = UTTERANCES) -> None:
        for _ in range(utterances):
            self.say()

    @property
    def failures(self) -> list[tuple[str, str]]:
        return [(one.stage, one.message) for one in self.facts.of(Failed)]


async def test_a_summary_is_made_every_few_utterances_of_what_is_new() -> None:
    engine = ScriptedSummarizer()
    meeting = Meeting(engine)
    async with meeting.running():
        meeting.talk(UTTERANCES - 1)
        await asyncio.sleep(60.0)
        assert engine.calls == []
        meeting.talk(1)
        await asyncio.sleep(2.0)
        assert meeting.summary.text == "Summary 1."
        meeting.talk()
        await asyncio.sleep(2.0)
    first, second = engine.calls
    assert first == ([f"Sentence {n}." for n in range(1, UTTERANCES + 1)], "")
    assert second[0] == [f"Sentence {n}." for n in range(UTTERANCES + 1, 2 * UTTERANCES + 1)]
    assert second[1] == "Summary 1."
    told = [(one.text, one.prompt) for one in meeting.facts.of(Summarized)]
    assert told == [("Summary 1.", "summary 9.8.7"), ("Summary 2.", "summary 9.8.7")]


async def test_an_utterance_of_many_segments_counts_once() -> None:
    engine = ScriptedSummarizer()
    meeting = Meeting(engine)
    async with meeting.running():
        for _ in range(3 * UTTERANCES):
            meeting.say(ended=False)
        await asyncio.sleep(2.0)
        assert engine.calls == []


async def test_what_all_floors_say_comes_into_one_summary() -> None:
    engine = ScriptedSummarizer()
    meeting = Meeting(engine)
    async with meeting.running():
        for speaker in ("p-ada", "p-bob", "p-eve", "p-ada", "p-bob"):
            meeting.say(f"I am {speaker}.", speaker=speaker)
        await asyncio.sleep(2.0)
    ((texts, _),) = engine.calls
    assert texts == [f"I am p-{name}." for name in ("ada", "bob", "eve", "ada", "bob")]


async def test_who_talks_on_and_on_is_summed_up_after_so_many_tokens() -> None:
    engine = ScriptedSummarizer()
    meeting = Meeting(engine)
    long = "word " * (TOKENS // 10)  # 5 letters are more than a token
    async with meeting.running():
        while not engine.calls:
            meeting.say(long, ended=False)
            await asyncio.sleep(0.1)
    ((texts, _),) = engine.calls
    assert TOKENS <= tokens(texts) <= TOKENS + tokens([long])


async def test_a_renderer_is_never_kept_waiting_and_told_the_last_summary_there_is() -> None:
    meeting = Meeting(ScriptedSummarizer(delay=20.0))
    engines = ScriptedEngines()
    settings = meeting_settings()
    machine = Machine(
        engines,
        settings=lambda _: settings,
        record=meeting.record,
        health=Health(meeting.record.clock),
        summary=lambda: meeting.summary.text,
    )
    channel = Channel("es", record=meeting.record, max_wait=2.0)
    async with meeting.running(), asyncio.TaskGroup() as group:
        task = group.create_task(machine.run(meeting.floors, channel))
        await asyncio.sleep(0)
        for _ in range(3 * UTTERANCES):
            meeting.say()
            await asyncio.sleep(4.0)
        task.cancel()
    told = [brief.summary for brief in engines.one_renderer.calls]
    # Asked for with the fifth utterance, at 16 s, it is there at 36 s; the next one at 56 s.
    assert told[:9] == [""] * 9
    assert told[10:14] == ["Summary 1."] * 4
    assert told[-1] == "Summary 2."
    waits = [4.0 * n + 0.2 for n in range(3 * UTTERANCES)]
    assert [one.at for one in meeting.facts.of(Rendered)] == pytest.approx(waits, abs=0.01)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SummarizeError("the engine is busy"), "the engine is busy"),
        (ZeroDivisionError("a fault"), "a fault"),
    ],
)
async def test_a_failure_keeps_the_last_summary_and_what_was_said(
    error: Exception, message: str
) -> None:
    engine = ScriptedSummarizer(failures=[None, error])
    meeting = Meeting(engine)
    async with meeting.running():
        for _ in range(2):
            meeting.talk()
            await asyncio.sleep(2.0)
        assert meeting.summary.text == "Summary 1."
        assert meeting.failures == [("summarize", message)]
        meeting.talk()
        await asyncio.sleep(2.0)
    assert meeting.summary.text == "Summary 3."
    texts, before = engine.calls[-1]
    assert texts == [f"Sentence {n}." for n in range(UTTERANCES + 1, 3 * UTTERANCES + 1)]
    assert before == "Summary 1."


async def test_a_summary_that_does_not_come_is_given_up() -> None:
    meeting = Meeting(ScriptedSummarizer(delay=1e6))
    async with meeting.running():
        meeting.talk()
        await asyncio.sleep(DEADLINE - 0.1)
        assert meeting.failures == []
        await asyncio.sleep(0.2)
    assert meeting.failures == [("summarize", "no summary within 30 seconds")]
    assert meeting.summary.text == ""


async def test_an_engine_that_cannot_be_made_is_a_failure_like_others() -> None:
    meeting = Meeting(SettingsError("the engine has no key"))
    async with meeting.running():
        meeting.talk()
        await asyncio.sleep(1.0)
    assert meeting.failures == [("summarize", "the engine has no key")]


async def test_without_an_engine_there_is_no_summary_and_nothing_is_kept() -> None:
    meeting = Meeting(None)
    async with meeting.running():
        meeting.talk(10 * UTTERANCES)
        await asyncio.sleep(1.0)
    assert (meeting.summary.text, list(meeting.facts)) == ("", [])


async def test_what_waits_for_an_engine_that_fails_for_an_hour_is_bounded() -> None:
    engine = ScriptedSummarizer(failures=[SummarizeError("down")] * 1000)
    meeting = Meeting(engine)
    async with meeting.running():
        for _ in range(60):
            meeting.say("word " * 1000, ended=False)
            await asyncio.sleep(10.0)
    sizes = [tokens(texts) for texts, _ in engine.calls]
    assert len(sizes) < 60
    assert max(sizes) <= KEPT_TOKENS + TOKENS + 2000
    assert sizes[-1] > KEPT_TOKENS


def test_a_long_summary_loses_its_last_sentences() -> None:
    sentence = "Ada opens the meeting of the committee. "
    text = first_sentences(sentence * 40)
    assert text.endswith("committee.")
    assert 0.8 * MOST_TOKENS * 3 < len(text.encode()) < MOST_TOKENS * 3


def test_a_summary_without_an_end_is_cut_between_words() -> None:
    text = first_sentences("word " * 1000)
    assert text.endswith("word")
    assert len(text.encode()) < MOST_TOKENS * 3


def test_a_summary_is_one_line() -> None:
    assert (
        first_sentences("Ada opens.\n\n- The budget.\u2028Rules")
        == "Ada opens. - The budget. Rules"
    )
    assert first_sentences("  \n") == ""
