"""The whole line with scripted engines: microphones in, tracks and captions out, virtual time."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes import (
    Facts,
    Hearing,
    ListRoom,
    ListTrack,
    LoudnessVAD,
    Saying,
    ScriptedEar,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    meeting_clock,
    meeting_settings,
    microphone,
    retryable_speak_error,
)
from translator.captions import TOPIC
from translator.channel import Channel
from translator.errors import HearError, RenderError
from translator.floor import Floor
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.health import Health
from translator.hear import REACH
from translator.interpreters.machine import Machine
from translator.lag import FASTEST
from translator.outbox import Outbox, Readers
from translator.record import Failed, Heard, Record, Rendered, Speaking, Spoken, Unspoken
from translator.types import Hypothesis, Segment

pytestmark = pytest.mark.line

LOUD = 5000
ADA = ["Good morning to all of you.", "The committee has decided at last.", "Thank you very much."]
BOB = ["May I say something here?", "It concerns the budget of the year."]


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.hear.VAD", LoudnessVAD)


def speech(*sentences: str, language: str = "en", seconds: float = 2.0) -> Hearing:
    """One utterance that grows word by word; each sentence lasts so many seconds."""
    text = " ".join(sentences)
    words = text.split()
    each = seconds * len(sentences) / len(words)
    said = []
    for count in range(1, len(words) + 1):
        hypothesis = Hypothesis(
            utterance="a",
            text=" ".join(words[:count]),
            language=language,
            final=count == len(words),
            start=0.0,
            end=count * each,
        )
        said.append((count * each, hypothesis))
    return Hearing(said=said)


class Meeting:
    """Speakers, channels and readers without a room."""

    def __init__(
        self,
        ears: Mapping[str, ScriptedEar],
        *,
        languages: Sequence[str] = ("es", "fr"),
        listened: Sequence[str] = ("es", "fr"),
        renderer: ScriptedRenderer | None = None,
        voice: ScriptedVoice | None = None,
    ) -> None:
        self.clock = meeting_clock()
        self.settings = meeting_settings()
        self.ears = ears
        self.engines = ScriptedEngines(
            one_renderer=renderer or ScriptedRenderer(), one_voice=voice or ScriptedVoice()
        )
        self.record = Record(self.clock)
        self.facts = Facts()
        self.room = ListRoom()
        self.outbox = Outbox(
            lambda: self.settings,
            Readers(by_stream=lambda stream: [stream], observers=lambda: []),
        )
        self.record.subscribe(self.facts.note)
        self.record.subscribe(self.outbox.note)
        self.floors = Floors()
        self.guard = EchoGuard()
        self.channels = {
            code: Channel(code, record=self.record, max_wait=self.settings.max_wait)
            for code in languages
        }
        self.listened = listened
        self.tracks = {code: ListTrack(self.clock) for code in languages}
        for channel in self.channels.values():
            channel.put_machine_on_air()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.TaskGroup, None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.outbox.run(self.room))]
            for code, channel in self.channels.items():
                machine = Machine(
                    self.engines,
                    settings=lambda _: self.settings,
                    record=self.record,
                    health=Health(self.record.clock),
                )
                tasks.append(group.create_task(machine.run(self.floors, channel)))
                if code in self.listened:
                    tasks.append(group.create_task(channel.run(self.tracks[code])))
            yield group
            for task in tasks:
                task.cancel()

    async def speak(self, speaker: str, *parts: tuple[float, int]) -> None:
        """(seconds, level) of a speaker's microphone."""
        floor = Floor(
            speaker,
            speaker.removeprefix("p-").title(),
            ear=self.ears[speaker],
            settings=lambda: self.settings,
            declared=lambda: None,
            guard=self.guard,
            record=self.record,
            floors=self.floors,
            name=speaker,
            prefix=f"{speaker}.",
        )
        async with aclosing(microphone(*parts)) as frames:
            await floor.run(frames)

    async def hold(
        self, during: float = 40.0, **speakers: Sequence[tuple[float, int]]
    ) -> "Meeting":
        """Let people speak, and wait."""
        async with self.running() as group:
            talks = [
                group.create_task(self.speak(f"p-{name}", *parts))
                for name, parts in speakers.items()
            ]
            await asyncio.sleep(during)
            for talk in talks:
                talk.cancel()
        return self

    @property
    def segments(self) -> dict[str, Segment]:
        return {one.id: one for fact in self.facts.of(Heard) for one in fact.cut.segments}

    def spoken(self, language: str) -> list[Segment]:
        """The segments whose renditions were heard, in the order they began."""
        facts = self.facts.of(Speaking)
        return [self.segments[one.segment_id] for one in facts if one.language == language]

    def ends(self, language: str) -> dict[str, list[str]]:
        """What became of each segment's text: spoken, or why not."""
        found: dict[str, list[str]] = {one.text: [] for one in self.segments.values()}
        for one in self.facts.of(Spoken, Unspoken):
            if one.language == language:
                found[self.segments[one.segment_id].text].append(getattr(one, "why", "spoken"))
        return found

    def read(self, stream: str) -> list[dict[str, Any]]:
        """What a reader of `stream` got."""
        return [
            json.loads(text)
            for topic, text, to in self.room.sent
            if topic == TOPIC and stream in to
        ]

    def committed(self, stream: str) -> list[str]:
        return [one["text"] for one in self.read(stream) if one["final"]]


