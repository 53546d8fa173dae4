"""Facts -> messages to participants: captions to who reads them, facts to observers.

One task sends all that is new, so that order holds; nobody waits for it. Another one sends what
somebody missed, so that it delays nobody.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from livekit import rtc

from translator import languages
from translator.captions import FLOOR, TOPIC, Caption, Captions, Message, Origin, floor_stream
from translator.demand import FILL, LONGEST, Missing, missing
from translator.record import Fact, Heard, Rendered, Rendering, to_json
from translator.settings import Settings
from translator.types import Segment, Tail

log = logging.getLogger(__name__)

FACT_TOPIC = "translator.fact"
TRANSCRIPTION_TOPIC = "lk.transcription"
FILL_EVERY = 1.0
"""Seconds between two answers to one person who misses captions."""
FAREWELL = 2.0
"""Seconds in which the last messages must be out."""
HELD = 10_000
"""Facts that may wait; more means that the room takes nothing any more."""


class Room(Protocol):
    """What the outbox needs of the room."""

    async def send(self, topic: str, payload: str, to: Collection[str]) -> None:
        """One reliable data message, in order."""
        ...

    async def send_transcription(self, caption: Caption, to: Collection[str]) -> None:
        """One final as a text stream of `lk.transcription`, for clients that know no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who gets what, now."""

    by_stream: Callable[[str], Collection[str]]
    observers: Callable[[], Collection[str]]


class Outbox:
    """Subscribe `note` to the meeting's record, and `run` it."""

    def __init__(self, settings: Callable[[], Settings], readers: Readers) -> None:
        self.captions = Captions()
        self._settings = settings
        self._readers = readers
        self._facts: asyncio.Queue[Fact] = asyncio.Queue(maxsize=HELD)
        self._missing: dict[str, Missing] = {}
        """What is missed, by reader: the last question counts."""
        self._asked = asyncio.Event()
        self._tails: dict[tuple[str, str], str] = {}

    def note(self, fact: Fact) -> None:
        """Take a fact; never waits."""
        try:
            self._facts.put_nowait(fact)
        except asyncio.QueueFull:
            log.error("the room takes no messages; one is lost")

    def fill(self, reader: str, missing: Missing) -> None:
        """Send a reader the committed captions that it misses."""
        self._missing[reader] = missing
        self._asked.set()

    async def backfill(self, data: rtc.RpcInvocationData) -> str:
        """RPC `captions`: {"language": "es", "after_seq": 7} -> committed captions since."""
        try:
            wish = json.loads(data.payload)
            stream, after = str(wish["language"]), int(wish.get("after_seq", 0))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            expected = 'expected {"language": CODE, "after_seq": NUMBER}'
            raise rtc.RpcError(1400, expected) from None
        return self.captions.json_after(stream, after)

    async def run(self, room: Room) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fill(room))
            while True:
                await self._send(await self._facts.get(), room)

    async def flush(self, room: Room) -> None:
        """Send what is new and waits, if that does not take for ever."""
        try:
            async with asyncio.timeout(FAREWELL):
                while not self._facts.empty():
                    await self._send(self._facts.get_nowait(), room)
        except TimeoutError:  # where livekit-server is gone
            log.warning("the room did not take the last messages")

    async def _fill(self, room: Room) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            while self._missing:
                reader = next(iter(self._missing))
                missing = self._missing.pop(reader)
                for caption in self.captions.after(missing.stream, missing.after_seq):
                    payload = json.dumps({**asdict(caption), "fill": True}, ensure_ascii=False)
                    await _survived(room.send(TOPIC, payload, [reader]))

    async def _send(self, fact: Fact, room: Room) -> None:
        for message in self._messages(fact):
            to = self._readers.by_stream(message.stream)
            if to:
                payload = json.dumps(message.to_json(), ensure_ascii=False)
                await _survived(room.send(TOPIC, payload, to))
                if message.caption.final:
                    await _survived(room.send_transcription(message.caption, to))
        observers = self._readers.observers()
        if observers:
            payload = json.dumps(to_json(fact), ensure_ascii=False)
            await _survived(room.send(FACT_TOPIC, payload, observers))

    def _messages(self, fact: Fact) -> Iterable[Message]:
        match fact:
            case Heard():
                yield from self._heard(fact)
            case Rendering():
                segment = fact.rendition.segment
                tail = _tail(segment, fact.rendition.text)
                yield self.captions.tail(
                    fact.rendition.language,
                    tail,
                    language=fact.rendition.language,
                    origin="rendition",
                )
            case Rendered():
                rendition = fact.rendition
                origin: Origin = "rendition" if rendition.language == fact.target else "source"
                yield self.captions.commit(
                    fact.target,
                    rendition.segment,
                    language=rendition.language,
                    text=rendition.text,
                    origin=origin,
                    tail=_tail(rendition.segment, ""),
                )

    def _heard(self, fact: Heard) -> Iterable[Message]:
        """Source captions: of the floor, and of every language that needs no interpreter."""
        segments, tail = fact.cut.segments, fact.cut.tail
        for i, segment in enumerate(segments):
            rest = " ".join([*(one.text for one in segments[i + 1 :]), tail.text]).strip()
            for stream in self._source_streams(segment.language):
                self._tails[stream, segment.speaker] = rest
                yield self.captions.commit(
                    stream,
                    segment,
                    language=segment.language,
                    text=segment.text,
                    origin="source",
                    tail=Tail(
                        speaker=segment.speaker,
                        speaker_name=segment.speaker_name,
                        language=segment.language,
                        text=rest,
                        start=segment.end,
                        end=tail.end,
                    ),
                )
        yield from self._changed_tails(tail)

    def _changed_tails(self, tail: Tail) -> Iterable[Message]:
        """The tail where it is not shown yet; and no tail where it is of another language now."""
        streams = self._source_streams(tail.language) if tail.language is not None else []
        shown = dict.fromkeys(streams, tail.text)
        for (stream, speaker), text in list(self._tails.items()):
            if speaker == tail.speaker and text:
                shown.setdefault(stream, "")
        for stream, text in shown.items():
            if self._tails.get((stream, tail.speaker), "") != text:
                self._tails[stream, tail.speaker] = text
                language = stream.removeprefix(f"{FLOOR}/")
                changed = replace(tail, text=text)
                yield self.captions.tail(stream, changed, language=language, origin="source")

    def _source_streams(self, language: str) -> list[str]:
        configured = self._settings().languages
        return [
            floor_stream(language),
            *(code for code in configured if languages.same(code, language)),
        ]


