"""Captions as clients get them: messages of the topic `translator.caption`.

The protocol is written down in docs/protocol.md. Here is no I/O: a `Captions` turns segments,
renditions and tails into messages, each for one *stream*: all that is to be read in a language
(`es`), or only what was spoken in it (`floor/es`). Who reads `floor` gets every `floor/…`.
"""

import json
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from typing import Any, Literal

from translator.types import Segment, Tail

VERSION = 1
TOPIC = "translator.caption"
FLOOR = "floor"
"""The wish to read people's own words, in whatever language they speak."""
ANSWER_SIZE = 14_000
"""Bytes of captions in one RPC answer; LiveKit takes 15 KiB."""
KEPT = 1000
"""Committed captions kept per stream, for late joiners."""
LATEST = 50
"""Committed captions that a late joiner gets."""
MOST = 200
"""Committed captions in one answer to who misses some."""

Origin = Literal["source", "rendition", "booth", "correction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """One caption, as on the wire."""

    v: int = VERSION
    stream: str
    """What `seq` counts: a language, or `floor/` and a language."""
    seq: int
    kind: Literal["segment", "tail"]
    segment_id: str | None
    revision: int
    final: bool
    origin: Origin
    speaker: str
    speaker_name: str
    source_language: str | None
    language: str
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: a tail, or a committed segment with the tail that is left behind it."""

    stream: str
    caption: Caption
    tail: Caption | None = None

    def to_json(self) -> dict[str, Any]:
        """A segment's message carries the new tail under `tail`, so that both change at once."""
        content = asdict(self.caption)
        if self.tail is not None:
            content["tail"] = asdict(self.tail)
        return content


def floor_stream(language: str) -> str:
    """The stream of what is spoken in `language`."""
    return f"{FLOOR}/{language}"


class Captions:
    """Numbers the messages of every stream and keeps what was committed."""

    def __init__(self) -> None:
        self._seq: defaultdict[str, int] = defaultdict(int)
        self._revision: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._kept: defaultdict[str, deque[Caption]] = defaultdict(lambda: deque(maxlen=KEPT))

    def tail(self, stream: str, tail: Tail, *, language: str, origin: Origin) -> Message:
        """All uncommitted text of one speaker in one language; replaces the tail before."""
        seq = self._next(stream)
        return Message(stream=stream, caption=self._tail(stream, tail, language, origin, seq))

    def commit(
        self,
        stream: str,
        segment: Segment,
        *,
        language: str,
        text: str,
        origin: Origin,
        tail: Tail,
    ) -> Message:
        """A committed segment and the tail that is left behind it, together."""
        seq = self._next(stream)
        caption = Caption(
            stream=stream,
            seq=seq,
            kind="segment",
            segment_id=segment.id,
            revision=0,
            final=True,
            origin=origin,
            speaker=segment.speaker,
            speaker_name=segment.speaker_name,
            source_language=segment.language,
            language=language,
            text=text,
            start=round(segment.start, 3),
            end=round(segment.end, 3),
        )
        self._kept[stream].append(caption)
        return Message(
            stream=stream,
            caption=caption,
            tail=self._tail(stream, tail, language, origin, seq),
        )

    def json_after(self, stream: str, seq: int) -> str:
        """What fills a gap: the newest `seq` of the stream, and its committed captions after `seq`.

        The last are left out where all would not fit into one RPC answer: ask again from the
        last that came.
        """
        found: list[str] = []
        size = 0
        for caption in self._kept.get(stream, ()):
            if caption.seq <= seq:
                continue
            text = json.dumps(asdict(caption), ensure_ascii=False)
            size += len(text.encode()) + 2
            if size > ANSWER_SIZE and found:
                break
            found.append(text)
        newest = self._seq.get(stream, 0)
        return f'{{"seq": {newest}, "captions": [{", ".join(found)}]}}'

    def after(self, stream: str, seq: int) -> list[Caption]:
        """The first MOST committed captions of a stream after `seq`, which was a gap; the LATEST
        of them where it is 0, which is a late joiner. `floor` is all that was spoken."""
        streams = [one for one in self._kept if one == stream or one.startswith(f"{stream}/")]
        found = [caption for one in streams for caption in self._kept[one] if caption.seq > seq]
        if len(streams) > 1:  # each counts for itself
            found.sort(key=lambda caption: caption.start)
        return found[-LATEST:] if seq <= 0 else found[:MOST]

    def _tail(self, stream: str, tail: Tail, language: str, origin: Origin, seq: int) -> Caption:
        self._revision[stream, tail.speaker] += 1
        return Caption(
            stream=stream,
            seq=seq,
            kind="tail",
            segment_id=None,
            revision=self._revision[stream, tail.speaker],
            final=False,
            origin=origin,
            speaker=tail.speaker,
            speaker_name=tail.speaker_name,
            source_language=tail.language,
            language=language,
            text=tail.text,
            start=round(tail.start, 3),
            end=round(tail.end, 3),
        )

    def _next(self, stream: str) -> int:
        self._seq[stream] += 1
        return self._seq[stream]
