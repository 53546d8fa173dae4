"""What one meeting spends, against its ceilings: counted, told, and kept within them."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from translator.captions import FLOOR
from translator.condition import Outlook
from translator.cost import ceilings
from translator.cost.ceilings import NEAR, NOTHING, Shed
from translator.cost.day import Day, Sums
from translator.cost.granted import Granted
from translator.cost.meter import Meter
from translator.demand import Demand, Wish, demand
from translator.health import Down, Stage
from translator.languages import own_name
from translator.record import Ceiling, Fact, Record, Spent, Used
from translator.settings import Reaches, Settings

EVERY = 2.0
"""Seconds between two times that the sums are told, if they have changed."""
MOST = 20
"""Persons, and floors, whose sums are told, the dearest: a message has no room for a whole hall."""
DIGITS = 6
"""Behind the point, of sums that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """How much of one ceiling is spent."""

    ceiling: str
    spent: float
    limit: float
    person: str | None = None

    @property
    def share(self) -> float:
        return self.spent / self.limit


class Budget:
    """Follows the record of a meeting; `run` it, and ask it what may go on."""

    def __init__(
        self, *, settings: Callable[[], Settings], record: Record, day: Day, reaches: Reaches
    ) -> None:
        self._settings = settings
        self._record = record
        self._day = day
        self._reaches = reaches
        self._meter = Meter()
        self._granted = Granted()
        self._wanting: dict[str, dict[str, Collection[str]]] = {"speak": {}, "render": {}}
        """By what is made and language: those who wanted it last."""
        self._before = Sums(day=0.0, meeting=0.0)
        """What had been spent, without what this one has not written down yet."""
        self._written = 0.0
        self._told: dict[str, Any] = {}
        self._announced: set[tuple[str, float, str | None, bool]] = set()
        """Of each ceiling and person, whether it was near, or reached."""
        self._thrifty: dict[int, Settings] = {}
        """By number, under what is shed now."""
        self.shed = NOTHING
        """What is not paid for any more."""
        self.poor: frozenset[str] = frozenset()
        """Identities of those who are at their own ceiling."""
        record.subscribe(self._note)

    def _note(self, fact: Fact) -> None:
        if isinstance(fact, Used):
            kind = "render" if fact.stage == "render" else "speak"
            wanting = self._wanting[kind].get(fact.language or "", ())
            self._meter.take(fact, self._settings(), wanting)

    # What may go on

    def wanted(self, wishes: Mapping[str, Wish], now: float) -> Demand:
        """What is to be delivered at `now` (s), of the wishes by identity: without those that come
        too often, cost something for somebody who is at its ceiling, or cannot be paid for."""
        granted = self._granted.of(wishes, now, self._settings().languages)
        whole = demand(granted.values())
        self._look(whole, wishes)
        settings = self.thrifty(self._settings())
        counted = {
            person: self._afforded(wish, settings) if person in self.poor else wish
            for person, wish in granted.items()
        }
        self._remember(counted)
        return _without(self.stopped, demand(counted.values()))

    def thrifty(self, settings: Settings) -> Settings:
        """`settings` with what is still paid for, and what costs nothing in place of the rest."""
        if self.shed == NOTHING:
            return settings
        if settings.number not in self._thrifty:
            saved = ceilings.thrifty(settings, self.shed, self._reaches)
            self._thrifty[settings.number] = saved
        return self._thrifty[settings.number]

    @property
    def stopped(self) -> Collection[str]:
        """Languages that are not rendered any more, because nothing free renders them."""
        return ceilings.stopped(self._settings(), self.shed, self._reaches)

    @property
    def unspoken(self) -> Collection[str]:
        """Languages that are not spoken any more, because nothing free speaks them."""
        saved = self.thrifty(self._settings()).languages
        gone = {*self.shed.voices, *self.shed.languages}
        return frozenset(code for code in gone if code in saved and saved[code].speak is None)

    def outlook(self, down: Callable[[Stage, str], Down | None]) -> Outlook:
        """What can be had of what is paid for; `down` says why an engine is not called."""
        settings = self._settings()
        return Outlook(
            settings=settings,
            down=down,
            reaches=self._reaches,
            unspoken=self.unspoken,
            stopped=self.stopped,
            heard_by=self.thrifty(settings).heard_by,
        )

    def heard_by(self, person: str) -> tuple[str, ...]:
        """The engines that may hear a person, in their order; none: it is not heard."""
        settings = self.thrifty(self._settings())
        if person not in self.poor:
            return settings.heard_by
        return ceilings.free(settings, settings.heard_by)

    def _afforded(self, wish: Wish, settings: Settings) -> Wish:
        """What of a wish costs nothing."""
        text = {code for code in wish.languages if ceilings.is_rendered_free(settings, code)}
        voice = wish.listens in text and ceilings.is_spoken_free(settings, wish.listens)
        return Wish(
            listens=wish.listens if voice else None,
            reads=frozenset(code for code in wish.reads if code in text or code == FLOOR),
        )

    def _remember(self, wishes: Mapping[str, Wish]) -> None:
        """Who wants what; of what nobody wants any more, who did: it goes on for a while."""
        speak: dict[str, list[str]] = {}
        render: dict[str, list[str]] = {}
        for person, wish in wishes.items():
            if wish.listens is not None:
                speak.setdefault(wish.listens, []).append(person)
            for code in wish.languages:
                render.setdefault(code, []).append(person)
        self._wanting["speak"] |= speak
        self._wanting["render"] |= render

    # Ceilings

    def _look(self, wanted: Demand, present: Collection[str]) -> None:
        """Compare what is spent with the ceilings, also those of everybody `present`; tell what is
        near, reached, or changes."""
        reached = self._reached(present)
        self.poor = frozenset(one.person for one in reached if one.person and one.share >= 1)
        common = [one for one in reached if one.person is None]
        worst = max(common, key=lambda one: one.share, default=None)
        now = ceilings.shed(worst.share if worst else 0.0, wanted, self._settings())
        changed, self.shed = now != self.shed, now
        if changed:
            self._thrifty.clear()
        for one in reached:
            key = (one.ceiling, one.limit, one.person, one.share >= 1)
            if (changed and one is worst) or (one.share >= NEAR and key not in self._announced):
                self._announced.add(key)
                self._announce(one)

    def _reached(self, present: Collection[str]) -> list[_Reached]:
        limits, meter = self._settings().ceilings, self._meter
        found = []
        new = meter.total - self._written
        if limits.meeting is not None:
            spent = self._before.meeting + new
            found.append(_Reached(ceiling="meeting", spent=spent, limit=limits.meeting))
        if limits.day is not None:
            found.append(_Reached(ceiling="day", spent=self._before.day + new, limit=limits.day))
        if limits.person is not None:
            found += [
                _Reached(ceiling="person", spent=spent, limit=limits.person, person=person)
                for person, spent in meter.by_person.items()
                if person in present
            ]
        return found

    def _announce(self, one: _Reached) -> None:
        shed = self.shed if one.person is None else NOTHING
        self._record.emit(
            Ceiling(
                at=self._record.clock(),
                ceiling=one.ceiling,
                spent=round(one.spent, DIGITS),
                limit=one.limit,
                message=_message(one, self._settings().currency, shed),
                person=one.person,
                voices=shed.voices,
                languages=shed.languages,
                hearing=not shed.hearing,
            )
        )

    # Sums

    async def run(self) -> None:
        """Tell the sums as they grow, and write down what the day costs, until cancelled."""
        while True:
            await self.settle()
            await asyncio.sleep(EVERY)

    async def settle(self) -> None:
        """Tell and write what is new."""
        total, currency = self._meter.total, self._settings().currency
        spent, self._written = total - self._written, total
        before, limits = self._before, self._settings().ceilings
        self._before = Sums(day=before.day + spent, meeting=before.meeting + spent)
        if spent or limits.day is not None or limits.meeting is not None:
            self._before = await asyncio.to_thread(self._day.add, spent, currency)
        now = self._sums()
        if now != self._told:
            self._told = now
            self._record.emit(Spent(at=self._record.clock(), **now))

    def _sums(self) -> dict[str, Any]:
        meter = self._meter
        return {
            "currency": self._settings().currency,
            "total": round(meter.total, DIGITS),
            "by_engine": _rounded(meter.by_engine),
            "by_language": _rounded(meter.by_language),
            "by_floor": _rounded(_dearest(meter.by_floor)),
            "by_person": _rounded(_dearest(meter.by_person)),
            "unpriced": tuple(sorted(meter.unpriced)),
        }


