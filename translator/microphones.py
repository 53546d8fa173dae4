"""Every person's microphone and shared sound becomes a floor, heard once while anybody wants it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from livekit import rtc

from translator.children import Children
from translator.floor import Floor
from translator.floors import Floors
from translator.guards.echo import EchoGuard
from translator.hear import BLOCK, SAMPLE_RATE, Ear
from translator.persons import declared
from translator.record import Failed, Record
from translator.settings import Settings

log = logging.getLogger(__name__)

FRAME_MS = BLOCK * 1000 // SAMPLE_RATE
"""Audio taken from a microphone at a time: one Sound, so that no part of a frame waits for the
next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hearing:
    """A track that is heard; `gone` is set when it is not there any more."""

    track: rtc.RemoteTrack
    gone: asyncio.Event


class Microphones:
    """The floors of a room."""

    def __init__(
        self,
        *,
        ear: Callable[[str, str], Ear],
        name: Callable[[rtc.RemoteParticipant], str],
        hears: Callable[[rtc.RemoteParticipant], bool],
        settings: Callable[[], Settings],
        guard: EchoGuard,
        record: Record,
        floors: Floors,
    ) -> None:
        """`ear` gives an ear of its own for a person's identity and one of its floors; `name`
        what a person is called; `hears` says whether a person's microphone is a floor."""
        self._ear = ear
        self._hears = hears
        self._name = name
        self._settings = settings
        self._guard = guard
        self._record = record
        self._floors = floors
        self._count = 0
        self._heard: dict[str, _Hearing] = {}
        self.problem: str | None = None
        """Why somebody is not heard, for people."""

    def reconcile(
        self, persons: Collection[rtc.RemoteParticipant], *, wanted: bool, children: Children
    ) -> None:
        """Hear what is there, each once, while anybody wants anything."""
        self._note_encrypted(persons)
        present = {
            f"floor {person.identity}/{publication.sid}": (person, publication)
            for person in persons
            for publication in _tracks(person)
        }
        chosen = {
            name: publication
            for name, (person, publication) in present.items()
            if wanted and self._hears(person) and publication in _audible(person)
        }
        for name, heard in self._heard.items():
            if name not in chosen or chosen[name].track is not heard.track:
                heard.gone.set()
        for name, (person, publication) in present.items():
            if name not in chosen:
                if publication.subscribed and name not in children:
                    publication.set_subscribed(False)
            elif publication.track is None:
                publication.set_subscribed(True)
            elif name not in children:
                children.start(name, partial(self._hear, name, person, publication))

    def _note_encrypted(self, persons: Collection[rtc.RemoteParticipant]) -> None:
        """Say why nothing is heard of what is encrypted end to end."""
        names = sorted(self._name(one) for one in persons if any(map(_is_encrypted, _tracks(one))))
        problem = _encrypted(names) if names else None
        if problem is not None and problem != self.problem:
            log.warning("somebody's sound is encrypted end to end")
            at = self._record.clock()
            self._record.emit(Failed(at=at, stage="hear", language=None, message=problem))
        self.problem = problem

    async def _hear(
        self, name: str, person: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication
    ) -> None:
        """Hear a track until it is gone, and what was said until then to its end."""
        track = publication.track
        if track is None:
            return
        gone = asyncio.Event()
        self._heard[name] = _Hearing(track=track, gone=gone)
        self._count += 1
        prefix = f"{self._count}."
        floor_name = _floor_name(person, publication)
        floor = Floor(
            person.identity,
            self._name(person),
            ear=self._ear(person.identity, floor_name),
            settings=self._settings,
            declared=lambda: declared(person),
            guard=self._guard,
            record=self._record,
            floors=self._floors,
            name=floor_name,
            prefix=prefix,
            muted=lambda: publication.muted,
        )
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS, capacity=64
        )
        try:
            frames = _frames(stream, gone, muted=lambda: publication.muted)
            async with aclosing(frames):
                await floor.run(frames)
        finally:
            del self._heard[name]
            self._guard.forget(prefix)
            await stream.aclose()


def _tracks(person: rtc.RemoteParticipant) -> list[rtc.RemoteTrackPublication]:
    """What of a person can be heard."""
    published = person.track_publications.values()
    return [one for one in published if one.kind == rtc.TrackKind.KIND_AUDIO]


def _audible(person: rtc.RemoteParticipant) -> list[rtc.RemoteTrackPublication]:
    """What of that is heard: of each source the newest, since a person may publish any number
    of tracks, and each costs an ear."""
    newest = {one.source: one for one in _tracks(person) if not _is_encrypted(one)}
    return list(newest.values())


def _is_encrypted(publication: rtc.RemoteTrackPublication) -> bool:
    """Whether it is encrypted end to end, with a key that the bridge does not have."""
    return bool(publication.encryption_type != rtc.EncryptionType.NONE)


def _encrypted(names: Iterable[str]) -> str:
    """Why these people are not interpreted."""
    return (
        f"What {', '.join(names)} says is encrypted end to end, and the interpreter has no key,"
        " so it is not interpreted; turn encryption off for this room."
    )


async def _frames(
    stream: rtc.AudioStream, gone: asyncio.Event, *, muted: Callable[[], bool]
) -> AsyncGenerator[rtc.AudioFrame, None]:
    """The frames until `gone`: a stream does not end when its track does. While it is muted they
    are silent, whatever a client goes on sending."""
    async with asyncio.TaskGroup() as group:
        ending = group.create_task(gone.wait())
        try:
            while True:
                coming = group.create_task(_next(stream))
                await asyncio.wait((ending, coming), return_when=asyncio.FIRST_COMPLETED)
                if not coming.done() or (event := coming.result()) is None:
                    coming.cancel()
                    return
                yield _silence(event.frame) if muted() else event.frame
        finally:
            ending.cancel()


def _silence(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    count = frame.samples_per_channel
    return rtc.AudioFrame(bytes(2 * count), frame.sample_rate, 1, count)


async def _next(stream: rtc.AudioStream) -> rtc.AudioFrameEvent | None:
    return await anext(aiter(stream), None)


def _floor_name(person: rtc.RemoteParticipant, publication: rtc.RemoteTrackPublication) -> str:
    """The person's identity for the microphone; shared sound is a floor of its own."""
    if publication.source == rtc.TrackSource.SOURCE_MICROPHONE:
        return person.identity
    return f"{person.identity}/{rtc.TrackSource.Name(publication.source)}"
