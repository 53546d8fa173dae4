"""Frames of one floor -> hypotheses.

    frames ─ detect ─► sounds ─ hear ─► an ear, while somebody speaks ─► hypotheses

An ear costs money or much of a processor, so it listens only around speech: a gate opens on
voice, gives the ear what came shortly before, and ends its audio after a longer silence.
"""

import asyncio
import itertools
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.local_inference import VAD

from translator.beside import beside
from translator.errors import HearError, SettingsError, UnansweredError
from translator.health import Health
from translator.types import Hypothesis, Prior

SAMPLE_RATE = 16_000
"""Hz, of all that an ear is fed."""
BLOCK = 512
"""Samples of one Sound: the window of the voice activity detector (32 ms)."""

SILENCES = 4
"""Listens in a row in which nobody had a word, until it is a fault and not a noise."""
ONSET = 0.19
"""Voiced seconds that open an ear: a click or a cough has less, a word has more."""
REACH = 0.8
"""Seconds in which ONSET must fall; an ear is given them, so that no first sound is cut off."""
HOLD = 1.5
"""Seconds without speech after which an ear's audio ends."""
REPLAY = 2.0
"""Seconds of speech at most that the ear after a failed one hears again."""
KEPT = 8.0
"""Seconds of audio that hold them, with the pauses between the words."""
BACKOFF = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds of audio to wait after one failure, two in a row, and so on."""

_VOICED = 0.5
_STILL_VOICED = 0.35

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One block of a floor's audio."""

    samples: npt.NDArray[np.int16]
    """BLOCK samples at SAMPLE_RATE, mono."""
    speech: float
    """Probability that a voice is in it."""


class Ear(Protocol):
    """Speech to text. An object serves one floor at a time."""

    def listen(self, audio: AsyncIterator[Sound], prior: Prior) -> AsyncGenerator[Hypothesis, None]:
        """Hear `audio` until it ends, then give what is left as final and return.

        Times are seconds from the first sample of `audio`. Raises HearError.
        """
        ...


