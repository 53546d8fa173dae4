"""Recordings added up: the figures that a gate looks at, and their names.

`None` stands for what cannot be told from these recordings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from statistics import median
from typing import Any

from translator.evaluation.reading import SHORT, SPOKEN, f1
from translator.evaluation.words import quality
from translator.lag import weighted_percentile

LONG = 60.0
"""Seconds of a recording from which its lag has a slope worth telling."""

NAMES: Mapping[str, str] = {
    "recordings": "recordings",
    "failed": "recordings that failed",
    "wer": "word error rate (WER) of the captions",
    "wer_offline": "WER of the same model offline",
    "wer_ratio": "WER, live / offline",
    "bleu": "BLEU of the renditions",
    "bleu_offline": "BLEU of the same engines offline",
    "chrf": "chrF of the renditions",
    "chrf_offline": "chrF of the same engines offline",
    "chrf_ratio": "chrF, live / offline",
    "asr_bleu": "ASR-BLEU of the voices as heard",
    "asr_wer": "WER of the voices against their own text",
    "term_accuracy": "terms of the glossary rendered, of those heard",
    "term_recall": "terms of the glossary rendered, of those said",
    "false_copies": "terms rendered that nobody said",
    "erasure_committed": "normalized erasure, committed text",
    "erasure_partial": "normalized erasure, with partials",
    "caption_p50": "onset of a spoken word to its caption, p50 s",
    "caption_p90": "onset of a spoken word to its caption, p90 s",
    "caption_end_p50": "end of a spoken word to its caption, p50 s",
    "first_word": "first spoken to first audible word, median s",
    "evs_p50": "EVS p50 s",
    "evs_p90": "EVS p90 s",
    "evs_p99": "EVS p99 s",
    "laal": "LAAL s",
    "long_yaal": "LongYAAL s",
    "end_lag": "end lag, median s",
    "end_lag_max": "end lag, longest s",
    "backlog_max": "longest backlog s",
    "lag_slope": "lag slope of long recordings, s/min",
    "coverage": "coverage of voiced speech",
    "segment_words": "words of a segment, median",
    "short_segments": f"segments under {SHORT} words, share",
    "boundary_f1": "cuts at clause ends, F1",
    "out_of_order": "recordings with segments out of order, or heard twice",
    "failures": "failures of a stage",
    "load": "load of the machine per core, median",
}
"""What each figure is called, in the order of the tables."""

Result = Mapping[str, Any]
Figures = dict[str, float | None]


def done(results: Iterable[Result]) -> list[Result]:
    """Those that went through."""
    return [one for one in results if "error" not in one]


def renderings(results: Iterable[Result]) -> list[Mapping[str, Any]]:
    """Every language of every recording."""
    return [language for one in results for language in one["languages"].values()]


def summed(results: Sequence[Result]) -> Figures:
    """The figures of all of them, by NAMES."""
    good = done(results)
    figures = {**counted(results), **_quality(good), **_as_heard(good)}
    figures["chrf_ratio"] = _share(figures["chrf"], figures["chrf_offline"])
    return {name: _rounded(figures[name]) for name in NAMES}


def counted(results: Sequence[Result]) -> Figures:
    """Those of them, not rounded, for which no text must be read again: it takes no time."""
    good = done(results)
    speech = [one["speech"] for one in good]
    readings = [one["reading"] for one in good]
    rendered = renderings(good)
    erased = [
        counts
        for one in good
        for code, counts in one["reading"]["erasure"].items()
        if code == SPOKEN or code in one["languages"]
    ]
    delays = list(chain.from_iterable(one["word_delays"] for one in readings))
    lengths = list(chain.from_iterable(one["segment_words"] for one in readings))
    figures: Figures = {
        "recordings": len(good),
        "failed": len(results) - len(good),
        "wer": _error_rate(one["errors"] for one in speech),
        "wer_offline": _error_rate(one["offline_errors"] for one in speech),
        "term_accuracy": _share(
            sum(one["term_hits"] for one in rendered), sum(one["term_total"] for one in rendered)
        ),
        "term_recall": _share(*_added([one["terms"] for one in rendered], "hits", "due")),
        "false_copies": sum(one["terms"]["false_copies"] for one in rendered),
        "erasure_committed": _share(*_added(erased, "committed", "words")),
        "erasure_partial": _share(*_added(erased, "partial", "words")),
        "caption_p50": percentile((one[0] for one in delays), 0.5),
        "caption_p90": percentile((one[0] for one in delays), 0.9),
        "caption_end_p50": percentile((one[1] for one in delays), 0.5),
        "first_word": _over(rendered, "first_word", median),
        **_evs(rendered),
        "laal": _weighted(rendered, "laal", "sentences"),
        "long_yaal": _weighted(rendered, "long_yaal", "sentences"),
        "end_lag": _over(rendered, "end_lag", median),
        "end_lag_max": _over(rendered, "end_lag", max),
        "backlog_max": _over(rendered, "backlog_max", max),
        "lag_slope": _over(renderings(o for o in good if o["seconds"] >= LONG), "lag_slope", max),
        "coverage": _coverage(good),
        "segment_words": median(lengths) if lengths else None,
        "short_segments": _share(sum(one < SHORT for one in lengths), len(lengths)),
        "boundary_f1": _boundaries(readings),
        "out_of_order": sum(not one["in_order"] for one in readings),
        "failures": sum(len(one["failures"]) for one in good),
        "load": median([one["load"] for one in good]) if good else None,
    }
    figures["wer_ratio"] = _share(figures["wer"], figures["wer_offline"])
    return figures


def by_direction(results: Sequence[Result]) -> dict[str, Figures]:
    """The figures of each pair of languages apart, such as `en-es`."""
    found: dict[str, list[Result]] = {}
    for one in done(results):
        for code, language in one["languages"].items():
            alone = {**one, "languages": {code: language}}
            found.setdefault(f"{one['language']}-{code}", []).append(alone)
    return {direction: summed(ones) for direction, ones in sorted(found.items())}


def signatures(results: Iterable[Result]) -> list[str]:
    """Of sacrebleu, each once."""
    found = (one.get("signatures", ()) for one in renderings(done(results)))
    return list(dict.fromkeys(chain.from_iterable(found)))


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value that `share` of them do not exceed; None of nothing."""
    return weighted_percentile([(value, 1.0) for value in values], share)


