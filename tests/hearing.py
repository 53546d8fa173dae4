"""A floor that is heard by scripted ears."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

import numpy as np

from tests.fakes import in_event_loop
from translator.ears import Ears
from translator.errors import HearError, SettingsError
from translator.health import Health
from translator.hear import BLOCK, HOLD, Sound, blocks, hear, seconds
from translator.types import Hypothesis, Prior, Word

SILENT, VOICED = 0.0, 1.0


async def sounds(*parts: tuple[float, float]) -> AsyncGenerator[Sound, None]:
    """Sounds of (duration, probability of speech); each holds its number as its samples."""
    number = 0
    for duration, speech in parts:
        for _ in range(blocks(duration)):
            yield Sound(samples=np.full(BLOCK, number, np.int16), speech=speech)
            number += 1


def hypothesis(
    utterance: str = "a", *, end: float = 0.0, final: bool = True, language: str | None = "en"
) -> Hypothesis:
    return Hypothesis(
        utterance=utterance,
        text="hello",
        language=language,
        final=final,
        start=0.0,
        end=end,
        words=(Word(text="hello", start=0.0, end=end),),
    )


class ScriptedEar:
    """Each listen follows the next act of the script; the last act is repeated."""

    def __init__(self, *acts: "Act", hold: float = HOLD) -> None:
        self.acts = acts
        self.hold = hold
        self.given: list[list[int]] = []
        """Numbers of the sounds that each listen read."""
        self.hints: list[tuple[Sequence[str], str | None, Sequence[str]]] = []

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        act = self.acts[min(len(self.given), len(self.acts) - 1)]
        numbers: list[int] = []
        self.given.append(numbers)
        self.hints.append((prior.languages, prior.expected, prior.terms))
        async with aclosing(act(audio, numbers)) as said:
            async for one in said:
                yield one


Act = Callable[[AsyncIterator[Sound], list[int]], AsyncGenerator[Hypothesis, None]]


async def to_the_end(
    audio: AsyncIterator[Sound], numbers: list[int]
) -> AsyncGenerator[Hypothesis, None]:
    async for sound in audio:
        numbers.append(int(sound.samples[0]))
    yield hypothesis(end=seconds(len(numbers)))


def failing(after: float, *said: Hypothesis, error: HearError | None = None) -> Act:
    """An act that gives `said` and fails when it has read so many seconds."""

    async def act(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        for _ in range(blocks(after)):
            numbers.append(int((await anext(audio)).samples[0]))
        for one in said:
            yield one
        raise error or HearError("gone")

    return act


class Floor:
    """Runs hear and keeps what it tells."""

    def __init__(self, ear: ScriptedEar, *others: ScriptedEar) -> None:
        self.ear = ear
        self.named: dict[str, ScriptedEar] = {str(n): one for n, one in enumerate((ear, *others))}
        self.unusable: set[str] = set()
        self.opened: list[bool] = []
        self.failures: list[HearError] = []
        self.expected: str | None = None
        self.health = Health(lambda: 0.0)
        self.made_of = "these settings"

    def hear(self, source: AsyncIterator[Sound]) -> AsyncGenerator[Hypothesis, None]:
        return hear(
            source,
            Ears(
                lambda: tuple(self.named),
                self._made,
                self.health,
                settings=lambda name: self.made_of,
            ),
            prior=lambda: Prior(languages=["en", "es"], expected=self.expected, terms=["LiveKit"]),
            opened=self.opened.append,
            failed=self.failures.append,
        )

    def _made(self, name: str) -> ScriptedEar:
        assert not in_event_loop(), "to make an ear takes time"
        if name in self.unusable:
            raise SettingsError(f"no {name}")
        return self.named[name]

    async def run(self, *parts: tuple[float, float]) -> list[Hypothesis]:
        async with aclosing(sounds(*parts)) as source, aclosing(self.hear(source)) as said:
            return [one async for one in said]


async def drain(floor: Floor, source: AsyncGenerator[Sound, None]) -> None:
    """Have `floor` hear all of `source`."""
    async with aclosing(source), aclosing(floor.hear(source)) as said:
        async for _ in said:
            pass
