"""Microphones: whose tracks are floors, and which of them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc

from tests.fakes import LoudnessVAD, ScriptedEar, meeting_clock, meeting_settings
from translator.children import Children
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.microphones import Microphones
from translator.record import Record

pytestmark = pytest.mark.unit

MICROPHONE = rtc.TrackSource.SOURCE_MICROPHONE
SCREEN = rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO


class Silence:
    """A stream that gives nothing, and does not end."""

    def __init__(self, track: object, **_: object) -> None:
        pass

    def __aiter__(self) -> "Silence":
        return self

    async def __anext__(self) -> rtc.AudioFrameEvent:
        await asyncio.Event().wait()
        raise AssertionError("never set")

    async def aclose(self) -> None:
        pass


@pytest.fixture(autouse=True)
def audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.microphones.rtc.AudioStream", Silence)
    monkeypatch.setattr("translator.hear.VAD", LoudnessVAD)


@dataclass(slots=True, eq=False)
class Publication:
    """A track as livekit-server offers it; subscribing takes no time."""

    sid: str
    source: Any = MICROPHONE
    encryption_type: Any = rtc.EncryptionType.NONE
    kind: Any = rtc.TrackKind.KIND_AUDIO
    subscribed: bool = False
    muted: bool = False
    track: object = None

    def set_subscribed(self, wanted: bool) -> None:
        self.subscribed = wanted
        self.track = object() if wanted else None


@dataclass(slots=True)
class Person:
    """Who publishes them."""

    identity: str
    published: list[Publication] = field(default_factory=list)
    name: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        return {}

    @property
    def track_publications(self) -> dict[str, Publication]:
        return {one.sid: one for one in self.published}


@dataclass(slots=True, kw_only=True)
class Stage:
    """Microphones, and those that are heard."""

    microphones: Microphones
    children: Children

    async def look(self, *persons: Person, wanted: bool = True) -> list[str]:
        """The floors, when all has settled."""
        people: Any = persons
        for _ in range(3):
            self.microphones.reconcile(people, wanted=wanted, children=self.children)
            await asyncio.sleep(0.1)
        return [name.removeprefix("floor ") for name in self.children.names]


@asynccontextmanager
async def stage(
    hears: Callable[[rtc.RemoteParticipant], bool] = lambda _: True,
) -> AsyncGenerator[Stage, None]:
    settings = meeting_settings()
    failures: list[BaseException] = []
    async with asyncio.TaskGroup() as group:
        children = Children(group, lambda _, error: failures.append(error))
        microphones = Microphones(
            ear=lambda person, floor: ScriptedEar(),
            name=lambda person: str(person.name),
            settings=lambda: settings,
            guard=EchoGuard(),
            record=Record(meeting_clock()),
            floors=Floors(),
            hears=hears,
        )
        yield Stage(microphones=microphones, children=children)
        for name in children.names:
            await children.stop(name)
    assert failures == []


async def test_what_people_publish_is_heard_while_anybody_wants_anything() -> None:
    ana = Person("p-ana", [Publication("TR_1"), Publication("TR_2", SCREEN)])
    async with stage() as one:
        assert await one.look(ana) == ["p-ana/TR_1", "p-ana/TR_2"]
        assert await one.look(ana, wanted=False) == []
        assert [track.subscribed for track in ana.published] == [False, False]
        assert await one.look(ana) == ["p-ana/TR_1", "p-ana/TR_2"]


async def test_of_many_tracks_of_one_source_the_newest_is_heard() -> None:
    ana = Person("p-ana", [Publication("TR_1")])
    async with stage() as one:
        assert await one.look(ana) == ["p-ana/TR_1"]
        ana.published += [Publication("TR_2"), Publication("TR_3")]
        assert await one.look(ana) == ["p-ana/TR_3"]
        assert [track.subscribed for track in ana.published] == [False, False, True]
        ana.published.pop()
        assert await one.look(ana) == ["p-ana/TR_2"]


async def test_what_is_encrypted_takes_the_place_of_nothing() -> None:
    hidden = Publication("TR_2", encryption_type=rtc.EncryptionType.GCM)
    ana = Person("p-ana", [Publication("TR_1"), hidden])
    async with stage() as one:
        assert await one.look(ana) == ["p-ana/TR_1"]
        assert not hidden.subscribed


async def test_who_is_no_floor_is_not_heard_from_when_that_is_known() -> None:
    ana, bea = Person("p-ana", [Publication("TR_1")]), Person("p-bea", [Publication("TR_2")])
    floors = {"p-ana", "p-bea"}
    async with stage(lambda person: person.identity in floors) as one:
        assert await one.look(ana, bea) == ["p-ana/TR_1", "p-bea/TR_2"]
        floors.remove("p-bea")
        assert await one.look(ana, bea) == ["p-ana/TR_1"]
        assert not bea.published[0].subscribed
