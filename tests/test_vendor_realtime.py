"""LiveKit's real OpenAI realtime plugin behind our protocol, against the vendor's on loopback."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc
from livekit.agents import utils

from tests.fakes import Facts, meeting_clock, meeting_settings, segment
from tests.vendors.faults import Fault
from tests.vendors.outcome import Outcome
from tests.vendors.realtime import InterpretsAsScripted, Realtime
from translator.cost.metered import Metered
from translator.engines import registry
from translator.engines.livekit import LiveKitRealtime
from translator.engines.plugins import Vendor
from translator.errors import InterpretError, Kind, SettingsError
from translator.hear import SAMPLE_RATE
from translator.interpret import Realtime as Interprets
from translator.prompt import SpeechPrompt
from translator.record import Record, Used
from translator.settings import Engine
from translator.speak import Voice
from translator.types import Brief, Rendition

pytestmark = pytest.mark.vendor

VARIABLE = "TRANSLATOR_TEST_KEY"
SAID = "Buenos días a todos ustedes."
WHOLE = 0.05 * len(SAID)
"""Seconds of sound."""
BRIEF = Brief(segment=segment(1, "Good morning to all of you."), target="es")

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "openai interprets": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(error="silent", given="part", within=5.0),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(error="garbled", given="part", within=0.5),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="quota", given="nothing", within=0.5),
        Fault.EMPTY: Outcome(error="empty", given="nothing", within=0.5),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=0.0, note="events that were seen before are left out"
        ),
    }
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sk-realtime-loopback-0123456789")


def engine(server: Realtime, **more: object) -> Engine:
    return Engine(
        plugin="openai", model="gpt-realtime", base_url=server.base_url, key=VARIABLE, **more
    )


@asynccontextmanager
async def interpreter(
    server: Realtime, *, first: float = 1.0, patience: float = 0.5, **more: float
) -> AsyncGenerator[LiveKitRealtime, None]:
    """As a meeting has it, with shorter deadlines."""
    make = Vendor("realtime", engine(server)).interpreting()
    model = LiveKitRealtime(
        "mine", make, SpeechPrompt.load(), first=first, patience=patience, **more
    )
    async with utils.http_context.open(), asyncio.timeout(20), aclosing(model):
        yield model


def scripted(*texts: str, pause: float = 0.01) -> Realtime:
    """Says these, the last one again and again."""
    every = texts or (SAID,)
    brain = InterpretsAsScripted(lambda n: every[min(n, len(every)) - 1], pause=pause)
    return Realtime(brain)


def spoken(seconds: float = 2.0) -> npt.NDArray[np.int16]:
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (5000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)


class Heard:
    """What came of a call."""

    def __init__(self) -> None:
        self.text = ""
        self.seconds = 0.0

    async def listen(
        self, model: Interprets, brief: Brief = BRIEF, seconds: float = 2.0
    ) -> "Heard":
        async with aclosing(model.interpret(spoken(seconds), brief)) as pieces:
            async for piece in pieces:
                if isinstance(piece, rtc.AudioFrame):
                    self.seconds += piece.duration
                else:
                    self.text += piece
        return self


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_ends_as_declared(fault: Fault) -> None:
    expected = OUTCOMES["openai interprets"][fault]
    heard = Heard()
    error: InterpretError | None = None
    async with scripted() as server, interpreter(server) as model:
        if fault is Fault.REFUSED:
            await server.down()
        else:
            server.faults.next(fault)
        begun = time.monotonic()
        try:
            await heard.listen(model)
        except InterpretError as failed:
            error = failed
        took = time.monotonic() - begun
        if fault is Fault.REFUSED:
            await server.up()
        again = await Heard().listen(model)  # and the next segment is interpreted
    given = "nothing" if not heard.seconds else "all" if heard.text == SAID else "part"
    kind: Kind | None = None if error is None else error.kind
    assert (kind, given) == (expected.error, expected.given)
    assert server.key not in str(error)
    assert heard.seconds <= WHOLE + 0.01
    assert took < 1.5
    assert again.text == SAID
    assert again.seconds == pytest.approx(WHOLE)


async def test_words_and_sound_come_as_they_are_made() -> None:
    came: list[type] = []
    async with scripted() as server, interpreter(server) as model:
        async with aclosing(model.interpret(spoken(), BRIEF)) as pieces:
            async for piece in pieces:
                came.append(type(piece))
        (request,) = server.requests
        (connection,) = server.connections
    assert came[:2] == [str, rtc.AudioFrame]  # the words before their sound
    assert came.index(str, 1) < len(came) - 1  # and more of both
    assert len(request.pcm) / 2 / 24_000 == pytest.approx(2.0, abs=0.01)
    assert "model=gpt-realtime" in connection.path


async def test_the_model_is_told_to_interpret_and_takes_no_turns_by_itself() -> None:
    context = Rendition(segment=segment(0, "Hello."), language="es", text="Hola.")
    async with scripted() as server, interpreter(server) as model:
        await Heard().listen(model, replace(BRIEF, context=(context,), register="formal"))
        (request,) = server.requests
        (connection,) = server.connections
    assert "from English into Spanish" in request.instructions
    assert '"Ada" said "Hello.", rendered as "Hola."' in request.instructions
    assert "Address people formally" in request.instructions
    sound = connection.session["audio"]["input"]
    assert sound["turn_detection"] is None
    assert sound["transcription"] is None  # nobody would read it
    assert connection.session["output_modalities"] == ["audio"]


async def test_one_connection_serves_many_segments_and_forgets_each() -> None:
    async with scripted("Uno.", "Dos.", "Tres.") as server, interpreter(server) as model:
        texts = [(await Heard().listen(model)).text for _ in range(3)]
        seconds = [len(one.pcm) / 48_000 for one in server.requests]
        assert len(server.connections) == 1
        assert [one.items for one in server.requests] == [1, 1, 1]
    assert texts == ["Uno.", "Dos.", "Tres."]
    assert seconds == pytest.approx([2.0] * 3, abs=0.01)  # nothing of the one before


async def test_a_late_answer_is_not_taken_for_the_next_segments() -> None:
    async with (
        scripted("Tarde.", "Ahora mismo.", pause=0.05) as server,
        interpreter(server, first=0.2) as model,
    ):
        server.faults.slow = 0.3
        server.faults.next(Fault.SLOW)
        with pytest.raises(InterpretError):
            await Heard().listen(model)
        heard = await Heard().listen(model)  # while the first answer would come
        assert server.requests[0].status == "cancelled"
    assert heard.text == "Ahora mismo."


async def test_a_call_that_is_given_up_is_cancelled_at_the_vendor() -> None:
    async with scripted(pause=0.2) as server, interpreter(server) as model:
        async with aclosing(model.interpret(spoken(), BRIEF)) as pieces:
            await anext(pieces)
        heard = await Heard().listen(model)
        assert server.requests[0].status == "cancelled"
        assert len(server.connections) == 2
        assert not server.connections[0].open
    assert heard.text == SAID


async def test_a_connection_is_renewed_before_the_vendor_ends_it() -> None:
    async with scripted() as server, interpreter(server, age=0.1) as model:
        await Heard().listen(model)
        await asyncio.sleep(0.15)
        await Heard().listen(model)
        assert [one.open for one in server.connections] == [False, True]


async def test_a_connection_that_the_vendor_ended_is_made_anew() -> None:
    async with scripted() as server, interpreter(server) as model:
        await Heard().listen(model)
        connection = model._connection
        assert connection is not None
        await server.drop()
        async with asyncio.timeout(5):
            while not connection.spoilt:  # noqa: ASYNC110 (the plugin tells nobody else)
                await asyncio.sleep(0.01)
        heard = await Heard().listen(model)
        assert len(server.connections) == 2
    assert heard.text == SAID


async def test_a_whole_segment_has_a_deadline() -> None:
    async with scripted(pause=0.2) as server, interpreter(server, deadline=0.5) as model:
        with pytest.raises(InterpretError) as failed:
            await Heard().listen(model)
    assert failed.value.kind == "silent"


async def test_nothing_is_open_when_it_is_let_go_even_at_a_vendor_that_hangs() -> None:
    async with scripted() as server, interpreter(server) as model:
        server.faults.next(Fault.HANG)
        with pytest.raises(InterpretError):
            await Heard().listen(model)
        begun = time.monotonic()
        await model.aclose()
        assert time.monotonic() - begun < 1.0


async def test_what_it_costs_is_noted_as_the_vendor_tells_it() -> None:
    facts = Facts()
    record = Record(meeting_clock())
    record.subscribe(facts.note)
    async with scripted(pause=0.1) as server, utils.http_context.open(), asyncio.timeout(20):
        engines = Metered(registry.Engines({"realtime": engine(server)}), record)
        async with aclosing(engines.realtime("realtime")) as model:
            await Heard().listen(model)
            async with aclosing(model.interpret(spoken(), BRIEF)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, rtc.AudioFrame):
                        break  # what the vendor does not tell any more is reckoned
    whole, part = facts.of(Used)
    assert (whole.engine, whole.stage, whole.person, whole.language) == (
        "realtime",
        "interpret",
        "p-ada",
        "es",
    )
    assert whole.amounts == pytest.approx(
        {
            "audio_seconds": 2.0,
            "spoken_seconds": WHOLE,
            "input_tokens": 10,
            "cached_tokens": 0,
            "output_tokens": 5,
            "audio_input_tokens": 20,
            "audio_cached_tokens": 0,
            "audio_output_tokens": 15,
        }
    )
    assert part.amounts["audio_input_tokens"] == pytest.approx(20)
    assert part.amounts["audio_output_tokens"] == pytest.approx(
        part.amounts["spoken_seconds"] / 0.05
    )


class Engines(registry.Engines):
    """With a robot that needs no engine host."""

    @property
    def robot(self) -> Voice:
        return Tone()


class Tone:
    paced = False

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See Voice."""
        tone = spoken(0.5)
        yield rtc.AudioFrame(tone.tobytes(), SAMPLE_RATE, 1, len(tone))


async def test_whether_it_is_back_is_found_out_by_a_call() -> None:
    async with scripted() as server, utils.http_context.open(), asyncio.timeout(20):
        engines, settings = Engines({"realtime": engine(server)}), meeting_settings()
        server.faults.next(Fault.RATE_LIMITED)
        with pytest.raises(InterpretError) as failed:
            await engines.trial("interpret", "realtime", settings)
        timing = await engines.trial("interpret", "realtime", settings)
        async with asyncio.timeout(5):
            while any(one.open for one in server.connections):  # noqa: ASYNC110 (no event tells)
                await asyncio.sleep(0.01)
        await engines.close()
    assert failed.value.kind == "rate limited"
    assert 0.0 < timing.first <= timing.whole < 2.0


def test_another_plugin_cannot_interpret() -> None:
    with pytest.raises(SettingsError, match="cannot interpret from speech to speech"):
        Vendor("scribe", Engine(plugin="elevenlabs", key=VARIABLE)).interpreting()


async def test_a_wrong_option_is_told_before_a_meeting() -> None:
    async with scripted() as server:
        wrong = engine(server, options={"voise": "cedar"})
        with pytest.raises(SettingsError, match="did you mean 'voice'"):
            Vendor("realtime", wrong).interpreting()
