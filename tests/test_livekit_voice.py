"""Any plugin's TTS is a voice, over scripted subclasses of LiveKit's base classes."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions
from livekit.agents import tts as agents_tts

from tests.fakes import in_event_loop
from tests.plugins import (
    KEY,
)
from translator.engines.livekit import LiveKitVoice
from translator.errors import SpeakError

pytestmark = pytest.mark.unit


class ScriptedTTS(agents_tts.TTS[Any]):
    """Says a text as 40 ms a letter at 24 kHz, then fails or hangs if told to."""

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
        output_emitter.push(b"\1\0" * 960 * len(self._input_text))
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
    return LiveKitVoice("mine", lambda _language, _voice: engine, set_pace=set_pace)


async def test_a_text_is_spoken_once_and_whole() -> None:
    engine = ScriptedTTS()
    frames = await said(speaking(engine), "Buenos días")
    assert sum(frame.duration for frame in frames) == pytest.approx(0.44)
    assert {(frame.sample_rate, frame.num_channels) for frame in frames} == {(24_000, 1)}
    assert engine.asked == [("Buenos días", 1.0)]


async def test_there_is_one_tts_for_each_language_and_voice() -> None:
    made: list[tuple[str, str | None]] = []
    engines: list[ScriptedTTS] = []

    def make(language: str, voice: str | None) -> ScriptedTTS:
        made.append((language, voice))
        engines.append(ScriptedTTS())
        return engines[-1]

    voice = LiveKitVoice("mine", make)
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

    voice = LiveKitVoice("mine", make)
    await asyncio.gather(said(voice, "Uno"), said(voice, "Dos"))
    assert made == [False]


async def test_a_voice_that_cannot_be_made_has_failed() -> None:
    def make(language: str, voice: str | None) -> ScriptedTTS:
        raise ValueError(f"no voice speaks {language}")

    with pytest.raises(SpeakError, match=r"no engine \(ValueError\)"):
        await said(LiveKitVoice("mine", make), "Buenos días")


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
    with pytest.raises(SpeakError, match="mine broke off") as raised:
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


class RaisingTTS(ScriptedTTS):
    def synthesize(self, text: str, **options: Any) -> agents_tts.ChunkedStream:
        raise ValueError(f"no such voice; the key is {KEY}")


class RaisingStreamTTS(RaisingTTS):
    @property
    def capabilities(self) -> agents_tts.TTSCapabilities:
        return agents_tts.TTSCapabilities(streaming=True)

    def stream(self, **options: Any) -> agents_tts.SynthesizeStream:
        raise ValueError(f"no such voice; the key is {KEY}")


def no_pace(engine: ScriptedTTS, pace: float) -> None:
    raise ValueError(f"no pace; the key is {KEY}")


@pytest.mark.parametrize(
    "voice",
    [
        speaking(RaisingTTS()),
        speaking(RaisingStreamTTS()),
        speaking(ScriptedTTS(), set_pace=no_pace),
    ],
)
async def test_what_a_plugin_raises_at_once_is_a_failure_like_any_other(
    voice: LiveKitVoice[Any],
) -> None:
    with pytest.raises(SpeakError, match=r"mine failed \(ValueError\)") as raised:
        await said(voice, "Buenos días")
    assert KEY not in str(raised.value)
