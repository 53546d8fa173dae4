"""A person who flips languages cannot run the bill up."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import meeting_settings
from translator.cost.granted import AT_ONCE, EVERY, Granted
from translator.demand import Running, Wish, demand, plan
from translator.settings import Language

pytestmark = pytest.mark.unit

CODES = ("es", "fr", "de", "it", "pt", "ca", "nl", "pl", "sv", "da")
GRACE = 10.0


def hearing(code: str | None) -> Wish:
    return Wish(listens=code)


def granted(wishes: Mapping[float, Wish]) -> dict[float, Wish]:
    """What one person is granted, by when it was asked for."""
    limit = Granted()
    return {at: limit.of({"p-ada": wish}, at, CODES)["p-ada"] for at, wish in wishes.items()}


def test_a_person_may_look_around_and_then_waits() -> None:
    codes = [*CODES[: AT_ONCE + 1], CODES[AT_ONCE]]
    got = granted({float(at): hearing(code) for at, code in enumerate(codes)})
    assert [wish.listens for wish in got.values()] == [*CODES[:AT_ONCE], CODES[2], CODES[2]]


def test_what_was_asked_for_too_soon_is_granted_when_its_time_has_come() -> None:
    asked = {0.0: "es", 0.1: "fr", 0.2: "de", 0.3: "it", EVERY - 0.1: "it", EVERY + 0.1: "it"}
    got = granted({at: hearing(code) for at, code in asked.items()})
    assert [wish.listens for wish in got.values()] == ["es", "fr", "de", "de", "de", "it"]


def test_to_want_less_is_granted_at_once_and_does_not_count() -> None:
    both = Wish(listens="es", reads=frozenset({"es", "fr"}))
    less = [both, hearing("es"), hearing(None)] * AT_ONCE
    got = granted({at / 100: wish for at, wish in enumerate(less)})
    assert list(got.values()) == less


def test_to_read_what_one_hears_is_no_change() -> None:
    reading = Wish(listens="es", reads=frozenset({"es", "floor"}))
    got = granted({0.0: hearing("es"), 0.1: reading, 0.2: hearing("fr"), 0.3: hearing("de")})
    assert [wish.listens for wish in got.values()] == ["es", "es", "fr", "de"]


def test_to_leave_and_come_back_gains_nothing() -> None:
    limit = Granted()
    for at, code in enumerate(CODES[:AT_ONCE]):
        limit.of({"p-ada": hearing(code)}, at / 10, CODES)
    limit.of({}, 0.5, CODES)
    assert limit.of({"p-ada": hearing("pl")}, 0.6, CODES)["p-ada"] == Wish()
    limit.of({}, 0.5 + AT_ONCE * EVERY, CODES)
    assert limit.of({"p-ada": hearing("pl")}, 99.0, CODES)["p-ada"] == hearing("pl")


def test_what_an_edit_took_away_is_granted_to_nobody_any_more() -> None:
    limit, offered = Granted(), set(CODES)
    reading = frozenset({"de", "floor"})
    for at, code in enumerate(CODES[:AT_ONCE]):
        limit.of({"p-ada": Wish(listens=code, reads=reading)}, at / 10, offered)
    flipped = Wish(listens="it", reads=reading)
    assert limit.of({"p-ada": flipped}, 0.5, offered)["p-ada"].listens == "de"
    left = limit.of({"p-ada": flipped}, 0.6, offered - {"de"})["p-ada"]
    assert left == Wish(reads=frozenset({"floor"}))
    assert limit.of({"p-ada": flipped}, EVERY + 1, offered)["p-ada"] == flipped


def test_one_who_flips_keeps_nobody_else_waiting() -> None:
    limit = Granted()
    for at in range(20):
        limit.of({"p-ada": hearing(CODES[at % 5])}, at / 10, CODES)
    got = limit.of({"p-ada": hearing("pl"), "p-bob": hearing("sv")}, 2.0, CODES)
    assert got["p-bob"] == hearing("sv")


wishes = st.builds(
    Wish,
    listens=st.none() | st.sampled_from(CODES),
    reads=st.frozensets(st.sampled_from([*CODES, "floor"]), max_size=3),
)


@given(st.lists(st.tuples(st.floats(0.0, 5.0), wishes), max_size=60))
def test_nobody_changes_more_often_than_that(asked: list[tuple[float, Wish]]) -> None:
    limit, now, before, changes = Granted(), 0.0, Wish(), 0
    for pause, wish in asked:
        now += pause
        got = limit.of({"p-ada": wish}, now, CODES)["p-ada"]
        assert got in (wish, before)
        changes += not got.languages <= before.languages
        before = got
    assert changes <= AT_ONCE + now / EVERY + 1e-6


def language_seconds(wish: Callable[[int], str], *, during: int, limited: bool) -> float:
    """How long voices run for one person who turns to `wish(second)`, as the plan has it."""
    settings = meeting_settings(
        languages={code: Language(speak="voice") for code in CODES}, grace=GRACE
    )
    limit, wanted_at, on, total = Granted(), dict[str, float](), set[str](), 0
    for now in range(during):
        asked = {"p-ada": hearing(wish(now))}
        wanted = demand((limit.of(asked, float(now), CODES) if limited else asked).values())
        wanted_at |= dict.fromkeys(wanted.listeners, float(now))
        idle = {code: now - wanted_at[code] for code in on}
        running = {code: Running(voice=True, idle=s, voice_idle=s) for code, s in idle.items()}
        actions = plan(wanted, settings=settings, running=running)
        on = (on | actions.start) - actions.stop
        total += len(on)
    return total


def test_ten_minutes_of_flipping_cost_little_more_than_twice_those_of_listening() -> None:
    ten = 600
    steady = language_seconds(lambda _: "es", during=ten, limited=True)
    flipping = language_seconds(lambda at: CODES[at % len(CODES)], during=ten, limited=True)
    unlimited = language_seconds(lambda at: CODES[at % len(CODES)], during=ten, limited=False)
    assert flipping / steady < 2.2
    assert unlimited / steady > 9
