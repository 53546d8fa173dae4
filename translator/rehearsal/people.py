"""The people of a rehearsed meeting: one who plays a recording, and one who listens.

Both are ordinary participants; what they hear and read is what anybody would.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from livekit import rtc

from translator.access import Access, Pass, Role
from translator.captions import TOPIC
from translator.demand import LISTEN, READ, SPEAK
from translator.meeting import ZERO
from translator.outbox import FACT_TOPIC
from translator.participant import PREFIX, join
from translator.rehearsal.recording import SAMPLE_RATE, Recording, Samples, paused

AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
FRAME = SAMPLE_RATE // 50
"""Samples that a speaker sends at a time: 20 ms."""
GAP = 0.1
"""Seconds that frames may be late before they count as a gap."""


@asynccontextmanager
async def joined(
    access: Access,
    room_name: str,
    identity: str,
    *,
    name: str,
    attributes: dict[str, str],
    role: Role = Role.ATTENDEE,
) -> AsyncGenerator[rtc.Room, None]:
    """A person in the room, who hears nothing unless asked to."""
    one = Pass(meeting=room_name, identity=identity, role=role, name=name)
    token = access.person(one, attributes=attributes)
    room = rtc.Room()
    try:
        await join(room, access.url, token)
        yield room
    finally:
        await room.disconnect()


class Speaker:
    """Plays a recording into the room in real time."""

    def __init__(self, room: rtc.Room, recording: Recording) -> None:
        self._room = room
        self._recording = recording
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=100)
        self._pauses: list[tuple[int, int]] = []

    @property
    def played(self) -> Recording:
        """The recording as it was played: with a pause where this program was held up."""
        return paused(self._recording, self._pauses)

    async def announce(self) -> rtc.LocalTrackPublication:
        """Publish the microphone."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        return await self._room.local_participant.publish_track(
            track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        )

    async def publish(self) -> None:
        """Publish the microphone and wait until the bridge hears it."""
        publication = await self.announce()
        await publication.wait_for_subscription()

    async def play(self, begin: float) -> None:
        """Capture the first sample at `begin` (monotonic) and the others in real time; where this
        program is held up, the rest comes later."""
        samples = self._recording.samples
        later = 0
        for first in range(0, len(samples), FRAME):
            await asyncio.sleep(begin + first / SAMPLE_RATE - time.monotonic())
            late = round((time.monotonic() - begin) * SAMPLE_RATE) - first
            if late - later > GAP * SAMPLE_RATE:
                self._pauses.append((first, late - later))
                later = late
            piece = np.pad(
                samples[first : first + FRAME], (0, max(first + FRAME - len(samples), 0))
            )
            await self._source.capture_frame(rtc.AudioFrame(piece.tobytes(), SAMPLE_RATE, 1, FRAME))


class Tape:
    """What one track sounded like, each frame at the time of its arrival (monotonic)."""

    def __init__(self) -> None:
        self._frames: list[tuple[float, Samples]] = []

    async def record(self, track: rtc.Track, *, frame_ms: int = 10) -> None:
        """Record until cancelled."""
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=frame_ms
        )
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, np.int16).copy()
                self._frames.append((time.monotonic() - event.frame.duration, samples))
        finally:
            await stream.aclose()

    def since(self, begin: float) -> Samples:
        """The sound from `begin` on, gaps as silence.

        Frames that follow each other are joined without a seam: their arrival jitters, the
        sound does not. A run of them lies where its most punctual frame says.
        """
        placed: list[tuple[int, Samples]] = []
        for run in self._runs():
            sizes = np.cumsum([0, *(len(samples) for _, samples in run[:-1])])
            start = min(at - size / SAMPLE_RATE for (at, _), size in zip(run, sizes, strict=True))
            joined = np.concatenate([samples for _, samples in run])
            placed.append((round((start - begin) * SAMPLE_RATE), joined))
        length = max((at + len(samples) for at, samples in placed), default=0)
        sound = np.zeros(max(length, 0), np.int16)
        for at, samples in placed:
            kept = samples[max(-at, 0) :]
            sound[max(at, 0) : max(at, 0) + len(kept)] = kept
        return sound

    def _runs(self) -> list[list[tuple[float, Samples]]]:
        """The frames without gaps, in runs of five seconds at most: clocks drift apart."""
        runs: list[list[tuple[float, Samples]]] = []
        due, size = 0.0, 0
        for at, samples in self._frames:
            if not runs or at - due > GAP or size > 5 * SAMPLE_RATE:
                runs.append([])
                due, size = at, 0
            runs[-1].append((at, samples))
            due += len(samples) / SAMPLE_RATE
            size += len(samples)
        return runs


