"""What of a language can be had while engines are down, and what listeners are told of it."""

import json
from collections.abc import Collection
from typing import Any

import pytest

from tests.fakes import meeting_clock, meeting_settings
from translator.channel import Channel
from translator.condition import UNHEARD, UNPAID, WELL, Condition, Outlook
from translator.health import Stage
from translator.record import Record
from translator.settings import Language, Pair

pytestmark = pytest.mark.unit

SPOKEN_TWICE = Language.model_validate({"speak": ["vendor", "robot"]})
LANGUAGES = {"es": SPOKEN_TWICE, "fr": Language(speak="robot"), "de": Language()}
PAIRS = (
    {"from": "en", "to": "es", "render": ["model", "rules"]},
    {"from": "*", "to": "*", "render": "rules"},
)
REALTIME = ({"from": "*", "to": "es", "render": "rules", "end_to_end": "live"},)
HYBRID = ({"from": "*", "to": "es", "render": "rules", "hybrid": "live"},)


def outlook(
    *down: tuple[Stage, str],
    pairs: Collection[dict[str, Any]] = PAIRS,
    unreached: Collection[tuple[str, str]] = (),
    **more: Any,
) -> Outlook:
    """English, Spanish and French are spoken; `down` are the engines that are."""
    settings = meeting_settings(
        languages=LANGUAGES, pairs=[Pair.model_validate(one) for one in pairs]
    )
    return Outlook(
        settings=settings,
        down=lambda stage, name: "down" if (stage, name) in down else None,
        reaches=lambda name, source, target: (name, source) not in unreached,
        **{"heard_by": settings.heard_by, **more},
    )


def test_while_nothing_is_down_nothing_is_missed() -> None:
    assert [outlook().of(code) for code in LANGUAGES] == [WELL] * 3
    assert outlook().to_json() == "{}"
    assert outlook().problem is None


def test_a_voice_is_missed_when_every_engine_that_speaks_it_is_down() -> None:
    assert outlook(("speak", "vendor")).of("es") == Condition(down=("vendor",))
    both = outlook(("speak", "vendor"), ("speak", "robot"))
    assert both.of("es") == Condition(voice="captions", why="engine", down=("vendor", "robot"))
    assert both.of("fr") == Condition(voice="captions", why="engine", down=("robot",))
    assert both.of("de") == WELL, "it never had one"


def test_what_is_said_stands_as_it_was_said_while_nothing_renders_it() -> None:
    assert outlook(("render", "model")).of("es") == Condition(down=("model",))
    rules = outlook(("render", "rules"))
    assert rules.of("es") == Condition(as_said=("fr",), why="engine", down=("rules",))
    assert rules.of("de").as_said == ("en", "es", "fr")
    unreached = outlook(("render", "rules"), unreached=[("model", "en")])
    assert unreached.of("es").as_said == ("en", "fr")


def test_a_pair_that_no_engine_knows_is_not_missed() -> None:
    one = outlook(("speak", "vendor"), unreached=[("rules", "es"), ("rules", "fr")])
    assert one.of("fr") == WELL
    assert one.of("de").as_said == ()


def test_an_engine_that_is_down_for_one_stage_does_the_others() -> None:
    assert outlook(("hear", "robot"), ("render", "robot")).of("fr") == WELL


def test_the_cascade_helps_an_end_to_end_model_and_is_helped_by_it() -> None:
    assert outlook(("interpret", "live"), pairs=REALTIME).of("es") == Condition(down=("live",))
    silent: list[tuple[Stage, str]] = [
        ("speak", "vendor"),
        ("speak", "robot"),
        ("render", "rules"),
    ]
    live = outlook(*silent, pairs=REALTIME).of("es")
    assert (live.voice, live.as_said) == ("on", ())
    hybrid = outlook(*silent, pairs=HYBRID).of("es")
    assert (hybrid.voice, hybrid.as_said) == ("on", ("en", "fr"))
    none = outlook(*silent, ("interpret", "live"), pairs=REALTIME).of("es")
    assert (none.voice, none.as_said) == ("captions", ("en", "fr"))


def test_captions_alone_are_rendered_by_the_cascade_whatever_model_would_be_heard() -> None:
    pairs = ({"from": "*", "to": "de", "render": "rules", "end_to_end": "live"},)
    assert outlook(("interpret", "live"), pairs=pairs).of("de") == WELL
    assert outlook(("render", "rules"), pairs=pairs).of("de").as_said == ("en", "es", "fr")


def test_what_costs_too_much_is_told_as_such() -> None:
    one = outlook(("speak", "robot"), unspoken=["es", "fr"], stopped=["de"])
    assert one.of("es") == Condition(voice="captions", why="cost", down=("robot",))
    assert one.of("de") == Condition(voice="off", why="cost")


def test_nobody_is_heard_while_every_engine_that_hears_is_down() -> None:
    assert outlook(("hear", "ear")).problem == UNHEARD
    assert outlook(("render", "ear")).problem is None


def test_nobody_is_heard_where_no_engine_that_hears_is_paid_for() -> None:
    assert outlook(heard_by=()).problem == UNPAID
    assert outlook(("hear", "robot"), heard_by=("robot",)).problem == UNHEARD


@pytest.mark.parametrize(
    ("stage", "engine", "down", "instead"),
    [
        ("speak", "vendor", (), ("robot",)),
        ("speak", "robot", (), ("vendor",)),
        ("speak", "vendor", (("speak", "robot"),), ()),
        ("render", "model", (), ("rules",)),
        ("render", "rules", (), ("model",)),
        ("hear", "ear", (), ()),
        ("speak", "nobody", (), ()),
    ],
)
def test_organizers_are_told_what_is_used_instead(
    stage: Stage,
    engine: str,
    down: Collection[tuple[Stage, str]],
    instead: tuple[str, ...],
) -> None:
    assert outlook((stage, engine), *down).instead(stage, engine) == instead


def test_an_engine_that_does_not_know_the_languages_is_not_used_instead() -> None:
    for down in ("model", "rules"):
        one = outlook(("render", down), unreached=[("rules", "en")])
        assert one.instead("render", down) == ()


def test_the_cascade_is_used_instead_of_an_end_to_end_model() -> None:
    assert outlook(("interpret", "live"), pairs=REALTIME).instead("interpret", "live") == ("rules",)


def test_a_language_that_was_edited_away_is_not_missed() -> None:
    assert outlook(("speak", "robot")).of("it") == WELL


def test_only_languages_of_which_something_is_missing_are_told() -> None:
    told = json.loads(outlook(("render", "rules"), pairs=PAIRS[:1]).to_json())
    assert told == {"es": {"voice": "on", "as_said": [], "why": None, "down": ["rules"]}}


def test_a_channel_states_what_can_be_had() -> None:
    conditions = [WELL, Condition(voice="captions", why="engine", down=("vendor",))]
    channel = Channel(
        "es", record=Record(meeting_clock()), max_wait=2.0, condition=lambda _: conditions[0]
    )
    before = json.loads(channel.state)
    assert (before["voice"], before["why"], before["down"]) == ("on", None, [])
    conditions.pop(0)
    after = json.loads(channel.state)
    assert (after["voice"], after["why"], after["down"]) == ("captions", "engine", ["vendor"])
