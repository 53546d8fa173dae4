"""What the outbox sends, sent into a LiveKit room."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from livekit import rtc

from translator.captions import Caption
from translator.outbox import TRANSCRIPTION_TOPIC
from translator.participant import PREFIX


class RoomSender:
    """The room as the outbox needs it."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        with self._to_whom_it_concerns():
            await self._room.local_participant.publish_data(
                payload, reliable=True, topic=topic, destination_identities=list(to)
            )

    async def send_transcription(self, caption: Caption, to: Collection[str]) -> None:
        attributes = {
            "lk.segment_id": f"{caption.segment_id}/{caption.language}",
            "lk.transcription_final": "true",
            "lk.transcribed_track_id": self._track_of(caption),
            "language": caption.language,
        }
        with self._to_whom_it_concerns():
            writer = await self._room.local_participant.stream_text(
                topic=TRANSCRIPTION_TOPIC,
                sender_identity=caption.speaker,
                attributes=attributes,
                destination_identities=list(to),
            )
            await writer.write(caption.text)
            await writer.aclose()

    @contextmanager
    def _to_whom_it_concerns(self) -> Iterator[None]:
        """What a room that has ended refuses concerns nobody."""
        try:
            yield
        except Exception:  # whatever the room's client raises
            if self._room.isconnected():
                raise

    def _track_of(self, caption: Caption) -> str:
        """The track on which the caption's words are to be heard."""
        source = caption.origin == "source"
        identity = caption.speaker if source else PREFIX + caption.language
        participant = self._room.remote_participants.get(identity)
        tracks: Mapping[str, object] = participant.track_publications if participant else {}
        return next(iter(tracks), "")
