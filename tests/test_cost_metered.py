"""What engines used is what was sent to them, and for whom."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc

from tests.fakes import (
    Facts,
    Hearing,
    LoudnessVAD,
    Saying,
    ScriptedEar,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    Wording,
    frame,
    meeting_clock,
    segment,
)
from tests.test_line import ADA, TALK, Meeting, in_spanish, speech
from translator.cost.metered import EVERY, Metered
from translator.errors import HearError, Kind, RenderError, SpeakError
from translator.hear import BLOCK, SAMPLE_RATE, Ear, Sound, blocks, seconds
from translator.interpret import Realtime
from translator.lookups import Enquiry
from translator.record import Record, Used
from translator.render import Renderer
from translator.summary import Summarizer
from translator.types import Brief, Pauses, Prior, Segment
from translator.usage import Sum, tell, telling

pytestmark = pytest.mark.line

PRIOR = Prior(languages=("en", "es"))
PAUSES = Pauses()


class Counting:
    """A renderer that tells its tokens word by word, as many as the target has letters."""

    prompt = "interpret 1.0.0"

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        for word in brief.segment.text.split():
            await asyncio.sleep(0.1)
            tell({"output_tokens": len(brief.target)})
            yield word
        tell({"input_tokens": 100})


class Interprets:
    """An end-to-end model that says half a second of sound, and what it took."""

    prompt = "interpret_speech 1.0.0"

    async def interpret(
        self, sound: npt.NDArray[np.int16], brief: Brief
    ) -> AsyncGenerator[str | rtc.AudioFrame, None]:
        yield "Hola."
        yield frame(0.5, 1000)
        tell({"audio_input_tokens": 10, "audio_output_tokens": 20})

    async def aclose(self) -> None:
        pass


class SumsUp:
    prompt = "summary 1.0.0"

    async def summarize(
        self, said: Sequence[Segment], *, before: str, words: int, enquiry: Enquiry | None = None
    ) -> str:
        tell({"input_tokens": 7, "output_tokens": 3})
        return "It was about nothing."


@dataclass(slots=True, kw_only=True)
class Engines(ScriptedEngines):
    """Scripted engines that hear and sum up, too."""

    one_ear: ScriptedEar = field(default_factory=ScriptedEar)
    counting: Renderer | None = None

    def ear(self, name: str, pauses: Pauses) -> Ear:
        return self.one_ear

    def renderer(self, name: str) -> Renderer:
        return self.counting or ScriptedEngines.renderer(self, name)

    def realtime(self, name: str) -> Realtime:
        return Interprets()

    def summarizer(self, name: str) -> Summarizer:
        return SumsUp()


class Counted:
    """Metered engines and what they noted."""

    def __init__(self, engines: Engines) -> None:
        self.facts = Facts()
        self.record = Record(meeting_clock())
        self.record.subscribe(self.facts.note)
        self.engines = Metered(engines, self.record)

    @property
    def used(self) -> list[Used]:
        return self.facts.of(Used)

    def sum(self, unit: str, **whose: str) -> float:
        found = [
            one
            for one in self.used
            if all(getattr(one, key) == value for key, value in whose.items())
        ]
        return sum(one.amounts.get(unit, 0.0) for one in found)


async def sounds(duration: float) -> AsyncGenerator[Sound, None]:
    for _ in range(blocks(duration)):
        await asyncio.sleep(seconds(1))
        yield Sound(samples=np.zeros(BLOCK, np.int16), speech=1.0)


async def listen(ear: Ear, audio: AsyncIterator[Sound]) -> None:
    async with aclosing(ear.listen(audio, PRIOR)) as hypotheses:
        async for _ in hypotheses:
            pass


async def test_an_ear_is_counted_by_the_sound_that_it_took_while_it_takes_it() -> None:
    one = Counted(Engines())
    ear = one.engines.ear("ear", PAUSES, person="p-ada", floor="p-ada/SCREEN")
    await listen(ear, sounds(12.0))
    assert [(fact.engine, fact.stage, fact.person, fact.floor) for fact in one.used] == [
        ("ear", "hear", "p-ada", "p-ada/SCREEN")
    ] * 3
    assert one.used[0].amounts["audio_seconds"] == pytest.approx(EVERY, abs=0.04)
    assert one.sum("audio_seconds") == pytest.approx(seconds(blocks(12.0)))
    assert one.sum("session_seconds") == pytest.approx(12.0, abs=0.1)


async def test_an_ear_that_fails_has_heard_what_it_took() -> None:
    one = Counted(Engines(one_ear=ScriptedEar(Hearing(error=HearError("gone")))))
    ear = one.engines.ear("ear", PAUSES, person="p-ada", floor="p-ada")
    with pytest.raises(HearError):
        await listen(ear, sounds(1.0))
    await listen(ear, sounds(2.0))
    assert one.sum("audio_seconds") == pytest.approx(seconds(blocks(1.0) + blocks(2.0)))


async def render(one: Counted, target: str, text: str = "Good morning to all.") -> None:
    renderer = one.engines.renderer("renderer")
    async with aclosing(renderer.render(Brief(segment=segment(1, text), target=target))) as pieces:
        async for _ in pieces:
            await asyncio.sleep(0.05)


async def test_tokens_belong_to_the_language_that_they_were_taken_for() -> None:
    one = Counted(Engines(counting=Counting()))
    async with asyncio.TaskGroup() as group:
        group.create_task(render(one, "es"))
        group.create_task(render(one, "pt-BR"))
    assert one.sum("output_tokens", language="es") == 4 * len("es")
    assert one.sum("output_tokens", language="pt-BR") == 4 * len("pt-BR")
    assert one.sum("input_tokens", language="es") == 100
    assert {fact.person for fact in one.used} == {"p-ada"}
    assert len(one.used) == 2


async def test_what_is_told_outside_of_a_call_is_nobodys() -> None:
    one = Counted(Engines(counting=Counting()))
    await render(one, "es")
    tell({"output_tokens": 1000})
    assert one.sum("output_tokens") == 8
    amounts = Sum()
    with telling(amounts.add):
        await render(one, "es")
        tell({"output_tokens": 5})
    assert amounts == {"output_tokens": 5}


async def test_a_rendition_that_is_given_up_is_counted_as_far_as_it_came() -> None:
    one = Counted(Engines(counting=Counting()))
    pieces = one.engines.renderer("renderer").render(Brief(segment=segment(), target="es"))
    async with aclosing(pieces):
        await anext(pieces)
    [used] = one.used
    assert used.amounts == {"characters": len(segment().text), "output_tokens": 2}


async def test_what_no_answer_tells_is_counted_by_characters_where_there_was_an_answer() -> None:
    broken = Wording(pieces=[(0.0, "Qui")], error=RenderError("broke off"))
    acts = {"No.": [Wording(error=RenderError("no"))], "Perhaps.": [broken]}
    one = Counted(Engines(counting=ScriptedRenderer(acts=acts)))
    for text in ("No.", "Perhaps."):
        with pytest.raises(RenderError):
            await render(one, "es", text)
    await render(one, "es", "Yes, please.")
    assert [used.amounts for used in one.used] == [{"characters": 8}, {"characters": 12}]


@pytest.mark.parametrize("kind", ["unreachable", "wrong key", "quota", "rate limited", "refused"])
async def test_what_no_vendor_took_is_not_counted(kind: Kind) -> None:
    error = SpeakError("no", kind=kind)
    voice = ScriptedVoice(acts={"Hola.": [Saying(seconds=0.0, error=error)]})
    ear = ScriptedEar(Hearing(error=HearError("no", kind=kind)))
    one = Counted(Engines(one_voice=voice, one_ear=ear))
    with pytest.raises(SpeakError):
        await say(one, "Hola.")
    with pytest.raises(HearError):
        await listen(one.engines.ear("ear", PAUSES, person="p-ada", floor="p-ada"), sounds(1.0))
    assert one.used == []


async def say(one: Counted, text: str) -> None:
    voice = await asyncio.to_thread(one.engines.voice, "voice")
    spoken = voice.say(text, language="es", voice=None, pace=1.0)
    async with aclosing(spoken) as frames:
        async for _ in frames:
            pass


async def test_a_voice_is_counted_by_its_characters_each_time_that_it_is_called() -> None:
    broken = Saying(seconds=0.0, error=SpeakError("broken"))
    one = Counted(Engines(one_voice=ScriptedVoice(Saying(seconds=1.5), acts={"Hola.": [broken]})))
    for _ in range(2):
        with pytest.raises(SpeakError):
            await say(one, "Hola.")
    await say(one, "Buenos días.")
    assert [(used.stage, used.language) for used in one.used] == [("speak", "es")] * 3
    assert one.sum("characters") == 2 * 5 + 12
    assert one.sum("spoken_seconds") == pytest.approx(1.5)


async def test_what_cannot_be_spoken_was_sent_to_nobody() -> None:
    one = Counted(Engines(one_voice=ScriptedVoice(Saying(seconds=0.0))))
    await say(one, "…")
    assert one.used == []


async def test_a_voice_that_is_not_waited_for_is_counted_too() -> None:
    one = Counted(Engines())
    voice = await asyncio.to_thread(one.engines.voice, "voice")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(voice.say("Hola.", language="es", voice=None, pace=1.0))
    assert one.sum("characters") == 5


async def test_an_end_to_end_model_is_counted_by_floor_and_language() -> None:
    one = Counted(Engines())
    sound = np.zeros(2 * SAMPLE_RATE, np.int16)
    model = one.engines.realtime("realtime")
    async with aclosing(model.interpret(sound, Brief(segment=segment(), target="es"))) as pieces:
        assert len([piece async for piece in pieces]) == 2
    [used] = one.used
    assert (used.stage, used.person, used.language) == ("interpret", "p-ada", "es")
    assert used.amounts == {
        "audio_seconds": 2.0,
        "spoken_seconds": 0.5,
        "audio_input_tokens": 10,
        "audio_output_tokens": 20,
    }


async def test_a_summary_is_for_nobody_alone() -> None:
    one = Counted(Engines())
    await one.engines.summarizer("model").summarize([segment()], before="", words=90)
    [used] = one.used
    assert (used.stage, used.person, used.language) == ("summarize", None, None)
    assert used.amounts == {
        "characters": len(segment().text),
        "input_tokens": 7,
        "output_tokens": 3,
    }


async def test_the_whole_line_is_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.hear.VAD", LoudnessVAD)
    meeting = Meeting({}, listened=["es"])
    engines = Engines(
        one_ear=ScriptedEar(speech(*ADA)),
        one_renderer=meeting.engines.one_renderer,
        one_voice=meeting.engines.one_voice,
    )
    metered = Metered(engines, meeting.record)
    meeting.engines = metered  # type: ignore[assignment]
    meeting.ears = {"p-ada": metered.ear("ear", PAUSES, person="p-ada", floor="p-ada")}  # type: ignore[dict-item]
    await meeting.hold(ada=TALK)
    counted: dict[tuple[str, str | None], float] = {}
    for one in meeting.facts.of(Used):
        for unit in ("characters", "audio_seconds"):
            key = (one.stage, one.language)
            counted[key] = counted.get(key, 0.0) + one.amounts.get(unit, 0.0)
    said = sum(map(len, ADA))
    assert counted[("render", "es")] == counted[("render", "fr")] == said
    assert counted[("speak", "es")] == sum(map(len, in_spanish(ADA)))
    assert ("speak", "fr") not in counted  # nobody listens
    assert counted[("hear", None)] == pytest.approx(6.0 + 1.5 + 0.8, abs=0.2)
