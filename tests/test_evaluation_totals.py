"""Figures of all recordings together, and by direction."""

import pytest

from tests.results import result
from translator.evaluation.totals import NAMES, by_direction, summed

pytestmark = pytest.mark.unit


def test_figures_are_of_all_recordings_together() -> None:
    found = summed([result("a"), result("b"), {"id": "c", "error": "broken"}])
    assert (found["recordings"], found["failed"]) == (2, 1)
    assert (found["wer"], found["wer_offline"], found["wer_ratio"]) == (0.1, 0.2, 0.5)
    assert found["erasure_partial"] == 0.1
    assert found["caption_p50"] == 1.2
    assert found["evs_p50"] == 2.0
    assert found["segment_words"] == 4
    assert found["short_segments"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["term_recall"] == 0.5
    assert found["boundary_f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["lag_slope"] is None  # ten seconds have none
    assert list(found) == list(NAMES)


def test_what_cannot_be_told_is_none() -> None:
    assert summed([])["wer"] is None
    mute = result("a", speech={**result("a")["speech"], "errors": None, "offline_errors": None})
    assert summed([mute])["wer_ratio"] is None


def test_pairs_of_languages_are_told_apart() -> None:
    other = result("b", language="fr")
    assert list(by_direction([result("a"), other])) == ["en-es", "fr-es"]


def test_a_pair_of_languages_has_the_erasure_of_its_own_captions() -> None:
    one = result("a")
    spanish = one["languages"]["es"]
    calm, nervous = ({"committed": 0, "partial": n, "words": 10} for n in (0, 10))
    erasure = {"spoken": calm, "es": calm, "fr": nervous}
    several = {**one, "languages": {"es": spanish, "fr": spanish}}
    several["reading"] = {**one["reading"], "erasure": erasure}
    assert by_direction([several])["en-es"]["erasure_partial"] == 0.0
    assert by_direction([several])["en-fr"]["erasure_partial"] == 0.5


def test_languages_written_in_words_are_never_counted_by_letters() -> None:
    spanish = result("a")["languages"]["es"]
    wrong = {**spanish, "text": " ".join(reversed(spanish["text"].split()))}
    mixed, spaced = (result("a", languages={code: wrong, "es": wrong}) for code in ("ja", "fr"))
    assert summed([mixed])["bleu"] == summed([spaced])["bleu"]
