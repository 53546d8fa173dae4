"""Sentences with a rubric: what a rendition must and must not do."""

from typing import Any

import pytest

from translator.evaluation import scenarios

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
