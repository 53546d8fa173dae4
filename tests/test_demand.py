"""What is wanted, and what starts and stops because of it."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import meeting_settings
from translator.demand import (
    FILL,
    LISTEN,
    MOST,
    READ,
    Actions,
    Demand,
    Missing,
    Running,
    demand,
    listens,
    missing,
    plan,
    reads,
    wish,
)
from translator.settings import Language, Settings

pytestmark = pytest.mark.unit

LANGUAGES = {
    "es": Language(speak="voice"),
    "fr": Language(speak="voice"),
    "pt": Language(speak="voice"),
    "de": Language(),  # captions only
}
GRACE = 10.0


def configured(max_languages: int = 10) -> Settings:
    return meeting_settings(languages=LANGUAGES, grace=GRACE, max_languages=max_languages)


def wanting(
    listeners: Mapping[str, int] | None = None, readers: Mapping[str, int] | None = None
) -> Demand:
    return Demand(listeners=listeners or {}, readers=readers or {}, floor_readers=0)


def running(*, voice: bool = True, idle: float = 0.0, voice_idle: float = 0.0) -> Running:
    return Running(voice=voice, idle=idle, voice_idle=voice_idle)


# Wishes


@pytest.mark.parametrize(
    ("wish", "expected"),
    [("es", "es"), ("es-MX", "es"), ("ES", "es"), ("ja", None), ("", None), ("floor", None)],
)
def test_a_participant_listens_to_the_configured_language_that_fits(
    wish: str, expected: str | None
) -> None:
    assert listens({LISTEN: wish}, configured()) == expected


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("es,fr", {"es", "fr"}),
        (" es-MX , floor,", {"es", "floor"}),
        ("ja, es", {"es"}),
        (",,", set()),
    ],
)
def test_a_participant_reads_several_languages(wish: str, expected: set[str]) -> None:
    assert reads({READ: wish}, configured()) == expected


def test_wishes_are_counted_by_language_and_by_kind() -> None:
    people = [
        {LISTEN: "es", READ: "es"},
        {LISTEN: "es-MX"},
        {READ: "fr,floor"},
        {READ: "floor"},
        {LISTEN: "ja"},
        {},
    ]
    found = demand(wish(one, configured()) for one in people)
    assert found == Demand(listeners={"es": 2}, readers={"es": 1, "fr": 1}, floor_readers=2)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([{LISTEN: "es"}], True),
        ([{READ: "es"}], True),
        ([{READ: "floor"}], True),
        ([{LISTEN: "ja"}, {}], False),
    ],
)
def test_nobody_is_heard_while_nobody_wants_anything(
    people: list[dict[str, str]], expected: bool
) -> None:
    assert demand(wish(one, configured()) for one in people).any is expected


# Plan


def test_a_language_starts_with_its_first_listener() -> None:
    actions = plan(wanting({"es": 1}), settings=configured(), running={})
    assert actions == Actions(start=frozenset({"es"}), voice_on=frozenset({"es"}))


def test_captions_start_a_language_and_buy_no_voice() -> None:
    actions = plan(wanting(readers={"es": 5}), settings=configured(), running={})
    assert actions == Actions(start=frozenset({"es"}))


def test_a_listener_buys_the_voice_of_a_language_that_is_only_read_until_then() -> None:
    actions = plan(wanting({"es": 1}), settings=configured(), running={"es": running(voice=False)})
    assert actions == Actions(voice_on=frozenset({"es"}))


def test_a_language_that_nothing_speaks_gets_no_voice() -> None:
    actions = plan(wanting({"de": 1}), settings=configured(), running={})
    assert actions == Actions(start=frozenset({"de"}))


@pytest.mark.parametrize(("idle", "stopped"), [(0.0, False), (GRACE - 0.1, False), (GRACE, True)])
def test_a_language_ends_after_the_grace_period(idle: float, stopped: bool) -> None:
    one = running(idle=idle, voice_idle=idle)
    actions = plan(wanting(), settings=configured(), running={"es": one})
    assert actions.stop == ({"es"} if stopped else set())


def test_a_voice_ends_after_the_grace_period_while_captions_go_on() -> None:
    one = running(idle=0.0, voice_idle=GRACE)
    actions = plan(wanting(readers={"es": 1}), settings=configured(), running={"es": one})
    assert actions == Actions(voice_off=frozenset({"es"}))


def test_the_languages_with_the_most_listeners_come_first() -> None:
    wanted = wanting({"es": 1, "fr": 3}, {"pt": 9, "de": 1})
    assert plan(wanted, settings=configured(1), running={}).start == {"fr"}
    assert plan(wanted, settings=configured(3), running={}).start == {"fr", "es", "pt"}


def test_a_language_that_was_edited_away_ends_when_it_was_heard_to_the_end() -> None:
    for idle, stop in ((0.0, set()), (GRACE, {"nl"})):
        one = running(idle=idle, voice_idle=idle)
        assert plan(wanting(), settings=configured(), running={"nl": one}).stop == stop


def test_a_voice_that_was_edited_away_ends_so_and_captions_go_on() -> None:
    for idle, off in ((0.0, set()), (GRACE, {"de"})):
        one = running(idle=0.0, voice_idle=idle, voice=True)
        actions = plan(wanting({"de": 1}), settings=configured(), running={"de": one})
        assert actions == Actions(voice_off=frozenset(off))


def test_a_language_that_many_want_takes_the_place_of_one_that_few_want() -> None:
    wanted = wanting({"es": 1, "fr": 3})
    actions = plan(wanted, settings=configured(1), running={"es": running(idle=0.0)})
    assert actions.start == {"fr"}
    assert actions.stop == {"es"}


def test_equals_do_not_take_each_others_place() -> None:
    wanted = wanting({"es": 1, "fr": 1})
    actions = plan(wanted, settings=configured(1), running={"fr": running(idle=0.0)})
    assert actions.start == actions.stop == set()


def test_nobody_reads_more_languages_than_some() -> None:
    found = reads({READ: "es,fr,pt,de"}, configured())
    assert len(found) == MOST


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ('{"stream": "es", "after_seq": 41}', Missing(stream="es", after_seq=41)),
        ('{"stream": "floor/es", "after_seq": 0, "n": 3}', Missing(stream="floor/es", after_seq=0)),
        ("", None),
        ("no JSON", None),
        ("[]", None),
        ('{"stream": "es"}', None),
        ('{"stream": "es", "after_seq": 1e999}', None),
        ('{"stream": "es", "after_seq": -1}', None),
        ('{"stream": "es", "after_seq": 1.5}', None),
        ('{"stream": "es", "after_seq": ' + "9" * 300 + "}", None),
        ('{"stream": 7, "after_seq": 1}', None),
        ("[" * 400, None),
        ('{"stream": "es", "after_seq": "many"}', None),
        ('{"stream": "es", "after_seq": null}', None),
        ('{"stream": "' + "x" * 1000 + '", "after_seq": 1}', None),
    ],
)
def test_captions_that_are_missed_are_asked_for_by_an_attribute(
    wish: str, asked: Missing | None
) -> None:
    assert missing({FILL: wish}) == asked


codes = st.sampled_from(sorted(LANGUAGES))
counts = st.dictionaries(codes, st.integers(1, 5))
ages = st.sampled_from([0.0, 5.0, GRACE - 0.001, GRACE, 60.0])
runs = st.dictionaries(codes, st.builds(Running, voice=st.booleans(), idle=ages, voice_idle=ages))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Demand, dict[str, Running], Settings]:
    """As a meeting gives them: nobody is idle while wanted, and no mute language has a voice."""
    wanted = wanting(draw(counts), draw(counts))
    now = {
        code: Running(
            voice=one.voice and LANGUAGES[code].speak is not None,
            idle=0.0 if code in {*wanted.listeners, *wanted.readers} else one.idle,
            voice_idle=0.0 if code in wanted.listeners else max(one.idle, one.voice_idle),
        )
        for code, one in draw(runs).items()
    }
    return wanted, now, configured(draw(st.integers(1, 5)))


def after(actions: Actions, now: Mapping[str, Running]) -> dict[str, Running]:
    """What runs when `actions` are done."""
    return {
        code: Running(
            voice=(code in actions.voice_on)
            or (code in now and now[code].voice and code not in actions.voice_off),
            idle=now[code].idle if code in now else 0.0,
            voice_idle=now[code].voice_idle if code in now else 0.0,
        )
        for code in (set(now) | actions.start) - actions.stop
    }


@given(situations())
def test_a_plan_starts_no_more_than_there_is_room_for(
    situation: tuple[Demand, dict[str, Running], Settings],
) -> None:
    wanted, now, settings = situation
    actions = plan(wanted, settings=settings, running=now)
    assert not actions.start & set(now)
    assert len(after(actions, now)) <= settings.max_languages


@given(situations())
def test_a_plan_gives_a_voice_to_listeners_only(
    situation: tuple[Demand, dict[str, Running], Settings],
) -> None:
    wanted, now, settings = situation
    actions = plan(wanted, settings=settings, running=now)
    assert actions.voice_on <= set(wanted.listeners)
    assert all(LANGUAGES[code].speak for code in actions.voice_on)
    assert actions.voice_on <= set(after(actions, now))


@given(situations())
def test_a_plan_ends_what_nobody_wants_after_the_grace_period_and_what_has_no_place(
    situation: tuple[Demand, dict[str, Running], Settings],
) -> None:
    wanted, now, settings = situation
    actions = plan(wanted, settings=settings, running=now)
    left = after(actions, now)
    for code in actions.stop:
        unwanted = code not in {*wanted.listeners, *wanted.readers}
        assert (unwanted and now[code].idle >= GRACE) or len(left) == settings.max_languages
        fewest = min((wanted.listeners.get(one, 0) for one in left), default=0)
        assert wanted.listeners.get(code, 0) <= fewest
    for code in actions.voice_off:
        assert now[code].voice_idle >= GRACE
        assert code not in wanted.listeners


@given(situations())
def test_a_plan_that_was_carried_out_only_fills_the_places_it_freed(
    situation: tuple[Demand, dict[str, Running], Settings],
) -> None:
    wanted, now, settings = situation
    for _ in range(2):  # a place that is freed is given away the next time
        now = after(plan(wanted, settings=settings, running=now), now)
    assert plan(wanted, settings=settings, running=now) == Actions()


@given(
    st.dictionaries(
        st.sampled_from([LISTEN, READ, FILL]),
        st.text()
        | st.sampled_from(
            ["1e999", "NaN", '{"stream": [], "after_seq": Infinity}', "null", "es,,*,-", "\ud800"]
        ),
    )
)
def test_no_attribute_does_any_harm(attributes: dict[str, str]) -> None:
    settings = configured()
    missing(attributes)
    demand([wish(attributes, settings)])
