"""Messages into a LiveKit room that takes them, refuses them, or has ended."""

from dataclasses import dataclass
from typing import Any, cast

import pytest
from livekit import rtc

from translator.captions import Caption
from translator.sender import RoomSender

pytestmark = pytest.mark.unit

CAPTION = Caption(
    stream="es",
    seq=1,
    kind="segment",
    segment_id="p-ada/1",
    revision=1,
    final=True,
    origin="rendition",
    speaker="p-ada",
    speaker_name="Ada",
    source_language="en",
    language="es",
    text="Buenos días",
    start=0.0,
    end=2.0,
)


@dataclass(slots=True)
class ClosedRoom:
    """A room that takes nothing, as one that has ended, or one that is full for the moment."""

    connected: bool

    @property
    def local_participant(self) -> "ClosedRoom":
        return self

    @property
    def remote_participants(self) -> dict[str, object]:
        return {}

    def isconnected(self) -> bool:
        return self.connected

    async def publish_data(self, *_: object, **__: object) -> None:
        raise ConnectionError("engine is closed")

    async def stream_text(self, *_: object, **__: object) -> Any:
        raise ConnectionError("engine is closed")


async def send_both(room: ClosedRoom) -> None:
    sender = RoomSender(cast(rtc.Room, room))
    await sender.send("topic", "{}", ["p-ada"])
    await sender.send_transcription(CAPTION, ["p-ada"])


async def test_what_a_room_refuses_that_is_open_is_told() -> None:
    with pytest.raises(ConnectionError):
        await send_both(ClosedRoom(connected=True))


async def test_what_a_room_refuses_that_has_ended_is_missed_by_nobody() -> None:
    await send_both(ClosedRoom(connected=False))
