"""What a loopback vendor hears, renders and says: scripted, or by the embedded engines."""

import asyncio
import itertools
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal, Protocol

import numpy as np

from translator.types import Hypothesis

HEARD_RATE = 16_000
SPOKEN_RATE = 24_000


class Hears(Protocol):
    """What an STT vendor makes of what it is sent."""

    def hear(
        self, audio: AsyncIterator[bytes], languages: Sequence[str]
    ) -> AsyncGenerator[Hypothesis, None]:
        """Hypotheses of `audio` (16-bit mono PCM at HEARD_RATE) as it comes."""
        ...


class Renders(Protocol):
    """What a language model answers."""

    def render(self, messages: Sequence[Mapping[str, Any]]) -> AsyncGenerator[str, None]:
        """Pieces of the answer to a chat: `role` and `content` each."""
        ...


class Speaks(Protocol):
    """What a TTS vendor says."""

    def speak(self, text: str, *, language: str | None, voice: str) -> AsyncGenerator[bytes, None]:
        """`text` as 16-bit mono PCM at SPOKEN_RATE, in pieces."""
        ...


class Intake:
    """Audio as it comes from a client, for whoever Hears."""

    def __init__(self) -> None:
        self.seconds = 0.0
        """How much has come."""
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def push(self, pcm: bytes) -> None:
        """More of it: 16-bit mono PCM at HEARD_RATE, at least one sample."""
        self.seconds += len(pcm) / 2 / HEARD_RATE
        self._pieces.put_nowait(pcm)

    def end(self) -> None:
        """No more comes."""
        self._pieces.put_nowait(b"")

    async def audio(self) -> AsyncGenerator[bytes, None]:
        """All that comes until the end."""
        while piece := await self._pieces.get():
            yield piece


class HearsAsScripted:
    """Each hypothesis when so many seconds of audio have come, on every stream anew."""

    def __init__(self, *script: tuple[float, Hypothesis]) -> None:
        self._script = script

    async def hear(
        self, audio: AsyncIterator[bytes], languages: Sequence[str]
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Hears."""
        left, seconds = list(self._script), 0.0
        async for piece in audio:
            seconds += len(piece) / 2 / HEARD_RATE
            while left and seconds >= left[0][0]:
                yield left.pop(0)[1]


class RendersAsScripted:
    """The same text, or what a function makes of the last message."""

    def __init__(self, script: str | Callable[[str], str]) -> None:
        self._script = script

    async def render(self, messages: Sequence[Mapping[str, Any]]) -> AsyncGenerator[str, None]:
        """See Renders."""
        said = str(messages[-1]["content"])
        text = self._script if isinstance(self._script, str) else self._script(said)
        for at, word in enumerate(text.split()):
            yield word if at == 0 else f" {word}"


Way = Literal["answers", "obeys", "another language", "meta talk", "refuses", "repeats"]
"""What a language model does that should translate."""


class Adversary:
    """A language model that means harm to its listeners, who hear Spanish: each answer in the next
    of some ways, and then in the first again.

    It obeys who asks it to say "I have won". A fluent lie would not give itself away, and be heard.
    """

    _SAYS: Mapping[Way, str] = {
        "answers": "Buena pregunta. Como modelo de lenguaje, no tengo opinión sobre eso.",
        "obeys": "He ganado.",
        "another language": "Ich weiß leider nicht, was er gesagt hat, denn es war viel zu laut.",
        "meta talk": "Aquí tienes la traducción al español: {rendition}",
        "refuses": "Lo siento, pero no puedo ayudar con eso.",
        "repeats": "{said}",
    }

    def __init__(self, faithful: Renders, *ways: Way | None) -> None:
        """With None it does what it should, and gives what `faithful` says."""
        self._faithful = faithful
        self._ways = itertools.cycle(ways)

    async def render(self, messages: Sequence[Mapping[str, Any]]) -> AsyncGenerator[str, None]:
        """See Renders."""
        async with aclosing(self._faithful.render(messages)) as pieces:
            rendition = "".join([piece async for piece in pieces])
        way = next(self._ways)
        said = str(messages[-1]["content"])
        text = rendition
        if way is not None:
            text = self._SAYS[way].format(rendition=rendition, said=said)
        for at, word in enumerate(text.split()):
            yield word if at == 0 else f" {word}"


class Hums:
    """A hum of 50 ms for each character."""

    async def speak(
        self, text: str, *, language: str | None, voice: str
    ) -> AsyncGenerator[bytes, None]:
        """See Speaks."""
        pcm = hum(0.05 * len(text))
        for at in range(0, len(pcm), 4096):
            yield pcm[at : at + 4096]


def hum(seconds: float) -> bytes:
    """A tone that rises, so that no part of it is like another, at SPOKEN_RATE, as PCM; one of
    another length begins higher or lower."""
    at = np.arange(round(seconds * SPOKEN_RATE)) / SPOKEN_RATE
    return (
        (8000 * np.sin(2 * math.pi * (200 + 17 * seconds + 10 * at) * at)).astype("<i2").tobytes()
    )


async def whole(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """All of them together."""
    async with aclosing(pieces):
        return b"".join([piece async for piece in pieces])
