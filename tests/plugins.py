"""Scripted subclasses of LiveKit's STT, and what an ear makes of them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions
from livekit.agents import stt as agents_stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from translator.engines.livekit import LiveKitEar
from translator.hear import BLOCK, SAMPLE_RATE, Sound
from translator.types import Hypothesis, Prior

KEY = "sk-secret-0123456789"


LONG_SPANISH = "Muchas gracias a todos por haber venido hoy."


INTERIM = agents_stt.SpeechEventType.INTERIM_TRANSCRIPT


PREFLIGHT = agents_stt.SpeechEventType.PREFLIGHT_TRANSCRIPT


FINAL = agents_stt.SpeechEventType.FINAL_TRANSCRIPT


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
    ear = LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(script), **options)
    async with (
        aclosing(sounds(*(parts or SPOKEN))) as audio,
        aclosing(ear.listen(audio, Prior(languages=languages, expected=expected))) as hypotheses,
    ):
        return [hypothesis async for hypothesis in hypotheses]
