"""One voice at a time: the machine's renditions, in the order that their speech began.

A segment takes its turn when it is committed, before its audio exists. The earliest turn plays
first; while it is not ready it holds the channel for at most `max_wait` seconds, then a later one
that is ready goes ahead of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from translator.types import Segment

Samples = npt.NDArray[np.int16]

AHEAD = 30.0
"""Seconds that a turn may hold unplayed; a voice that is further ahead waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of audio to be played now."""

    turn: "Turn"
    samples: Samples
    """Mono, at the channel's sample rate."""
    first: bool
    last: bool


class Turn:
    """One segment's place in the channel's voice; the interpreter fills it."""

    def __init__(self, segment: Segment, sample_rate: int, changed: Callable[[], None]) -> None:
        self.segment = segment
        self.pace = 1.0
        self.due = 0.0
        """When it may be passed over; set when the voice is free and it is not ready."""
        self._sample_rate = sample_rate
        self._changed = changed
        self._waiting: deque[Samples] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self.ended = False
        self.begun = False
        self.filled = False
        """Whether it was given any audio."""
        self.dropped = False
        """Whether it will not be played, or not to its end."""

    @property
    def seconds(self) -> float:
        """Seconds of audio that wait in it."""
        return sum(len(samples) for samples in self._waiting) / self._sample_rate

    @property
    def ready(self) -> bool:
        """Whether there is something to play, or nothing more to wait for."""
        return bool(self._waiting) or self.ended

    async def play(self, samples: Samples) -> None:
        """Add audio; waits while AHEAD seconds are unplayed. Lost on a turn that is dropped."""
        await self._room.wait()
        if self.dropped:
            return
        self._waiting.append(samples)
        self.filled = self.filled or len(samples) > 0
        if self.seconds >= AHEAD:
            self._room.clear()
        self._changed()

    def end(self) -> None:
        """No more audio comes. May be called again."""
        if not self.ended:
            self.ended = True
            self._changed()

    def drop(self) -> None:
        """Nobody will hear it, or the rest of it."""
        self.dropped = True
        self._waiting.clear()
        self._room.set()
        self.end()

    def take(self, size: int) -> Samples:
        """Remove and give up to `size` samples from the front; may be empty."""
        taken: list[Samples] = []
        while self._waiting and size > 0:
            head = self._waiting.popleft()
            taken.append(head[:size])
            if len(head) > size:
                self._waiting.appendleft(head[size:])
            size -= len(taken[-1])
        if self.seconds < AHEAD:
            self._room.set()
        return np.concatenate(taken) if taken else np.zeros(0, np.int16)


class Turns:
    """The machine's input of a channel."""

    kind = "machine"

    def __init__(self, *, sample_rate: int, max_wait: float, clock: Callable[[], float]) -> None:
        self._sample_rate = sample_rate
        self.max_wait = max_wait
        """Seconds that an earlier turn which is not ready may hold the voice."""
        self._clock = clock
        self._open: list[Turn] = []
        self._changed = asyncio.Event()
        self._speaking: Turn | None = None
        self._size = 0

    @property
    def backlog(self) -> float:
        """Seconds of audio made and not yet played."""
        return sum(turn.seconds for turn in self._open)

    def turn(self, segment: Segment) -> Turn:
        """Take a turn for `segment`. Whoever takes one ends it, also on failure."""
        turn = Turn(segment, self._sample_rate, self._changed.set)
        self._open.append(turn)
        self._open.sort(key=lambda one: one.segment.start)
        self._changed.set()
        return turn

    def drop(self) -> list[Turn]:
        """Drop all turns, and give them in their order."""
        dropped, self._open, self._speaking = self._open, [], None
        for turn in dropped:
            turn.drop()
        return dropped

    async def next(self) -> Piece:
        """The next audio of the turn that has the voice; waits until there is some.

        Pieces grow from 10 to 100 ms within a turn: the first is heard at once, and later ones
        cost less.
        """
        while True:
            turn = await self._speaker()
            first = not turn.begun
            samples = turn.take(self._size)
            last = turn.ended and turn.seconds == 0
            if last:
                self._open.remove(turn)
                self._speaking = None
            if len(samples) == 0 and first:
                continue  # it never had anything to say
            turn.begun = True
            self._size = min(self._size * 2, self._sample_rate // 10)
            return Piece(turn=turn, samples=samples, first=first, last=last)

    async def _speaker(self) -> Turn:
        """The turn that has the voice, with something to play or ended."""
        while True:
            self._changed.clear()
            if self._speaking is None:
                self._speaking = self._choose()
                self._size = self._sample_rate // 100
            if self._speaking is not None and self._speaking.ready:
                return self._speaking
            await self._wait()

    def _choose(self) -> Turn | None:
        """The earliest turn that is ready and not held up by an earlier one."""
        now = self._clock()
        held = False
        for turn in self._open:
            if turn.ready:
                return None if held else turn
            turn.due = turn.due or now + self.max_wait
            held = held or now < turn.due
        return None

    async def _wait(self) -> None:
        now = self._clock()
        due = min((turn.due for turn in self._open if turn.due > now), default=None)
        held = self._speaking is None and due is not None
        try:
            async with asyncio.timeout(due - now if held and due is not None else None):
                await self._changed.wait()
        except TimeoutError:
            pass
