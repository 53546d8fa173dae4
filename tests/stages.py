"""A cascade on a stage: one channel, scripted engines, and what came of it."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.fakes import (
    Facts,
    ListTrack,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    meeting_clock,
    meeting_settings,
)
from translator.channel import Channel
from translator.current import Current
from translator.floors import Floors
from translator.health import Health
from translator.interpreters.machine import Machine
from translator.record import Record, Rendered
from translator.settings import Language, Pair, Settings
from translator.types import Cut, Segment, Tail

HELLO = "Good morning to all of you."


UNGUARDED = {"guard": False}
"""Of a pair whose scripted renderer writes what no guard would let through."""


BYE = "We shall meet again tomorrow."


class Stage:
    """A cascade that fills one channel, which plays on a list."""

    def __init__(
        self,
        *,
        renderer: ScriptedRenderer | None = None,
        voice: ScriptedVoice | None = None,
        settings: Settings | None = None,
        language: str = "es",
        listened: bool = True,
        renderers: Mapping[str, ScriptedRenderer] | None = None,
        voices: Mapping[str, ScriptedVoice] | None = None,
        unusable: Collection[str] = (),
        unreached: Collection[str] = (),
    ) -> None:
        self.unusable = unusable
        self.unreached = unreached
        self.renderers = renderers or {}
        self.voices = voices or {}
        self.renderer = renderer or ScriptedRenderer()
        self.voice = voice or ScriptedVoice()
        self.settings = settings or meeting_settings()
        self.current = Current(self.settings)
        self.clock = meeting_clock()
        self.record = Record(self.clock)
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.health = Health(self.clock)
        self.floors = Floors()
        self.track = ListTrack(self.clock)
        self.channel = Channel(language, record=self.record, max_wait=self.settings.max_wait)
        self.channel.put_machine_on_air()
        self.listened = listened

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.TaskGroup, None]:
        engines = ScriptedEngines(
            one_renderer=self.renderer,
            one_voice=self.voice,
            renderers=self.renderers,
            voices=self.voices,
            unusable=self.unusable,
            unreached=self.unreached,
        )
        machine = Machine(
            engines,
            settings=self.current.of,
            record=self.record,
            health=self.health,
        )
        async with asyncio.TaskGroup() as group:
            self.tasks = [group.create_task(machine.run(self.floors, self.channel))]
            if self.listened:
                self.listen(group)
            await asyncio.sleep(0)
            yield group
            for task in self.tasks:
                task.cancel()

    def listen(self, group: asyncio.TaskGroup) -> None:
        """From now on somebody listens."""
        self.tasks.append(group.create_task(self.channel.run(self.track)))

    async def interpret(self, *segments: Segment, during: float = 60.0) -> None:
        async with self.running():
            for one in segments:
                self.commit(one)
            await asyncio.sleep(during)

    def commit(self, *segments: Segment) -> None:
        tail = Tail(speaker="p", speaker_name="P", language="en", text="", start=0.0, end=0.0)
        self.floors.publish(Cut(segments=segments, tail=tail))

    @property
    def committed(self) -> list[tuple[str, str, str]]:
        """The captions: (segment, language, text)."""
        return [
            (one.rendition.segment.id, one.rendition.language, one.rendition.text)
            for one in self.facts.of(Rendered)
        ]


def said(voice: ScriptedVoice) -> list[str]:
    """The texts that it was asked to say."""
    return [text for text, _, _ in voice.calls]


def pair_of(source: str, target: str, *, glossaries: Sequence[str] = ()) -> Pair:
    """By the one renderer, without a guard."""
    return Pair.model_validate(
        {"from": source, "to": target, "render": "renderer", "glossaries": glossaries} | UNGUARDED
    )


def two_of_each() -> Settings:
    """Spanish, by two renderers and two voices."""
    pair = Pair.model_validate(
        {"from": "*", "to": "*", "render": ["renderer", "second"]} | UNGUARDED
    )
    speaking = Language.model_validate({"speak": ["voice", "second"], "voice": "Lola"})
    return meeting_settings(languages={"es": speaking}, pairs=[pair])
