"""What a meeting spends, because of whom, and what follows from it."""

import asyncio
import json
import threading
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Facts, meeting_clock
from tests.priced import ENGINES, reaches
from tests.priced import priced_settings as settings
from translator.condition import UNPAID
from translator.cost.budget import EVERY, MOST, Budget
from translator.cost.day import Day, Sums
from translator.demand import Wish
from translator.record import Ceiling, Record, Spent, Used, to_json
from translator.settings import Ceilings, Settings

pytestmark = pytest.mark.line

ADA = {"p-ada": Wish(listens="es", reads=frozenset({"es", "floor"}))}
BOB = {"p-bob": Wish(listens="fr")}
EVE = {"p-eve": Wish(reads=frozenset({"es"}))}
ALL = {**ADA, **BOB, **EVE}


class SlowDay(Day):
    """Another process has the lock until `free` is set."""

    free = threading.Event()
    added = threading.Event()

    def add(self, spent: float, currency: str) -> Sums:
        if not spent:
            return super().add(spent, currency)
        self.free.wait(20.0)
        sums = super().add(spent, currency)
        self.added.set()
        return sums


def day_of(path: Path, kind: type[Day] = Day) -> Day:
    return kind(path, "town", today=lambda: date(2026, 11, 23))


class Spending:
    """A budget, and what is spent under it."""

    def __init__(
        self, path: Path, settings: Settings, *, slow: bool = False, **limits: float
    ) -> None:
        self.settings = settings.model_copy(update={"ceilings": Ceilings(**limits)})
        self.record = Record(meeting_clock())
        self.facts = Facts()
        self.record.subscribe(self.facts.note)
        self.day = day_of(path, SlowDay if slow else Day)
        self.budget = Budget(
            settings=lambda: self.settings, record=self.record, day=self.day, reaches=reaches
        )
        self._now = 0.0

    def wanted(self, wishes: Mapping[str, Wish]) -> tuple[dict[str, int], dict[str, int]]:
        self._now += 60.0
        found = self.budget.wanted(wishes, self._now)
        return dict(found.listeners), dict(found.readers)

    def use(self, engine: str, stage: str, amounts: Mapping[str, float], **whose: Any) -> None:
        self.record.emit(
            Used(at=self.record.clock(), engine=engine, stage=stage, amounts=amounts, **whose)
        )

    def hear(self, person: str, hours: float) -> None:
        """An hour costs 1."""
        amounts = {"audio_seconds": 1.0, "session_seconds": 3600 * hours}
        self.use("ear", "hear", amounts, person=person, floor=person)

    def speak(self, language: str, cost: float) -> None:
        self.use("voice", "speak", {"characters": cost * 20_000}, language=language)

    def render(self, language: str, cost: float) -> None:
        amounts = {"input_tokens": cost * 1e6, "characters": 30.0}
        self.use("model", "render", amounts, person="p-ada", language=language)

    async def spent(self) -> Spent:
        await self.budget.settle()
        found: Spent = self.facts.of(Spent)[-1]
        return found

    @property
    def ceilings(self) -> list[Ceiling]:
        return self.facts.of(Ceiling)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spent.json"


async def test_costs_are_those_of_who_speaks_and_of_who_wants_it(path: Path) -> None:
    one = Spending(path, settings())
    one.wanted(ALL)
    one.hear("p-ada", 0.5)
    one.hear("p-bob", 0.25)
    one.speak("es", 0.3)
    one.render("es", 0.2)
    one.speak("fr", 0.1)
    one.use("model", "summarize", {"input_tokens": 1e6})
    spent = await one.spent()
    assert spent.currency == "USD"
    assert spent.total == pytest.approx(2.35)
    assert spent.by_engine == pytest.approx({"ear": 0.75, "voice": 0.4, "model": 1.2})
    assert spent.by_language == pytest.approx({"es": 0.5, "fr": 0.1})
    assert spent.by_floor == pytest.approx({"p-ada": 0.5, "p-bob": 0.25})
    assert spent.by_person == pytest.approx({"p-ada": 0.9, "p-bob": 0.35, "p-eve": 0.1})
    assert spent.unpriced == ()


async def test_what_goes_on_for_a_while_is_paid_for_because_of_who_left(path: Path) -> None:
    one = Spending(path, settings())
    one.wanted(ADA)
    one.wanted({})
    one.speak("es", 0.5)
    one.render("es", 0.25)
    assert (await one.spent()).by_person == {"p-ada": 0.75}