def _quality(good: Sequence[Result]) -> Figures:
    """Of all renditions that have a reference, and an offline rendition to stand beside."""
    scored = [
        (code, one)
        for result in good
        for code, one in result["languages"].items()
        if one.get("offline") and one.get("reference")
    ]
    if not scored:
        return dict.fromkeys(("bleu", "bleu_offline", "chrf", "chrf_offline"))
    references = [one["reference"] for _, one in scored]
    codes = {code for code, _ in scored}
    tokenized_as = codes.pop() if len(codes) == 1 else ""
    line, offline = (
        quality(references, [one[name] for _, one in scored], tokenized_as)
        for name in ("text", "offline_text")
    )
    return {
        "bleu": line["bleu"],
        "bleu_offline": offline["bleu"],
        "chrf": line["chrf"],
        "chrf_offline": offline["chrf"],
    }


def _as_heard(good: Sequence[Result]) -> Figures:
    heard = [one for one in renderings(good) if one.get("heard")]
    if not heard:
        return {"asr_bleu": None, "asr_wer": None}
    found = quality(
        [one["reference"] for one in heard], [one["heard"]["text"] for one in heard], ""
    )
    return {
        "asr_bleu": found["bleu"],
        "asr_wer": _error_rate(one["heard"]["errors"] for one in heard),
    }


def _evs(rendered: Sequence[Mapping[str, Any]]) -> Figures:
    """Of all renditions, each weighing as much as its speech is long."""
    spans = [(evs, length) for one in rendered for _, evs, length in one["renditions"]]
    shares = {"evs_p50": 0.5, "evs_p90": 0.9, "evs_p99": 0.99}
    return {name: weighted_percentile(spans, share) for name, share in shares.items()}


def _coverage(good: Sequence[Result]) -> float | None:
    """Of what needs a voice: in their own language people are heard themselves."""
    spans = [
        (language["coverage"], one["seconds"])
        for one in good
        for code, language in one["languages"].items()
        if language["coverage"] is not None and (code != one["language"] or "reference" in language)
    ]
    return _share(sum(value * weight for value, weight in spans), sum(w for _, w in spans))


def _boundaries(readings: Sequence[Mapping[str, Any]]) -> float | None:
    counts = [one["boundaries"] for one in readings if one["boundaries"]]
    names = ("hits", "cuts", "due")
    return f1(dict(zip(names, _added(counts, *names), strict=True))) if counts else None


def _error_rate(counts: Iterable[Mapping[str, int] | None]) -> float | None:
    return _share(*_added([one for one in counts if one], "wrong", "words"))


def _added(counts: Sequence[Mapping[str, int]], *names: str) -> list[int]:
    return [sum(one[name] for one in counts) for name in names]


def _weighted(rendered: Sequence[Mapping[str, Any]], name: str, weight: str) -> float | None:
    known = [one for one in rendered if one.get(name) is not None]
    return _share(sum(one[name] * one[weight] for one in known), sum(one[weight] for one in known))


def _over(
    rendered: Sequence[Mapping[str, Any]], name: str, function: Callable[[list[float]], float]
) -> float | None:
    values = [one[name] for one in rendered if one[name] is not None]
    return function(values) if values else None


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
