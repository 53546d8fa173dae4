"""What is said on all floors of a meeting, given to whoever interprets it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

import numpy as np
import numpy.typing as npt

from translator.hear import SAMPLE_RATE
from translator.types import Cut, Segment

Samples = npt.NDArray[np.int16]

KEPT = 30.0
"""Seconds of a floor's sound that are kept for a model that hears for itself."""
MARGIN = 0.1
"""Seconds around a segment that belong to its sound: the times of words are that rough."""


class Floors:
    """All floors of a meeting: takes their cuts and gives them to every interpreter."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[Cut]] = set()
        self._kept: dict[str, Kept] = {}

    def keep(self, prefix: str, samples: Samples, at: float) -> None:
        """Keep what sounds on the floor whose segments' ids begin with `prefix`, and of a floor
        that is gone as long: its last segment is still to be interpreted."""
        self._kept.setdefault(prefix, Kept()).add(samples, at)
        for old in [one for one, kept in self._kept.items() if kept.until < at - KEPT]:
            del self._kept[old]

    def sound(self, segment: Segment) -> Samples:
        """See interpreters.Floors."""
        for prefix, kept in self._kept.items():
            if segment.id.startswith(prefix):
                return kept.between(segment.start - MARGIN, segment.end + MARGIN)
        return np.zeros(0, np.int16)

    def publish(self, cut: Cut) -> None:
        """Give `cut` to everyone who reads now."""
        for reader in self._readers:
            reader.put_nowait(cut)

    async def cuts(self) -> AsyncGenerator[Cut, None]:
        """See interpreters.Floors."""
        reader: asyncio.Queue[Cut] = asyncio.Queue()
        self._readers.add(reader)
        try:
            while True:
                yield await reader.get()
        finally:
            self._readers.discard(reader)


class Kept:
    """The last KEPT seconds of a floor's sound, by meeting time."""

    def __init__(self) -> None:
        self._sounds: deque[tuple[float, Samples]] = deque()
        self.until = 0.0
        """When the last of it began."""

    def add(self, samples: Samples, at: float) -> None:
        """What comes after all before: mono, SAMPLE_RATE."""
        self._sounds.append((at, samples))
        self.until = at
        while self._sounds[0][0] < at - KEPT:
            self._sounds.popleft()

    def between(self, start: float, end: float) -> Samples:
        """What sounded then; nothing where its beginning is gone."""
        inside = [
            (at, samples)
            for at, samples in self._sounds
            if at < end and at + len(samples) / SAMPLE_RATE > start
        ]
        if not inside or inside[0][0] > start + MARGIN:
            return np.zeros(0, np.int16)
        first = max(round((start - inside[0][0]) * SAMPLE_RATE), 0)
        sound = np.concatenate([samples for _, samples in inside])
        return sound[first : first + round((end - start) * SAMPLE_RATE)]