async def test_an_engine_without_a_price_is_named_and_not_free(path: Path) -> None:
    one = Spending(path, settings())
    one.use("unknown", "render", {"input_tokens": 1e6}, language="es")
    one.use("whisper", "hear", {"audio_seconds": 1e6}, person="p-ada")
    one.use("voice", "hear", {"audio_seconds": 1e6}, person="p-ada")
    spent = await one.spent()
    assert spent.unpriced == ("unknown", "voice")
    assert spent.total == 0


async def test_the_sums_are_told_every_few_seconds_when_they_have_changed(path: Path) -> None:
    one = Spending(path, settings())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(one.budget.run())
        for _ in range(100):
            one.speak("es", 0.01)
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
        running.cancel()
    told = one.facts.of(Spent)
    assert [fact.total for fact in told][-1] == pytest.approx(1.0)
    assert len(told) <= 10 / EVERY + 2
    assert day_of(path).add(0.0, "USD").day == pytest.approx(1.0)


async def test_of_many_people_the_dearest_are_told_so_that_the_message_has_room(path: Path) -> None:
    one = Spending(path, settings())
    for number in range(500):
        one.hear(f"p-{number:032x}", (number + 1) / 1000)
    spent = await one.spent()
    dearest = [f"p-{number:032x}" for number in range(499, 499 - MOST, -1)]
    assert list(spent.by_person) == list(spent.by_floor) == dearest
    assert spent.total == pytest.approx(500 * 501 / 2000)
    assert len(json.dumps(to_json(spent))) < 4096


async def test_organizers_are_told_once_when_a_ceiling_is_near(path: Path) -> None:
    one = Spending(path, settings(), meeting=10)
    one.speak("es", 7.9)
    one.wanted(ALL)
    assert one.ceilings == []
    one.speak("es", 0.2)
    assert one.wanted(ALL) == ({"es": 1, "fr": 1}, {"es": 2})
    one.speak("es", 0.2)
    one.wanted(ALL)
    [told] = one.ceilings
    assert (told.ceiling, told.spent, told.limit) == ("meeting", 8.1, 10.0)
    assert told.message == "8.10 of 10 USD are spent: the ceiling of the meeting is near."
    assert one.budget.thrifty(one.settings) is one.settings


async def test_at_a_ceiling_one_thing_after_the_other_goes_and_each_is_told(path: Path) -> None:
    one = Spending(path, settings(), meeting=10)
    one.speak("es", 8.0)
    found = []
    for cents in (0, 150, 50, 25, 25, 25, 25, 500):
        one.speak("es", cents / 100)
        one.wanted(ALL)
        budget = one.budget
        found.append((sorted(budget.unspoken), sorted(budget.stopped), budget.heard_by("p-bob")))
    assert found == [
        ([], [], ("ear",)),
        ([], [], ("ear",)),
        (["es"], [], ("ear",)),
        (["es", "fr"], [], ("ear",)),
        (["es", "fr"], ["fr"], ("ear",)),
        (["es", "fr"], ["es", "fr"], ("ear",)),
        (["es", "fr"], ["es", "fr"], ()),
        (["es", "fr"], ["es", "fr"], ()),
    ]
    told = [(fact.voices, fact.languages, fact.hearing) for fact in one.ceilings]
    assert told == [
        ((), (), True),
        (("es",), (), True),
        (("es", "fr"), (), True),
        (("es", "fr"), ("fr",), True),
        (("es", "fr"), ("fr", "es"), True),
        (("es", "fr"), ("fr", "es"), False),
    ]
    assert one.ceilings[3].message == (
        "10.50 of 10 USD are spent: the ceiling of the meeting is reached."
        " No voice is paid for in Español. No rendition is paid for in Français."
    )


async def test_listeners_are_told_when_nobody_is_heard_because_of_the_cost(path: Path) -> None:
    one = Spending(path, settings(render=("apertium",), speak=("espeak",)), meeting=1)
    one.hear("p-bob", 1.05)
    one.wanted(ALL)
    assert one.budget.heard_by("p-bob") == ("ear",)
    assert one.budget.outlook(lambda stage, name: None).problem is None
    one.hear("p-bob", 0.05)
    one.wanted(ALL)
    assert one.budget.heard_by("p-bob") == ()
    assert one.budget.outlook(lambda stage, name: None).problem == UNPAID


async def test_free_engines_go_on_beyond_every_ceiling(path: Path) -> None:
    both = settings(
        hear=("ear", "whisper"), render=("model", "apertium"), speak=("voice", "espeak")
    )
    one = Spending(path, both, meeting=1)
    one.speak("es", 2.0)
    assert one.wanted(ALL) == ({"es": 1, "fr": 1}, {"es": 2})
    assert one.budget.unspoken == one.budget.stopped == frozenset()
    assert one.budget.heard_by("p-ada") == ("whisper",)
    saved = one.budget.thrifty(one.settings)
    assert saved.languages["es"].spoken_by == ("espeak",)


