"""The engines of a meeting, counted: what was really sent, also where the call failed then."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc

from translator.errors import NOT_BILLED, HearError, InterpretError, SpeakError
from translator.hear import SAMPLE_RATE, Ear, Sound, held
from translator.interpret import Realtime
from translator.lookups import Enquiry
from translator.record import Record, Used
from translator.render import Renderer
from translator.speak import Voice
from translator.summary import Summarizer
from translator.types import Brief, Hypothesis, Pauses, Prior, Segment
from translator.usage import Amounts, Sum, overheard, telling

EVERY = 5.0
"""Seconds of sound after which an ear that goes on listening is counted."""


class Engines(Protocol):
    """What is counted, by the names that the settings use."""

    def ear(self, name: str, pauses: Pauses) -> Ear: ...

    def renderer(self, name: str) -> Renderer: ...

    def reaches(self, name: str, source: str, target: str) -> bool: ...

    def voice(self, name: str) -> Voice: ...

    def realtime(self, name: str) -> Realtime: ...

    def summarizer(self, name: str) -> Summarizer: ...


class Metered:
    """Engines that note in the record what they use."""

    def __init__(self, engines: Engines, record: Record) -> None:
        self._engines = engines
        self._record = record

    def ear(self, name: str, pauses: Pauses, *, person: str, floor: str) -> Ear:
        """An ear of its own for the `floor` of a person, by their identities."""
        ear = self._engines.ear(name, pauses)

        def used(amounts: Amounts) -> None:
            self._note(name, "hear", amounts, person=person, floor=floor)

        return _Ear(ear, used, clock=self._record.clock)

    def renderer(self, name: str) -> Renderer:
        """See meeting.Engines."""

        def used(brief: Brief, amounts: Amounts) -> None:
            person = brief.segment.speaker
            self._note(name, "render", amounts, person=person, language=brief.target)

        return _Renderer(self._engines.renderer(name), used)

    def reaches(self, name: str, source: str, target: str) -> bool:
        """See meeting.Engines."""
        return self._engines.reaches(name, source, target)

    def voice(self, name: str) -> Voice:
        """See meeting.Engines."""

        def used(language: str, amounts: Amounts) -> None:
            self._note(name, "speak", amounts, language=language)

        return _Voice(self._engines.voice(name), used)

    def realtime(self, name: str) -> Realtime:
        """See meeting.Engines."""

        def used(brief: Brief, amounts: Amounts) -> None:
            person = brief.segment.speaker
            self._note(name, "interpret", amounts, person=person, language=brief.target)

        return _Realtime(self._engines.realtime(name), used)

    def summarizer(self, name: str) -> Summarizer:
        """See meeting.Engines."""

        def used(amounts: Amounts) -> None:
            self._note(name, "summarize", amounts)

        return _Summarizer(self._engines.summarizer(name), used)

    def _note(
        self,
        engine: str,
        stage: str,
        amounts: Amounts,
        *,
        person: str | None = None,
        floor: str | None = None,
        language: str | None = None,
    ) -> None:
        self._record.emit(
            Used(
                at=self._record.clock(),
                engine=engine,
                stage=stage,
                amounts=dict(amounts),
                person=person,
                floor=floor,
                language=language,
            )
        )


class _Ear:
    def __init__(
        self, ear: Ear, used: Callable[[Amounts], None], *, clock: Callable[[], float]
    ) -> None:
        self._ear = ear
        self._used = used
        self._clock = clock

    @property
    def hold(self) -> float:
        """See translator.hear.Holding."""
        return held(self._ear)

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See translator.hear.Ear."""
        sent = _Sent(audio, self._used, self._clock)
        taken = True
        try:
            async with aclosing(self._ear.listen(sent, prior)) as hypotheses:
                async for hypothesis in hypotheses:
                    yield hypothesis
        except HearError as error:
            taken = error.kind not in NOT_BILLED
            raise
        finally:
            if taken:
                sent.count()


