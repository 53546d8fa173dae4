"""The facts of a meeting, through one place.

The outbox, which sends captions and facts to who reads them, and the meeting's budget subscribe
here. A subscriber is a plain callable: it takes the fact and returns, so that none can delay the
line.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from typing import Any

from translator.types import Cut, Rendition
from translator.usage import Amounts

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened; `at` is seconds of meeting time."""

    at: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hearing(Fact):
    """An STT stream of a floor began, or ended."""

    floor: str
    speaker: str
    opened: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Fact):
    """A floor committed segments, or its tail changed."""

    cut: Cut


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rendering(Fact):
    """The text of a rendition so far; it only grows."""

    rendition: Rendition


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(Fact):
    """A segment has its text in one more language; `terms` of `terms_due` are in it.

    Where rendering failed, the rendition is the source text in the source language.
    """

    rendition: Rendition
    target: str
    terms: int
    """Occurrences of glossary terms that are rendered as the glossary says."""
    terms_due: int
    """Their occurrences in the segment."""
    terms_missing: tuple[str, ...] = ()
    """What the rendition should have said, for each occurrence that is no hit."""
    false_copies: int = 0
    """Target terms in the rendition that nobody said."""
    terse: bool = False
    """Whether a shorter one than usual was asked for, because the channel was behind."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Speaking(Fact):
    """A rendition began to be played on its channel."""

    segment_id: str
    language: str
    start: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spoken(Fact):
    """A rendition was played on its channel, from `start` to `end`."""

    segment_id: str
    language: str
    start: float
    end: float
    pace: float
    backlog: float
    """Seconds that were still waiting behind it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unspoken(Fact):
    """A segment ended without a voice in a language.

    `why`: passthrough (it is in that language already), captions (nobody listens to
    the machine), backchannel (it only says "I am listening", in the middle of somebody else's
    sentence), failed, skipped (others would have come too late), unspeakable (there is nothing to
    say in it), or removed (the language is not in the settings any more, or was not yet).
    """

    segment_id: str
    language: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(Fact):
    """Something was kept from being heard or read.

    Of a floor (heard back), or of a rendition, which has a segment and a language: wrong language,
    echo, too long, truncated, changed figure, missing figure, answer, refusal, meta talk, obeyed.
    """

    speaker: str
    why: str
    segment_id: str | None = None
    language: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Switched(Fact):
    """Another input is on air in a channel."""

    language: str
    on_air: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Consented(Fact):
    """A person agreed to something, or took it back.

    `what`: cloned voice (its renditions may be spoken in the copy of its voice that `engine` calls
    `voice`).
    """

    speaker: str
    what: str
    engine: str
    voice: str
    given: str
    """When, by the clock: ISO 8601, UTC."""
    withdrawn: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Fact):
    """A stage failed; the rest goes on. `message` is for people and holds no key."""

    stage: str
    """hear, render, speak, interpret or summarize; or the task of the meeting that failed and is
    begun again, such as `voice es`."""
    language: str | None
    message: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Availability(Fact):
    """An engine is called no more for a stage (hear, render, speak, interpret), or again."""

    engine: str
    stage: str
    available: bool
    why: str
    """Of one that is down; for people, without a key."""
    instead: tuple[str, ...] = ()
    """The engines that do its work meanwhile; none where nothing does."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Fact):
    """Edited settings were taken over; segments that begin now carry `number`."""

    number: int
    changes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRefused(Fact):
    """An edit cannot be used; the settings stay as they were."""

    faults: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Summarized(Fact):
    """What the meeting has been about, as renderers are told from now on.

    `prompt` are the instructions that it follows, by name and version.
    """

    text: str
    prompt: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(Fact):
    """Something was looked up for a summary, or was to be; what, and what came, is not told.

    `tool` is what was asked, or the source that could not say what it can be asked, or `unknown`;
    `kind` is how it failed (translator.errors.Kind), None where it did not.
    """

    tool: str
    ok: bool
    seconds: float
    kind: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Used(Fact):
    """An engine was called, and this is what it is paid for, whether or not the call went well.

    An ear that goes on listening gives one of these every few seconds.
    """

    engine: str
    stage: str
    """hear, render, speak, summarize, or interpret for an end-to-end model."""
    amounts: Amounts
    person: str | None = None
    """Identity of who spoke; None for what belongs to nobody's speech alone."""
    floor: str | None = None
    """Of the person's floors the one that was heard."""
    language: str | None = None
    """The target; None where it is for all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spent(Fact):
    """What the meeting has cost so far, in `currency`."""

    currency: str
    total: float
    by_engine: Mapping[str, float]
    by_language: Mapping[str, float]
    """By target: without what was heard for all."""
    by_floor: Mapping[str, float]
    """What it cost to hear them; the dearest."""
    by_person: Mapping[str, float]
    """Their speech, and their part of the languages that they wanted; the dearest."""
    unpriced: tuple[str, ...]
    """Engines that were used and whose price nobody wrote down: they are in none of the sums."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling(Fact):
    """A ceiling is near, or reached; and, whenever it changes, what is saved because of it."""

    ceiling: str
    """person, meeting or day."""
    spent: float
    limit: float
    message: str
    """For people."""
    person: str | None = None
    """Whose ceiling it is."""
    voices: tuple[str, ...] = ()
    """Languages without a voice that costs anything: another one speaks, or none."""
    languages: tuple[str, ...] = ()
    """Languages without a rendition that costs anything."""
    hearing: bool = True
    """Whether ears that cost anything still hear."""


Subscriber = Callable[[Fact], None]


class Record:
    """Takes facts and hands each to every subscriber, in order."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        """Seconds of meeting time, now."""
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """From now on `subscriber` gets every fact; what it raises is logged and forgotten."""
        self._subscribers.append(subscriber)

    def emit(self, fact: Fact) -> None:
        """Hand `fact` to every subscriber."""
        for subscriber in self._subscribers:
            try:
                subscriber(fact)
            except Exception:
                log.exception("a subscriber failed", extra={"fact": type(fact).__name__})


def to_json(fact: Fact) -> dict[str, Any]:
    """The fact as JSON holds it: its fields, and its class as `fact`."""
    return {"fact": type(fact).__name__, **dataclasses.asdict(fact)}