TALK = [(1.0, 0), (6.0, LOUD), (3.0, 0)]


def in_spanish(texts: Sequence[str]) -> list[str]:
    return [f"[es] {text}" for text in texts]


def check(meeting: Meeting) -> None:
    """What must hold whatever happens."""
    for code in meeting.channels:
        assert all(len(ends) == 1 for ends in meeting.ends(code).values()), meeting.ends(code)
        spans = [(one.start, one.end) for one in meeting.facts.of(Spoken) if one.language == code]
        assert all(one[1] <= other[0] + 1e-6 for one, other in pairwise(spans))
        ids = [one["segment_id"] for one in meeting.read(code) if one["final"]]
        assert sorted(ids) == sorted(meeting.segments)
    for stream in [*meeting.channels, "floor/en", "floor/es"]:
        messages = meeting.read(stream)
        assert [one["seq"] for one in messages] == list(range(1, len(messages) + 1))


async def test_speech_is_heard_and_read_in_every_language() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))})
    await meeting.hold(ada=TALK)
    check(meeting)
    assert [one.text for one in meeting.segments.values()] == ADA
    for code in ("es", "fr"):
        assert meeting.committed(code) == [f"[{code}] {text}" for text in ADA]
        assert set(map(tuple, meeting.ends(code).values())) == {("spoken",)}
        assert len(meeting.tracks[code].soundings()) == len(ADA)
    assert meeting.committed("floor/en") == ADA


async def test_a_floor_is_heard_once_for_all_languages() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))})
    await meeting.hold(ada=TALK)
    assert meeting.ears["p-ada"].listens == 1
    assert len(meeting.engines.one_renderer.calls) == 2 * len(ADA)


async def test_a_segment_is_spoken_while_its_speaker_still_speaks() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))})
    await meeting.hold(ada=TALK)
    first = meeting.facts.of(Speaking)[0]
    segment = meeting.segments[first.segment_id]
    assert first.start < 1.0 + 6.0
    # two more words until the cut is certain, rendering, voice
    assert first.start - segment.end < 2 * 0.5 + 0.2 + 0.1 + 0.2


async def test_the_tail_is_all_that_is_not_committed() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))})
    await meeting.hold(ada=TALK)
    whole = " ".join(ADA)
    done = ""
    for one in meeting.read("floor/en"):
        if one["final"]:
            done = f"{done} {one['text']}".strip()
        tail = one["tail"]["text"] if one["final"] else one["text"]
        assert whole.startswith(f"{done} {tail}".strip())
    assert done == whole


async def test_overlapping_speakers_are_heard_one_at_a_time_by_onset() -> None:
    ears = {"p-ada": ScriptedEar(speech(*ADA)), "p-bob": ScriptedEar(speech(*BOB))}
    meeting = Meeting(ears, voice=ScriptedVoice(Saying(seconds=2.5)))
    await meeting.hold(ada=TALK, bob=[(2.5, 0), (4.0, LOUD), (3.0, 0)])
    check(meeting)
    for code in ("es", "fr"):
        order = meeting.spoken(code)
        assert {one.speaker for one in order} == {"p-ada", "p-bob"}
        assert [one.start for one in order] == sorted(one.start for one in order)
        for speaker, texts in (("p-ada", ADA), ("p-bob", BOB)):
            captions = [
                one["text"]
                for one in meeting.read(code)
                if one["final"] and one["speaker"] == speaker
            ]
            assert captions == [f"[{code}] {text}" for text in texts]


