"""The page of a run."""

import pytest

from tests.results import result
from translator.evaluation import gate, page
from translator.evaluation.run import AS_CONFIGURED
from translator.evaluation.totals import summed
from translator.evaluation.whole import made, whole

pytestmark = pytest.mark.unit


def test_the_page_needs_nothing_from_elsewhere() -> None:
    content = whole({AS_CONFIGURED: [result("<a&b>"), {"id": "c", "error": "<broken>"}]}, made())
    verdicts = gate.judged({"evs_p50": gate.Limit(at_most=1.0)}, summed([result("a")]))
    text = page.written(content, {AS_CONFIGURED: verdicts})
    assert "&lt;a&amp;b&gt;" in text
    assert "&lt;broken&gt;" in text
    assert text.count("<svg") == 5
    assert "<script" not in text
    assert "src=" not in text
    assert page.picture(content).startswith("<svg")


def test_a_run_without_any_result_still_has_a_page() -> None:
    assert "c" in page.written(
        whole({AS_CONFIGURED: [{"id": "c", "error": "e"}]}, made()), {AS_CONFIGURED: []}
    )
