"""Engines, a track and a room that follow a script, for tests in virtual time.

They behave as their protocols say and keep what they were given. Times of a script are seconds.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import rtc

from translator import settings
from translator.captions import Caption
from translator.channel import SAMPLE_RATE
from translator.errors import HearError, RenderError, SettingsError, SpeakError
from translator.glossary import Glossary
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.hear import Sound, seconds
from translator.interpret import Realtime
from translator.record import Fact, Speaking, Spoken, Unspoken
from translator.render import Renderer
from translator.speak import Voice
from translator.types import Brief, Hypothesis, Prior, Segment

Samples = npt.NDArray[np.int16]


def meeting_clock() -> Callable[[], float]:
    """Meeting time that begins now."""
    zero = time.monotonic()
    return lambda: time.monotonic() - zero


def segment(
    number: int = 1,
    text: str = "Good morning to all of you.",
    *,
    start: float = 0.0,
    end: float | None = None,
    speaker: str = "p-ada",
    language: str = "en",
) -> Segment:
    """A segment of two seconds; its id is `speaker/number`."""
    stop = start + 2.0 if end is None else end
    return Segment(
        id=f"{speaker}/{number}",
        speaker=speaker,
        speaker_name=speaker.removeprefix("p-").title(),
        language=language,
        text=text,
        start=start,
        end=stop,
        committed=stop,
        settings=1,
    )


def meeting_settings(
    *,
    languages: Mapping[str, settings.Language] | None = None,
    pairs: Sequence[settings.Pair] | None = None,
    glossaries: Mapping[str, Glossary] | None = None,
    max_wait: float = 2.0,
    grace: float = 10.0,
    max_languages: int = 10,
) -> settings.Settings:
    """Spanish and French, spoken by the engine `voice`, rendered by the engine `renderer`."""
    speaking = settings.Language(speak="voice")
    anything = settings.Pair.model_validate(
        {"from": "*", "to": "*", "render": "renderer", "guard": False}
    )
    return settings.Settings(
        number=1,
        engines={},
        hear="ear",
        spoken=("en", "es", "fr"),
        languages={"es": speaking, "fr": speaking} if languages is None else languages,
        pairs=(anything,) if pairs is None else tuple(pairs),
        glossaries=glossaries or {},
        segments=settings.Segmenting(max_seconds=3.0),
        max_wait=max_wait,
        grace=grace,
        max_languages=max_languages,
    )


class Facts(list[Fact]):
    """A subscriber that keeps everything."""

    def note(self, fact: Fact) -> None:
        self.append(fact)

    def of(self, *kinds: type[Fact]) -> list[Any]:
        return [fact for fact in self if isinstance(fact, kinds)]

    @property
    def ends(self) -> dict[str, list[str]]:
        """What became of each segment: `spoken`, or why not; once each, or it is wrong."""
        found: dict[str, list[str]] = {}
        for one in self.of(Spoken, Unspoken):
            found.setdefault(one.segment_id, []).append(getattr(one, "why", "spoken"))
        return found

    @property
    def order(self) -> list[str]:
        """Segments as they began to be spoken."""
        return [one.segment_id for one in self.of(Speaking)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One listen: hypotheses, each when so much of its audio was read; then perhaps an error.

    The last one is given when the audio ends, if it ends before.
    """

    said: Sequence[tuple[float, Hypothesis]] = ()
    error: HearError | None = None


class ScriptedEar:
    """Each listen follows the next act; there is silence after the last one."""

    def __init__(self, *acts: Hearing) -> None:
        self._acts = list(acts)
        self.listens = 0
        self.open = 0

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        act = self._acts.pop(0) if self._acts else Hearing()
        said = list(act.said)
        self.listens += 1
        self.open += 1
        read = 0
        try:
            async for _ in audio:
                read += 1
                while said and said[0][0] <= seconds(read):
                    yield said.pop(0)[1]
            for _, hypothesis in said:
                yield hypothesis
            if act.error is not None:
                raise act.error
        finally:
            self.open -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One call of a renderer: pieces, each after a delay; then perhaps an error."""

    pieces: Sequence[tuple[float, str]] = ()
    error: Exception | None = None


class ScriptedRenderer:
    """Follows the acts of a text, call by call, the last one again and again.

    Without an act a text becomes `[target] text` after `delay`.
    """

    def __init__(
        self,
        *,
        delay: float = 0.2,
        acts: Mapping[str, Sequence[Wording]] = {},
        prompt: str | None = None,
    ) -> None:
        self.delay = delay
        self.prompt = prompt
        self.calls: list[Brief] = []
        self._acts = {text: list(some) for text, some in acts.items()}

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        self.calls.append(brief)
        text = brief.segment.text
        usual = Wording(pieces=((self.delay, f"[{brief.target}] {text}"),))
        act = _next(self._acts.get(text), usual)
        for delay, piece in act.pieces:
            await asyncio.sleep(delay)
            yield piece
        if act.error is not None:
            raise act.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One call of a voice: `seconds` of audio from `delay` on, then perhaps an error."""

    delay: float = 0.1
    seconds: float = 1.0
    speed: float = 50.0
    """Seconds of audio made in a second: below 1 it is slower than the channel."""
    error: Exception | None = None


FRAME = 0.02
"""Seconds of one frame of a ScriptedVoice."""