@pytest.mark.parametrize("sign", ["Mm-hm.", "Yes, okay."])
async def test_a_sign_of_listening_is_read_and_breaks_into_nobodys_sentence(sign: str) -> None:
    ears = {"p-ada": ScriptedEar(speech(*ADA)), "p-bob": ScriptedEar(speech(sign, seconds=0.5))}
    meeting = Meeting(ears)
    await meeting.hold(ada=TALK, bob=[(4.0, 0), (0.5, LOUD), (6.0, 0)])
    check(meeting)
    for code in ("es", "fr"):
        assert [one.text for one in meeting.spoken(code)] == ADA
        assert meeting.ends(code)[sign] == ["backchannel"]
        assert f"[{code}] {sign}" in meeting.committed(code)


async def test_the_same_words_as_an_answer_are_spoken() -> None:
    ears = {"p-ada": ScriptedEar(speech(*ADA)), "p-bob": ScriptedEar(speech("Yes.", seconds=0.5))}
    meeting = Meeting(ears)
    await meeting.hold(ada=TALK, bob=[(8.0, 0), (0.5, LOUD), (6.0, 0)])
    check(meeting)
    assert [one.text for one in meeting.spoken("es")] == [*ADA, "Yes."]


async def test_more_than_a_sign_of_listening_is_spoken_although_somebody_speaks() -> None:
    words = "Yes, but it is late."
    ears = {"p-ada": ScriptedEar(speech(*ADA)), "p-bob": ScriptedEar(speech(words, seconds=1.0))}
    meeting = Meeting(ears)
    await meeting.hold(ada=TALK, bob=[(4.0, 0), (1.0, LOUD), (6.0, 0)])
    check(meeting)
    assert meeting.ends("es")[words] == ["spoken"]


async def test_who_began_first_is_heard_first_though_committed_last() -> None:
    ears = {
        "p-eve": ScriptedEar(speech(ADA[2])),
        "p-ada": ScriptedEar(speech(ADA[1], seconds=2.8)),
        "p-bob": ScriptedEar(speech(BOB[0], seconds=1.0)),
    }
    meeting = Meeting(ears, voice=ScriptedVoice(Saying(seconds=8.0)))
    await meeting.hold(
        eve=[(0.5, 0), (2.0, LOUD), (3.0, 0)],
        ada=[(2.0, 0), (2.8, LOUD), (3.0, 0)],
        bob=[(2.8, 0), (1.0, LOUD), (3.0, 0)],
    )
    check(meeting)
    assert [one.speaker for one in meeting.segments.values()] == ["p-eve", "p-bob", "p-ada"]
    assert [one.speaker for one in meeting.spoken("es")] == ["p-eve", "p-ada", "p-bob"]


async def test_a_slow_speakers_rendition_holds_the_other_for_max_wait_only() -> None:
    ears = {"p-ada": ScriptedEar(speech(ADA[0])), "p-bob": ScriptedEar(speech(BOB[0]))}
    late = ScriptedRenderer(acts={ADA[0]: [Wording(pieces=[(8.0, "Tarde.")])]})
    meeting = Meeting(ears, renderer=late, languages=["es"], listened=["es"])
    await meeting.hold(ada=[(1.0, 0), (2.0, LOUD), (3.0, 0)], bob=[(1.5, 0), (2.0, LOUD), (3.0, 0)])
    check(meeting)
    assert [one.speaker for one in meeting.spoken("es")] == ["p-bob", "p-ada"]
    committed = next(one for one in meeting.segments.values() if one.speaker == "p-ada").committed
    begun = meeting.facts.of(Speaking)[0].start
    assert begun - committed == pytest.approx(meeting.settings.max_wait, abs=0.05)


async def test_speech_in_a_channels_own_language_is_read_and_not_spoken() -> None:
    text = "Buenos días a todos ustedes."
    meeting = Meeting({"p-ada": ScriptedEar(speech(text, language="es"))})
    await meeting.hold(ada=TALK)
    check(meeting)
    assert meeting.ends("es") == {text: ["passthrough"]}
    assert meeting.ends("fr") == {text: ["spoken"]}
    assert meeting.committed("es") == meeting.committed("floor/es") == [text]
    assert meeting.tracks["es"].written == []
    assert [brief.target for brief in meeting.engines.one_renderer.calls] == ["fr"]


async def test_a_failed_rendition_is_read_as_spoken_and_the_others_go_on() -> None:
    failing = ScriptedRenderer(acts={ADA[1]: [Wording(error=RenderError("refused"))]})
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))}, renderer=failing)
    await meeting.hold(ada=TALK)
    check(meeting)
    assert meeting.committed("es") == [f"[es] {ADA[0]}", ADA[1], f"[es] {ADA[2]}"]
    assert meeting.ends("es") == {ADA[0]: ["spoken"], ADA[1]: ["failed"], ADA[2]: ["spoken"]}
    marks = [(one["origin"], one["language"]) for one in meeting.read("es") if one["final"]]
    assert marks == [("rendition", "es"), ("source", "en"), ("rendition", "es")]


