"""Brains for the loopback vendors: Whisper hears, Apertium renders, espeak-ng speaks.

They take the time that the vendors take, as far as this machine lets them.
"""

import asyncio
import json
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import numpy as np
from livekit import rtc

from tests.vendors.brains import HEARD_RATE, SPOKEN_RATE
from translator import detection, languages
from translator.engines.apertium import ApertiumRenderer
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.whisper import WhisperEar
from translator.errors import RenderError
from translator.hear import detect
from translator.speak import resample
from translator.types import Brief, Hypothesis, Prior, Segment, Term

USUAL = ("en", "es", "fr", "pt", "it", "ca")
"""Languages that are told apart where a client names none."""
FIRST_TOKEN = 0.3
TOKEN = 0.02
FIRST_SOUND = 0.15
"""Seconds that a language model and a voice take."""
PIECE = 0.1
"""Seconds of audio in a piece."""
FASTER = 5
"""How much faster than it is heard a voice is sent."""
VARIANTS = ("", "+f2", "+m3", "+f4", "+m7")
"""Of espeak-ng: other voices sound like other people."""


class Whisper:
    """Hears with Whisper."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def hear(
        self, audio: AsyncIterator[bytes], languages: Sequence[str]
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Hears."""
        ear = WhisperEar(self._host)
        async with (
            aclosing(_frames(audio)) as frames,
            aclosing(detect(frames)) as sounds,
            aclosing(ear.listen(sounds, Prior(languages=languages or USUAL))) as hypotheses,
        ):
            async for hypothesis in hypotheses:
                yield hypothesis


async def _frames(audio: AsyncIterator[bytes]) -> AsyncGenerator[rtc.AudioFrame, None]:
    async for piece in audio:
        yield rtc.AudioFrame(piece, HEARD_RATE, 1, len(piece) // 2)


class Apertium:
    """Renders the last message as the first one says, with its terms; and keeps a poor summary."""

    def __init__(self, host: Host) -> None:
        self._renderer = ApertiumRenderer(host)

    async def warm(self) -> None:
        """Have it begin, which takes it longer than any vendor: a sentence in each language."""
        for target in USUAL[1:]:
            brief = Brief(segment=_segment(USUAL[0], "Good morning."), target=target)
            async with aclosing(self._renderer.render(brief)) as pieces:
                _ = [piece async for piece in pieces]

    async def render(self, messages: Sequence[Mapping[str, Any]]) -> AsyncGenerator[str, None]:
        """See Renders."""
        instructions, said = (str(messages[at]["content"]) for at in (0, -1))
        pair = re.search(r"interpret from (.+?) into (.+?), and", instructions)
        text = (
            _summed_up(said)
            if pair is None
            else await self._rendered(instructions, said, *pair.groups())
        )
        await asyncio.sleep(FIRST_TOKEN)
        for token in re.findall(r"\s*\S+", text):
            yield token
            await asyncio.sleep(TOKEN)

    async def _rendered(self, instructions: str, said: str, source: str, target: str) -> str:
        codes = languages.named(source), languages.named(target)
        if None in codes:
            return said
        brief = Brief(
            segment=_segment(str(codes[0]), said), target=str(codes[1]), terms=_terms(instructions)
        )
        try:
            async with aclosing(self._renderer.render(brief)) as pieces:
                return "".join([piece async for piece in pieces])
        except RenderError:
            return said  # which no guard takes for a rendition


_TERM = re.compile(r'^- ("(?:[^"\\]|\\.)*") is ("(?:[^"\\]|\\.)*")$', re.MULTILINE)


def _terms(instructions: str) -> tuple[Term, ...]:
    found = (map(json.loads, one.groups()) for one in _TERM.finditer(instructions))
    return tuple(Term(source=source, target=target) for source, target in found)


def _summed_up(said: str) -> str:
    """The last words, by the objects of one line each that a summarizer is sent."""
    words = " ".join(json.loads(line)["said"] for line in said.splitlines()).split()
    return f"Somebody said: {' '.join(words[-20:])}"


def _segment(language: str, text: str) -> Segment:
    return Segment(
        id="1",
        speaker="",
        speaker_name="",
        language=language,
        text=text,
        start=0.0,
        end=0.0,
        committed=0.0,
        settings=0,
    )


class Espeak:
    """Speaks with espeak-ng: each voice by another variant of it."""

    def __init__(self, host: Host) -> None:
        self._voice = EspeakVoice(host)

    async def speak(
        self, text: str, *, language: str | None, voice: str
    ) -> AsyncGenerator[bytes, None]:
        """See Speaks."""
        spoken = await asyncio.to_thread(_detected, text) if language is None else language
        variant = VARIANTS[zlib.crc32(voice.encode()) % len(VARIANTS)]
        named = f"{spoken.split('-')[0]}{variant}" if variant else None
        said = self._voice.say(text, language=spoken, voice=named, pace=1.0)
        await asyncio.sleep(FIRST_SOUND)
        held = np.empty(0, np.int16)
        size = round(PIECE * SPOKEN_RATE)
        async with aclosing(resample(said, SPOKEN_RATE)) as samples:
            async for more in samples:
                held = np.concatenate((held, more))
                while len(held) >= size:
                    yield held[:size].tobytes()
                    held = held[size:]
                    await asyncio.sleep(PIECE / FASTER)
        if len(held):
            yield held.tobytes()


def _detected(text: str) -> str:
    """The language that `text` looks most like."""
    detection.load(USUAL)
    found = detection.probabilities(text, USUAL)
    return max(found, key=lambda code: found[code], default=USUAL[0])
