"""A floor that is heard as in real time, without waiting for it.

Whoever reads has done all that it wants with one sound before the next one comes, so that
transcripts fall where they would with a host that takes no time.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc

from translator.hear import BLOCK, SAMPLE_RATE, Ear, detect, hear
from translator.segment import Segmenter
from translator.types import Limits, Prior, Segment

LIMITS = Limits(min_words=4, max_seconds=3.0)

Wave = npt.NDArray[np.int16]
TURNS = 12
"""Of the event loop: more than there are tasks between a floor and an ear."""


async def frames(wave: Wave) -> AsyncGenerator[rtc.AudioFrame, None]:
    """`wave` at SAMPLE_RATE, and two seconds of silence."""
    length = len(wave) + 2 * SAMPLE_RATE
    for block in np.pad(wave, (0, length + -length % BLOCK - len(wave))).reshape(-1, BLOCK):
        for _ in range(TURNS):
            await asyncio.sleep(0)
        yield rtc.AudioFrame(block.tobytes(), SAMPLE_RATE, 1, BLOCK)


async def segments(
    ear: Ear,
    wave: Wave,
    languages: Sequence[str],
    *,
    expected: str | None = None,
    declared: str | None = None,
    terms: Sequence[str] = (),
) -> list[Segment]:
    """What is committed of `wave`, after speech in the language `expected`."""
    last = expected
    segmenter = Segmenter(speaker="p", speaker_name="Ana", prefix="", limits=LIMITS)
    found: list[Segment] = []
    async with (
        aclosing(frames(wave)) as source,
        aclosing(detect(source)) as sounds,
        aclosing(
            hear(
                sounds,
                ear,
                prior=lambda: Prior(
                    languages=languages, expected=last, declared=declared, terms=terms
                ),
                opened=lambda _: None,
                failed=lambda error: pytest.fail(str(error)),
            )
        ) as hypotheses,
    ):
        async for hypothesis in hypotheses:
            last = hypothesis.language or last
            found += segmenter.push(hypothesis, now=hypothesis.end, settings=1)
    return found
