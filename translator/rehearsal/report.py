"""What the listeners of a rehearsed meeting heard, in figures. Pure: tapes and facts in.

All times are seconds on the recording's clock, whose 0 is the first sample being captured. EVS and
lag are what a listener hears: the bridge's stamps only say where to look for a segment's audio,
and are corrected by the delay that audio takes from there to the listener, measured at onsets
after silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from translator.lag import slope_interval, weighted_percentile
from translator.rehearsal.recording import SAMPLE_RATE, Samples
from translator.usage import Sum

WINDOW = SAMPLE_RATE // 100
"""Samples of one energy value: 10 ms."""
AUDIBLE = 33.0
"""RMS (of 32768) from which a window is audible: -60 dBFS; a channel's silence is far below."""
SILENCE = 0.2
"""Seconds of silence before an onset that may be measured."""
SEARCH = 0.8
"""Seconds after a stamp in which its onset is looked for."""
VOICELESS = ("passthrough", "backchannel")
"""Why a segment needs no voice."""

Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRendition:
    """One rendition as a listener heard it."""

    segment_id: str
    source_start: float
    source_end: float
    onset: float
    end: float
    pace: float
    backlog: float

    @property
    def evs(self) -> float:
        """Ear-voice span."""
        return self.onset - self.source_start