class InTurn:
    """Several ears as one: the first that is well listens, and after one that failed, another.

    Each listen has a new ear, of those that are configured then: an edit falls into a pause, and
    so does the way back to an engine that was down.
    """

    def __init__(
        self, names: Callable[[], Sequence[str]], ear: Callable[[str], Ear], health: Health
    ) -> None:
        """`names` are the engines that hear, in their order; `ear` makes one, or raises
        SettingsError, and is called in a thread, because that may take time."""
        self._names = names
        self._ear = ear
        self._health = health
        self._failed: str | None = None
        """The one that listened last, if it has failed."""
        self._wordless: dict[str, HearError] = {}
        """Those that had no word for speech since anybody had one."""
        self._unanswered = 0
        """How often that was."""

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Ear."""
        name = self._next()
        try:
            ear = await asyncio.to_thread(self._made, name)
            async with aclosing(ear.listen(audio, prior)) as hearing:
                async for hypothesis in hearing:
                    self._blame_the_wordless(name)
                    if hypothesis.final:
                        self._health.succeeded("hear", name)
                    yield hypothesis
        except UnansweredError as error:
            self._failed = name
            self._wordless[name] = error
            self._unanswered += 1
            if self._unanswered < SILENCES:
                raise
            self._health.failed("hear", name, error)
            raise HearError(str(error), retryable=True, kind=error.kind) from error
        except HearError as error:
            self._failed = name
            self._health.failed("hear", name, error)
            raise
        self._failed = None

    def _blame_the_wordless(self, name: str) -> None:
        """Where another has words, there was something to be heard."""
        for other, error in self._wordless.items():
            if other != name:
                self._health.failed("hear", other, error)
        self._wordless.clear()
        self._unanswered = 0

    def _next(self) -> str:
        """Raises HearError where none is well."""
        names = self._names()
        usable = self._health.order("hear", names)
        if not usable:
            raise HearError(self._health.why("hear", names))
        others = [name for name in usable if name != self._failed]
        fresh = [name for name in others if name not in self._wordless]
        return next(iter(fresh or others or usable))

    def _made(self, name: str) -> Ear:
        try:
            return self._ear(name)
        except SettingsError as error:
            raise HearError(str(error)) from error


class Voicing:
    """Whether somebody speaks, sound by sound; a doubtful sound continues what was."""

    def __init__(self) -> None:
        self._voiced = False

    def push(self, sound: Sound) -> bool:
        self._voiced = sound.speech >= (_STILL_VOICED if self._voiced else _VOICED)
        return self._voiced


def blocks(duration: float) -> int:
    """Whole sounds in `duration` seconds, rounded."""
    return round(duration * SAMPLE_RATE / BLOCK)


def seconds(sounds: int) -> float:
    """Duration of so many sounds."""
    return sounds * BLOCK / SAMPLE_RATE


async def detect(frames: AsyncIterator[rtc.AudioFrame]) -> AsyncGenerator[Sound, None]:
    """Cut 16 kHz mono frames of any length into sounds; silence fills the last one."""
    with VAD() as vad:
        held = np.empty(0, np.int16)
        async for frame in frames:
            held = np.concatenate((held, np.frombuffer(frame.data, np.int16)))
            whole = len(held) - len(held) % BLOCK
            for samples in held[:whole].reshape(-1, BLOCK):
                yield Sound(samples=samples, speech=vad.predict(samples))
            held = held[whole:]
        if len(held):
            samples = np.pad(held, (0, BLOCK - len(held)))
            yield Sound(samples=samples, speech=vad.predict(samples))


async def hear(
    sounds: AsyncIterator[Sound],
    ear: Ear,
    *,
    prior: Callable[[], Prior],
    opened: Callable[[bool], None],
    failed: Callable[[HearError], None],
) -> AsyncGenerator[Hypothesis, None]:
    """Hear a floor until `sounds` end; at most one `ear.listen` runs at any instant.

    Times are seconds since the first of `sounds`, and ids of utterances are unique among all
    that this call gives. `prior` is asked anew for each listen; `opened` is told when a listen
    begins and when it has ended.

    When the ear fails, `failed` is told, what it had heard of an utterance becomes final if its
    language is known, and a fresh listen begins with the sounds after what is final, with
    REPLAY seconds of speech at most, after a pause that grows from failure to failure. Where it
    had no word for speech, nobody is told, and when the next listen has none either, it was none.
    """
    tries = _Tries(failed)
    failure: HearError | None = None
    async with reading(sounds, ahead=blocks(KEPT)) as source:
        gate = _Gate(source)
        for number in itertools.count(1):
            if not await gate.speech():
                return
            last: Hypothesis | None = None
            heard: float | None = None  # up to where what was said is final
            opened(True)
            try:
                async with (
                    aclosing(gate.audio()) as audio,
                    aclosing(ear.listen(audio, prior())) as hypotheses,
                ):
                    async for hypothesis in hypotheses:
                        tries.heard()
                        last = replace(
                            hypothesis.later(gate.start),
                            utterance=f"{number}.{hypothesis.utterance}",
                        )
                        if last.final:
                            heard = last.end
                        yield last
            except HearError as error:
                failure = tries.after(error)
            else:
                failure = None
            finally:
                opened(False)
            if failure is None:
                gate.done()
                continue
            if last is not None and not last.final and last.language is not None:
                last = last.broken_off()
                heard = last.end
                yield last
            gate.again(gate.start if heard is None else heard)
            if not await gate.skip(tries.pause):
                return


class _Tries:
    """What failed since somebody was heard."""

    def __init__(self, told: Callable[[HearError], None]) -> None:
        self._told = told
        self._failures = 0
        self._unanswered = 0

    @property
    def pause(self) -> float:
        """Seconds of audio to wait now."""
        return BACKOFF[min(max(self._failures, 1), len(BACKOFF)) - 1]

    def heard(self) -> None:
        """Somebody was."""
        self._failures = self._unanswered = 0

    def after(self, error: HearError) -> HearError | None:
        """The failure to be mended; None where there was nothing to hear."""
        logger.warning("an ear failed", extra={"reason": str(error)})
        if not isinstance(error, UnansweredError):
            self._failures += 1
            self._told(error)
            return error
        self._unanswered = (self._unanswered + 1) % 2
        return error if self._unanswered else None


class _Gate:
    """Gives the sounds around speech, listen by listen, and keeps the last for a second try."""

    def __init__(self, sounds: AsyncIterator[Sound]) -> None:
        self._sounds = sounds
        self._voicing = Voicing()
        self._recent: deque[tuple[Sound, bool]] = deque(maxlen=blocks(KEPT))
        self._read = 0
        self._used = 0  # sounds before this one are not given again
        self._failed = False  # the next listen hears again what the last one lost
        self._silent = 0  # sounds since the last voiced one
        self._first = 0  # the first sound of this listen

    @property
    def start(self) -> float:
        """When the audio of this listen began."""
        return seconds(self._first)

    async def speech(self) -> bool:
        """Read until somebody speaks; False when the source ends before."""
        while sum(voiced for _, voiced in self._fresh()) < blocks(ONSET):
            if await self._next() is None:
                return False
        self._first = self._read - len(self._fresh())
        return True

    async def audio(self) -> AsyncGenerator[Sound, None]:
        """The sounds of one listen, from `start` on."""
        fresh = self._fresh()
        self._failed = False
        for sound, _ in fresh:
            yield sound
        while self._silent < blocks(HOLD):
            heard = await self._next()
            if heard is None:
                return
            yield heard

    def done(self) -> None:
        """What was read has been heard."""
        self._used = self._read

    def again(self, start: float) -> None:
        """What came after `start` has not been heard: the next listen gets it."""
        self._used = max(self._first, blocks(start))
        self._failed = True

    async def skip(self, duration: float) -> bool:
        """Read on for `duration`; False when the source ends before."""
        for _ in range(blocks(duration)):
            if await self._next() is None:
                return False
        return True

    def _fresh(self) -> list[tuple[Sound, bool]]:
        """The sounds that the next listen would begin with."""
        count = min(self._read - self._used, len(self._recent))
        unused = list(self._recent)[len(self._recent) - count :]
        if not self._failed:
            return unused[-blocks(REACH) :]
        speech = list(accumulate(voiced for _, voiced in reversed(unused)))
        return unused[len(unused) - bisect_right(speech, blocks(REPLAY)) :]

    async def _next(self) -> Sound | None:
        sound = await anext(self._sounds, None)
        if sound is not None:
            voiced = self._voicing.push(sound)
            self._recent.append((sound, voiced))
            self._read += 1
            self._silent = 0 if voiced else self._silent + 1
        return sound


@asynccontextmanager
async def reading(source: AsyncIterator[T], *, ahead: int) -> AsyncGenerator["Reader[T]", None]:
    """Read `source` in a task of its own, at most `ahead` items before they are asked for.

    To be cancelled while it waits ends a generator. The reader given here only waits for the
    task, so that who reads it may be cancelled and `source` is read on by another.
    """
    reader = Reader[T](ahead)
    async with beside(reader.run(source)):
        yield reader


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


class Reader(Generic[T]):
    """What `reading` has read; raises the error of its source in the task that reads it."""

    def __init__(self, ahead: int) -> None:
        self._items: asyncio.Queue[T | _End] = asyncio.Queue(ahead)
        self._end: _End | None = None

    async def run(self, source: AsyncIterator[T]) -> None:
        error: Exception | None = None
        try:
            async for item in source:
                await self._items.put(item)
        except Exception as raised:  # the reader raises it, in its own task
            error = raised
        await self._items.put(_End(error))

    @property
    def waiting(self) -> bool:
        """Whether the next item, or the end, is here already."""
        return not self._items.empty()

    def __aiter__(self) -> "Reader[T]":
        return self

    async def __anext__(self) -> T:
        if self._end is None:
            item = await self._items.get()
            if not isinstance(item, _End):
                return item
            self._end = item
        if self._end.error is not None:
            raise self._end.error
        raise StopAsyncIteration
