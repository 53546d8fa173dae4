"""Which engines the settings use: for which stage, between which languages."""

from typing import Any

import pytest

from tests.fakes import meeting_settings
from translator.health import Stage
from translator.settings import Language, Pair, Settings

pytestmark = pytest.mark.unit

LANGUAGES = {
    "en": Language(speak="british"),
    "es": Language.model_validate({"speak": ["vendor", "robot"]}),
    "fr": Language(speak="robot"),
    "de": Language(),
}
PAIRS: tuple[dict[str, Any], ...] = (
    {"from": "en", "to": "es", "render": ["model", "rules"], "end_to_end": "live"},
    {"from": "ja", "to": "*", "render": "nobody", "hybrid": "nobody"},
    {"from": "*", "to": "fr", "render": "rules"},
    {"from": "*", "to": "de", "render": "rules", "end_to_end": "unheard"},
)


def settings(*pairs: dict[str, Any], spoken: tuple[str, ...] = ("en-GB", "es")) -> Settings:
    one = meeting_settings(
        languages=LANGUAGES, pairs=[Pair.model_validate(pair) for pair in pairs or PAIRS]
    )
    return one.model_copy(update={"spoken": spoken, "summarize": "model"})


def test_a_route_leads_where_another_language_is_spoken_and_a_pair_fits() -> None:
    routes = [(route.source, route.target) for route in settings().routes()]
    assert routes == [
        *(("en-GB", "es"), ("en-GB", "fr"), ("en-GB", "de")),
        *(("es", "fr"), ("es", "de")),
    ]
    assert [route.source for route in settings().routes("de")] == ["en-GB", "es"]
    assert settings().route("en", "en-US") is None
    assert settings().route("es", "en") is None


def test_a_route_takes_the_first_pair_that_fits_and_the_engines_that_know_it() -> None:
    spanish = settings().route("en-GB", "es")
    assert spanish is not None
    assert (spanish.pair.source, spanish.pair.target) == ("en", "es")
    assert spanish.renderers(lambda name, source, target: True) == ("model", "rules")
    assert spanish.renderers(lambda *one: one == ("rules", "en-GB", "es")) == ("rules",)
    assert spanish.renderers(lambda name, source, target: False) == ()


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        ("hear", ("ear",)),
        ("render", ("model", "rules")),
        ("speak", ("vendor", "robot")),
        ("interpret", ("live",)),
        ("summarize", ("model",)),
    ],
)
def test_an_engine_is_used_where_a_route_leads_through_it(
    stage: Stage, names: tuple[str, ...]
) -> None:
    assert settings().engines_for(stage) == names
    assert [name for one, name in settings().uses if one == stage] == list(names)


def test_a_language_has_engines_of_its_own() -> None:
    stages: tuple[Stage, ...] = ("render", "speak", "interpret")
    used = {code: [settings().engines_for(one, code) for one in stages] for code in LANGUAGES}
    assert used == {
        "en": [(), (), ()],
        "es": [("model", "rules"), ("vendor", "robot"), ("live",)],
        "fr": [("rules",), ("robot",), ()],
        "de": [("rules",), (), ()],
    }


def test_nobody_hears_a_model_in_a_language_with_captions_only() -> None:
    german = settings().route("es", "de")
    assert german is not None
    assert (german.realtime, german.end_to_end) == (None, None)
    spanish = settings().route("en", "es")
    assert spanish is not None
    assert (spanish.realtime, spanish.end_to_end) == ("live", "live")
    lent = settings({"from": "*", "to": "*", "render": "rules", "hybrid": "live"}).route("en", "es")
    assert lent is not None
    assert (lent.realtime, lent.end_to_end) == ("live", None)
