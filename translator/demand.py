"""What each language must deliver now, voice and captions apart, and what follows from it. Pure."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from translator import languages
from translator.captions import FLOOR
from translator.settings import Settings

LISTEN = "translator.listen"
"""Attribute: the language a participant wants to hear."""
READ = "translator.read"
"""Attribute: the languages a participant wants to read, by commas; `floor`: as they are spoken."""
LONGEST = 400
"""Characters of a wish that are read: a person may write anything into an attribute."""
SPEAK = "translator.speak"
"""Attribute: the language a participant says that it speaks."""
FILL = "translator.captions"
"""Attribute: the committed captions that a participant misses; JSON, see `missing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How many want what."""

    listeners: Mapping[str, int]
    readers: Mapping[str, int]
    floor_readers: int

    @property
    def any(self) -> bool:
        """Whether anybody wants anything: else nobody is heard."""
        return bool(self.listeners or self.readers or self.floor_readers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A language that runs; `idle` and `voice_idle`: seconds without anybody, or listener."""

    voice: bool
    idle: float
    voice_idle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What to do now."""

    start: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()
    voice_on: frozenset[str] = frozenset()
    voice_off: frozenset[str] = frozenset()


def listens(attributes: Mapping[str, str], settings: Settings) -> str | None:
    """The configured language that a participant wants to hear, or None."""
    wish = attributes.get(LISTEN, "")
    return languages.lookup(wish, settings.languages) if wish else None


def reads(attributes: Mapping[str, str], settings: Settings) -> frozenset[str]:
    """The configured languages that a participant wants to read, and FLOOR if it is asked for."""
    wishes = [wish.strip() for wish in attributes.get(READ, "")[:LONGEST].split(",")]
    found = {languages.lookup(wish, [*settings.languages, FLOOR]) for wish in wishes if wish}
    return frozenset(code for code in found if code is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Captions of one stream that somebody asks for."""

    stream: str
    after_seq: int


def missing(attributes: Mapping[str, str]) -> Missing | None:
    """The captions asked for by `{"stream": "es", "after_seq": 41}`, or None."""
    try:
        wish = json.loads(attributes.get(FILL, "")[:LONGEST])
        return Missing(stream=str(wish["stream"]), after_seq=int(wish["after_seq"]))
    except (ValueError, KeyError, TypeError):
        return None


def demand(participants: Iterable[Mapping[str, str]], settings: Settings) -> Demand:
    """Count the wishes in the participants' attributes; unknown languages do not count."""
    listeners: dict[str, int] = {}
    readers: dict[str, int] = {}
    for attributes in participants:
        heard = listens(attributes, settings)
        if heard is not None:
            listeners[heard] = listeners.get(heard, 0) + 1
        for read in reads(attributes, settings):
            readers[read] = readers.get(read, 0) + 1
    floor_readers = readers.pop(FLOOR, 0)
    return Demand(listeners=listeners, readers=readers, floor_readers=floor_readers)


def plan(
    demand: Demand,
    *,
    settings: Settings,
    running: Mapping[str, Running],
    unable: Collection[str] = (),
) -> Actions:
    """What starts and stops. Captions alone never buy a voice.

    `unable` are languages that cannot be had now. No more than `settings.max_languages` run at
    once; the ones with the most listeners come first.
    """
    wanted = {*demand.listeners, *demand.readers} - set(unable)
    room = settings.max_languages - len(running)
    waiting = sorted(
        wanted - set(running),
        key=lambda code: (-demand.listeners.get(code, 0), -demand.readers.get(code, 0), code),
    )
    start = frozenset(waiting[: max(room, 0)])
    stop = frozenset(
        code
        for code, one in running.items()
        if code not in settings.languages or (code not in wanted and one.idle >= settings.grace)
    )
    going_on = (set(running) | start) - stop
    speakable = {code for code in going_on if settings.languages[code].speak is not None}
    voiced = {code for code, one in running.items() if one.voice}
    return Actions(
        start=start,
        stop=stop,
        voice_on=frozenset((speakable & set(demand.listeners)) - voiced),
        voice_off=frozenset(
            code
            for code in voiced & going_on
            if code not in speakable
            or (code not in demand.listeners and running[code].voice_idle >= settings.grace)
        ),
    )
