"""Two runs side by side: is the difference more than chance?

Recordings are drawn again and again, with the same draw for both runs (a paired bootstrap), and
the figures of each draw are compared. BLEU and chrF are compared by sacrebleu's own paired
bootstrap, the others here.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest

from translator.evaluation.totals import NAMES, Figures, Result, counted, done, summed
from translator.evaluation.words import normalized

DRAWS = 400
FEWEST = 6
"""Recordings that can tell a difference from chance: fewer all change in one direction by chance
alone more often than once in 20 times."""
SEED = 12345
COMPARED = (
    *("wer", "wer_ratio", "term_accuracy", "erasure_partial", "caption_p50"),
    *("first_word", "evs_p50", "evs_p90", "laal", "long_yaal", "end_lag", "coverage"),
    *("segment_words", "short_segments", "boundary_f1"),
)
"""The figures that are drawn again; those of sacrebleu come besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of both runs; `low` to `high` holds 95 % of the differences of the draws."""

    figure: str
    before: float | None
    after: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """How often chance alone makes such a difference, where sacrebleu says so."""

    @property
    def significant(self) -> bool:
        """Whether it is more than chance, at 95 %."""
        if self.p is not None:
            return self.p < 0.05
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


def compared(before: Sequence[Result], after: Sequence[Result]) -> list[Difference]:
    """The differences between two runs, over the recordings that both have."""
    ones, others = paired(before, after)
    if not ones:
        return []
    figures = summed(ones), summed(others)
    enough = len(ones) >= FEWEST
    draws = [_difference(ones, others, seed) for seed in range(DRAWS if enough else 0)]
    found = [_measured(name, *figures, draws) for name in COMPARED]
    return [*_quality(ones, others, enough=enough), *found]


def paired(before: Sequence[Result], after: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """What both have, in one order: the same recordings into the same languages."""
    known = {one["id"]: one for one in done(before)}
    pairs = [(known[one["id"]], one) for one in done(after) if one["id"] in known]
    both = [
        (one, other, one["languages"].keys() & other["languages"].keys()) for one, other in pairs
    ]
    return (
        [_only(one, codes) for one, _, codes in both if codes],
        [_only(other, codes) for _, other, codes in both if codes],
    )


def _only(result: Result, codes: set[str]) -> Result:
    languages = {code: one for code, one in result["languages"].items() if code in codes}
    return {**result, "languages": dict(sorted(languages.items()))}


def _difference(ones: Sequence[Result], others: Sequence[Result], seed: int) -> Figures:
    draw = random.Random(SEED + seed).choices(range(len(ones)), k=len(ones))
    before, after = (counted([side[i] for i in draw]) for side in (ones, others))
    return {
        name: None if (a := after[name]) is None or (b := before[name]) is None else a - b
        for name in COMPARED
    }


def _measured(name: str, before: Figures, after: Figures, draws: Sequence[Figures]) -> Difference:
    values = sorted(value for draw in draws if (value := draw[name]) is not None)
    known = len(draws) > 0 and len(values) >= len(draws) // 2
    return Difference(
        figure=name,
        before=before[name],
        after=after[name],
        low=round(values[round(0.025 * (len(values) - 1))], 4) if known else None,
        high=round(values[round(0.975 * (len(values) - 1))], 4) if known else None,
    )


def _quality(ones: Sequence[Result], others: Sequence[Result], *, enough: bool) -> list[Difference]:
    """BLEU and chrF of all renditions that have a reference; no p unless there is `enough`."""
    pairs = [
        (one["languages"][code], other["languages"][code])
        for one, other in zip(ones, others, strict=True)
        for code in one["languages"]
        if one["languages"][code].get("reference")
    ]
    if not pairs:
        return []
    texts: list[tuple[str, Sequence[str]]] = [
        ("before", [normalized(one["text"]) for one, _ in pairs]),
        ("after", [normalized(other["text"]) for _, other in pairs]),
    ]
    references = [[normalized(one["reference"]) for one, _ in pairs]]
    test = PairedTest(
        named_systems=texts,
        metrics={
            "bleu": BLEU(lowercase=True, references=references),
            "chrf": CHRF(lowercase=True, references=references),
        },
        references=None,
        test_type="bs",
        n_samples=1000,
    )
    _, scores = test()
    return [
        _tested(name, scores[key], enough=enough)
        for name, key in (("bleu", "BLEU"), ("chrf", "chrF2"))
    ]


def _tested(name: str, results: Sequence[Any], *, enough: bool) -> Difference:
    before, after = results
    p_value = 1.0 if before.score == after.score else after.p_value
    return Difference(
        figure=name,
        before=round(before.score, 2),
        after=round(after.score, 2),
        p=round(p_value, 4) if enough and p_value is not None else None,
    )


def described(difference: Difference) -> Mapping[str, str]:
    """A difference in words, for a table."""
    interval = ""
    if difference.p is not None:
        interval = f"p = {difference.p:.3f}"
    elif difference.low is not None and difference.high is not None:
        interval = f"{difference.low:+.3f} to {difference.high:+.3f}"
    return {
        "figure": NAMES[difference.figure],
        "before": shown(difference.before),
        "after": shown(difference.after),
        "interval": interval,
        "verdict": "differs" if difference.significant else "",
    }


def shown(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if 0 < abs(value) < 0.1 else f"{value:.2f}"
