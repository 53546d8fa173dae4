"""How far listeners are behind: formulas, and the measures that win time back. Pure.

Measures follow the *wait*: the seconds that a rendition which could be heard is kept waiting by
those in front of it. It is the part of the lag that haste can win back, and it does not rise and
fall with every segment, as the backlog does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

CALM = 0.2
"""Seconds of wait that are no reason to hurry."""
HURRY = 1.7
"""Seconds of wait from which the pace is the fastest."""
FASTEST = 1.25
"""Beyond it listeners tire (design limit)."""
STEP = 0.03
"""A smaller change of pace is not made: nobody hears it."""
TERSE = 4.0
"""Seconds of wait from which renditions are asked to be shorter, until HURRY again."""
LATEST = 8.0
"""Seconds of wait from which a rendition may be skipped; from twice as many it must be."""
CONFIDENCE = 0.95
"""How often the interval of a slope holds the true one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is done about a wait, mildest first; what to skip is asked rendition by rendition."""

    pace: float = 1.0
    """How fast to speak, 1.0 to FASTEST."""
    terse: bool = False
    """Whether renditions are asked to be shorter."""


def measures(wait: float, before: Measures) -> Measures:
    """What to do about `wait` seconds after `before`: it changes no more than it has to."""
    return Measures(
        pace=_pace(wait, before.pace),
        terse=wait >= TERSE or (before.terse and wait > HURRY),
    )


def _pace(wait: float, before: float) -> float:
    """1.0 up to CALM, FASTEST from HURRY on."""
    share = min(max((wait - CALM) / (HURRY - CALM), 0.0), 1.0)
    pace = 1.0 + share * (FASTEST - 1.0)
    return pace if share in (0.0, 1.0) or abs(pace - before) >= STEP else before


def skips(waited: float, following: float, *, again: bool) -> bool:
    """Whether a rendition that has `waited` is skipped for the one that waits behind it.

    Only where that one has waited for HURRY itself (`following`), so that no speech is lost
    which a faster pace could have saved; and not twice in a row (`again`), unless there is no
    end to it.
    """
    late = waited >= LATEST and following >= HURRY and not again
    return late or waited >= 2 * LATEST


def weighted_percentile(values: Sequence[tuple[float, float]], share: float) -> float | None:
    """The value below which `share` (0–1) of the weight lies, of (value, weight) pairs.

    EVS is weighted by source duration, so that many short segments do not hide a long one.
    None without any weight.
    """
    ordered = sorted((value, weight) for value, weight in values if weight > 0)
    total = sum(weight for _, weight in ordered)
    reached = 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= share * total:
            return value
    return None


def slope_interval(points: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Lower bound, median and upper bound of the slope per minute of (time, lag) points, by
    Theil and Sen (1968): of the slopes of all pairs.

    The bounds take the points for independent of each other. None for fewer than two times.
    """
    slopes = sorted(_slopes(points))
    if not slopes:
        return None
    quantile = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    margin = quantile * _kendall_variance(points) ** 0.5
    low = max(round((len(slopes) - margin) / 2), 0)
    high = min(round((len(slopes) + margin) / 2), len(slopes) - 1)
    return slopes[low], median(slopes), slopes[high]


def _slopes(points: Sequence[tuple[float, float]]) -> list[float]:
    """Of all pairs of points at different times."""
    return [
        (later[1] - earlier[1]) / (later[0] - earlier[0]) * 60.0
        for i, earlier in enumerate(points)
        for later in points[i + 1 :]
        if later[0] != earlier[0]
    ]


def _kendall_variance(points: Sequence[tuple[float, float]]) -> float:
    """Of the number of rising pairs less the falling ones, where there is no trend."""
    variance = _pairs_variance(len(points))
    for column in zip(*points, strict=True):
        variance -= sum(_pairs_variance(count) for count in Counter(column).values())
    return max(variance, 0.0)


def _pairs_variance(count: int) -> float:
    return count * (count - 1) * (2 * count + 5) / 18
