"""docs/faults.md is what the tests declare, and says something of every fault."""

import pytest

from tests.vendors.faults import Fault
from tests.vendors.scenes import SCENES
from tests.vendors.table import OUTCOMES, PAGE, page

pytestmark = pytest.mark.vendor


@pytest.mark.parametrize("engine", OUTCOMES)
def test_every_fault_of_an_engine_is_declared(engine: str) -> None:
    assert set(OUTCOMES[engine]) == set(Fault)


def test_every_kind_of_fault_has_a_scene() -> None:
    assert {scene.fault for scene in SCENES} == set(Fault)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: .venv/bin/python -m tests.vendors.table docs/faults.md"
    )
