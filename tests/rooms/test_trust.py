"""What people write of themselves, or send, changes nothing that anybody hears or reads."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit import api, rtc

from tests.rooms.attendees import SOON, Attendee, attending, until
from tests.rooms.rooms import excerpt
from tests.speech import speech
from translator.access import Role
from translator.captions import TOPIC
from translator.outbox import FACT_TOPIC
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.run import Rehearsal, rehearsal

pytestmark = [pytest.mark.room, pytest.mark.timeout(180)]

LIE = {
    "v": 1,
    "stream": "es",
    "seq": 1000,
    "kind": "segment",
    "segment_id": "1.1",
    "final": True,
    "origin": "rendition",
    "language": "es",
    "text": "Mentira",
    "speaker_name": "Ana",
}


def topics(room: rtc.Room) -> list[str | None]:
    """The topics of all messages that come in from now on, whoever sent them."""
    found: list[str | None] = []
    room.on("data_received", lambda packet: found.append(packet.topic))
    return found


@asynccontextmanager
async def meeting(out: Path) -> AsyncGenerator[Rehearsal, None]:
    talk = Talk(
        name="Ana",
        path=Path("printing"),
        start=0.0,
        recording=excerpt(speech("long_en_printing_a"), 0.0, 90.0),
    )
    order = Order(talks=(talk,), targets=(), spoken="en", out=out, room="trust")
    async with rehearsal(order) as one, asyncio.TaskGroup() as group:
        speaking = group.create_task(one.perform())
        yield one
        speaking.cancel()


def names(person: Attendee) -> set[str]:
    return {message["speaker_name"] for _, message in person.captions}


async def test_an_attendee_who_lies_is_heard_and_read_by_nobody(tmp_path: Path) -> None:
    async with (
        meeting(tmp_path) as one,
        attending(one.access, one.order.room, "p-reader", read="es") as reader,
        attending(one.access, one.order.room, "p-liar") as liar,
    ):
        await until(lambda: reader.texts("es"))
        got = topics(liar.room)

        await liar.wish(role="interpreter", **{"translator.role": "organizer"})
        await liar.room.local_participant.set_name("Ana")
        with pytest.raises(rtc.participant.PublishTrackError, match="no response received"):
            await liar.room.local_participant.publish_track(
                rtc.LocalAudioTrack.create_audio_track("lie", rtc.AudioSource(48_000, 1))
            )
        await liar.room.local_participant.publish_data(json.dumps(LIE), topic=TOPIC)
        known = len(reader.captions)
        await until(lambda: len(reader.captions) > known + 3)

        assert "Mentira" not in {message["text"] for _, message in reader.captions}
        assert names(reader) == {"Ana"}
        assert {message["speaker"] for _, message in reader.captions} == {"speaker-1"}
        assert one.account.streams_max == {"speaker-1": 1}
        assert FACT_TOPIC not in got


async def test_a_speaker_who_renames_themselves_is_still_called_by_the_pass(
    tmp_path: Path,
) -> None:
    async with (
        meeting(tmp_path) as one,
        attending(one.access, one.order.room, "p-reader", read="es") as reader,
    ):
        async with one.access.server() as lk:
            await lk.room.update_participant(
                api.UpdateParticipantRequest(
                    room=one.order.room, identity="speaker-1", name="The President"
                )
            )
        ana = reader.room.remote_participants["speaker-1"]
        await until(lambda: ana.name == "The President")
        known = len(reader.texts("es"))
        await until(lambda: len(reader.texts("es")) > known + 1)
        assert names(reader) == {"Ana"}


async def test_an_organizer_gets_the_facts(tmp_path: Path) -> None:
    async with (
        meeting(tmp_path) as one,
        attending(one.access, one.order.room, "p-boss", role=Role.ORGANIZER) as boss,
    ):
        segments = await asyncio.wait_for(heard(boss), SOON)
    assert {(one["speaker"], one["language"]) for one in segments} == {("speaker-1", "en")}
    assert all(one["text"] for one in segments)


async def heard(person: Attendee) -> list[dict[str, Any]]:
    """What the next fact says that somebody said."""
    while True:
        fact = await person.facts.get()
        if fact["fact"] == "Heard" and fact["cut"]["segments"]:
            return list(fact["cut"]["segments"])