async def test_a_voice_that_fails_twice_leaves_the_captions_and_the_others_go_on() -> None:
    broken = [Saying(seconds=0.0, error=retryable_speak_error())]
    meeting = Meeting(
        {"p-ada": ScriptedEar(speech(*ADA))},
        voice=ScriptedVoice(acts={f"[es] {ADA[1]}": broken}),
    )
    await meeting.hold(ada=TALK)
    check(meeting)
    calls = [text for text, *_ in meeting.engines.one_voice.calls]
    assert calls.count(f"[es] {ADA[1]}") == 2
    assert meeting.ends("es") == {ADA[0]: ["spoken"], ADA[1]: ["failed"], ADA[2]: ["spoken"]}
    assert meeting.committed("es") == in_spanish(ADA)
    assert set(map(tuple, meeting.ends("fr").values())) == {("spoken",)}


async def test_an_ear_that_fails_costs_what_it_had_not_heard() -> None:
    ear = ScriptedEar(Hearing(error=HearError("the engine is gone")), speech(*BOB))
    meeting = Meeting({"p-ada": ear})
    await meeting.hold(ada=[(1.0, 0), (2.0, LOUD), (3.0, 0), (4.0, LOUD), (3.0, 0)])
    check(meeting)
    assert [one.stage for one in meeting.facts.of(Failed)] == ["hear"]
    assert meeting.committed("es") == in_spanish(BOB)


async def test_a_voice_slower_than_the_channel_is_heard_whole_and_in_order() -> None:
    slow = ScriptedVoice(Saying(seconds=1.0, speed=0.5))
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))}, voice=slow)
    await meeting.hold(ada=TALK)
    check(meeting)
    assert [one.text for one in meeting.spoken("es")] == ADA
    heard = sum(len(samples) for _, samples in meeting.tracks["es"].written) / 24_000
    assert len(ADA) / FASTEST < heard <= len(ADA)


async def test_who_only_reads_buys_no_voice() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))}, listened=["fr"])
    await meeting.hold(ada=TALK)
    check(meeting)
    assert meeting.committed("es") == in_spanish(ADA)
    assert set(map(tuple, meeting.ends("es").values())) == {("captions",)}
    assert {language for _, language, _ in meeting.engines.one_voice.calls} == {"fr"}


async def test_a_voice_longer_than_the_speech_is_quickened() -> None:
    """Pace only: the fake voice does not shorten what it says."""
    meeting = Meeting(
        {"p-ada": ScriptedEar(speech(*ADA))}, voice=ScriptedVoice(Saying(seconds=4.0))
    )
    await meeting.hold(ada=TALK)
    check(meeting)
    paces = [pace for _, language, pace in meeting.engines.one_voice.calls if language == "es"]
    assert paces[0] == 1.0
    assert paces == sorted(paces)
    assert paces[-1] > 1.0


async def test_meeting_time_of_what_is_said_is_the_microphones() -> None:
    meeting = Meeting({"p-ada": ScriptedEar(speech(*ADA))})
    await meeting.hold(ada=TALK)
    first = next(iter(meeting.segments.values()))
    assert first.start == pytest.approx(1.0 - REACH + 0.19, abs=0.1)  # where the ear begins
    assert first.end - first.start == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("seconds", [0.5, 2.0, 3.2, 4.4, 6.0, 9.0])
async def test_a_meeting_that_is_cancelled_leaves_no_task_and_no_open_segment(
    seconds: float,
) -> None:
    ears = {"p-ada": ScriptedEar(speech(*ADA)), "p-bob": ScriptedEar(speech(*BOB))}
    meeting = Meeting(ears, renderer=ScriptedRenderer(delay=1.0))
    await meeting.hold(seconds, ada=TALK, bob=[(2.5, 0), (4.0, LOUD), (3.0, 0)])
    assert [ear.open for ear in ears.values()] == [0, 0]
    for code in ("es", "fr"):
        assert all(len(ends) == 1 for ends in meeting.ends(code).values()), meeting.ends(code)
    rendered = [(one.rendition.segment.id, one.target) for one in meeting.facts.of(Rendered)]
    assert len(rendered) == len(set(rendered))
