"""Results of an evaluation, as a run leaves them."""

from typing import Any

from translator.evaluation.run import AS_CONFIGURED, Result


def result(name: str, **changes: Any) -> Result:
    """A recording from English into Spanish with ten words, one of them wrong."""
    spanish = {
        "segments": 2, "spoken": 2, "evs_p50": 2.0, "evs_p90": 3.0, "evs_p99": 3.0,
        "first_audio": 3.0, "end_lag": 2.5, "lag_slope": 0.1, "backlog_max": 1.0, "pace_max": 1.0,
        "coverage": 1.0, "term_hits": 1, "term_total": 1, "first_word": 2.8,
        "renditions": [[2.0, 2.0, 3.0], [5.0, 3.0, 1.0]],
        "text": "el comité se reúne el lunes por la mañana temprano",
        "offline_text": "el comité se reúne el lunes por la mañana pronto",
        "reference": "el comité se reúne el lunes por la mañana temprano",
        "bleu": 100.0, "chrf": 100.0, "signatures": ["BLEU|x"],
        "offline": {"bleu": 80.0, "chrf": 90.0}, "heard": None,
        "laal": 2.0, "long_yaal": 1.5, "sentences": 1,
        "terms": {"hits": 1, "due": 2, "false_copies": 0},
    }  # fmt: skip
    return {
        "id": name,
        "preset": AS_CONFIGURED,
        "language": "en",
        "style": "read",
        "key": "k",
        "seconds": 10.0,
        "speech": {
            "text": "the committee meats", "offline_text": "the committee meets",
            "transcript": "the committee meets", "no_errors_because": None,
            "errors": {"wrong": 1, "words": 10}, "offline_errors": {"wrong": 2, "words": 10},
        },
        "reading": {
            "erasure": {"spoken": {"committed": 0, "partial": 1, "words": 10}},
            "word_delays": [[1.0, 0.8], [2.0, 1.5], [1.2, 1.0]], "word_times": "x",
            "segment_words": [4, 2, 6], "boundaries": {"hits": 1, "cuts": 2, "due": 1},
            "in_order": True,
        },
        "languages": {"es": spanish},
        "failures": [],
        "load": 0.5,
        **changes,
    }  # fmt: skip