async def test_the_day_counts_what_other_meetings_spend(path: Path) -> None:
    one, other = Spending(path, settings(), day=10), Spending(path, settings(), day=10)
    other.speak("es", 9.5)
    await other.budget.settle()
    await one.budget.settle()
    one.speak("es", 0.4)
    one.wanted(ALL)
    assert [fact.spent for fact in one.ceilings] == [9.9]
    one.speak("es", 0.2)
    one.wanted(ALL)
    assert one.ceilings[-1].ceiling == "day"
    assert one.budget.unspoken == {"es"}


async def test_another_job_of_the_meeting_goes_on_below_the_same_ceiling(path: Path) -> None:
    died = Spending(path, settings(), meeting=10)
    died.speak("es", 9.5)
    await died.budget.settle()
    one = Spending(path, settings(), meeting=10)
    await one.budget.settle()
    one.speak("es", 0.6)
    one.wanted(ALL)
    assert [(fact.ceiling, fact.spent) for fact in one.ceilings] == [("meeting", 10.1)]


async def test_a_person_at_its_ceiling_is_heard_and_served_only_where_that_is_free(
    path: Path,
) -> None:
    one = Spending(path, settings(), person=1)
    one.wanted(ALL)
    one.hear("p-ada", 1.5)
    assert one.wanted(ALL) == ({"fr": 1}, {"es": 1})
    assert one.budget.poor == {"p-ada"}
    assert one.budget.heard_by("p-ada") == ()
    assert one.budget.heard_by("p-bob") == ("ear",)
    [told] = one.ceilings
    assert (told.ceiling, told.person, told.voices) == ("person", "p-ada", ())


async def test_a_person_at_its_ceiling_has_free_engines_as_before(path: Path) -> None:
    free = settings(hear=("ear", "whisper"), render=("apertium",), speak=("espeak",))
    one = Spending(path, free, person=1)
    one.hear("p-ada", 1.5)
    assert one.wanted(ADA) == ({"es": 1}, {"es": 1})
    assert one.budget.heard_by("p-ada") == ("whisper",)


async def test_a_language_that_was_edited_away_is_wanted_by_nobody(path: Path) -> None:
    one = Spending(path, settings())
    for at, code in enumerate(["es", "fr", "de", "es"]):
        wishes = {"p-ada": Wish(listens=code)}
        refused = one.budget.wanted(wishes, at / 10)
    assert refused.listeners == {"de": 1}
    fewer = settings(languages=("es", "fr"))
    one.settings = fewer.model_copy(update={"number": 2})
    assert one.budget.wanted(wishes, 0.5).listeners == {}


async def test_without_ceilings_nothing_is_ever_saved(path: Path) -> None:
    one = Spending(path, settings())
    one.speak("es", 1e6)
    assert one.wanted(ALL) == ({"es": 1, "fr": 1}, {"es": 2})
    assert one.ceilings == []


async def test_a_ceiling_that_is_raised_gives_everything_back(path: Path) -> None:
    one = Spending(path, settings(), meeting=10)
    one.speak("es", 20.0)
    one.wanted(ALL)
    assert one.budget.unspoken == {"es", "fr"}
    one.settings = one.settings.model_copy(update={"ceilings": Ceilings(meeting=100), "number": 2})
    one.wanted(ALL)
    assert one.budget.unspoken == frozenset()
    assert not any((one.ceilings[-1].voices, one.ceilings[-1].languages))


def test_the_engines_of_these_tests_are_what_they_say() -> None:
    assert ENGINES["voice"].price is not None
    assert ENGINES["voice"].price.of({"characters": 20_000}) == 1.0


async def test_who_has_left_is_at_no_ceiling_any_more(path: Path) -> None:
    one = Spending(path, settings(), person=1)
    one.hear("p-ada", 1.5)
    one.wanted(BOB)
    assert one.budget.poor == frozenset()
    assert one.ceilings == []


async def test_a_sum_that_is_being_written_down_counts_once(path: Path) -> None:
    one = Spending(path, settings(), day=10, slow=True)
    one.speak("es", 9.0)
    async with asyncio.TaskGroup() as group:
        settling = group.create_task(one.budget.settle())
        await asyncio.sleep(0)
        one.wanted(ALL)
        settling.cancel()
        SlowDay.free.set()
    await one.budget.settle()
    one.wanted(ALL)
    assert [fact.spent for fact in one.ceilings] == [9.0]
    assert await asyncio.to_thread(SlowDay.added.wait, 20.0)  # what was cancelled only waited
    assert day_of(path).add(0.0, "USD").day == 9.0