class Listener:
    """Hears one participant's track and keeps every message it gets."""

    def __init__(self, room: rtc.Room) -> None:
        self.tape = Tape()
        self.captions: list[tuple[float, dict[str, Any]]] = []
        """(monotonic time of arrival, message)."""
        self.facts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.hearing = asyncio.Event()
        """Set when there is something to hear."""
        self.opened: asyncio.Event = asyncio.Event()
        """Set when the meeting is open."""
        self.closed = asyncio.Event()
        """Set when the bridge has left."""
        self.zero = 0.0
        """The machine's monotonic clock at meeting time 0, from `opened` on."""
        self._room = room
        self._tracks: asyncio.Queue[rtc.Track] = asyncio.Queue()
        self._wanted: str | None = None
        room.on("data_received", self._received)
        room.on("track_published", lambda *_: self._subscribe())
        room.on("track_subscribed", lambda track, *_: self._tracks.put_nowait(track))
        for event in ("participant_connected", "participant_attributes_changed"):
            room.on(event, lambda *_: self._look_for_bridge())
        room.on("participant_disconnected", self._left)

    @property
    def connected(self) -> bool:
        """Whether livekit-server still answers."""
        return self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED

    async def listen(self, identity: str, *, frame_ms: int = 10) -> None:
        """Record the audio of `identity`, also after it came back, until cancelled."""
        self._wanted = identity
        self._subscribe()
        async with asyncio.TaskGroup() as group:
            recording: asyncio.Task[None] | None = None
            while True:
                track = await self._tracks.get()
                if recording is not None:
                    recording.cancel()  # a stream does not end when its track does
                recording = group.create_task(self.tape.record(track, frame_ms=frame_ms))
                self.hearing.set()

    def _subscribe(self) -> None:
        participant = self._room.remote_participants.get(self._wanted or "")
        for publication in participant.track_publications.values() if participant else ():
            if publication.kind == rtc.TrackKind.KIND_AUDIO and not publication.subscribed:
                publication.set_subscribed(True)

    def _look_for_bridge(self) -> None:
        for participant in self._room.remote_participants.values():
            if participant.kind == AGENT and ZERO in participant.attributes:
                self.zero = float(participant.attributes[ZERO])
                self.opened.set()

    def _left(self, participant: rtc.RemoteParticipant) -> None:
        if ZERO in participant.attributes:
            self.closed.set()

    def _received(self, packet: rtc.DataPacket) -> None:
        """Only agents are believed."""
        sender = packet.participant
        if sender is None or sender.kind != AGENT:
            return
        if packet.topic == TOPIC:
            self.captions.append((time.monotonic(), json.loads(packet.data)))
        elif packet.topic == FACT_TOPIC:
            self.facts.put_nowait(json.loads(packet.data))


def wishes(
    *, listen: str | None = None, read: str | None = None, speak: str | None = None
) -> dict[str, str]:
    """Attributes that say what a participant wants."""
    given = {LISTEN: listen, READ: read, SPEAK: speak}
    return {name: value for name, value in given.items() if value is not None}


def channel_identity(language: str) -> str:
    """The identity of the participant that publishes a channel."""
    return PREFIX + language
