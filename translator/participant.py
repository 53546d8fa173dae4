"""`translator-<code>`: the participant that publishes a channel's track."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from livekit import rtc

from translator import languages
from translator.access import Access
from translator.channel import SAMPLE_RATE
from translator.turns import Samples

PREFIX = "translator-"
BRIDGE = "bridge-"
"""Beginning of the identity of a meeting's job."""
CHANNEL = "translator.channel"
"""Attribute that says what is on air in a channel, and its lag; JSON."""
STATE_EVERY = 2.0
"""Seconds between two looks at what an attribute tells."""
QUEUE_MS = 100
"""Audio that LiveKit may hold: less is heard sooner, more survives a busy moment."""


class Participant:
    """One connection to the room, with one track; a channel's Track."""

    def __init__(self, language: str, *, clock: Callable[[], float]) -> None:
        self.language = language
        self.identity = PREFIX + language
        self.lost = asyncio.Event()
        """Set when the server has ended the connection."""
        self._clock = clock
        self._room = rtc.Room()
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=QUEUE_MS)
        self._room.on("disconnected", lambda *_: self.lost.set())
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def joined(self, room_name: str, access: Access) -> AsyncGenerator[None, None]:
        """Join and publish; leave at the end."""
        token = access.machine(
            self.identity,
            languages.own_name(self.language),
            room_name,
            attributes={"translator.language": self.language},
        )
        try:
            await join(self._room, access.url, token)
            track = rtc.LocalAudioTrack.create_audio_track(self.language, self._source)
            await self._room.local_participant.publish_track(
                track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            )
            yield
        finally:
            await self._room.disconnect()
            await self._source.aclose()

    async def tell(self, state: Callable[[], str]) -> None:
        """Keep every client told of the channel's state, until cancelled."""
        await tell(self._room.local_participant, CHANNEL, state)

    async def write(self, samples: Samples) -> float:
        """See Track. A frame that was begun is finished even when the writer is cancelled."""
        frame = rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, len(samples))
        async with self._writing:
            begins = self._clock() + self._source.queued_duration
            await asyncio.shield(self._source.capture_frame(frame))  # a cancelled capture jams it
        return begins


async def join(room: rtc.Room, url: str, token: str) -> None:
    """Connect, and subscribe to nothing. Raises rtc.ConnectError.

    Whoever is cancelled meanwhile waits until it is done, and has a room to disconnect. LiveKit's
    library goes on with a `connect` that is cancelled; 15 s later it calls it a panic, and sends
    SIGTERM to the process (github.com/livekit/python-sdks/issues/784).
    """
    options = rtc.RoomOptions(auto_subscribe=False)
    connecting = room.connect(url, token, options)
    joining = asyncio.create_task(connecting)  # noqa: TID251  (who is cancelled waits for it)
    try:
        await asyncio.shield(joining)
    except asyncio.CancelledError:
        await asyncio.wait((joining,))
        if not joining.cancelled():
            joining.exception()  # nobody wants to know it
        raise


async def tell(participant: rtc.LocalParticipant, attribute: str, state: Callable[[], str]) -> None:
    """Keep an attribute of ours as `state` says, until cancelled."""
    told = ""
    while True:
        if (now := state()) != told:
            await participant.set_attributes({attribute: now})
            told = now
        await asyncio.sleep(STATE_EVERY)
