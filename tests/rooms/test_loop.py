"""Nothing that an interpreter says becomes a floor, also by way of a loudspeaker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from livekit import rtc

from tests.rooms.rooms import excerpt
from tests.speech import speech
from translator.access import Role
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.people import channel_identity, joined, wishes
from translator.rehearsal.recording import SAMPLE_RATE
from translator.rehearsal.run import Rehearsal, rehearsal

pytestmark = [pytest.mark.room, pytest.mark.alone, pytest.mark.timeout(240)]

LOUDNESS = 0.1  # -20 dB
LATE = 0.15
QUEUE = 10
"""Frames of 10 ms that the loudspeaker keeps: what it is too late for it never plays, so that it is
never later than the guard must know."""


@asynccontextmanager
async def loudspeaker(one: Rehearsal, language: str) -> AsyncGenerator[None, None]:
    """A participant whose microphone is their own loudspeaker, which plays a channel."""
    async with joined(
        one.access,
        one.order.room,
        "echo",
        name="Echo",
        role=Role.SPEAKER,
        attributes=wishes(listen=language),
    ) as room:
        source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=400)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        await room.local_participant.publish_track(
            track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        )
        tracks: asyncio.Queue[rtc.Track] = asyncio.Queue()
        room.on("track_subscribed", lambda track, *_: tracks.put_nowait(track))
        for publication in room.remote_participants[
            channel_identity(language)
        ].track_publications.values():
            publication.set_subscribed(True)
        stream = rtc.AudioStream(
            await tracks.get(), sample_rate=SAMPLE_RATE, num_channels=1, capacity=QUEUE
        )

        async def play_back() -> None:
            late = np.zeros(round(LATE * SAMPLE_RATE), np.int16)
            async for event in stream:
                sound = np.concatenate([late, np.frombuffer(event.frame.data, np.int16)])
                size = event.frame.samples_per_channel
                now, late = sound[:size], sound[size:]
                quiet = (now * LOUDNESS).astype(np.int16).tobytes()
                await source.capture_frame(rtc.AudioFrame(quiet, SAMPLE_RATE, 1, size))

        async with asyncio.TaskGroup() as group:
            playing = group.create_task(play_back())
            yield
            playing.cancel()
        await stream.aclose()


async def test_a_loudspeaker_in_a_microphone_makes_no_segment(tmp_path: Path) -> None:
    talk = Talk(
        name="Ana",
        path=Path("printing"),
        start=0.0,
        recording=excerpt(speech("long_en_printing_a"), 0.0, 30.0),
    )
    order = Order(talks=(talk,), targets=("es", "fr", "pt"), spoken="en", out=tmp_path, room="loop")
    async with rehearsal(order) as one, loudspeaker(one, "es"):
        await one.perform()
    speakers = {segment["speaker"] for segment in one.account.segments.values()}
    assert len(one.account.segments) >= 5
    assert speakers == {"speaker-1"}
    assert "echo" in one.account.streams_max, "the echo was never heard, so nothing was shown"
