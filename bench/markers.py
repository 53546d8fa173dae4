"""Marker tones: what was said when, found again in what was heard.

A marker is a pair of tones, one low and one high, that belongs to one index alone. A single-bin
DFT (Goertzel's) of WINDOW per HOP gives each tone's amplitude; all tones are multiples of
1 / WINDOW, so that within a marker none leaks into another. The onset is where the pair reaches
half of its final amplitude: there, half of the window lies within the marker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
import numpy.typing as npt

SECONDS = 0.2
"""Length of a marker."""
HOP = 0.0025
"""Seconds between two looks."""
WINDOW = 0.01
"""Seconds of one look."""
SHORTEST = 0.08
"""Seconds of a marker that must be heard: what is shorter is a click, or a torn marker."""
GAP = 0.04
"""Seconds that a marker may be torn (a lost packet) and still be one."""
LOUDNESS = 0.3
"""Peak of each of the two tones; full scale is 1."""
QUIETEST = 0.02
"""Amplitude of a tone that counts as heard."""
DOMINANCE = 0.6
"""Share of a window's energy that the pair must have: speech and noise have less."""

_LOW = np.arange(500, 2100, 100)
_HIGH = np.arange(2300, 5500, 200)
"""Hz: below what telephones and 16 kHz models cut off."""
COUNT = len(_LOW) * len(_HIGH)
"""Markers that can be told apart."""

_BLOCK = 4000
"""Windows that are looked at together."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One marker, spoken or heard."""

    index: int
    onset: float
    """Seconds from the first sample of a recording, or on the clock of those who compare."""


def synthesize(index: int, *, sample_rate: int) -> Samples:
    """Marker `index` (taken modulo COUNT), SECONDS long, mono."""
    low, high = divmod(index % COUNT, len(_HIGH))
    time = np.arange(round(SECONDS * sample_rate)) / sample_rate
    tones = np.sin(2 * np.pi * _LOW[low] * time) + np.sin(2 * np.pi * _HIGH[high] * time)
    return np.asarray(tones * LOUDNESS * np.iinfo(np.int16).max, dtype=np.int16)


def detect(samples: Samples, *, sample_rate: int) -> list[Marker]:
    """All markers of a mono recording, in order."""
    size = round(WINDOW * sample_rate)
    sound = np.pad(samples.astype(np.float64) / np.iinfo(np.int16).max, size)
    amplitudes = _amplitudes(sound, sample_rate)
    return [
        Marker(index=index, onset=_onset(amplitudes.of(index), first) - size / sample_rate)
        for index, first in _runs(amplitudes.labels())
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amplitudes:
    low: npt.NDArray[np.float64]
    """[hop, tone] of _LOW."""
    high: npt.NDArray[np.float64]
    """[hop, tone] of _HIGH."""
    energy: npt.NDArray[np.float64]
    """[hop], mean square of the whole window."""

    def labels(self) -> npt.NDArray[np.int64]:
        """[hop], the index of the marker that fills two windows at least; -1 where none does."""
        index = self.low.argmax(axis=1) * len(_HIGH) + self.high.argmax(axis=1)
        low, high = self.low.max(axis=1), self.high.max(axis=1)
        heard = np.minimum(low, high) > QUIETEST
        alone = (low**2 + high**2) / 2 > DOMINANCE * self.energy
        labels = np.where(heard & alone, index, -1)
        before, after = np.roll(labels, 1), np.roll(labels, -1)
        return np.where((labels == before) | (labels == after), labels, -1)

    def of(self, index: int) -> npt.NDArray[np.float64]:
        """[hop], the mean amplitude of the pair of `index`."""
        low, high = divmod(index, len(_HIGH))
        return np.asarray((self.low[:, low] + self.high[:, high]) / 2)


def _amplitudes(sound: npt.NDArray[np.float64], sample_rate: int) -> _Amplitudes:
    size = round(WINDOW * sample_rate)
    starts = np.round(np.arange(0, len(sound) - size, HOP * sample_rate)).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(sound, size)
    turns = np.outer(np.arange(size) / sample_rate, np.concatenate([_LOW, _HIGH]))
    bins = np.exp(-2j * np.pi * turns) * 2 / size
    both = np.empty((len(starts), bins.shape[1]))
    energy = np.empty(len(starts))
    for block in range(0, len(starts), _BLOCK):  # all windows at once would take gigabytes
        part = slice(block, block + _BLOCK)
        looked_at = windows[starts[part]]
        both[part] = np.abs(looked_at @ bins)
        energy[part] = (looked_at**2).mean(axis=1)
    return _Amplitudes(low=both[:, : len(_LOW)], high=both[:, len(_LOW) :], energy=energy)


def _runs(labels: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(index, first hop) of every marker that is heard for SHORTEST at least."""
    first = last = heard = 0
    index = -1
    for hop, label in enumerate([*labels.tolist(), -2]):
        if index >= 0 and (hop - last > GAP / HOP or label not in (index, -1)):
            if heard >= SHORTEST / HOP:
                yield index, first
            index = -1
        if label >= 0:
            if index < 0:
                index, first, heard = label, hop, 0
            last, heard = hop, heard + 1


def _onset(amplitude: npt.NDArray[np.float64], first: int) -> float:
    """Seconds at which the pair reaches half of what it has shortly after hop `first`."""
    half = float(np.median(amplitude[first : first + round(SHORTEST / HOP)])) / 2
    hop = first
    while hop > 0 and amplitude[hop] >= half:
        hop -= 1
    rise = amplitude[hop + 1] - amplitude[hop]
    share = (half - amplitude[hop]) / rise if rise > 0 else 0.0
    return (hop + float(np.clip(share, 0.0, 1.0))) * HOP + WINDOW / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What became of the markers between the one who spoke and the one who heard."""

    delays: tuple[float, ...]
    """Seconds from spoken to heard, one for each marker that was heard, in the order spoken."""
    lost: int
    repeated: int
    """Heard more than once, or never spoken."""
    swapped: int
    """Heard before one that was spoken earlier."""


def passage(
    spoken: Sequence[Marker], heard: Sequence[Marker], *, longest: float, since: float = -inf
) -> Passage:
    """Match two lists of markers whose onsets are seconds on one clock.

    A marker must be heard within `longest` seconds, and its index may be spoken again only
    after that. What was spoken, or heard without having been spoken, before `since` is not
    counted.
    """
    rest = sorted(heard, key=lambda marker: marker.onset)
    matches: list[tuple[float, float | None]] = []
    for marker in sorted(spoken, key=lambda marker: marker.onset):
        match = next((other for other in rest if _may_be(marker, other, longest)), None)
        if match is not None:
            rest.remove(match)
        matches.append((marker.onset, match.onset if match else None))
    counted = [match for match in matches if match[0] >= since]
    found = [(before, after) for before, after in counted if after is not None]
    return Passage(
        delays=tuple(after - before for before, after in found),
        lost=len(counted) - len(found),
        repeated=sum(marker.onset >= since for marker in rest),
        swapped=sum(later < earlier for (_, earlier), (_, later) in pairwise(found)),
    )


def _may_be(spoken: Marker, heard: Marker, longest: float) -> bool:
    return heard.index == spoken.index and 0 <= heard.onset - spoken.onset <= longest
