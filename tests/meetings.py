"""Meetings without a server, in virtual time: what is real is all between room and engines."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from livekit import rtc

from tests.fakes import (
    Facts,
    LoudnessVAD,
    ScriptedEngines,
    ScriptedRenderer,
    ScriptedVoice,
    meeting_settings,
)
from translator.access import Access
from translator.announcement import Announcement, announced, merged
from translator.beside import beside
from translator.demand import LISTEN
from translator.errors import SpeakError
from translator.hear import BLOCK, HOLD, SAMPLE_RATE, Ear, Sound
from translator.meeting import Meeting
from translator.settings import Settings
from translator.turns import Samples
from translator.types import Hypothesis, Pauses, Prior

ACCESS = Access(url="ws://127.0.0.1:1", api_key="key", api_secret="s" * 40)
SAID = "Good morning to all of you."
BLOCK_SECONDS = BLOCK / SAMPLE_RATE


@dataclass(slots=True)
class CountingEar:
    """Hears SAID in each listen, in `language`, and counts all sounds that it is given."""

    language: str
    listens: int = 0
    sounds: int = 0
    loud: int = 0
    open: int = 0
    hold: float = HOLD

    async def listen(
        self, audio: AsyncGenerator[Sound, None], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        self.listens += 1
        self.open += 1
        read = 0
        try:
            async for sound in audio:
                read += 1
                self.sounds += 1
                self.loud += bool(sound.samples.any())
            yield Hypothesis(
                utterance="1",
                text=SAID,
                language=self.language,
                final=True,
                start=0.0,
                end=read * BLOCK_SECONDS,
                stable=len(SAID),
            )
        finally:
            self.open -= 1


class Engines(ScriptedEngines):
    """Counts what every engine is asked."""

    def __init__(self, language: str, voice: ScriptedVoice) -> None:
        super().__init__(one_renderer=ScriptedRenderer(), one_voice=voice)
        self.one_ear = CountingEar(language)
        self.tried: list[str] = []
        self.mended = False
        """Whether what is down works again."""

    def ear(self, name: str, pauses: Pauses) -> Ear:
        return cast(Ear, self.one_ear)

    async def trial(self, stage: str, name: str, settings: Settings) -> None:
        self.tried.append(name)
        if not self.mended:
            raise SpeakError("still down")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


@dataclass(slots=True, eq=False)
class Microphone:
    """A track that somebody publishes; `level` is how loud it is now, also where it is muted."""

    sid: str = "TR_1"
    level: int = 0
    muted: bool = False
    subscribed: bool = False
    source: Any = rtc.TrackSource.SOURCE_MICROPHONE
    encryption_type: Any = rtc.EncryptionType.NONE
    kind: Any = rtc.TrackKind.KIND_AUDIO

    @property
    def track(self) -> object:
        return self if self.subscribed else None

    def set_subscribed(self, wanted: bool) -> None:
        self.subscribed = wanted


class Frames:
    """What comes of a track, in real time; a muted one gives what its client goes on sending."""

    def __init__(self, track: Microphone, **_: object) -> None:
        self._track = track
        self._at = time.monotonic()

    def __aiter__(self) -> "Frames":
        return self

    async def __anext__(self) -> rtc.AudioFrameEvent:
        self._at += BLOCK_SECONDS
        await asyncio.sleep(self._at - time.monotonic())
        samples = np.full(BLOCK, self._track.level, np.int16)
        return rtc.AudioFrameEvent(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, BLOCK))

    async def aclose(self) -> None:
        pass


@dataclass(slots=True)
class Person:
    """Who is there, and wants or says something."""

    identity: str
    attributes: dict[str, str] = field(default_factory=dict)
    microphone: Microphone | None = None
    name: str = ""
    kind: Any = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD

    @property
    def track_publications(self) -> Mapping[str, Microphone]:
        return {} if self.microphone is None else {self.microphone.sid: self.microphone}


class Local:
    """The bridge's own participant."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}

    def register_rpc_method(self, name: str, handler: object) -> None:
        pass

    async def set_attributes(self, attributes: Mapping[str, str]) -> None:
        self.attributes |= attributes


