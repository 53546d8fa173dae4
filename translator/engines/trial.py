"""One call of one engine, as a meeting makes it: whether it works, and how soon.

For `translator check --live`, and for whoever wants to know whether an engine that was down is
back. What is said is short, and not worth a word in a bill.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from livekit import rtc

from translator import languages
from translator.errors import (
    HearError,
    InterpretError,
    RenderError,
    SettingsError,
    SpeakError,
    StageError,
    SummarizeError,
)
from translator.health import Stage, UntriedError
from translator.hear import HOLD, SAMPLE_RATE, Ear, detect
from translator.interpret import Realtime
from translator.render import Renderer
from translator.settings import Settings
from translator.speak import Voice, resample
from translator.summary import Summarizer
from translator.types import Brief, Prior, Segment

DEADLINE = 15.0
"""Seconds for one call, in which an ear is told a sentence of three."""
ROBOT_DEADLINE = 4.0
"""Seconds for the robot to say a sentence, in one of the languages."""
FRAME = 0.05
"""Seconds of audio that an ear is given at a time: as fast as it is spoken."""

GREETINGS = {
    "ca": "Bon dia.",
    "de": "Guten Morgen.",
    "en": "Good morning.",
    "es": "Buenos días.",
    "fr": "Bonjour à tous.",
    "it": "Buon giorno.",
    "nl": "Goede morgen.",
    "pl": "Dzień dobry.",
    "pt": "Bom dia.",
}
COUNT = "1, 2, 3, 4, 5, 6."
"""What voices and models read in any language."""

Samples = npt.NDArray[np.int16]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How soon an engine did what it was asked."""

    first: float
    """Seconds until the first of it: words, a piece of text, sound. Of an ear, from the moment
    that the speech began; of all others, from the call."""
    whole: float
    """Seconds until the last of it. Of an ear, from the end of the speech until its words were
    final; of all others, from the call."""


class Tried(Protocol):
    """The engines by name, as a meeting calls them; each raises SettingsError."""

    @property
    def robot(self) -> Voice:
        """Whoever speaks to an ear."""
        ...

    def ear(self, name: str) -> Ear: ...
    def renderer(self, name: str) -> Renderer: ...
    def voice(self, name: str) -> Voice: ...
    def realtime(self, name: str) -> Realtime: ...
    def summarizer(self, name: str) -> Summarizer: ...
    def reaches(self, name: str, source: str, target: str) -> bool: ...


async def trial(engines: Tried, stage: Stage, name: str, settings: Settings) -> Timing:
    """Have the engine `name` do something short, as the meeting of `settings` would.

    Raises StageError that says what is wrong, with its kind, in DEADLINE seconds at the latest;
    UntriedError where the robot has failed, and not the engine.
    """
    return await _tried(stage, _CALLS[stage](engines, name, settings))


async def voice_trial(engines: Tried, name: str, language: str, voice: str | None) -> Timing:
    """Have the engine `name` speak, in one voice; otherwise as `trial`."""
    return await _tried("speak", _say(engines, name, language, voice))


def voices(settings: Settings, name: str) -> Sequence[tuple[str, str | None]]:
    """Every language and voice that a meeting may ask the engine `name` for, each once."""
    spoken = (route for route in settings.routes() if name in route.by("speak"))
    found = (
        (route.target, voice)
        for route in spoken
        for voice in route.language.voices_of(name) or (None,)
    )
    return tuple(dict.fromkeys(found))


async def _tried(stage: Stage, call: Coroutine[None, None, Timing]) -> Timing:
    failed = _FAILED[stage]
    try:
        async with asyncio.timeout(DEADLINE):
            return await call
    except StageError:
        raise
    except SettingsError as error:
        raise failed(str(error), kind="refused") from error
    except TimeoutError:
        raise failed(f"took longer than {DEADLINE:g} s", retryable=True, kind="silent") from None
    except Exception as error:  # whatever a plugin raises, it does not work
        raise failed(f"failed ({type(error).__name__})") from error


def sentence(language: str) -> str:
    """Some words in a language (BCP-47)."""
    code = languages.lookup(language, GREETINGS)
    return COUNT if code is None else f"{GREETINGS[code]} {COUNT}"


async def _hear(engines: Tried, name: str, settings: Settings) -> Timing:
    ear = await asyncio.to_thread(engines.ear, name)
    speech = await _speech(engines, *settings.spoken)
    tape = _Tape(speech)
    watch = _Watch()
    prior = Prior(languages=settings.spoken)
    async with (
        aclosing(tape.frames()) as frames,
        aclosing(detect(frames)) as sounds,
        aclosing(ear.listen(sounds, prior)) as hypotheses,
    ):
        async for hypothesis in hypotheses:
            if hypothesis.text.strip():
                watch.note(whole=hypothesis.final)
    if watch.first is None or watch.last is None:
        raise HearError("heard no words in a spoken sentence", kind="empty")
    return Timing(
        first=max(watch.first - tape.begun, 0.0),
        whole=max(watch.last - tape.begun - len(speech) / SAMPLE_RATE, 0.0),
    )


async def _render(engines: Tried, name: str, settings: Settings) -> Timing:
    renderer = await asyncio.to_thread(engines.renderer, name)
    source, target = _pair(engines, name, settings)
    brief = Brief(segment=_segment(source), target=target)
    return await _timed(renderer.render(brief), bool, RenderError("gave no text", kind="empty"))


