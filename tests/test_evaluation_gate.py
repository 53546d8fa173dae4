"""What figures must reach, and what is wrong with a gate."""

from pathlib import Path

import pytest

from tests.results import result
from translator.errors import SettingsError
from translator.evaluation import gate, scenarios
from translator.evaluation.totals import summed

pytestmark = pytest.mark.unit

GATE = """
version: 1
whole:
  wer_ratio: {at_most: 0.6}
  evs_p50: {at_most: 1.0}
  lag_slope: {at_most: 0.05}
"""


def gate_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gate.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_figure_beyond_its_limit_does_not_pass(tmp_path: Path) -> None:
    limits = gate.load(gate_file(tmp_path, GATE)).whole
    verdicts = {one.figure: one.passed for one in gate.judged(limits, summed([result("a")]))}
    assert verdicts == {"wer_ratio": True, "evs_p50": False, "lag_slope": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nwhole: {wer_ration: {at_most: 1}}", "wer_ratio"),
        ("version: 1\nwhole: {scenarios_terms: {at_least: 1}}", "unknown figure"),
        ("version: 1\nwhole: {wer: {}}", "at_most"),
        ("version: 1\nwhole: {wer: {under: 1}}", "under"),
    ],
)
def test_a_gate_says_what_is_wrong_with_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        gate.load(gate_file(tmp_path, text))


def test_the_projects_own_gate_can_be_used() -> None:
    own = gate.load(Path(__file__).parents[1] / "gate.yaml")
    for limits in (own.whole, own.subset, own.terms):
        assert gate.judged(limits, summed([result("a")]))
    assert gate.judged(own.scenarios, scenarios.summed([]))
