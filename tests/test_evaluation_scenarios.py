"""Sentences with a rubric: what a rendition must and must not do."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes import ScriptedRenderer, meeting_settings
from translator.engines.registry import Engines
from translator.evaluation import scenarios
from translator.settings import Pair, Settings

pytestmark = pytest.mark.unit


def scenario(**changes: Any) -> scenarios.Scenario:
    given = {"id": "a", "from": "en", "to": "es", "text": "Are there 1,250 of 3?", **changes}
    return scenarios.Scenario.model_validate(given)


def failed(one: scenarios.Scenario, rendition: str) -> list[str]:
    return [check.kind for check in scenarios.checked(one, rendition) if not check.passed]


def test_a_rubric_is_checked_point_by_point() -> None:
    one = scenario(
        terms={"committee": "comisión"},
        numbers=True,
        question=True,
        must=["hay"],
        must_not=["sí"],
        register={"must_not": ["tú"]},
    )
    assert failed(one, "¿Hay 1.250 de 3 en la comisión?") == []
    assert failed(one, "Sí, tú: 1.250.") == [
        *("terms", "numbers", "question", "register", "meaning", "meaning")
    ]
    assert "rendered" in failed(one, " ")


def test_a_term_is_a_whole_word() -> None:
    assert failed(scenario(terms={"act": "acta"}), "El actable") == ["terms"]


def test_figures_are_the_same_however_they_are_grouped() -> None:
    assert scenarios.figures("1,250.5 and 20 000") == scenarios.figures("20.000 y 1 250,5")


def test_there_are_a_hundred_scenarios_and_each_checks_something() -> None:
    shipped = scenarios.load()
    assert len(shipped) >= 100
    assert all(len(list(scenarios.checked(one, "x"))) > 1 for one in shipped)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the engines that are called, which render at once; `rules` knows no French."""
    names: list[str] = []

    class Known(Engines):
        def renderer(self, name: str) -> ScriptedRenderer:
            names.append(name)
            return ScriptedRenderer(delay=0.0)

        def reaches(self, name: str, source: str, target: str) -> bool:
            return (name, target) != ("rules", "fr")

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncGenerator[Engines, None]:
        yield Known(settings.engines)

    @asynccontextmanager
    async def running(services: Sequence[str]) -> AsyncGenerator[None, None]:
        yield

    monkeypatch.setattr(scenarios, "opened", opened)
    monkeypatch.setattr(scenarios, "running", running)
    return names


async def test_a_scenario_is_rendered_by_the_first_engine_that_knows_its_languages(
    called: list[str],
) -> None:
    pair = Pair.model_validate({"from": "en", "to": "*", "render": ["rules", "model"]})
    some = [scenario(to=to, **{"from": source}) for source, to in (("en", "es"), ("en", "fr"))]
    some.append(scenario(to="es", **{"from": "fr"}))
    outcomes = await scenarios.tried(some, meeting_settings(pairs=[pair]))
    assert called == ["rules", "model"]
    assert [one.rendition[:4] for one in outcomes] == ["[es]", "[fr]", ""]
    assert [check.asked for check in outcomes[-1].checks] == ["no engine renders fr to es"]
