"""What nobody wants, or nobody says, is sent to no engine: whole meetings without a server."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from tests.meetings import (
    Channel,
    Microphone,
    Person,
    listener,
    meeting,
    speaker,
    without_a_server,
)
from translator.demand import LISTEN, READ
from translator.hear import HOLD, blocks

pytestmark = pytest.mark.line


@pytest.fixture(autouse=True)
def serverless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_a_server(monkeypatch, tmp_path)


async def test_who_speaks_to_a_listener_is_heard_rendered_and_spoken() -> None:
    """Else the tests below would prove nothing."""
    ana = speaker(level=5000)
    async with meeting(ana, listener("es")) as stage:
        await asyncio.sleep(5.0)
        cast(Microphone, ana.microphone).level = 0
        await asyncio.sleep(5.0)
        assert stage.engines.one_ear.listens == 1
        assert (stage.rendered, stage.spoken) == (["es"], ["es"])
        assert Channel.joined_now == ("es",)


async def test_a_muted_microphone_opens_no_ear_whatever_its_client_sends() -> None:
    async with meeting(speaker(level=5000, muted=True), listener("es")) as stage:
        await asyncio.sleep(10.0)
        assert (stage.engines.one_ear.listens, stage.engines.one_ear.sounds) == (0, 0)
        assert (stage.rendered, stage.spoken) == ([], [])


async def test_who_mutes_in_the_middle_is_heard_to_that_word_and_again_when_that_ends() -> None:
    ana = speaker(level=5000)
    microphone = cast(Microphone, ana.microphone)
    async with meeting(ana, listener("es")) as stage:
        ear = stage.engines.one_ear
        await asyncio.sleep(5.0)
        microphone.muted = True
        loud, sounds = ear.loud, ear.sounds
        await asyncio.sleep(HOLD + 0.2)
        assert ear.open == 0
        assert ear.loud - loud <= 1, "what was said before came to its end"
        assert ear.sounds - sounds <= blocks(HOLD) + 1
        given = ear.sounds
        await asyncio.sleep(60.0)
        assert (ear.sounds, ear.listens) == (given, 1)
        microphone.muted = False
        await asyncio.sleep(5.0)
        assert (ear.open, ear.listens) == (1, 2)


async def test_an_ear_is_kept_through_a_pause_and_not_for_who_mutes_or_leaves() -> None:
    ana = speaker(level=5000)
    microphone = cast(Microphone, ana.microphone)
    async with meeting(ana, listener("es")) as stage:
        ear = stage.engines.one_ear
        ear.hold = 10.0
        await asyncio.sleep(5.0)
        microphone.level = 0
        await asyncio.sleep(8.0)
        assert (ear.open, ear.listens) == (1, 1), "a pause"
        microphone.level = 5000
        await asyncio.sleep(5.0)
        microphone.muted = True
        await asyncio.sleep(HOLD + 0.2)
        assert (ear.open, ear.listens) == (0, 1), "muted"
        microphone.muted = False
        await asyncio.sleep(5.0)
        microphone.level = 0
        await asyncio.sleep(3.0)
        assert (ear.open, ear.listens) == (1, 2), "a pause"
        del stage.room.remote_participants[ana.identity]
        await asyncio.sleep(1.0)
        assert ear.open == 0, "gone"


async def test_a_silent_microphone_sends_nothing() -> None:
    async with meeting(speaker(level=0), listener("es")) as stage:
        await asyncio.sleep(60.0)
        assert stage.engines.one_ear.sounds == 0


@pytest.mark.parametrize(
    "wishes", [{}, {LISTEN: "de"}, {READ: ""}, {LISTEN: "", READ: "tlh"}], ids=str
)
async def test_while_nobody_wants_any_language_nobody_is_heard(wishes: dict[str, str]) -> None:
    ana = speaker(level=5000)
    async with meeting(ana, Person("p-eva", wishes)) as stage:
        await asyncio.sleep(10.0)
        assert stage.engines.one_ear.listens == 0
        assert not cast(Microphone, ana.microphone).subscribed, "its sound does not even come"


async def test_when_the_last_one_leaves_nobody_is_heard_any_more() -> None:
    ana, eva = speaker(level=5000), listener("es")
    async with meeting(ana, eva) as stage:
        ear = stage.engines.one_ear
        await asyncio.sleep(5.0)
        assert ear.open == 1
        del stage.room.remote_participants[eva.identity]
        await asyncio.sleep(3.0)
        assert ear.open == 0
        assert not cast(Microphone, ana.microphone).subscribed


async def test_a_language_that_is_only_read_is_rendered_and_never_spoken() -> None:
    ana = speaker(level=5000)
    async with meeting(ana, Person("p-eva", {READ: "es"})) as stage:
        await asyncio.sleep(5.0)
        cast(Microphone, ana.microphone).level = 0
        await asyncio.sleep(5.0)
        assert (stage.rendered, stage.spoken) == (["es"], [])
        assert Channel.joined_now == ()


async def test_who_reads_people_as_they_speak_costs_no_renderer() -> None:
    ana = speaker(level=5000)
    async with meeting(ana, Person("p-eva", {READ: "floor"})) as stage:
        await asyncio.sleep(5.0)
        cast(Microphone, ana.microphone).level = 0
        await asyncio.sleep(5.0)
        assert stage.engines.one_ear.listens == 1
        assert (stage.rendered, stage.spoken) == ([], [])


async def test_a_listener_of_the_language_that_is_spoken_costs_no_renderer_and_no_voice() -> None:
    ana = speaker(level=5000)
    async with meeting(ana, listener("es"), language="es") as stage:
        await asyncio.sleep(5.0)
        cast(Microphone, ana.microphone).level = 0
        await asyncio.sleep(5.0)
        assert stage.engines.one_ear.listens == 1
        assert (stage.rendered, stage.spoken) == ([], [])


async def test_only_the_languages_that_somebody_wants_are_rendered() -> None:
    ana = speaker(level=5000)
    async with meeting(ana, listener("fr")) as stage:
        await asyncio.sleep(5.0)
        cast(Microphone, ana.microphone).level = 0
        await asyncio.sleep(5.0)
        assert (stage.rendered, stage.spoken) == (["fr"], ["fr"])
