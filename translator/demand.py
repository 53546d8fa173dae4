"""What each language must deliver now, voice and captions apart, and what follows from it. Pure."""

import json
from collections.abc import Iterable, Mapping
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
MOST = 3
"""Languages that one person reads at most: each costs a renderer."""
SPEAK = "translator.speak"
"""Attribute: the language a participant says that it speaks."""
FILL = "translator.captions"
"""Attribute: the committed captions that a participant misses; JSON, see `missing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one person wants."""

    listens: str | None = None
    """A language of the settings, to hear."""
    reads: frozenset[str] = frozenset()
    """Languages of the settings to read, and FLOOR."""

    @property
    def languages(self) -> frozenset[str]:
        """All that must be rendered for it."""
        heard = frozenset() if self.listens is None else frozenset({self.listens})
        return (self.reads | heard) - {FLOOR}


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
    """The configured languages that a participant wants to read, and FLOOR if it is asked for;
    the first MOST of them."""
    wishes = [wish.strip() for wish in attributes.get(READ, "")[:LONGEST].split(",")]
    found = (languages.lookup(wish, [*settings.languages, FLOOR]) for wish in wishes if wish)
    return frozenset(list(dict.fromkeys(code for code in found if code is not None))[:MOST])


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Captions of one stream that somebody asks for."""

    stream: str
    after_seq: int


def missing(attributes: Mapping[str, str]) -> Missing | None:
    """The captions asked for by `{"stream": "es", "after_seq": 41}`, or None."""
    try:
        match json.loads(attributes.get(FILL, "")[:LONGEST]):
            case {"stream": str(stream), "after_seq": int(after)} if 0 <= after < 2**53:
                return Missing(stream=stream, after_seq=after)
    except (ValueError, RecursionError):  # no JSON, or a number of too many digits
        pass
    return None


def wish(attributes: Mapping[str, str], settings: Settings) -> Wish:
    """What a participant's attributes ask for; unknown languages do not count."""
    return Wish(listens=listens(attributes, settings), reads=reads(attributes, settings))


def demand(wishes: Iterable[Wish]) -> Demand:
    """Count the wishes."""
    listeners: dict[str, int] = {}
    readers: dict[str, int] = {}
    for one in wishes:
        if one.listens is not None:
            listeners[one.listens] = listeners.get(one.listens, 0) + 1
        for read in one.reads:
            readers[read] = readers.get(read, 0) + 1
    floor_readers = readers.pop(FLOOR, 0)
    return Demand(listeners=listeners, readers=readers, floor_readers=floor_readers)


def plan(
    demand: Demand,
    *,
    settings: Settings,
    running: Mapping[str, Running],
) -> Actions:
    """What starts and stops. Captions alone never buy a voice.

    No more than `settings.max_languages` run at once; the ones with the most listeners come
    first, and take the place of others. What was edited away ends as what nobody wants does:
    after the grace, so that all is heard to the end.
    """
    wanted = {*demand.listeners, *demand.readers}
    kept = {code for code, one in running.items() if code in wanted or one.idle < settings.grace}
    ranked = sorted(
        wanted | kept,
        key=lambda code: (
            code not in wanted,
            -demand.listeners.get(code, 0),
            -demand.readers.get(code, 0),
            code not in running,
            code,
        ),
    )
    going_on = set(ranked[: settings.max_languages])
    speakable = {code for code, one in settings.languages.items() if one.speak is not None}
    heard = going_on & speakable & set(demand.listeners)
    voiced = {code for code, one in running.items() if one.voice}
    return Actions(
        start=frozenset(going_on - set(running)),
        stop=frozenset(set(running) - going_on),
        voice_on=frozenset(heard - voiced),
        voice_off=frozenset(
            code for code in voiced & going_on - heard if running[code].voice_idle >= settings.grace
        ),
    )
