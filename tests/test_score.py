"""The brain that reads along hears what it is sent, also where a network lost or made up some."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
import pytest

from tests.vendors.brains import HEARD_RATE
from tests.vendors.score import KNOWN, PLACED, Reading, ReadsAlong, Samples, compose

pytestmark = pytest.mark.unit

PIECE = HEARD_RATE // 20
AT, SECONDS = 6.0, 1.2
"""Where sound is lost or made up, and how much."""


@pytest.mark.parametrize("change", ["lost", "made up"])
async def test_a_word_is_told_when_its_sound_has_come(change: str) -> None:
    score = compose([(0.5, 19.0)], seconds=20.0, voice="en-us+m3", seed=1)
    at, size = (round(seconds * HEARD_RATE) for seconds in (AT, SECONDS))
    if change == "lost":
        sound = np.concatenate((score.samples[:at], score.samples[at + size :]))
    else:
        quiet = np.zeros(size, np.int16)
        sound = np.concatenate((score.samples[:at], quiet, score.samples[at:]))
    later = SECONDS if change == "made up" else -SECONDS
    told = await _told(sound, Reading(scores=[score]))
    late = [
        told[number] - (word.end + later)
        for number, word in enumerate(score.words)
        if word.start > AT + SECONDS + PLACED and number in told
    ]
    assert len(late) > 8
    assert max(late) < KNOWN + 0.15
    assert min(late) > 0.0


async def _told(sound: Samples, reading: Reading) -> dict[int, float]:
    """By word, how many seconds of the sound had come when it was told."""
    sent = 0

    async def pieces() -> AsyncGenerator[bytes, None]:
        nonlocal sent
        for start in range(0, len(sound), PIECE):
            sent = start + PIECE
            yield sound[start : start + PIECE].tobytes()

    told: dict[int, float] = {}
    done = 0
    async with aclosing(ReadsAlong(reading).hear(pieces(), ["en"])) as hypotheses:
        async for one in hypotheses:
            for number in range(done, done + len(one.words)):
                told.setdefault(number, sent / HEARD_RATE)
            if one.final:
                done += len(one.words)
    return told