class _Sent:
    """Sounds on their way to an ear: how much, and for how long the ear has been at work."""

    def __init__(
        self,
        audio: AsyncIterator[Sound],
        used: Callable[[Amounts], None],
        clock: Callable[[], float],
    ) -> None:
        self._audio = audio
        self._used = used
        self._clock = clock
        self._since = clock()
        self._seconds = 0.0

    def __aiter__(self) -> "_Sent":
        return self

    async def __anext__(self) -> Sound:
        sound = await anext(self._audio)
        self._seconds += len(sound.samples) / SAMPLE_RATE
        if self._seconds >= EVERY:
            self.count()
        return sound

    def count(self) -> None:
        now = self._clock()
        self._used({"audio_seconds": self._seconds, "session_seconds": now - self._since})
        self._seconds, self._since = 0.0, now


class _Renderer:
    def __init__(self, renderer: Renderer, used: Callable[[Brief, Amounts], None]) -> None:
        self._renderer = renderer
        self._used = used

    @property
    def prompt(self) -> str | None:
        return self._renderer.prompt

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """See translator.render.Renderer."""
        amounts = Sum()
        try:
            async with aclosing(overheard(self._renderer.render(brief), amounts.add)) as pieces:
                async for piece in pieces:
                    amounts.setdefault("characters", len(brief.segment.text))
                    yield piece
        finally:
            if amounts:
                self._used(brief, amounts)


class _Voice:
    def __init__(self, voice: Voice, used: Callable[[str, Amounts], None]) -> None:
        self._voice = voice
        self._used = used

    @property
    def paced(self) -> bool:
        return self._voice.paced

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See translator.speak.Voice."""
        seconds, sent = 0.0, True
        spoken = self._voice.say(text, language=language, voice=voice, pace=pace)
        try:
            async with aclosing(spoken) as frames:
                async for frame in frames:
                    seconds += frame.duration
                    yield frame
            sent = seconds > 0  # an engine sends nothing off that cannot be spoken
        except SpeakError as error:
            sent = seconds > 0 or error.kind not in NOT_BILLED
            raise
        finally:
            if sent:
                self._used(language, {"characters": len(text), "spoken_seconds": seconds})


class _Realtime:
    def __init__(self, realtime: Realtime, used: Callable[[Brief, Amounts], None]) -> None:
        self._realtime = realtime
        self._used = used

    @property
    def prompt(self) -> str:
        return self._realtime.prompt

    async def interpret(
        self, sound: npt.NDArray[np.int16], brief: Brief
    ) -> AsyncGenerator[str | rtc.AudioFrame, None]:
        """See translator.interpret.Realtime."""
        amounts = Sum(audio_seconds=len(sound) / SAMPLE_RATE, spoken_seconds=0.0)
        said = overheard(self._realtime.interpret(sound, brief), amounts.add)
        taken = True
        try:
            async with aclosing(said) as pieces:
                async for piece in pieces:
                    if isinstance(piece, rtc.AudioFrame):
                        amounts.add({"spoken_seconds": piece.duration})
                    yield piece
        except InterpretError as error:
            taken = error.kind not in NOT_BILLED
            raise
        finally:
            if taken:
                self._used(brief, amounts)

    async def aclose(self) -> None:
        await self._realtime.aclose()


class _Summarizer:
    def __init__(self, summarizer: Summarizer, used: Callable[[Amounts], None]) -> None:
        self._summarizer = summarizer
        self._used = used

    @property
    def prompt(self) -> str | None:
        return self._summarizer.prompt

    async def summarize(
        self, said: Sequence[Segment], *, before: str, words: int, enquiry: Enquiry | None = None
    ) -> str:
        """See translator.summary.Summarizer."""
        amounts = Sum(characters=sum(len(one.text) for one in said))
        try:
            with telling(amounts.add):
                return await self._summarizer.summarize(
                    said, before=before, words=words, enquiry=enquiry
                )
        finally:
            self._used(amounts)
