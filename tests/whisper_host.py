"""The engine host as a WhisperEar sees it, inside this process: what it is sent, and answers."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from translator.engines.whisper import WhisperEar
from translator.engines.whisper.ear import Response
from translator.engines.whisper.listening import DOUBTFUL
from translator.engines.whisper.window import PATH, Transcript, Window
from translator.errors import StageError
from translator.hear import BLOCK, SAMPLE_RATE, Sound, blocks, seconds
from translator.segment import words_of
from translator.types import Hypothesis, Prior, Word

SAID = 0.4
"""Seconds of each word of a script."""
SENTENCE = "We should all go home now, because it is late and the last bus leaves at ten."


def whole(pcm: bytes, language: str, *, beam: int) -> Window:
    """A window that stands for itself, of which all is said in `language`."""
    return Window(
        pcm=pcm,
        languages={language: 1.0},
        language=language,
        prefix="",
        before="",
        before_language=None,
        terms="",
        clear=DOUBTFUL,
        tokens=8 * (1 + len(pcm) // (2 * SAMPLE_RATE)),  # as many as the ear allows
        beam=beam,
        align=False,
        model="base",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """See ear.Response."""

    body: bytes

    async def read(self) -> bytes:
        return self.body


class WhisperHost(ABC):
    """See ear.Host."""

    __slots__ = ()

    @asynccontextmanager
    async def post(
        self,
        path: str,
        *,
        failed: type[StageError],
        data: bytes | None = None,
        timeout: float = 30.0,
    ) -> AsyncIterator[Response]:
        assert path == PATH
        assert data is not None
        yield Answer((await self.transcribe(Window.from_bytes(data))).to_bytes())

    @abstractmethod
    async def transcribe(self, window: Window) -> Transcript:
        """What is said in `window`."""


def transcript(
    text: str, *, complete: bool = True, no_speech: float = 0.0, logprob: float = -0.2
) -> Transcript:
    return Transcript(
        text=text,
        language="en",
        probabilities={"en": 1.0},
        no_speech=no_speech,
        logprob=logprob,
        complete=complete,
        words=(Word(text=" one", start=0.1, end=0.2),),
    )


@dataclass(slots=True)
class Said:
    text: str
    start: float
    language: str = "en"
    words: list[Word] = field(init=False)

    def __post_init__(self) -> None:
        self.words = [
            Word(text=word, start=self.start + n * SAID, end=self.start + (n + 1) * SAID)
            for n, word in enumerate(self.text.split())
        ]

    @property
    def end(self) -> float:
        return self.words[-1].end


@dataclass(slots=True)
class PerfectHost(WhisperHost):
    """Hears what was said perfectly, but for a word that the window cuts off."""

    said: Sequence[Said]
    cost: float = 0.2
    windows: list[Window] = field(default_factory=list)
    running: int = 0

    async def transcribe(self, window: Window) -> Transcript:
        assert self.running == 0
        self.running += 1
        self.windows.append(window)
        await asyncio.sleep(self.cost)
        self.running -= 1
        return self.hear(window)

    def hear(self, window: Window) -> Transcript:
        numbers = np.frombuffer(window.pcm, np.int16)
        start, end = seconds(int(numbers[0])), seconds(int(numbers[-1]) + 1)
        inside: list[Word] = []
        spoken: Counter[str] = Counter()
        for said in self.said:
            for word in said.words:
                if start < (word.start + word.end) / 2 < end:
                    whole = word.end <= end
                    inside.append(word if whole else Word(text="hm", start=word.start, end=end))
                    spoken[said.language] += 1
        probabilities = {
            code: (spoken[code] + 0.01) / (spoken.total() + 0.01 * len(window.languages))
            for code in window.languages
        }
        begun = len(words_of(window.prefix))
        return Transcript(
            text="".join(f" {word.text}" for word in inside[begun:]),
            language=window.language
            or max(window.languages, key=lambda code: probabilities[code] * window.languages[code]),
            probabilities=probabilities,
            no_speech=0.0,
            logprob=-0.2,
            complete=True,
            words=tuple(
                Word(text=f" {word.text}", start=word.start - start, end=word.end - start)
                for word in inside
            )
            if window.align
            else (),
        )


async def floor(
    *said: Said, until: float, voiced: Sequence[tuple[float, float]] = ()
) -> AsyncGenerator[Sound, None]:
    """Sounds in real time that hold their number, voiced where something is said."""
    spans = [*((one.start, one.end) for one in said), *voiced]
    for number in range(blocks(until)):
        await asyncio.sleep(seconds(1))
        middle = seconds(number) + seconds(1) / 2
        speech = 0.9 if any(start <= middle < end for start, end in spans) else 0.0
        yield Sound(samples=np.full(BLOCK, number, np.int16), speech=speech)


@dataclass(slots=True)
class Result:
    hypotheses: list[Hypothesis]
    at: list[float]
    """When each came, in seconds from the first sound."""
    host: PerfectHost

    @property
    def finals(self) -> list[Hypothesis]:
        return [one for one in self.hypotheses if one.final]


async def listen(
    *said: Said,
    until: float | None = None,
    voiced: Sequence[tuple[float, float]] = (),
    languages: Sequence[str] = ("en",),
    expected: str | None = None,
    declared: str | None = None,
    terms: Sequence[str] = (),
    cost: float = 0.2,
    host: PerfectHost | None = None,
) -> Result:
    host = host or PerfectHost(said, cost)
    result = Result([], [], host)
    end = max((one.end for one in said), default=1.0) + 1.5 if until is None else until
    begin = asyncio.get_running_loop().time()
    async with (
        aclosing(floor(*said, until=end, voiced=voiced)) as sounds,
        aclosing(
            WhisperEar(host).listen(
                sounds,
                Prior(languages=languages, expected=expected, declared=declared, terms=terms),
            )
        ) as hypotheses,
    ):
        async for hypothesis in hypotheses:
            result.hypotheses.append(hypothesis)
            result.at.append(asyncio.get_running_loop().time() - begin)
    return result
