"""An event loop whose clock goes on only while this process does.

Tests marked `vendor` run in it (conftest.py): client and server share the loop, and how long one
waits for the other is real time, so that a machine which stops us for a second would end a deadline
of theirs. Such a stop counts for a moment only. What the process does itself counts in full, in
threads, too; so does waiting, which is for sockets, threads, or a timer.

While the loop runs, `time.monotonic` gives its time to the loop's thread. Other threads and
programs have real time: a blocking call that waits for them stops this clock.
"""

import asyncio
import selectors
from threading import get_ident
from time import monotonic, process_time
from unittest.mock import patch

MOST = 0.01
"""Seconds that a stop may count."""
SLICE = 0.02
"""Seconds that are waited at once: what comes meanwhile was waited for no longer."""


class SteadyTimeLoop(asyncio.SelectorEventLoop):
    """Runs as any loop does, and is not hurried by other programs."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(_Selector(self._clock))

    def time(self) -> float:
        return self._clock.now()

    def run_forever(self) -> None:
        here = get_ident()
        with patch("time.monotonic", lambda: self.time() if get_ident() == here else monotonic()):
            super().run_forever()


class _Clock:
    """Counts one stretch after the other, none longer than it can have taken."""

    def __init__(self) -> None:
        self._counted = monotonic()
        self._begin(0.0)

    def now(self) -> float:
        passed, worked = monotonic() - self._real, process_time() - self._worked
        return self._counted + min(passed, max(worked, self._waits + MOST))

    def next(self, *, waits: float = 0.0) -> None:
        """A stretch is over; the next one waits for so many seconds."""
        self._counted = self.now()
        self._begin(waits)

    def _begin(self, waits: float) -> None:
        self._real, self._worked, self._waits = monotonic(), process_time(), waits


class _Selector(selectors.DefaultSelector):
    """Waits slice by slice."""

    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        end = None if timeout is None else self._clock.now() + timeout
        while True:
            left = SLICE if end is None else min(SLICE, end - self._clock.now())
            self._clock.next(waits=max(left, 0.0))
            ready = super().select(max(left, 0.0))
            self._clock.next()
            if ready or (end is not None and self._clock.now() >= end):
                return ready
