"""Text in a target language -> frames."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc


class Voice(Protocol):
    """Text to speech."""

    @property
    def paced(self) -> bool:
        """Whether it follows a pace itself; else it speaks at its normal rate."""
        ...

    def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak `text`: mono frames of any length, all of one sample rate.

        `voice` is a name that the engine knows, None for the language's usual one; `pace` is
        1.0 for its normal rate, 1.25 for a quarter faster. Raises SpeakError.
        """
        ...


def letters(text: str) -> int:
    """How many letters and digits `text` has. Without any, nothing of it can be said."""
    return sum(map(str.isalnum, text))


async def resample(
    frames: AsyncGenerator[rtc.AudioFrame, None], sample_rate: int
) -> AsyncGenerator[npt.NDArray[np.int16], None]:
    """`frames` as mono int16 samples at `sample_rate`; closes `frames`."""
    resampler: rtc.AudioResampler | None = None
    async with aclosing(frames):
        async for frame in frames:
            if frame.sample_rate == sample_rate:
                yield samples(frame)
                continue
            if resampler is None:
                resampler = rtc.AudioResampler(frame.sample_rate, sample_rate)
            for converted in resampler.push(frame):
                yield samples(converted)
        if resampler is not None:
            for converted in resampler.flush():
                yield samples(converted)


def samples(frame: rtc.AudioFrame) -> npt.NDArray[np.int16]:
    """The samples of a mono frame."""
    return np.frombuffer(frame.data, np.int16)