def _without(codes: Collection[str], wanted: Demand) -> Demand:
    return Demand(
        listeners={code: count for code, count in wanted.listeners.items() if code not in codes},
        readers={code: count for code, count in wanted.readers.items() if code not in codes},
        floor_readers=wanted.floor_readers,
    )


def _dearest(sums: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(sums.items(), key=lambda one: one[1], reverse=True)[:MOST])


def _rounded(sums: Mapping[str, float]) -> dict[str, float]:
    return {name: round(spent, DIGITS) for name, spent in sums.items()}


def _message(one: _Reached, currency: str, shed: Shed) -> str:
    """What organizers read."""
    whose = {"person": "of one person", "meeting": "of the meeting", "day": "of the day"}
    spent = (
        f"{one.spent:.2f} of {one.limit:g} {currency} are spent: the ceiling {whose[one.ceiling]}"
    )
    if one.share < 1:
        return f"{spent} is near."
    if one.person is not None:
        return f"{spent} is reached. It is heard, and gets languages, as far as that is free."
    return " ".join([f"{spent} is reached.", *saved(shed)])


def saved(shed: Shed) -> list[str]:
    """What is not paid for any more, in sentences; what is free takes its place."""
    lines = []
    voices = [code for code in shed.voices if code not in shed.languages]
    if voices:
        lines.append(f"No voice is paid for in {_named(voices)}.")
    if shed.languages:
        lines.append(f"No rendition is paid for in {_named(shed.languages)}.")
    if shed.hearing:
        lines.append("Nobody is heard by an engine that is paid for.")
    return lines


def _named(codes: Collection[str]) -> str:
    return ", ".join(map(own_name, codes))
