"""Any plugin is an engine: the adapters, over scripted subclasses of LiveKit's base classes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError
from livekit.agents import llm as agents_llm
from livekit.agents import stt as agents_stt
from livekit.agents import tts as agents_tts
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from tests.fakes import in_event_loop
from translator.engines.livekit import LiveKitEar, LiveKitRenderer, LiveKitVoice
from translator.engines.livekit.ear import BURST, PACE, PAUSE
from translator.errors import HearError, RenderError, SpeakError
from translator.hear import BLOCK, SAMPLE_RATE, Sound, hear
from translator.prompt import Prompt
from translator.types import Brief, Hypothesis, Prior, Segment, Word

pytestmark = pytest.mark.unit

KEY = "sk-secret-0123456789"
LONG_SPANISH = "Muchas gracias a todos por haber venido hoy."
INTERIM = agents_stt.SpeechEventType.INTERIM_TRANSCRIPT
PREFLIGHT = agents_stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
FINAL = agents_stt.SpeechEventType.FINAL_TRANSCRIPT


# Hearing.


@dataclass
class Script:
    """What an STT does, by seconds of audio that it was given."""

    steps: list[tuple[float, agents_stt.SpeechEvent | Exception | None]] = field(
        default_factory=list
    )
    """None ends the stream."""
    at_end: list[agents_stt.SpeechEvent | Exception] = field(default_factory=list)
    endless: bool = False
    """It goes on after its input has ended, as some plugins do."""
    samples: int = 0
    closed: bool = False


class ScriptedSTT(agents_stt.STT[Any]):
    def __init__(self, script: Script) -> None:
        super().__init__(
            capabilities=agents_stt.STTCapabilities(streaming=True, interim_results=True)
        )
        self.script = script

    @property
    def provider(self) -> str:
        return "Scripted"

    async def _recognize_impl(
        self,
        buffer: Any,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> agents_stt.SpeechEvent:
        raise NotImplementedError  # LiveKit wants it defined, and streams alone are tested

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = APIConnectOptions(),  # noqa: B008
    ) -> agents_stt.RecognizeStream:
        assert conn_options.max_retry == 0
        return ScriptedStream(stt=self, conn_options=conn_options)

    async def aclose(self) -> None:
        self.script.closed = True


class ScriptedStream(agents_stt.RecognizeStream):
    async def _run(self) -> None:
        assert isinstance(self._stt, ScriptedSTT)
        script = self._stt.script
        steps = list(script.steps)
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                assert item.sample_rate == SAMPLE_RATE
                script.samples += item.samples_per_channel
            while steps and script.samples / SAMPLE_RATE >= steps[0][0]:
                _, step = steps.pop(0)
                if step is None:
                    return
                self._give(step)
        for step in script.at_end:
            self._give(step)
        if script.endless:
            await asyncio.Event().wait()

    def _give(self, step: agents_stt.SpeechEvent | Exception) -> None:
        if isinstance(step, Exception):
            raise step
        self._event_ch.send_nowait(step)


def says(
    kind: agents_stt.SpeechEventType,
    text: str,
    language: str = "",
    *,
    confidence: float | None = None,
    start: float = 0.0,
    end: float = 0.0,
    words: list[TimedString] | None = None,
) -> agents_stt.SpeechEvent:
    metadata = None if confidence is None else {"language_confidence": confidence}
    data = agents_stt.SpeechData(
        language=language,  # type: ignore[arg-type]
        text=text,
        start_time=start,
        end_time=end,
        words=words,
        metadata=metadata,
    )
    return agents_stt.SpeechEvent(type=kind, alternatives=[data])


async def sounds(*parts: tuple[float, float]) -> AsyncGenerator[Sound, None]:
    """Seconds of audio, each with the probability of speech in it, as they pass."""
    for seconds, speech in parts:
        for _ in range(round(seconds * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.zeros(BLOCK, np.int16), speech=speech)
            await asyncio.sleep(BLOCK / SAMPLE_RATE)


def duration(parts: Sequence[tuple[float, float]]) -> float:
    """Seconds that `sounds` take."""
    return sum(round(seconds * SAMPLE_RATE / BLOCK) for seconds, _ in parts) * BLOCK / SAMPLE_RATE


def now() -> float:
    return asyncio.get_running_loop().time()


SPOKEN = ((0.512, 0.0), (2.048, 0.9), (1.536, 0.0))


async def heard(
    script: Script,
    *parts: tuple[float, float],
    languages: Sequence[str] = ("en", "es"),
    expected: str | None = None,
    **options: Any,
) -> list[Hypothesis]:
    ear = LiveKitEar(lambda _languages, _terms: ScriptedSTT(script), **options)
    async with (
        aclosing(sounds(*(parts or SPOKEN))) as audio,
        aclosing(ear.listen(audio, Prior(languages=languages, expected=expected))) as hypotheses,
    ):
        return [hypothesis async for hypothesis in hypotheses]


async def test_an_utterance_grows_under_one_id_until_it_is_final() -> None:
    script = Script(
        steps=[
            (1.0, says(INTERIM, "good")),
            (1.5, says(INTERIM, "good morning")),
            (3.0, says(FINAL, "Good morning.")),
            (3.2, says(INTERIM, "and")),
            (3.4, says(FINAL, "And?")),
        ]
    )
    got = await heard(script)
    assert [(h.utterance, h.text, h.final) for h in got] == [
        ("1", "good", False),
        ("1", "good morning", False),
        ("1", "Good morning.", True),
        ("2", "and", False),
        ("2", "And?", True),
    ]
    assert script.closed


async def test_languages_and_terms_reach_the_maker() -> None:
    made: list[tuple[Sequence[str], Sequence[str]]] = []

    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        made.append((languages, terms))
        return ScriptedSTT(Script())

    listening = LiveKitEar(make).listen(
        sounds((0.1, 0.0)), Prior(languages=("en", "es"), terms=("LiveKit",))
    )
    assert [hypothesis async for hypothesis in listening] == []
    assert made == [(("en", "es"), ("LiveKit",))]


async def test_times_are_those_of_the_speech_that_was_pushed() -> None:
    script = Script(steps=[(1.5, says(INTERIM, "good")), (3.0, says(FINAL, "Good."))])
    interim, final = await heard(script)
    assert interim.start == pytest.approx(0.512)
    assert interim.end == pytest.approx(1.5, abs=0.04)
    assert (final.start, final.end) == pytest.approx((0.512, 2.56))


async def test_the_next_utterance_begins_with_the_next_speech() -> None:
    script = Script(steps=[(1.8, says(FINAL, "One.")), (3.4, says(FINAL, "Two."))])
    one, two = await heard(script, (0.512, 0.0), (1.024, 0.9), (0.512, 0.0), (1.024, 0.9), (1, 0.0))
    assert (one.start, one.end) == pytest.approx((0.512, 1.536))
    assert (two.start, two.end) == pytest.approx((2.048, 3.072))


async def test_a_vendors_own_times_are_taken_where_they_can_be_true() -> None:
    words = [
        TimedString("Good", start_time=0.6, end_time=0.9),
        TimedString("morning.", start_time=0.9, end_time=1.4),
    ]
    true = says(FINAL, "Good morning.", start=0.6, end=1.4, words=words)
    (final,) = await heard(Script(steps=[(3.0, true)]))
    assert (final.start, final.end) == (0.6, 1.4)
    assert final.words == (
        Word(text="Good", start=0.6, end=0.9),
        Word(text="morning.", start=0.9, end=1.4),
    )


async def test_times_after_the_audio_that_was_pushed_are_not_believed() -> None:
    words = [TimedString("Good", start_time=70.0, end_time=71.0)]
    late = says(FINAL, "Good", start=70.0, end=71.0, words=words)
    (final,) = await heard(Script(steps=[(3.0, late)]))
    assert (final.start, final.end) == pytest.approx((0.512, 2.56))
    assert final.words == ()


async def test_confirmed_text_is_stable_whether_it_is_all_or_the_last_piece() -> None:
    script = Script(
        steps=[
            (1.0, says(INTERIM, "good morning")),
            (1.1, says(PREFLIGHT, "Good morning,")),
            (1.5, says(INTERIM, "Good morning, all of")),
            (1.6, says(INTERIM, "Good morning, all of you")),
            (1.7, says(PREFLIGHT, "all of you")),
            (1.8, says(PREFLIGHT, "something else")),
            (3.0, says(FINAL, "Good morning, all of you.")),
        ]
    )
    got = await heard(script)
    assert [(h.text, h.text[: h.stable]) for h in got] == [
        ("good morning", ""),
        ("Good morning,", "Good morning,"),
        ("Good morning, all of", "Good morning,"),
        ("Good morning, all of you", "Good morning,"),
        ("Good morning, all of you", "Good morning, all of you"),
        ("Good morning, all of you.", "Good morning, all of you."),
    ]


async def test_to_confirm_the_last_piece_moves_nothing_in_time() -> None:
    words = [
        TimedString("Good", start_time=0.6, end_time=0.9),
        TimedString("morning.", start_time=0.9, end_time=1.4),
    ]
    interim, confirmed = (
        await heard(
            Script(
                steps=[
                    (1.5, says(INTERIM, "Good morning.", start=0.6, end=1.4, words=words)),
                    (1.6, says(PREFLIGHT, "morning.", start=0.9, end=1.4, words=words[1:])),
                ]
            )
        )
    )[:2]
    assert confirmed == replace(interim, stable=len("Good morning."))


async def test_a_final_without_text_takes_back_what_was_open() -> None:
    script = Script(
        steps=[(1.0, says(FINAL, "")), (1.5, says(INTERIM, "mm")), (3, says(FINAL, ""))]
    )
    assert [(h.text, h.final) for h in await heard(script)] == [("mm", False), ("", True)]


@pytest.mark.parametrize(
    ("event", "languages", "expected", "language"),
    [
        (says(FINAL, "Hola", "en"), ("en", "es"), None, None),
        (says(FINAL, "Hola", "en"), ("en", "es"), "es-MX", "es"),
        (says(FINAL, "Hello", "en", confidence=0.9), ("en", "es"), "es", "en"),
        (says(FINAL, "Hello", "en", confidence=0.2), ("en", "es"), "es", "es"),
        (says(FINAL, "Sí", "es"), ("en", "es"), "en", "es"),
        (says(FINAL, "Sí", "es-ES"), ("en", "es-MX"), None, "es-MX"),
        (says(FINAL, "Salut", "fr"), ("en", "es"), None, None),
        (says(FINAL, LONG_SPANISH, "en"), ("en", "es", "pt"), "en", "es"),
        (says(FINAL, LONG_SPANISH), ("en", "es-MX", "es"), "es", "es"),
        (says(FINAL, LONG_SPANISH), ("en", "eu"), None, None),
        (says(FINAL, "Anything", "en"), ("ca",), None, "ca"),
    ],
)
async def test_a_language_is_believed_detected_or_expected_in_this_order(
    event: agents_stt.SpeechEvent,
    languages: tuple[str, ...],
    expected: str | None,
    language: str | None,
) -> None:
    (final,) = await heard(Script(steps=[(3.0, event)]), languages=languages, expected=expected)
    assert final.language == language


async def test_an_stt_that_knows_english_is_believed() -> None:
    script = Script(steps=[(3.0, says(FINAL, "Yes", "en"))])
    (final,) = await heard(script, expected="es", knows_english=True)
    assert final.language == "en"


async def test_who_spoke_a_language_is_expected_to_go_on_in_it() -> None:
    script = Script(steps=[(1.8, says(FINAL, LONG_SPANISH)), (3.0, says(FINAL, "Vale", "en"))])
    assert [h.language for h in await heard(script, expected="en")] == ["es", "es"]


async def test_an_stt_that_never_ends_is_ended_and_its_last_words_are_final() -> None:
    script = Script(steps=[(2.4, says(INTERIM, "good"))], endless=True)
    began = now()
    interim, rest = await heard(script)
    assert (interim.text, interim.final) == ("good", False)
    assert (rest.utterance, rest.text, rest.final, rest.stable) == ("1", "good", True, 4)
    assert now() - began == pytest.approx(duration(SPOKEN) + 2.0)


async def test_a_listen_ends_with_the_last_final_and_not_with_the_grace() -> None:
    script = Script(at_end=[says(FINAL, "Good.")], endless=True)
    began = now()
    assert [hypothesis.text for hypothesis in await heard(script)] == ["Good."]
    assert now() - began == pytest.approx(duration(SPOKEN))


async def test_silence_needs_no_grace() -> None:
    began = now()
    assert await heard(Script(endless=True), (1.0, 0.0)) == []
    assert now() - began == pytest.approx(duration([(1.0, 0.0)]))


async def test_the_echo_of_the_last_word_needs_no_grace() -> None:
    script = Script(steps=[(3.0, says(FINAL, "Good.", start=0.6, end=2.4))], endless=True)
    began = now()
    assert len(await heard(script)) == 1
    assert now() - began == pytest.approx(duration(SPOKEN))


async def test_audio_is_filled_up_to_whole_chunks() -> None:
    script = Script()
    await heard(script, (0.32, 0.9))
    assert script.samples == 7 * 800


@pytest.mark.parametrize(
    ("error", "retryable", "text"),
    [
        (APIStatusError(f"bad key {KEY}", status_code=401, body=KEY), False, "refuses the key"),
        (APIStatusError("slow down", status_code=429), True, "status 429"),
        (APIStatusError("closed", status_code=3008), True, "broke off (status 3008)"),
        (APIConnectionError(f"refused {KEY}"), True, "broke off"),
        (aiohttp.ClientConnectionError(KEY), True, "(ClientConnectionError)"),
        (
            aiohttp.WSServerHandshakeError(None, (), status=401, message=KEY),  # type: ignore[arg-type]
            False,
            "refuses the key",
        ),
        (APIError(KEY, retryable=False), False, "failed (APIError)"),
        (ValueError(KEY), False, "failed (ValueError)"),
    ],
)
async def test_a_vendors_failure_is_told_without_its_words(
    error: Exception, retryable: bool, text: str
) -> None:
    with pytest.raises(HearError) as raised:
        await heard(Script(steps=[(1.0, says(INTERIM, "good")), (1.2, error)]))
    assert raised.value.retryable is retryable
    assert text in str(raised.value)
    assert str(raised.value).startswith("Scripted ")
    assert KEY not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_an_stt_is_made_beside_the_event_loop() -> None:
    made: list[bool] = []

    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        made.append(in_event_loop())
        return ScriptedSTT(Script())

    listening = LiveKitEar(make).listen(sounds((1.0, 0.0)), Prior(languages=("en",)))
    async with aclosing(listening):
        assert [one async for one in listening] == []
    assert made == [False]


async def test_an_stt_that_cannot_be_made_has_failed() -> None:
    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        raise ValueError("a key is required")

    with pytest.raises(HearError, match=r"no engine \(ValueError\): check its settings") as raised:
        async for _ in LiveKitEar(make).listen(sounds((1.0, 0.9)), Prior(languages=("en",))):
            pass
    assert not raised.value.retryable


async def test_an_stt_that_stops_before_the_audio_has_failed() -> None:
    with pytest.raises(HearError, match="Scripted has stopped listening") as raised:
        await heard(Script(steps=[(1.0, None)]))
    assert raised.value.retryable


async def test_an_stt_that_says_nothing_of_much_speech_has_failed() -> None:
    with pytest.raises(HearError, match="says nothing"):
        await heard(Script(endless=True), (10, 0.9), patience=4.0)


async def test_an_stt_that_leaves_the_last_words_unanswered_has_failed() -> None:
    with pytest.raises(HearError, match="says nothing") as raised:
        await heard(Script(endless=True), (1.0, 0.9), (1.5, 0.0))
    assert raised.value.retryable
    assert raised.value.kind == "silent"


async def test_an_stt_that_ends_in_order_heard_no_words_in_a_noise() -> None:
    assert await heard(Script(), (1.0, 0.9), (1.5, 0.0)) == []


async def test_what_has_waited_is_sent_no_faster_than_vendors_take_it() -> None:
    script, begun = Script(), now()
    sent: list[tuple[float, float]] = []

    async def at_once() -> AsyncGenerator[Sound, None]:
        for _ in range(round(6.0 * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.zeros(BLOCK, np.int16), speech=0.0)
            sent.append((now() - begun, script.samples / SAMPLE_RATE))

    ear = LiveKitEar(lambda _languages, _terms: ScriptedSTT(script))
    async with aclosing(ear.listen(at_once(), Prior(languages=("en",)))) as hypotheses:
        assert [one async for one in hypotheses] == []
    assert max(pushed - PACE * passed for passed, pushed in sent) == pytest.approx(BURST, abs=0.06)
    assert sent[-1][0] == pytest.approx((6.0 - BURST) / PACE, abs=0.1)


async def test_an_old_stream_ends_at_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.engines.livekit.ear.RENEWED", 3.0)
    script = Script(at_end=[says(FINAL, "Good morning.")])
    parts = [(0.5, 0.0), (3.0, 0.9), (0.5, 0.0), (3.0, 0.9)]
    began = now()
    (final,) = await heard(script, *parts)
    assert final.text == "Good morning."
    assert now() - began == pytest.approx(3.5 + PAUSE, abs=0.1)


async def test_an_stt_that_answers_now_and_then_may_go_on() -> None:
    script = Script(steps=[(float(at), says(INTERIM, "and so on")) for at in range(3, 30, 3)])
    assert len(await heard(script, (10, 0.9), patience=4.0)) == 4


async def test_a_failure_of_the_floor_is_raised_as_it_is() -> None:
    async def broken() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((0.5, 0.0)):
            yield sound
        raise LookupError("the floor is gone")

    script = Script(endless=True)
    ear = LiveKitEar(lambda _languages, _terms: ScriptedSTT(script))
    with pytest.raises(LookupError, match="the floor is gone"):
        async for _ in ear.listen(broken(), Prior(languages=("en",))):
            pass


async def test_who_stops_reading_ends_the_stream() -> None:
    script = Script(steps=[(1.0, says(INTERIM, "good"))], endless=True)
    ear = LiveKitEar(lambda _languages, _terms: ScriptedSTT(script))
    async with aclosing(ear.listen(sounds(*SPOKEN), Prior(languages=("en",)))) as hypotheses:
        assert (await anext(hypotheses)).text == "good"
    assert script.closed
    assert len(asyncio.all_tasks()) == 1


async def test_a_floor_is_heard_on_by_a_fresh_stt_after_a_failure() -> None:
    scripts = [
        Script(steps=[(1.0, says(INTERIM, "good")), (1.2, APIConnectionError())]),
        Script(steps=[(5.5, says(FINAL, "Good morning."))], endless=True),
    ]
    left = iter(scripts)
    failures: list[HearError] = []
    async with (
        aclosing(sounds((0.5, 0.0), (6.0, 0.9), (3.0, 0.0))) as audio,
        aclosing(
            hear(
                audio,
                LiveKitEar(lambda _languages, _terms: ScriptedSTT(next(left))),
                prior=lambda: Prior(languages=("en",)),
                opened=lambda _open: None,
                failed=failures.append,
            )
        ) as hypotheses,
    ):
        got = [(h.text, h.final) async for h in hypotheses]
    assert got == [("good", False), ("good", True), ("Good morning.", True)]
    assert len(failures) == 1
    assert all(script.closed for script in scripts)


# Rendering.


class ScriptedLLM(agents_llm.LLM[Any]):
    def __init__(self, pieces: Sequence[str], *, pause: float = 0.0) -> None:
        super().__init__()
        self.pieces = pieces
        self.pause = pause
        self.asked: list[agents_llm.ChatContext] = []

    @property
    def provider(self) -> str:
        return "Scripted"

    def chat(self, *, chat_ctx: agents_llm.ChatContext, **options: Any) -> agents_llm.LLMStream:
        assert options["conn_options"].max_retry == 0
        self.asked.append(chat_ctx)
        return ScriptedLLMStream(
            self, chat_ctx=chat_ctx, tools=[], conn_options=options["conn_options"]
        )


class ScriptedLLMStream(agents_llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, ScriptedLLM)
        for piece in self._llm.pieces:
            await asyncio.sleep(self._llm.pause)
            delta = agents_llm.ChoiceDelta(role="assistant", content=piece)
            self._event_ch.send_nowait(agents_llm.ChatChunk(id="1", delta=delta))


SEGMENT = Segment(
    id="s1",
    speaker="p-1",
    speaker_name="Grace",
    language="en",
    text="Good morning.",
    start=0.0,
    end=1.0,
    committed=1.2,
    settings=1,
)


async def rendered(model: ScriptedLLM, **options: Any) -> list[str]:
    renderer = LiveKitRenderer(model, Prompt.load(), **options)
    async with aclosing(renderer.render(Brief(segment=SEGMENT, target="es"))) as pieces:
        return [piece async for piece in pieces]


async def test_a_rendition_comes_in_pieces_without_the_space_before_it() -> None:
    model = ScriptedLLM(["\n", " Buenos", " días."])
    assert await rendered(model) == ["Buenos", " días."]
    system, user = model.asked[0].messages()
    assert (system.role, user.role) == ("system", "user")
    assert user.text_content == SEGMENT.text


async def test_a_model_that_says_nothing_has_failed() -> None:
    with pytest.raises(RenderError, match="gave no text") as raised:
        await rendered(ScriptedLLM([" "]))
    assert raised.value.retryable


async def test_a_model_that_goes_on_and_on_meets_the_deadline() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no "] * 1000, pause=0.3), deadline=10.0)
    assert now() - began == pytest.approx(10.0)


async def test_a_model_that_falls_silent_is_not_waited_for() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no"], pause=60.0), first=2.5, patience=4.0)
    assert now() - began == pytest.approx(2.5)


async def test_the_first_piece_is_waited_for_apart_from_the_others() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no", "no"], pause=3.0), first=4.0, patience=2.0)
    assert now() - began == pytest.approx(5.0)


# Speaking.


class ScriptedTTS(agents_tts.TTS[Any]):
    """Says a text as 10 ms a letter at 24 kHz, then fails or hangs if told to."""

    def __init__(self, *, error: Exception | None = None, hangs: bool = False) -> None:
        super().__init__(
            capabilities=agents_tts.TTSCapabilities(streaming=False),
            sample_rate=24_000,
            num_channels=1,
        )
        self.error = error
        self.hangs = hangs
        self.pace = 1.0
        self.asked: list[tuple[str, float]] = []
        self.closed = False

    @property
    def provider(self) -> str:
        return "Scripted"

    def synthesize(
        self,
        text: str,
        *,
        conn_options: APIConnectOptions = APIConnectOptions(),  # noqa: B008
    ) -> agents_tts.ChunkedStream:
        assert conn_options.max_retry == 0
        self.asked.append((text, self.pace))
        return ScriptedSpeech(tts=self, input_text=text, conn_options=conn_options)

    async def aclose(self) -> None:
        self.closed = True


class ScriptedSpeech(agents_tts.ChunkedStream):
    async def _run(self, output_emitter: agents_tts.AudioEmitter) -> None:
        assert isinstance(self._tts, ScriptedTTS)
        output_emitter.initialize(
            request_id="1", sample_rate=24_000, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(b"\1\0" * 240 * len(self._input_text))
        if self._tts.hangs:
            await asyncio.Event().wait()
        if self._tts.error is not None:
            await asyncio.sleep(0)
            raise self._tts.error


async def said(voice: LiveKitVoice[Any], text: str, *, pace: float = 1.0) -> list[rtc.AudioFrame]:
    async with aclosing(voice.say(text, language="es", voice="eva", pace=pace)) as frames:
        return [frame async for frame in frames]


def speaking(
    engine: ScriptedTTS, *, set_pace: Callable[[ScriptedTTS, float], None] | None = None
) -> LiveKitVoice[ScriptedTTS]:
    return LiveKitVoice(lambda _language, _voice: engine, set_pace=set_pace)


async def test_a_text_is_spoken_once_and_whole() -> None:
    engine = ScriptedTTS()
    frames = await said(speaking(engine), "Buenos días")
    assert sum(frame.duration for frame in frames) == pytest.approx(0.11)
    assert {(frame.sample_rate, frame.num_channels) for frame in frames} == {(24_000, 1)}
    assert engine.asked == [("Buenos días", 1.0)]


async def test_there_is_one_tts_for_each_language_and_voice() -> None:
    made: list[tuple[str, str | None]] = []
    engines: list[ScriptedTTS] = []

    def make(language: str, voice: str | None) -> ScriptedTTS:
        made.append((language, voice))
        engines.append(ScriptedTTS())
        return engines[-1]

    voice = LiveKitVoice(make)
    for language, name in (("es", None), ("es", "eva"), ("es", None), ("fr", None)):
        async with aclosing(voice.say("Sí", language=language, voice=name, pace=1.0)) as frames:
            async for _ in frames:
                pass
    assert made == [("es", None), ("es", "eva"), ("fr", None)]
    await voice.aclose()
    assert all(engine.closed for engine in engines)


async def test_a_tts_is_made_once_and_beside_the_event_loop() -> None:
    made: list[bool] = []

    def make(language: str, voice: str | None) -> ScriptedTTS:
        made.append(in_event_loop())
        return ScriptedTTS()

    voice = LiveKitVoice(make)
    await asyncio.gather(said(voice, "Uno"), said(voice, "Dos"))
    assert made == [False]


async def test_a_voice_that_cannot_be_made_has_failed() -> None:
    def make(language: str, voice: str | None) -> ScriptedTTS:
        raise ValueError(f"no voice speaks {language}")

    with pytest.raises(SpeakError, match=r"no engine \(ValueError\)"):
        await said(LiveKitVoice(make), "Buenos días")


async def test_the_pace_is_set_before_each_text() -> None:
    engine = ScriptedTTS()
    voice = speaking(engine, set_pace=lambda tts, pace: setattr(tts, "pace", pace))
    await said(voice, "Uno", pace=1.25)
    await said(voice, "Dos", pace=1.0)
    assert voice.paced
    assert not speaking(engine).paced
    assert engine.asked == [("Uno", 1.25), ("Dos", 1.0)]


async def test_what_cannot_be_spoken_is_not_asked_for() -> None:
    engine = ScriptedTTS()
    assert await said(speaking(engine), " … ¿?") == []
    assert engine.asked == []


async def test_a_failure_after_some_audio_is_not_said_twice() -> None:
    engine = ScriptedTTS(error=APIConnectionError(KEY))
    with pytest.raises(SpeakError, match="Scripted broke off") as raised:
        await said(speaking(engine), "Buenos días")
    assert raised.value.retryable
    assert KEY not in str(raised.value)
    assert len(engine.asked) == 1


async def test_a_voice_that_falls_silent_is_not_waited_for() -> None:
    with pytest.raises(SpeakError, match="did not answer in time"):
        await said(speaking(ScriptedTTS(hangs=True)), "Buenos días")


async def test_who_stops_listening_ends_the_request() -> None:
    voice = speaking(ScriptedTTS(hangs=True))
    async with aclosing(voice.say("Buenos días", language="es", voice=None, pace=1.0)) as frames:
        await anext(frames)
    assert len(asyncio.all_tasks()) == 1
