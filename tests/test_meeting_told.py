"""What a meeting tells of voices and of engines that are down, and to the job that follows it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from livekit import rtc

from tests.fakes import Saying, ScriptedVoice, meeting_settings
from tests.meetings import (
    ACCESS,
    Microphone,
    Person,
    listener,
    meeting,
    speaker,
    without_a_server,
)
from translator.access import PASS, ClonedVoice, Consent, Pass, Role
from translator.cast import DISTRUST
from translator.condition import CONDITIONS
from translator.errors import SpeakError
from translator.persons import VOICE
from translator.record import Availability, Consented
from translator.settings import Language, Settings

pytestmark = pytest.mark.line


@pytest.fixture(autouse=True)
def serverless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_a_server(monkeypatch, tmp_path)


class Voice(ScriptedVoice):
    """Keeps the voices that it is asked for; gives an error while it is broken."""

    def __init__(self) -> None:
        super().__init__(Saying(seconds=0.5))
        self.asked: list[str | None] = []
        self.broken = False
        self.refused: str | None = None

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        if self.broken:
            raise SpeakError("vendor is not reached", kind="wrong key")
        self.asked.append(voice)
        if voice is not None and voice == self.refused:
            raise SpeakError("vendor has no such voice", kind="refused")
        async for frame in super().say(text, language=language, voice=voice, pace=pace):
            yield frame


def voiced() -> Settings:
    spanish = Language.model_validate({"speak": "vendor", "voice": ["a", "b", "c"]})
    return meeting_settings(languages={"es": spanish}, grace=1.0)


def consenting() -> Person:
    """Ana, who agreed to be heard in a copy of her voice."""
    consent = Consent(
        voice=ClonedVoice(engine="vendor", name="ana"),
        given=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    )
    one = Pass(meeting="town", identity="p-ana", role=Role.SPEAKER, name="Ana", consent=consent)
    ana = speaker()
    ana.attributes[PASS] = ACCESS.sign(one)
    return ana


async def speaks(person: Person) -> None:
    """Say something, and pause."""
    microphone = cast(Microphone, person.microphone)
    microphone.level = 5000
    await asyncio.sleep(3.0)
    microphone.level = 0
    await asyncio.sleep(5.0)


def announced(metadata: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(metadata)["translator"]
    return found


async def test_the_next_job_gives_every_speaker_the_voice_of_the_one_before() -> None:
    ana, luis = speaker(), Person("p-luis", microphone=Microphone("TR_2"))
    voice = Voice()
    async with meeting(ana, luis, listener("es"), voice=voice, settings=voiced()) as stage:
        await speaks(luis)
        await speaks(ana)
        metadata = stage.room.metadata
    assert voice.asked == ["a", "b"]
    assert announced(metadata)["cast"] == {"p-luis": 0, "p-ana": 1}
    for person in (ana, luis):
        cast(Microphone, person.microphone).subscribed = False
    again = meeting(ana, luis, listener("es"), voice=voice, settings=voiced(), metadata=metadata)
    async with again:
        await speaks(ana)
        await speaks(luis)
    assert voice.asked == ["a", "b", "b", "a"]


async def test_a_consent_is_followed_recorded_and_taken_back() -> None:
    ana, liar = consenting(), Person("p-liar", microphone=Microphone("TR_2"))
    liar.attributes[PASS] = ana.attributes[PASS]
    voice = Voice()
    async with meeting(ana, liar, listener("es"), voice=voice, settings=voiced()) as stage:
        await speaks(ana)
        await speaks(liar)
        ana.attributes[VOICE] = "usual"
        await speaks(ana)
        told = [(fact.speaker, fact.withdrawn) for fact in stage.facts.of(Consented)]
    assert voice.asked == ["ana", "a", "b"]
    assert told == [("p-ana", False), ("p-ana", True)]


async def test_a_copy_that_failed_is_asked_for_again_by_the_clock_of_the_meeting() -> None:
    ahead = 0.0

    def clock() -> float:
        return asyncio.get_running_loop().time() + ahead

    ana, voice = consenting(), Voice()
    voice.refused = "ana"
    people = (ana, listener("es"))
    async with meeting(*people, voice=voice, settings=voiced(), clock=clock):
        await speaks(ana)
        assert voice.asked == ["ana", "a"]
        voice.refused = None
        await speaks(ana)
        assert voice.asked == ["ana", "a", "a"]
        ahead = DISTRUST
        await speaks(ana)
        assert set(voice.asked[3:]) == {"ana"}


async def test_everybody_is_told_of_a_voice_that_is_gone_and_when_it_is_back() -> None:
    ana, voice = speaker(), Voice()
    voice.broken = True
    async with meeting(ana, listener("es"), voice=voice, settings=voiced()) as stage:
        bridge = stage.room.local_participant
        await asyncio.sleep(1.0)
        assert json.loads(bridge.attributes[CONDITIONS]) == {}
        await speaks(ana)
        condition = {"voice": "captions", "as_said": [], "why": "engine", "down": ["vendor"]}
        assert json.loads(bridge.attributes[CONDITIONS]) == {"es": condition}
        voice.broken, stage.engines.mended = False, True
        await asyncio.sleep(90.0)
        assert json.loads(bridge.attributes[CONDITIONS]) == {}
        gone, back = stage.facts.of(Availability)
    assert (gone.engine, gone.available, gone.instead) == ("vendor", False, ())
    assert back.available


async def test_an_engine_that_nobody_names_any_more_is_not_tried() -> None:
    async def edited() -> AsyncGenerator[Settings, None]:
        await asyncio.sleep(10.0)
        other = Language.model_validate({"speak": "other"})
        found = meeting_settings(languages={"es": other}, grace=1.0)
        yield found.model_copy(update={"number": 2})
        await asyncio.Event().wait()

    ana, voice = speaker(), Voice()
    voice.broken = True
    people = (ana, listener("es"))
    async with meeting(*people, voice=voice, settings=voiced(), edits=edited()) as stage:
        await speaks(ana)
        assert [one.engine for one in stage.facts.of(Availability)] == ["vendor"]
        await asyncio.sleep(3.0)
        stage.engines.tried.clear()
        await asyncio.sleep(30.0)
        assert stage.engines.tried == []
