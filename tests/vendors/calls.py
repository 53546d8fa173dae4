"""One call of an adapter, and how it ended: what the fault tables are made from."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import numpy as np
from livekit.agents.utils import http_context

from tests.fakes import segment
from tests.vendors.brains import hum
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitRenderer, LiveKitVoice
from translator.errors import StageError
from translator.hear import BLOCK, SAMPLE_RATE, Ear, Sound
from translator.types import Brief, Hypothesis, Prior

PRIOR = Prior(languages=("en", "es"), expected="es", terms=("LiveKit", "comité"))
TEXT = "El comité se reúne hoy."
BRIEF = Brief(segment=segment(text="The committee meets today.", speaker="p-grace"), target="es")
HASTE = 4.0
"""The tests' audio comes so many times faster than it is spoken."""


def hypothesis(
    text: str, end: float, *, final: bool = False, language: str | None = "es"
) -> Hypothesis:
    """What a vendor hears, all of it in one utterance."""
    return Hypothesis(utterance="1", text=text, language=language, final=final, start=0.1, end=end)


async def speech(
    seconds: float, *, haste: float = HASTE, rest: float = 0.0
) -> AsyncGenerator[Sound, None]:
    """Somebody speaks; then nothing comes for `rest` seconds, and then it is over."""
    for _ in range(round(seconds * SAMPLE_RATE / BLOCK)):
        yield Sound(samples=np.zeros(BLOCK, np.int16), speech=0.9)
        await asyncio.sleep(BLOCK / SAMPLE_RATE / haste)
    await asyncio.sleep(rest)


async def heard(
    ear: Ear, seconds: float, *, haste: float = HASTE, rest: float = 0.0, prior: Prior = PRIOR
) -> tuple[list[Hypothesis], StageError | None]:
    """What came of so many seconds of speech."""
    got: list[Hypothesis] = []
    try:
        async with (
            asyncio.timeout(15),
            http_context.open(),
            aclosing(speech(seconds, haste=haste, rest=rest)) as audio,
            aclosing(ear.listen(audio, prior)) as hypotheses,
        ):
            async for one in hypotheses:
                got.append(one)
    except StageError as error:
        return got, error
    return got, None


async def heard_well(
    ear: Ear, seconds: float, *, haste: float = HASTE, rest: float = 0.0, prior: Prior = PRIOR
) -> list[Hypothesis]:
    """The same. Raises what the ear raises."""
    got, error = await heard(ear, seconds, haste=haste, rest=rest, prior=prior)
    if error is not None:
        raise error
    return got


async def rendered(renderer: LiveKitRenderer) -> tuple[str, StageError | None]:
    """What came of BRIEF."""
    got = ""
    try:
        async with asyncio.timeout(15), aclosing(renderer.render(BRIEF)) as pieces:
            async for piece in pieces:
                got += piece
    except StageError as error:
        return got, error
    return got, None


async def said(voice: LiveKitVoice[Any], text: str = TEXT) -> tuple[bytes, StageError | None]:
    """The audio that came of `text`."""
    got = b""
    spoken = voice.say(text, language="es", voice="a-voice", pace=1.0)
    try:
        async with asyncio.timeout(15), aclosing(spoken) as frames:
            async for frame in frames:
                got += frame.data.tobytes()
    except StageError as error:
        return got, error
    return got, None


def text_ended(got: str, whole: str, error: StageError | None, seconds: float) -> Outcome:
    """How a call ended that gave `got`, where `whole` was to come."""
    assert whole.startswith(got), f"{got!r} was never to come"
    return _outcome(len(got), len(whole), error, seconds)


def audio_ended(got: bytes, text: str, error: StageError | None, seconds: float) -> Outcome:
    """How a call ended that gave `got`, where a hum of 50 ms for each character was to come."""
    whole = hum(0.05 * len(text))
    # LiveKit ends some answers with 10 ms of silence.
    assert whole.startswith(got[: len(whole)]), "that was never to come"
    assert not any(got[len(whole) :]), "more was given than was to come"
    return _outcome(len(got), len(whole), error, seconds)


def _outcome(got: int, whole: int, error: StageError | None, seconds: float) -> Outcome:
    kind = None if error is None else error.kind
    if got == 0:
        return Outcome(error=kind, given="nothing", within=seconds)
    return Outcome(error=kind, given="all" if got >= whole else "part", within=seconds)