async def _speak(engines: Tried, name: str, settings: Settings) -> Timing:
    usual = next(iter(settings.languages)), None
    language, voice = next(iter(voices(settings, name)), usual)
    return await _say(engines, name, language, voice)


async def _say(engines: Tried, name: str, language: str, voice: str | None) -> Timing:
    speaker = await asyncio.to_thread(engines.voice, name)
    text = GREETINGS.get(languages.lookup(language, GREETINGS) or "", "1, 2.")
    spoken = speaker.say(text, language=language, voice=voice, pace=1.0)
    return await _timed(spoken, _sounds, SpeakError("gave no sound", kind="empty"))


async def _interpret(engines: Tried, name: str, settings: Settings) -> Timing:
    realtime = await asyncio.to_thread(engines.realtime, name)
    source, target = _pair(engines, name, settings)
    brief = Brief(segment=_segment(source), target=target)
    said = realtime.interpret(await _speech(engines, source), brief)
    async with aclosing(realtime):
        return await _timed(said, _is_sound, InterpretError("gave no sound", kind="empty"))


async def _speech(engines: Tried, *wanted: str) -> Samples:
    """A sentence in the first of these languages that the robot speaks, or in English, as an ear
    is given it. Raises UntriedError."""
    why = ""
    try:
        async with asyncio.timeout(ROBOT_DEADLINE):
            for language in (*wanted, "en"):
                try:
                    return await _spoken(engines.robot, language)
                except SpeakError as error:
                    why = str(error)
    except TimeoutError:
        why = "it was late"
    raise UntriedError(f"was not called: the robot cannot speak to it ({why})")


async def _spoken(robot: Voice, language: str) -> Samples:
    """Raises SpeakError."""
    spoken = robot.say(sentence(language), language=language, voice=None, pace=1.0)
    async with aclosing(resample(spoken, SAMPLE_RATE)) as pieces:
        said = [piece async for piece in pieces]
    if not said:
        raise SpeakError("it gave no sound", kind="empty")
    return np.concatenate(said)


async def _summarize(engines: Tried, name: str, settings: Settings) -> Timing:
    summarizer = await asyncio.to_thread(engines.summarizer, name)
    watch = _Watch()
    text = await summarizer.summarize([_segment(settings.spoken[0])], before="", words=10)
    if text.strip():
        watch.note()
    return watch.timing(SummarizeError("gave no text", kind="empty"))


_CALLS = {
    "hear": _hear,
    "render": _render,
    "speak": _speak,
    "interpret": _interpret,
    "summarize": _summarize,
}
_FAILED: dict[str, type[StageError]] = {
    "hear": HearError,
    "render": RenderError,
    "speak": SpeakError,
    "interpret": InterpretError,
    "summarize": SummarizeError,
}


def _pair(engines: Tried, name: str, settings: Settings) -> tuple[str, str]:
    """Two languages between which `name` works, those of the meeting where there are any."""
    for route in settings.routes():
        named = name in (*route.by("render"), *route.by("interpret"))
        if named and engines.reaches(name, route.source, route.target):
            return route.source, route.target
    return ("en", "es")


def _segment(language: str) -> Segment:
    return Segment(
        id="trial",
        speaker="trial",
        speaker_name="Ada",
        language=language,
        text=sentence(language),
        start=0.0,
        end=3.0,
        committed=3.0,
        settings=0,
    )


def _is_sound(piece: str | rtc.AudioFrame) -> bool:
    return isinstance(piece, rtc.AudioFrame)


def _sounds(frame: rtc.AudioFrame) -> bool:
    return frame.samples_per_channel > 0


async def _timed(
    given: AsyncGenerator[T, None], counts: Callable[[T], bool], nothing: StageError
) -> Timing:
    """When the first and the last of `given` that `counts` came; raises `nothing` without any."""
    watch = _Watch()
    async with aclosing(given) as items:
        async for item in items:
            if counts(item):
                watch.note()
    return watch.timing(nothing)


class _Watch:
    """When something came first, and when it was whole; on the event loop's clock."""

    def __init__(self) -> None:
        self._begun = _now()
        self.first: float | None = None
        self.last: float | None = None

    def note(self, *, whole: bool = True) -> None:
        if self.first is None:
            self.first = _now()
        if whole:
            self.last = _now()

    def timing(self, nothing: StageError) -> Timing:
        """From the beginning on; raises `nothing` where nothing came."""
        if self.first is None or self.last is None:
            raise nothing
        return Timing(first=self.first - self._begun, whole=self.last - self._begun)


class _Tape:
    """Speech as a microphone gives it, and silence for as long as a meeting goes on to listen."""

    def __init__(self, speech: Samples) -> None:
        self._samples = np.concatenate((speech, np.zeros(round(HOLD * SAMPLE_RATE), np.int16)))
        self.begun = _now()

    async def frames(self) -> AsyncGenerator[rtc.AudioFrame, None]:
        self.begun = _now()
        size = round(FRAME * SAMPLE_RATE)
        for at in range(0, len(self._samples), size):
            piece = self._samples[at : at + size]
            await asyncio.sleep(self.begun + (at + len(piece)) / SAMPLE_RATE - _now())
            yield rtc.AudioFrame(piece.tobytes(), SAMPLE_RATE, 1, len(piece))


def _now() -> float:
    return asyncio.get_running_loop().time()