@dataclass(slots=True)
class Account:
    """The facts of a meeting, sorted; `offset` turns meeting time into the recording's clock."""

    offset: float
    segments: dict[str, dict[str, Any]] = field(default_factory=dict)
    spoken: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unspoken: dict[str, dict[str, str]] = field(default_factory=dict)
    terms: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Of each language: hits, occurrences, false copies."""
    terse: dict[str, int] = field(default_factory=dict)
    streams_max: dict[str, int] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    guarded: list[dict[str, Any]] = field(default_factory=list)
    spent: dict[str, Any] = field(default_factory=dict)
    """What the meeting has cost, as it was told last."""
    amounts: dict[str, Sum] = field(default_factory=dict)
    """What each engine was sent, and made."""

    def note(self, fact: Mapping[str, Any]) -> None:
        """Take one fact, as JSON."""
        match fact["fact"]:
            case "Heard":
                self.segments |= {one["id"]: one for one in fact["cut"]["segments"]}
            case "Spoken":
                self.spoken.setdefault(fact["language"], []).append(dict(fact))
            case "Unspoken":
                self.unspoken.setdefault(fact["language"], {})[fact["segment_id"]] = fact["why"]
            case "Rendered":
                hits, due, copies = self.terms.get(fact["target"], (0, 0, 0))
                self.terms[fact["target"]] = (
                    hits + fact["terms"],
                    due + fact["terms_due"],
                    copies + fact["false_copies"],
                )
                self.terse[fact["target"]] = self.terse.get(fact["target"], 0) + fact["terse"]
            case "Hearing":
                floor = fact["floor"]
                now = self.streams.get(floor, 0) + (1 if fact["opened"] else -1)
                self.streams[floor] = now
                self.streams_max[floor] = max(self.streams_max.get(floor, 0), now)
            case "Failed":
                self.failures.append(dict(fact))
            case "Guarded":
                self.guarded.append(dict(fact))
            case "Used":
                self.amounts.setdefault(fact["engine"], Sum()).add(fact["amounts"])
            case "Spent":
                self.spent = {key: fact[key] for key in fact if key not in ("fact", "at")}

    @property
    def cost(self) -> dict[str, Any]:
        """What was spent, in money and, by engine, in what engines are paid for."""
        used = {
            engine: {unit: round(amount, 2) for unit, amount in amounts.items()}
            for engine, amounts in self.amounts.items()
        }
        return {**self.spent, "used": used}

    def open_segments(self, language: str) -> set[str]:
        """Segments that were neither spoken nor given up in `language` yet."""
        spoken = {one["segment_id"] for one in self.spoken.get(language, ())}
        return set(self.segments) - spoken - set(self.unspoken.get(language, ()))


def audible(sound: Samples) -> Mask:
    """Which windows of `sound` can be heard."""
    whole = len(sound) - len(sound) % WINDOW
    windows = sound[:whole].reshape(-1, WINDOW).astype(np.float64)
    loud: Mask = np.sqrt((windows**2).mean(axis=1)) > AUDIBLE
    return loud


def renditions(
    language: str, account: Account, mask: Mask, floor_delay: float
) -> list[HeardRendition]:
    """The renditions of a language that were heard, in the order they were played."""
    stamps = sorted(account.spoken.get(language, ()), key=lambda one: float(one["start"]))
    onsets = [_onset(mask, float(one["start"]) + account.offset) for one in stamps]
    measured = [
        onset - float(one["start"]) - account.offset
        for one, onset in zip(stamps, onsets, strict=True)
        if onset is not None
    ]
    delay = median(measured) if measured else 0.0
    found = []
    for one, onset in zip(stamps, onsets, strict=True):
        segment = account.segments[one["segment_id"]]
        begin = float(one["start"]) + account.offset + delay
        end = float(one["end"]) + account.offset + delay
        if not mask[max(round(begin * 100), 0) : round(end * 100)].any():
            continue  # the bridge says so, but nobody heard it
        found.append(
            HeardRendition(
                segment_id=one["segment_id"],
                source_start=segment["start"] + account.offset - floor_delay,
                source_end=segment["end"] + account.offset - floor_delay,
                onset=begin if onset is None else onset,
                end=end,
                pace=one["pace"],
                backlog=one["backlog"],
            )
        )
    return found


def _onset(mask: Mask, expected: float) -> float | None:
    """When sound begins after SILENCE near `expected`; None where there is no such onset."""
    first = max(round((expected - 0.1) * 100), 1)
    for window in range(first, min(first + round(SEARCH * 100), len(mask))):
        if mask[window]:
            before = mask[max(window - round(SILENCE * 100), 0) : window]
            return None if before.any() else window / 100
    return None


def of_language(
    language: str,
    *,
    account: Account,
    sound: Samples,
    speech: Sequence[tuple[float, float]],
    seconds: float,
    floor_delay: float,
) -> dict[str, Any]:
    """The figures of one language. `speech` are the stretches of voice in the recordings."""
    mask = audible(sound)
    heard = renditions(language, account, mask, floor_delay)
    spans = [(one.evs, one.source_end - one.source_start) for one in heard]
    sounding = np.flatnonzero(mask)
    why = list(account.unspoken.get(language, {}).values())
    _, slope, slope_high = slope_interval([(one.onset, one.evs) for one in heard]) or (None,) * 3
    passed = {i for i, why in account.unspoken.get(language, {}).items() if why in VOICELESS}
    hits, due, copies = account.terms.get(language, (0, 0, 0))
    return {
        "segments": len(account.segments) - len(passed),
        "spoken": len(heard),
        "evs_p50": _rounded(weighted_percentile(spans, 0.5)),
        "evs_p90": _rounded(weighted_percentile(spans, 0.9)),
        "evs_p99": _rounded(weighted_percentile(spans, 0.99)),
        "first_audio": round(float(sounding[0]) / 100, 2) if len(sounding) else None,
        "end_lag": round(float(sounding[-1] + 1) / 100 - seconds, 2) if len(sounding) else None,
        "lag_slope": _rounded(slope),
        "lag_slope_high": _rounded(slope_high),
        "backlog_max": round(max((one.backlog for one in heard), default=0.0), 2),
        "pace_max": max((one.pace for one in heard), default=1.0),
        "terse": account.terse.get(language, 0),
        "skipped": why.count("skipped"),
        "failed": why.count("failed"),
        "coverage": _rounded(_coverage(speech, account, heard, passed, floor_delay)),
        "term_hits": hits,
        "term_total": due,
        "term_false_copies": copies,
        "renditions": [{**asdict(one), "evs": _rounded(one.evs)} for one in heard],
    }


def _coverage(
    speech: Sequence[tuple[float, float]],
    account: Account,
    heard: Sequence[HeardRendition],
    passed: set[str],
    floor_delay: float,
) -> float | None:
    """The share of voiced seconds that were rendered, of those that needed it.

    Voice outside any segment counts as not covered.
    """
    spoken = _mask([(one.source_start, one.source_end) for one in heard])
    shift = account.offset - floor_delay
    own = _mask(
        [
            (one["start"] + shift, one["end"] + shift)
            for i, one in account.segments.items()
            if i in passed
        ]
    )
    voiced = _mask(speech, margin=0.0)
    length = max(len(spoken), len(own), len(voiced))
    spoken, own, voiced = (np.pad(m, (0, length - len(m))) for m in (spoken, own, voiced))
    due = voiced & ~(own & ~spoken)
    return float((due & spoken).sum() / due.sum()) if due.any() else None


def _mask(spans: Sequence[tuple[float, float]], *, margin: float = 0.3) -> Mask:
    """Hundredths of a second inside `spans`, each wider by `margin` at both ends: word times
    of an ear are not exact."""
    hundredths = [
        (max(round((start - margin) * 100), 0), max(round((end + margin) * 100), 0))
        for start, end in spans
    ]
    mask = np.zeros(max((end for _, end in hundredths), default=0), np.bool_)
    for first, last in hundredths:
        mask[first:last] = True
    return mask


def delay(source: Samples, heard: Samples) -> float:
    """Seconds by which `heard` is later than `source`, by the likeness of their loudness.

    Looked for from 0 to 1 s, to a millisecond.
    """
    size = SAMPLE_RATE // 1000
    one, other = _loudness(source, size), _loudness(heard, size)
    length = min(len(one), len(other) - 1000)
    if length <= 0:
        return 0.0
    return int(np.argmax(_correlations(one[:length], other[: length + 999]))) / 1000


def _correlations(one: Levels, other: Levels) -> Levels:
    """The correlation of `one` with each stretch of `other` that is as long."""
    one, other = one - one.mean(), other - other.mean()
    sums, squares = (np.convolve(part, np.ones(len(one)), "valid") for part in (other, other**2))
    energies = np.maximum(squares - sums**2 / len(one), 0.0)  # each about its own mean
    scale = np.sqrt((one**2).sum() * energies)
    likeness: Levels = np.correlate(other, one) / np.maximum(scale, 1e-9)
    return likeness


def _loudness(sound: Samples, size: int) -> Levels:
    whole = len(sound) - len(sound) % size
    windows = sound[:whole].reshape(-1, size).astype(np.float64)
    rms: Levels = np.sqrt((windows**2).mean(axis=1))
    return rms


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
