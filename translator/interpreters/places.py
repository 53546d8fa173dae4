"""The order in which what one speaker says gets its text, whichever way each segment goes."""

import asyncio
from types import TracebackType
from weakref import WeakValueDictionary


class Place:
    """One segment's place: entered when that of the segment before it was left."""

    def __init__(self, before: "Place | None") -> None:
        self._before = before
        self._left = asyncio.Event()

    async def __aenter__(self) -> None:
        if self._before is not None:
            await self._before._left.wait()
            self._before = None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()


class Places:
    """The places of one channel. Whoever takes one enters it once, also for nothing."""

    def __init__(self) -> None:
        self._last: WeakValueDictionary[str, Place] = WeakValueDictionary()
        """By speaker; who has left leaves nothing behind."""

    def take(self, speaker: str) -> Place:
        """The next one of a speaker."""
        place = self._last[speaker] = Place(self._last.get(speaker))
        return place
