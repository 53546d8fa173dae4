"""Those who take part in a measurement, each a process of its own.

    python -m bench.participants speak|talk|echo|listen …

They meet in a room of the server in LIVEKIT_URL, share CLOCK_MONOTONIC, and print as JSON what
they spoke or heard: a list of [index, seconds on that clock], of markers, or of the frames of
somebody who talks. A room is over when its speaker leaves.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
from livekit import api, rtc

from bench.markers import COUNT, Marker, Samples, detect, synthesize
from translator.leaving import leave
from translator.participant import join
from translator.rehearsal import recording
from translator.rehearsal.people import wishes
from translator.server import LiveKitServer

SPEAKER = "bench-speak"
"""Identity of whoever is heard first."""
SAMPLE_RATE = 48_000
"""Hz, of the speaker and the listener: LiveKit's own, so that nothing is resampled."""
FRAME_MS = 10
"""LiveKit's own tick: the finest that a speaker can send and a listener can get."""
FRAME = SAMPLE_RATE * FRAME_MS // 1000
"""Samples of a frame."""
SPACING = 0.51
"""Seconds between two onsets: so that they meet all phases of frames up to 100 ms."""
FAREWELL = 3.0
"""Seconds of silence behind the last marker, while it is on its way."""


class Tape:
    """What a listener heard, each frame with its arrival.

    A sample counts as heard when it could have been played at the earliest: at the arrival of
    its frame, plus its place in it. So late frames stay late here: they are what is measured, and
    not smoothed away as in a rehearsal's tape.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        self.sample_rate = sample_rate
        self._frames: list[Samples] = []
        self._arrivals: list[float] = []

    def add(self, frame: Samples, arrival: float) -> None:
        """`arrival` is in seconds on the clock that markers() answers on."""
        self._frames.append(frame)
        self._arrivals.append(arrival)

    def markers(self) -> list[Marker]:
        """The markers that were heard, and when."""
        if not self._frames:
            return []
        starts = np.cumsum([0, *map(len, self._frames[:-1])]) / self.sample_rate
        return [
            Marker(index=marker.index, onset=self._heard_at(marker.onset, starts))
            for marker in detect(np.concatenate(self._frames), sample_rate=self.sample_rate)
        ]

    def _heard_at(
        self, onset: float, starts: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> float:
        frame = max(int(np.searchsorted(starts, onset, side="right")) - 1, 0)
        return self._arrivals[frame] + onset - float(starts[frame])


@asynccontextmanager
async def joined(
    server: LiveKitServer,
    room_name: str,
    identity: str,
    *,
    attributes: Mapping[str, str],
) -> AsyncGenerator[rtc.Room, None]:
    """A participant who subscribes to nothing of itself."""
    token = (
        api.AccessToken(server.api_key, server.api_secret)
        .with_identity(identity)
        .with_attributes(dict(attributes))
        .with_grants(api.VideoGrants(room_join=True, room=room_name))
        .to_jwt()
    )
    room = rtc.Room()
    try:
        await join(room, server.url, token)
        yield room
    finally:
        await room.disconnect()


async def subscribed(room: rtc.Room, identity: str) -> tuple[rtc.Track, asyncio.Event]:
    """The first audio track of `identity`, as soon as there is one, and when the room is over."""
    found: asyncio.Queue[rtc.Track] = asyncio.Queue()
    ended = asyncio.Event()
    wanted = rtc.TrackKind.KIND_AUDIO

    def subscribe(publication: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant) -> None:
        if person.identity == identity and publication.kind == wanted:
            publication.set_subscribed(True)

    def leave(person: rtc.RemoteParticipant) -> None:
        if person.identity == SPEAKER:
            ended.set()

    room.on("track_published", subscribe)
    room.on("track_subscribed", lambda track, *_: found.put_nowait(track))
    room.on("participant_disconnected", leave)
    for person in room.remote_participants.values():
        for publication in person.track_publications.values():
            subscribe(publication, person)
    return await found.get(), ended


async def until(ended: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do `work` until then: an AudioStream does not end by itself when its track does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        await ended.wait()
        task.cancel()


async def frames(
    track: rtc.Track, *, sample_rate: int, frame_ms: int
) -> AsyncGenerator[Samples, None]:
    """Mono frames of a track, until cancelled."""
    stream = rtc.AudioStream(track, sample_rate=sample_rate, num_channels=1, frame_size_ms=frame_ms)
    try:
        async for event in stream:
            yield np.frombuffer(event.frame.data, np.int16)
    finally:
        await stream.aclose()


async def publish(room: rtc.Room, source: rtc.AudioSource) -> None:
    """Publish as the bridge does, and wait for somebody who listens."""
    track = rtc.LocalAudioTrack.create_audio_track("audio", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    publication = await room.local_participant.publish_track(track, options)
    await publication.wait_for_subscription()


async def listen(room: rtc.Room, identity: str) -> Tape:
    """What is heard of `identity` until the room is over."""
    tape = Tape()
    track, ended = await subscribed(room, identity)
    await until(ended, _record(track, tape))
    return tape


async def _record(track: rtc.Track, tape: Tape) -> None:
    async with aclosing(frames(track, sample_rate=SAMPLE_RATE, frame_ms=FRAME_MS)) as heard:
        async for frame in heard:
            tape.add(frame.copy(), time.monotonic())


async def speak(room: rtc.Room, count: int) -> list[Marker]:
    """Say `count` markers in real time, from the moment that somebody listens."""
    sound = np.zeros(round((count * SPACING + FAREWELL) * SAMPLE_RATE), np.int16)
    firsts = [round(number * SPACING * SAMPLE_RATE) for number in range(count)]
    for number, first in enumerate(firsts):
        marker = synthesize(number, sample_rate=SAMPLE_RATE)
        sound[first : first + len(marker)] = marker
    captured = await _play(room, sound)
    return [
        Marker(index=number % COUNT, onset=captured[first // FRAME])
        for number, first in enumerate(firsts)
    ]


async def talk(room: rtc.Room, speech: Samples) -> list[float]:
    """Say `speech` (mono, SAMPLE_RATE) likewise; gives when each frame of it was captured."""
    return await _play(room, np.pad(speech, (0, round(FAREWELL * SAMPLE_RATE))))


async def _play(room: rtc.Room, sound: Samples) -> list[float]:
    source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=0)
    await publish(room, source)
    captured = []
    begin = time.monotonic()
    for first in range(0, len(sound) - FRAME + 1, FRAME):
        await asyncio.sleep(begin + first / SAMPLE_RATE - time.monotonic())
        captured.append(time.monotonic())
        await source.capture_frame(_frame(sound[first : first + FRAME], SAMPLE_RATE))
    return captured


def speech(path: Path, seconds: float) -> Samples:
    """The first `seconds` of a recording at SAMPLE_RATE. Raises InputError."""
    samples = recording.read(path).samples[: round(seconds * recording.SAMPLE_RATE)]
    return recording.at_rate(samples, recording.SAMPLE_RATE, SAMPLE_RATE)


async def echo(
    room: rtc.Room, identity: str, *, sample_rate: int, in_ms: int, out_ms: int, queue_ms: int
) -> None:
    """Say again what `identity` says: the least that any bridge must do.

    `in_ms` and `out_ms` are the sizes of the frames read and written, `queue_ms` is what
    LiveKit may hold of them. Ends when the room is over.
    """
    source = rtc.AudioSource(sample_rate, 1, queue_size_ms=queue_ms)
    size = sample_rate * out_ms // 1000

    async def repeat() -> None:
        waiting = np.zeros(0, np.int16)
        async with aclosing(frames(track, sample_rate=sample_rate, frame_ms=in_ms)) as heard:
            async for frame in heard:
                waiting = np.concatenate([waiting, frame])
                while len(waiting) >= size:
                    piece, waiting = waiting[:size], waiting[size:]
                    await source.capture_frame(_frame(piece, sample_rate))

    track, ended = await subscribed(room, identity)
    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(publish(room, source))
        await until(ended, repeat())
        publishing.cancel()  # where nobody ever listened


def _frame(samples: Samples, sample_rate: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.tobytes(), sample_rate, 1, len(samples))


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.participants")
    parser.add_argument("--room", required=True)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("speak").add_argument("--markers", type=int, required=True)
    talking = roles.add_parser("talk")
    talking.add_argument("--speech", type=Path, required=True)
    talking.add_argument("--seconds", type=float, required=True)
    listening = roles.add_parser("listen")
    listening.add_argument("--to", required=True)
    listening.add_argument("--language", help="listen as one who wants to hear it")
    echoing = roles.add_parser("echo")
    echoing.add_argument("--of", required=True)
    for name in ("sample-rate", "in-ms", "out-ms", "queue-ms"):
        echoing.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args(given)


async def _take_part(given: argparse.Namespace) -> Sequence[tuple[int, float]]:
    identity = SPEAKER if given.role == "talk" else f"bench-{given.role}"
    attributes = wishes(listen=given.language) if given.role == "listen" else {}
    sound = speech(given.speech, given.seconds) if given.role == "talk" else None
    async with (
        LiveKitServer.running() as server,
        joined(server, given.room, identity, attributes=attributes) as room,
    ):
        if sound is not None:
            return list(enumerate(await talk(room, sound)))
        if given.role == "speak":
            return _pairs(await speak(room, given.markers))
        if given.role == "listen":
            return _pairs((await listen(room, given.to)).markers())
        await echo(
            room,
            given.of,
            sample_rate=given.sample_rate,
            in_ms=given.in_ms,
            out_ms=given.out_ms,
            queue_ms=given.queue_ms,
        )
        return []


def _pairs(markers: Sequence[Marker]) -> list[tuple[int, float]]:
    return [(marker.index, marker.onset) for marker in markers]


def main() -> NoReturn:
    print(json.dumps(asyncio.run(_take_part(_arguments(sys.argv[1:])))))
    leave(0)


if __name__ == "__main__":
    main()
