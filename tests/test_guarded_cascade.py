"""What the cascade makes of a rendition that the output guard does not let through."""

import logging
from collections.abc import Sequence

import pytest

from tests.fakes import (
    ScriptedRenderer,
    Wording,
    meeting_settings,
    retryable_render_error,
    segment,
)
from tests.stages import Stage, said
from translator.record import Failed, Guarded, Rendering, to_json
from translator.settings import Pair, Settings

pytestmark = pytest.mark.unit

SAID = "In the year 2015 we came here, and forty people stayed."
RIGHT = "En el año 2015 vinimos aquí, y se quedaron cuarenta personas."
ECHO = SAID
CHANGED = "En el año 2015 vinimos aquí, y se quedaron cincuenta personas."


def guarded(*names: str) -> Settings:
    pair = Pair.model_validate({"from": "*", "to": "*", "render": names or ("renderer",)})
    return meeting_settings(pairs=[pair])


def writing(*texts: str) -> ScriptedRenderer:
    """A renderer that streams these, call by call, word by word."""
    acts = {SAID: [Wording(pieces=_streamed(text)) for text in texts]}
    return ScriptedRenderer(acts=acts, prompt="interpret 1.0.0")


def _streamed(text: str) -> Sequence[tuple[float, str]]:
    return [(0.05, f" {word}") for word in text.split()]


async def test_what_is_right_is_heard_clause_by_clause() -> None:
    stage = Stage(renderer=writing(RIGHT), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert said(stage.voice) == ["En el año 2015 vinimos aquí,", "y se quedaron cuarenta personas."]
    assert stage.committed == [("p-ada/1", "es", RIGHT)]
    assert stage.facts.of(Guarded) == []


async def test_what_fails_before_its_first_clause_is_asked_for_once_more() -> None:
    stage = Stage(renderer=writing(ECHO, RIGHT), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert stage.committed == [("p-ada/1", "es", RIGHT)]
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    (caught,) = stage.facts.of(Guarded)
    assert (caught.why, caught.speaker) == ("echo", "p-ada")
    assert (caught.segment_id, caught.language) == ("p-ada/1", "es")
    assert to_json(caught)["why"] == "echo"
    assert stage.facts.of(Failed) == []


@pytest.mark.parametrize(
    ("rest", "whole"),
    [
        ("y se quedaron cuarenta personas.", RIGHT),
        ("y se quedaron cincuenta personas.", f"En el año 2015 vinimos aquí, … [{SAID}]"),
        ("y se quedaron personas.", f"En el año 2015 vinimos aquí, … [{SAID}]"),
    ],
    ids=["right", "changed", "missing"],
)
async def test_a_rest_is_judged_with_what_was_heard_before_it(rest: str, whole: str) -> None:
    broken = Wording(
        pieces=_streamed("En el año 2015 vinimos aquí, y se"), error=retryable_render_error()
    )
    renderer = ScriptedRenderer(
        acts={SAID: [broken, Wording(pieces=_streamed(rest))]}, prompt="interpret 1.0.0"
    )
    stage = Stage(renderer=renderer, settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert stage.committed == [("p-ada/1", "es", whole)]


async def test_then_the_next_engine_is_asked() -> None:
    stage = Stage(
        renderer=writing(ECHO),
        renderers={"second": writing(RIGHT)},
        settings=guarded("renderer", "second"),
    )
    await stage.interpret(segment(1, SAID))
    assert stage.committed == [("p-ada/1", "es", RIGHT)]
    assert [one.why for one in stage.facts.of(Guarded)] == ["echo"]


async def test_then_readers_get_the_source_and_nobody_hears_anything() -> None:
    stage = Stage(renderer=writing(ECHO), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert len(stage.renderer.calls) == 2
    assert stage.committed == [("p-ada/1", "en", SAID)]
    assert stage.facts.ends == {"p-ada/1": ["failed"]}
    assert stage.voice.calls == []
    assert stage.facts.of(Rendering) == []


async def test_after_the_first_clause_the_rest_is_not_spoken_and_the_caption_is_marked() -> None:
    stage = Stage(renderer=writing(CHANGED), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert said(stage.voice) == ["En el año 2015 vinimos aquí,"]
    assert len(stage.renderer.calls) == 1
    ((_, language, text),) = stage.committed
    assert (language, text) == ("es", f"En el año 2015 vinimos aquí, … [{SAID}]")
    assert stage.facts.ends == {"p-ada/1": ["spoken"]}
    assert [one.why for one in stage.facts.of(Guarded)] == ["changed figure"]


async def test_what_was_caught_is_no_context_for_what_follows() -> None:
    stage = Stage(renderer=writing(ECHO), settings=guarded())
    await stage.interpret(segment(1, SAID), segment(2, SAID, start=3.0))
    assert all(brief.context == () for brief in stage.renderer.calls)


async def test_the_log_says_why_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(renderer=writing(CHANGED), settings=guarded())
    with caplog.at_level(logging.INFO):
        await stage.interpret(segment(1, SAID))
    assert "a rendition was kept back: changed figure" in caplog.text
    assert "personas" not in caplog.text
    assert "people" not in caplog.text


async def test_a_pair_may_do_without() -> None:
    pair = Pair.model_validate({"from": "*", "to": "*", "render": "renderer", "guard": False})
    stage = Stage(renderer=writing(ECHO), settings=meeting_settings(pairs=[pair]))
    await stage.interpret(segment(1, SAID))
    assert stage.committed == [("p-ada/1", "es", ECHO)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("In the year 2015 vinimos here, and cuarenta people stayed.", []),
        (CHANGED, ["changed figure"]),
    ],
)
async def test_an_engine_that_takes_no_instructions_is_judged_by_its_figures_alone(
    text: str, why: Sequence[str]
) -> None:
    acts = {SAID: [Wording(pieces=_streamed(text))]}
    stage = Stage(renderer=ScriptedRenderer(acts=acts), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert [one.why for one in stage.facts.of(Guarded)] == why


async def test_an_engine_without_instructions_is_not_asked_again() -> None:
    acts = {SAID: [Wording(pieces=[(0.1, "Se quedaron cincuenta personas.")])]}
    stage = Stage(renderer=ScriptedRenderer(acts=acts), settings=guarded())
    await stage.interpret(segment(1, SAID))
    assert len(stage.renderer.calls) == 1
    assert stage.facts.ends == {"p-ada/1": ["failed"]}
