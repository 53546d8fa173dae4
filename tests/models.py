"""An end-to-end model on a stage: one channel, scripted engines, and what came of it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc

from tests.fakes import (
    Facts,
    ListTrack,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    frame,
    meeting_clock,
    meeting_settings,
)
from translator.channel import Channel
from translator.errors import InterpretError
from translator.floors import Floors
from translator.glossary import Glossary
from translator.health import Health
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.interpret import Realtime
from translator.interpreters.end_to_end import Samples
from translator.interpreters.machine import Machine
from translator.record import (
    Record,
    Rendered,
)
from translator.settings import Pair, Settings
from translator.types import Brief, Cut, Segment, Tail

HELLO, BYE = "Good morning to all of you.", "We shall meet again tomorrow."
HOLA, ADIOS = "Buenos días a todos ustedes.", "Nos volvemos a ver mañana."
LEVEL = 7000
"""Of the model's voice; the cascade's has others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One call of a model: after `delay` words and `sound` seconds of voice, again and again."""

    words: Sequence[str] = ()
    delay: float = 0.5
    sound: float = 0.5
    error: Exception | None = None


@dataclass(slots=True)
class ScriptedRealtime:
    """Follows the act of a text."""

    acts: Mapping[str, Sequence[Act]]
    calls: list[tuple[Samples, Brief]] = field(default_factory=list)
    made: int = 0
    open: int = 0
    given_up: int = 0
    at_once: int = 0
    prompt: str = "interpret_speech 1.0.0"

    def copy(self) -> "OneRealtime":
        self.made += 1
        return OneRealtime(self)


class OneRealtime:
    """One speaker's."""

    def __init__(self, script: ScriptedRealtime) -> None:
        self._script = script
        self._held = False
        self._busy = False

    @property
    def prompt(self) -> str:
        return self._script.prompt

    async def interpret(
        self, sound: Samples, brief: Brief
    ) -> AsyncGenerator[str | rtc.AudioFrame, None]:
        assert not self._busy, "one call at a time"
        script = self._script
        script.open += not self._held
        self._held = self._busy = True
        script.calls.append((sound, brief))
        acts = script.acts[brief.segment.text]
        act = acts[
            min(sum(brief.segment.text == one.segment.text for _, one in script.calls), len(acts))
            - 1
        ]
        whole = False
        try:
            for words in act.words:
                await asyncio.sleep(act.delay)
                yield words
                for _ in range(round(act.sound / 0.02)):
                    yield frame(0.02, LEVEL)
            if act.error is not None:
                await asyncio.sleep(act.delay)
                raise act.error
            whole = True
        finally:
            self._busy = False
            script.given_up += not whole

    async def aclose(self) -> None:
        self._script.open -= self._held
        self._held = False


@dataclass(slots=True, kw_only=True)
class Engines(ScriptedEngines):
    model: ScriptedRealtime

    def realtime(self, name: str) -> Realtime:
        self._check(name)
        return self.model.copy()


def pair(**kind: object) -> Pair:
    return Pair.model_validate(
        {"from": "en", "to": "es", "render": "renderer", "guard": False, **kind}
    )


class Stage:
    """Both kinds on one channel, which plays on a list."""

    def __init__(
        self,
        acts: Mapping[str, Sequence[Act]],
        *,
        kind: str = "end_to_end",
        guard: bool = False,
        terms: Glossary | None = None,
        voice: ScriptedVoice | None = None,
        unusable: Sequence[str] = (),
        listened: bool = True,
    ) -> None:
        self.model = ScriptedRealtime(acts)
        self.renderer = ScriptedRenderer()
        self.voice = voice or ScriptedVoice()
        self.engines = Engines(
            one_renderer=self.renderer, one_voice=self.voice, model=self.model, unusable=unusable
        )
        more = {"glossaries": ["g.yaml"]} if terms else {}
        anything = Pair.model_validate(
            {"from": "*", "to": "*", "render": "renderer", "guard": False}
        )
        self.settings = meeting_settings(
            pairs=[pair(**{kind: "realtime"}, guard=guard, **more), anything],
            glossaries={"g.yaml": terms} if terms else {},
        )
        self.clock = meeting_clock()
        self.record = Record(self.clock)
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.floors = Floors()
        self.health = Health(self.clock)
        self.track = ListTrack(self.clock)
        self.channel = Channel("es", record=self.record, max_wait=2.0)
        self.channel.put_machine_on_air()
        self.listened = listened
        self._kept: dict[str, int] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        def settings(_: int) -> Settings:
            return self.settings

        machine = Machine(self.engines, settings=settings, record=self.record, health=self.health)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(machine.run(self.floors, self.channel))]
            if self.listened:
                tasks.append(group.create_task(self.channel.run(self.track)))
            await asyncio.sleep(0)
            yield
            for task in tasks:
                task.cancel()

    async def interpret(self, *segments: Segment, during: float = 30.0) -> None:
        async with self.running():
            for one in segments:
                await self.say(one)
            await asyncio.sleep(during)

    async def say(self, one: Segment) -> None:
        """Commit a segment that was heard."""
        wait = one.committed - self.clock()
        await asyncio.sleep(max(wait, 0.0))
        since = self._kept.get(one.speaker, -5)
        self._kept[one.speaker] = until = round(one.end * 10) + 5
        for at in range(since, until):  # a level for every tenth of a second
            block = np.full(HEARD_RATE // 10, 100 + at, np.int16)
            self.floors.keep(one.speaker, block, at / 10)
        tail = Tail(speaker=one.speaker, speaker_name="", language="en", text="", start=0, end=0)
        self.floors.publish(Cut(segments=(one,), tail=tail, ended=True))

    @property
    def committed(self) -> list[str]:
        return [one.rendition.text for one in self.facts.of(Rendered)]

    @property
    def heard(self) -> list[str]:
        """Whose voices, one after the other."""
        return ["model" if one.level == LEVEL else "cascade" for one in self.track.soundings()]


def act(text: str, **more: object) -> Sequence[Act]:
    """It goes well, word by word."""
    words = [word if at == 0 else f" {word}" for at, word in enumerate(text.split())]
    return [Act(**{"words": words, "delay": 0.1, "sound": 0.2, **more})]  # type: ignore[arg-type]


GOES_WELL = {HELLO: act(HOLA), BYE: act(ADIOS)}
FAILED = InterpretError("the model is busy", kind="silent")
