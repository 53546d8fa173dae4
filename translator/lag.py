"""How far a listener is behind: formulas, and the pace that wins time back. Pure."""

from collections.abc import Sequence
from statistics import median

CALM = 1.5
"""Seconds of backlog that are no reason to hurry: the rest of a clause."""
HURRY = 5.0
"""Seconds of backlog at which the pace is the fastest."""
FASTEST = 1.25
"""Beyond it listeners tire (design limit)."""


def pace(backlog: float) -> float:
    """How fast to speak with `backlog` seconds waiting: 1.0 up to CALM, FASTEST from HURRY on."""
    share = min(max((backlog - CALM) / (HURRY - CALM), 0.0), 1.0)
    return round(1.0 + share * (FASTEST - 1.0), 2)


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


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Theil–Sen: the median of the slopes of all pairs of (time, lag) points, per minute.

    None for fewer than two times.
    """
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0]) * 60.0
        for i, earlier in enumerate(points)
        for later in points[i + 1 :]
        if later[0] != earlier[0]
    ]
    return median(slopes) if slopes else None
