"""Frames of one floor -> hypotheses.

    frames ─ detect ─► sounds ─ hear ─► an ear, while somebody speaks ─► hypotheses

An ear costs money or much of a processor, so it listens only around speech: a gate opens on
voice, gives the ear what came shortly before, and ends its audio after a longer silence.
"""

import itertools
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.local_inference import VAD

from translator.ahead import reading
from translator.errors import HearError, UnansweredError
from translator.types import Hypothesis, Prior

SAMPLE_RATE = 16_000
"""Hz, of all that an ear is fed."""
BLOCK = 512
"""Samples of one Sound: the window of the voice activity detector (32 ms)."""

ONSET = 0.19
"""Voiced seconds that open an ear: a click or a cough has less, a word has more."""
REACH = 0.8
"""Seconds in which ONSET must fall; an ear is given them, so that no first sound is cut off."""
HOLD = 1.5
"""Seconds without speech after which an ear's audio ends, unless it is Holding."""
PAUSE = 0.3
"""Seconds without speech that are a pause: what must end ends there, in the middle of no word."""
REPLAY = 2.0
"""Seconds of speech at most that the ear after a failed one hears again; after one that has fallen
silent it hears all of it."""
KEPT = 30.0
"""Seconds of audio that hold what a silent ear is given before it has failed, with the pauses
between the words, and what comes while it is heard again."""
LOOK = 0.25
"""Seconds of a pause between two looks at how long it may be."""
BACKOFF = (0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds of audio to wait after one failure, two in a row, and so on."""

_VOICED = 0.5
_STILL_VOICED = 0.35

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One block of a floor's audio."""

    samples: npt.NDArray[np.int16]
    """BLOCK samples at SAMPLE_RATE, mono."""
    speech: float
    """Probability that a voice is in it."""
    muted: bool = False
    """Whether the microphone is muted."""


class Ear(Protocol):
    """Speech to text. An object serves one floor at a time."""

    def listen(self, audio: AsyncIterator[Sound], prior: Prior) -> AsyncGenerator[Hypothesis, None]:
        """Hear `audio` until it ends, then give what is left as final and return.

        Times are seconds from the first sample of `audio`. Raises HearError.
        """
        ...


@runtime_checkable
class Holding(Protocol):
    """An ear for which a longer pause is cheaper than to begin anew."""

    @property
    def hold(self) -> float:
        """Seconds without speech after which its audio ends, at least HOLD. HOLD where the
        microphone is muted, or another prior than its own holds by now."""
        ...


def held(ear: Ear) -> float:
    """Seconds without speech after which the audio of `ear` ends."""
    return ear.hold if isinstance(ear, Holding) else HOLD


class Voicing:
    """Whether somebody speaks, sound by sound; a doubtful sound continues what was."""

    def __init__(self) -> None:
        self._voiced = False

    def push(self, sound: Sound) -> bool:
        self._voiced = sound.speech >= (_STILL_VOICED if self._voiced else _VOICED)
        return self._voiced


async def until_pause(
    audio: AsyncIterator[Sound], over: Callable[[], bool]
) -> AsyncGenerator[Sound, None]:
    """Give `audio` on up to the first pause in which it is `over`, which is asked at each sound."""
    voicing = Voicing()
    silent = 0
    async for sound in audio:
        yield sound
        silent = 0 if voicing.push(sound) else silent + 1
        if over() and silent > blocks(PAUSE):
            return


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
    language is known, and a fresh listen begins with the sounds after what is final, after a pause
    that grows from failure to failure: with REPLAY seconds of speech at most, and with all of it
    that an ear has swallowed which fell silent. Where it had no word for speech, nobody is told,
    and when the next listen has none either, it was none.
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
            told = prior()
            opened(True)
            try:
                async with (
                    aclosing(gate.audio(_hold(ear, told, prior))) as audio,
                    aclosing(ear.listen(audio, told)) as hypotheses,
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
            start = gate.start if heard is None else heard
            gate.again(start, swallowed=failure.kind == "silent")
            if not await gate.skip(tries.pause):
                return


def _hold(ear: Ear, told: Prior, prior: Callable[[], Prior]) -> Callable[[], float]:
    """How long a pause of a listen may be now, of an ear that was `told` what `prior` held."""
    return lambda: held(ear) if prior() == told else HOLD


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
        self._swallowed = 0  # sounds before this one, an ear was given that had fallen silent
        self._silent = 0  # sounds since the last voiced one
        self._first = 0  # the first sound of this listen
        self._given = 0  # sounds before this one, it was given

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

    async def audio(self, hold: Callable[[], float]) -> AsyncGenerator[Sound, None]:
        """The sounds of one listen, from `start` on until nobody has spoken for `hold`."""
        fresh = self._fresh()
        self._failed = False
        self._given = self._first
        for sound, _ in fresh:
            self._given += 1
            yield sound
        muted, longest = False, HOLD
        while self._silent < blocks(HOLD) or (not muted and self._silent < blocks(longest)):
            heard = await self._next()
            if heard is None:
                return
            muted = heard.muted
            if self._silent % blocks(LOOK) == 0:
                longest = hold()
            self._given += 1
            yield heard

    def done(self) -> None:
        """What the listen was given has been heard; of a replay, that may not be all."""
        self._used = self._given
        self._failed = self._given < self._read

    def again(self, start: float, *, swallowed: bool) -> None:
        """What came after `start` has not been heard: the next listen gets it, up to REPLAY, or
        all of it where it was `swallowed`."""
        self._used = max(self._first, blocks(start))
        self._failed = True
        if swallowed:
            self._swallowed = self._read

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
        count = bisect_right(speech, blocks(REPLAY))
        if count >= self._read - self._swallowed:  # what was swallowed has not been given up yet
            count = len(unused)
        again = unused[len(unused) - count :]
        silent = next((n for n, (_, voiced) in enumerate(again) if voiced), len(again))
        return again[max(silent - blocks(REACH - ONSET), 0) :]

    async def _next(self) -> Sound | None:
        sound = await anext(self._sounds, None)
        if sound is not None:
            voiced = self._voicing.push(sound)
            self._recent.append((sound, voiced))
            self._read += 1
            self._silent = 0 if voiced else self._silent + 1
        return sound