class ScriptedVoice:
    """Follows the acts of a text as ScriptedRenderer does.

    A text is spoken at one level, so that a track can be read: `level`.
    """

    def __init__(
        self, usual: Saying = Saying(), *, acts: Mapping[str, Sequence[Saying]] = {}
    ) -> None:
        self.calls: list[tuple[str, str, float]] = []
        """(text, language, pace)"""
        self.paced = True
        self._usual = usual
        self._acts = {text: list(some) for text, some in acts.items()}
        self._levels: dict[str, int] = {}

    def level(self, text: str) -> int:
        return self._levels.setdefault(text, 1000 * (len(self._levels) + 1))

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        self.calls.append((text, language, pace))
        act = _next(self._acts.get(text), self._usual)
        await asyncio.sleep(act.delay)
        for _ in range(round(act.seconds / FRAME)):
            yield frame(FRAME, self.level(text))
            await asyncio.sleep(FRAME / act.speed)
        if act.error is not None:
            raise act.error


def frame(duration: float, level: int, sample_rate: int = SAMPLE_RATE) -> rtc.AudioFrame:
    """A mono frame of one level."""
    samples = np.full(round(duration * sample_rate), level, np.int16)
    return rtc.AudioFrame(samples.tobytes(), sample_rate, 1, len(samples))


@dataclass(slots=True, kw_only=True)
class ScriptedEngines:
    """Gives the same renderer and voice by any name that has none of its own, to a thread.

    `unusable` names raise SettingsError; `unreached` ones know no pair.
    """

    one_renderer: ScriptedRenderer = field(default_factory=ScriptedRenderer)
    one_voice: ScriptedVoice = field(default_factory=ScriptedVoice)
    renderers: Mapping[str, ScriptedRenderer] = field(default_factory=dict)
    voices: Mapping[str, ScriptedVoice] = field(default_factory=dict)
    unusable: Collection[str] = ()
    unreached: Collection[str] = ()

    def renderer(self, name: str) -> Renderer:
        self._check(name)
        return self.renderers.get(name, self.one_renderer)

    def reaches(self, name: str, source: str, target: str) -> bool:
        return name not in self.unreached

    def voice(self, name: str) -> Voice:
        self._check(name)
        return self.voices.get(name, self.one_voice)

    def realtime(self, name: str) -> Realtime:
        raise SettingsError(f"{name} is no model")

    def _check(self, name: str) -> None:
        assert not in_event_loop(), "to make an engine takes time"
        if name in self.unusable:
            raise SettingsError(f"{name} has no key")


def in_event_loop() -> bool:
    """Whether this is called by what an event loop runs, and not by a thread beside it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """One stretch of a track at one level."""

    level: int
    start: float
    end: float


class ListTrack:
    """A track as LiveKit's: it takes QUEUE seconds ahead of what sounds."""

    QUEUE = 0.1

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0
        self.written: list[tuple[float, Samples]] = []
        """(meeting time when it sounds, samples)"""

    async def write(self, samples: Samples) -> float:
        now = self._clock()
        begins = max(now, self._until)
        self.written.append((begins, samples.copy()))
        self._until = begins + len(samples) / SAMPLE_RATE
        await asyncio.sleep(max(self._until - self.QUEUE - now, 0.0))
        return begins

    def soundings(self) -> list[Sounding]:
        """What was heard, in order; a gap or another level begins a new one. Ramps are left out
        where they have other levels than full thousands."""
        found: list[Sounding] = []
        for begins, samples in self.written:
            for level in np.unique(samples[samples % 1000 == 0]):
                if level == 0:
                    continue
                places = np.flatnonzero(samples == level)
                start = begins + int(places[0]) / SAMPLE_RATE
                end = begins + (int(places[-1]) + 1) / SAMPLE_RATE
                last = found[-1] if found else None
                if last is not None and last.level == level and start - last.end < 0.015:
                    found[-1] = Sounding(level=int(level), start=last.start, end=end)
                else:
                    found.append(Sounding(level=int(level), start=start, end=end))
        return found

    def samples(self) -> Samples:
        """All that was written, without the gaps."""
        return np.concatenate([samples for _, samples in self.written])


class ListRoom:
    """A room that keeps the messages it was given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, tuple[str, ...]]] = []
        """(topic, payload, to)"""
        self.transcribed: list[tuple[Caption, tuple[str, ...]]] = []

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        self.sent.append((topic, payload, tuple(to)))

    async def send_transcription(self, caption: Caption, to: Collection[str]) -> None:
        self.transcribed.append((caption, tuple(to)))


def retryable_render_error() -> RenderError:
    return RenderError("the renderer is busy", retryable=True)


def retryable_speak_error() -> SpeakError:
    return SpeakError("the voice is busy", retryable=True)


def _next(acts: list[Any] | None, usual: Any) -> Any:
    if not acts:
        return usual
    return acts.pop(0) if len(acts) > 1 else acts[0]


class LoudnessVAD:
    """Takes every sound that is not silent for a voice; stands in for the real detector."""

    def __enter__(self) -> "LoudnessVAD":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def predict(self, samples: Samples) -> float:
        return 1.0 if samples.any() else 0.0


async def microphone(
    *parts: tuple[float, int], size: float = 0.05
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """A live floor: `parts` are (seconds, level), one after the other, in real time.

    A frame is given when its last sample has sounded.
    """
    begin, count = time.monotonic(), 0
    for duration, level in parts:
        for _ in range(round(duration / size)):
            count += 1
            await asyncio.sleep(begin + count * size - time.monotonic())
            yield frame(size, level, HEARD_RATE)