class Fills:
    """Those who ask for captions that they miss: each gets an answer, and not too often."""

    def __init__(self, fill: Callable[[str, Missing], None]) -> None:
        self._fill = fill
        self._answered: dict[str, tuple[str | None, float]] = {}

    def look(self, attributes: Mapping[str, Mapping[str, str]], now: float) -> None:
        """Answer what is new at `now` (s) in the attributes of everybody, by identity."""
        before, self._answered = self._answered, {}
        for person, theirs in attributes.items():
            known, at = before.get(person, (None, -FILL_EVERY))
            question = theirs.get(FILL, "")[:LONGEST]
            if question != known and now - at >= FILL_EVERY:
                known, at = question, now
                asked = missing(theirs)
                if asked is not None:
                    self._fill(person, asked)
            self._answered[person] = (known, at)


async def _survived(sending: Awaitable[None]) -> None:
    """Send; a message that the room refuses is a gap that its readers fill, and ends nothing."""
    try:
        await sending
    except Exception as error:  # whatever the room's client raises
        log.warning("the room refused a message: %s", error)


def _tail(segment: Segment, text: str) -> Tail:
    return Tail(
        speaker=segment.speaker,
        speaker_name=segment.speaker_name,
        language=segment.language,
        text=text,
        start=segment.start,
        end=segment.end,
    )