class Room:
    """A room without a server."""

    name = "town"

    def __init__(self, *people: Person, metadata: str = "") -> None:
        self.metadata = metadata
        self.remote_participants = {one.identity: one for one in people}
        self.local_participant = Local()

    def on(self, event: str, handler: Callable[..., object]) -> None:
        pass


class Channel:
    """Stands in for a `translator-<code>`: it plays to nobody, in real time."""

    joined_now: tuple[str, ...] = ()

    def __init__(self, language: str, *, clock: Callable[[], float]) -> None:
        self.language = language
        self.lost = asyncio.Event()
        self._clock = clock

    @asynccontextmanager
    async def joined(self, room_name: str, access: Access) -> AsyncGenerator[None, None]:
        Channel.joined_now = (*Channel.joined_now, self.language)
        yield

    async def tell(self, state: Callable[[], str]) -> None:
        await asyncio.Event().wait()

    async def write(self, samples: Samples) -> float:
        await asyncio.sleep(len(samples) / 24_000)
        return self._clock()


@dataclass(slots=True, kw_only=True)
class Stage:
    """A meeting that runs."""

    engines: Engines
    facts: Facts
    room: Room

    @property
    def rendered(self) -> list[str]:
        return [brief.target for brief in self.engines.one_renderer.calls]

    @property
    def spoken(self) -> list[str]:
        return [language for _, language, _ in self.engines.one_voice.calls]


def without_a_server(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have meetings run on what stands here; `folder` is for what they keep."""
    Channel.joined_now = ()
    monkeypatch.setenv("TRANSLATOR_STATE", str(folder))
    monkeypatch.setattr("translator.microphones.rtc.AudioStream", Frames)
    monkeypatch.setattr("translator.hear.VAD", LoudnessVAD)
    monkeypatch.setattr("translator.channels.Participant", Channel)
    monkeypatch.setattr("translator.meeting.RoomSender", lambda room: Silent())
    monkeypatch.setattr("translator.announcement.Announcement.make", _announce)


class Silent:
    """Sends nothing."""

    async def send(self, *_: object) -> None:
        pass

    async def send_transcription(self, *_: object) -> None:
        pass


async def _announce(self: Announcement, settings: Settings, **more: Any) -> None:
    metadata = merged(self._room.metadata, announced(settings, **more))
    cast(Any, self._room).metadata = json.dumps(metadata)


async def _no_edits() -> AsyncGenerator[Any, None]:
    await asyncio.Event().wait()
    yield None


@asynccontextmanager
async def meeting(
    *people: Person,
    language: str = "en",
    voice: ScriptedVoice | None = None,
    settings: Settings | None = None,
    edits: AsyncGenerator[Settings, None] | None = None,
    metadata: str = "",
    clock: Callable[[], float] | None = None,
) -> AsyncGenerator[Stage, None]:
    """People in a meeting, who speak `language`; Spanish and French can be had. `clock` is the
    machine's."""
    room, facts = Room(*people, metadata=metadata), Facts()
    engines = Engines(language, voice or ScriptedVoice())
    one = Meeting(
        cast(rtc.Room, room),
        settings=settings or meeting_settings(grace=1.0),
        edits=edits or _no_edits(),
        engines=cast(Any, engines),
        access=ACCESS,
        observers=(),
        clock=clock or time.monotonic,
    )
    one._record.subscribe(facts.note)
    async with beside(one.run()):
        yield Stage(engines=engines, facts=facts, room=room)


def speaker(**microphone: Any) -> Person:
    """Ana, who has a microphone."""
    return Person("p-ana", microphone=Microphone(**microphone))


def listener(language: str) -> Person:
    """Eva, who listens."""
    return Person("p-eva", {LISTEN: language})
