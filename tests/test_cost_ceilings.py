"""What is saved at a ceiling, and in which order."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.priced import priced_settings as settings
from tests.priced import reaches
from translator.cost import ceilings
from translator.cost.ceilings import FULL, NOTHING, Shed, shed, stopped, thrifty
from translator.demand import Demand
from translator.settings import Language, Settings

pytestmark = pytest.mark.unit


def wanted(listeners: Mapping[str, int], readers: Mapping[str, int] = {}) -> Demand:
    return Demand(listeners=listeners, readers=readers, floor_readers=0)


THREE = wanted({"es": 3, "fr": 1, "de": 2}, {"es": 1, "de": 4, "fr": 0})


def order(
    demand: Demand, settings: Settings
) -> list[tuple[tuple[str, ...], tuple[str, ...], bool]]:
    """Everything that is ever saved, step by step."""
    found = [NOTHING]
    for hundredth in range(100, round(FULL * 100) + 1):
        one = shed(hundredth / 100, demand, settings)
        if one != found[-1]:
            found.append(one)
    return [(one.voices, one.languages, one.hearing) for one in found[1:]]


def test_nothing_is_saved_below_a_ceiling() -> None:
    assert shed(0.999, THREE, settings()) == NOTHING


def test_voices_go_first_then_languages_the_least_wanted_first_and_the_ears_last() -> None:
    assert order(THREE, settings()) == [
        (("fr",), (), False),
        (("fr", "de"), (), False),
        (("fr", "de", "es"), (), False),
        (("fr", "de", "es"), ("fr",), False),
        (("fr", "de", "es"), ("fr", "es"), False),
        (("fr", "de", "es"), ("fr", "es", "de"), False),
        (("fr", "de", "es"), ("fr", "es", "de"), True),
    ]


def test_the_summary_goes_before_any_voice() -> None:
    one = shed(1.0, THREE, settings(summarize="model"))
    assert one == Shed(summary=True)


def test_what_costs_nothing_is_no_step() -> None:
    free = settings(hear=("whisper",), render=("apertium",), speak=("espeak",))
    assert shed(5.0, THREE, free) == NOTHING
    assert order(THREE, settings(hear=("whisper",), render=("ours",))) == [
        (("fr",), (), False),
        (("fr", "de"), (), False),
        (("fr", "de", "es"), (), False),
    ]


def test_ears_are_paid_for_until_nothing_is() -> None:
    free = settings(render=("apertium",), speak=("espeak",))
    assert order(THREE, free) == [((), (), True)]
    assert not shed(FULL - 0.001, THREE, free).hearing
    assert shed(FULL, THREE, free).hearing


def test_what_may_cost_anything_is_saved() -> None:
    assert shed(2.0, wanted({"es": 1}), settings(speak=("unknown",))).voices == ("es",)


def test_a_language_that_loses_its_voice_has_captions_and_the_others_go_on() -> None:
    saved = thrifty(settings(), Shed(voices=("fr",)), reaches)
    assert saved.languages["fr"].spoken_by == ()
    assert saved.languages["es"].spoken_by == ("voice",)
    assert saved.pair("en", "fr") is not None
    assert stopped(settings(), Shed(voices=("fr",)), reaches) == frozenset()


def test_a_free_voice_takes_the_place_of_a_paid_one_and_keeps_its_own_name() -> None:
    named = settings(speak=("voice", "espeak"))
    spanish = Language.model_validate({"speak": ["voice", "espeak"], "voice": "Elvira"})
    named = named.model_copy(update={"languages": {**named.languages, "es": spanish}})
    saved = thrifty(named, Shed(voices=("es",)), reaches).languages["es"]
    assert saved.spoken_by == ("espeak",)
    assert "Elvira" not in str(saved.voices)


def test_a_free_renderer_takes_the_place_of_a_paid_one_where_it_knows_the_pair() -> None:
    both = settings(render=("model", "apertium"))
    gone = Shed(voices=("es", "de"), languages=("es", "de"))
    saved = thrifty(both, gone, reaches)
    spanish, french = saved.pair("en", "es"), saved.pair("en", "fr")
    assert spanish is not None
    assert spanish.rendered_by == ("apertium",)
    assert french is not None
    assert french.rendered_by == ("model", "apertium")
    assert stopped(both, gone, reaches) == {"de"}


def test_a_dialect_goes_on_where_its_language_is_not_paid_for() -> None:
    both = settings(languages=("es", "es-MX"), render=("model", "apertium"))
    saved = thrifty(both, Shed(languages=("es",)), reaches)
    mexican, spanish = saved.pair("en", "es-MX"), saved.pair("en", "es")
    assert mexican is not None
    assert spanish is not None
    assert (mexican.rendered_by, spanish.rendered_by) == (("model", "apertium"), ("apertium",))


def test_an_end_to_end_model_goes_with_the_voice_and_the_captions_stay() -> None:
    one = settings(speak=("espeak",), render=("apertium",), end_to_end="model")
    assert shed(1.0, wanted({"es": 1}), one).voices == ("es",)
    pair = thrifty(one, Shed(voices=("es",)), reaches).pair("en", "es")
    assert pair is not None
    assert pair.realtime is None


def test_free_ears_hear_on_and_without_any_nobody_is_heard() -> None:
    gone = Shed(hearing=True)
    assert thrifty(settings(hear=("ear", "whisper")), gone, reaches).heard_by == ("whisper",)
    assert thrifty(settings(), gone, reaches).heard_by == ()


counts = st.dictionaries(st.sampled_from(["es", "fr", "de"]), st.integers(1, 5))


@given(counts, counts, st.floats(0.9, 1.3), st.floats(0.9, 1.3))
def test_the_more_is_spent_the_more_is_saved(
    listeners: dict[str, int], readers: dict[str, int], one: float, other: float
) -> None:
    demand, less, more = wanted(listeners, readers), min(one, other), max(one, other)
    before, after = shed(less, demand, settings()), shed(more, demand, settings())
    assert after.voices[: len(before.voices)] == before.voices
    assert after.languages[: len(before.languages)] == before.languages
    assert after.hearing >= before.hearing
    if after.languages:
        assert set(after.voices) == set(listeners)


@given(counts, counts)
def test_at_the_end_nothing_is_paid_for(listeners: dict[str, int], readers: dict[str, int]) -> None:
    demand = wanted(listeners, readers)
    whole = settings(summarize="model")
    saved = thrifty(whole, shed(FULL, demand, whole), reaches)
    assert saved.heard_by == ()
    assert saved.summarize is None
    for code in {*listeners, *readers}:
        assert ceilings.is_rendered_free(saved, code)
    for code in listeners:
        assert ceilings.is_spoken_free(saved, code)
