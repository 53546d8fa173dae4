"""One voice at a time: the machine's renditions, in the order that their speech began.

A segment takes its turn when it is committed, before its audio exists. The earliest turn plays
first; while it is not ready it holds the channel for at most `max_wait` seconds, then a later one
of another speaker that is ready goes ahead of it. What one speaker says keeps its order.

Where turns are kept waiting, the channel hurries (translator.lag). The pace is made as late as can
be, when a piece is taken: what was made in calmer times goes out faster, too.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from translator.lag import STEP, Measures, measures, skips
from translator.stretch import Stretch
from translator.types import Segment

Samples = npt.NDArray[np.int16]

AHEAD = 30.0
"""Seconds that a turn may hold unplayed; a voice that is further ahead waits."""
UNSTRETCHED = 0.05
"""Seconds that are too short to hasten: a filter would swallow them."""


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

    def __init__(
        self,
        segment: Segment,
        sample_rate: int,
        *,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.segment = segment
        self.due = 0.0
        """When it may be passed over; set when the voice is free and it is not ready."""
        self._sample_rate = sample_rate
        self._clock = clock
        self._changed = changed
        self._waiting: deque[tuple[Samples, float]] = deque()  # and the pace they were made at
        self._stretch: Stretch | None = None
        self._stretched = np.zeros(0, np.int16)
        self._unstretched = 0  # samples of the former
        self._made = 0  # samples that it was ever given
        self._normal = self._played = 0.0  # samples at pace 1.0, and as they went out
        self._filled_at: float | None = None
        self._waited: float | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.ended = False
        self.dropped = False
        """Whether it will not be played, or not to its end."""

    @property
    def begun(self) -> bool:
        """Whether some of it was played."""
        return self._waited is not None

    @property
    def filled(self) -> bool:
        """Whether it was given any audio."""
        return self._filled_at is not None

    @property
    def pace(self) -> float:
        """How fast it was spoken so far, on the average."""
        return round(self._normal / self._played, 2) if self._played else 1.0

    @property
    def seconds(self) -> float:
        """Seconds of audio that wait in it."""
        return (self._unstretched + len(self._stretched)) / self._sample_rate

    @property
    def to_come(self) -> float:
        """Seconds of audio that it may still be given: in all as long as its speech was."""
        if self.ended:
            return 0.0
        whole = self.segment.end - self.segment.start
        return max(whole - self._made / self._sample_rate, 0.0)

    @property
    def waited(self) -> float:
        """Seconds from its first audio until it began, or until now."""
        if self._waited is not None:
            return self._waited
        return 0.0 if self._filled_at is None else self._clock() - self._filled_at

    @property
    def ready(self) -> bool:
        """Whether there is something to play, or nothing more to wait for."""
        return self.seconds > 0 or self.ended

    async def play(self, samples: Samples, *, pace: float = 1.0) -> None:
        """Add audio that was made at `pace`; waits while AHEAD seconds are unplayed. Lost on a
        turn that is dropped."""
        await self._room.wait()
        if self.dropped or len(samples) == 0:
            return
        self._waiting.append((samples, pace))
        self._unstretched += len(samples)
        self._made += len(samples)
        if self._filled_at is None:
            self._filled_at = self._clock()
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
        self._unstretched = 0
        self._stretched = self._stretched[:0]
        self._stretch = None
        self._room.set()
        self.end()

    def begin(self) -> None:
        """It is not kept waiting any more."""
        self._waited = self.waited

    def take(self, size: int, pace: float) -> Samples:
        """Remove and give up to `size` samples from the front, at `pace` if they were not made
        faster; may be empty."""
        parts = [self._stretched]
        while sum(map(len, parts)) < size and self._waiting:
            parts.append(self._next(size, pace))
        if self.ended and not self._waiting and self._stretch is not None:
            parts.append(self._stretch.flush())
            self._stretch = None
        sound = np.concatenate(parts)
        taken, self._stretched = sound[:size], sound[size:]
        self._played += len(taken)
        if self.seconds < AHEAD:
            self._room.set()
        return taken

    def _next(self, size: int, pace: float) -> Samples:
        """Up to `size` waiting samples, as they go out at `pace`; may be empty."""
        samples, made = self._waiting.popleft()
        if len(samples) > size:
            self._waiting.appendleft((samples[size:], made))
            samples = samples[:size]
        self._unstretched -= len(samples)
        self._normal += len(samples) * made
        tempo = max(pace / made, 1.0)
        if self._stretch is None:
            left = (self._unstretched + len(samples)) / self._sample_rate
            if tempo < 1.0 + STEP or (self.ended and left < UNSTRETCHED):
                return samples
            self._stretch = Stretch(self._sample_rate)
        return self._stretch.push(samples, tempo)


class Turns:
    """The machine's input of a channel."""

    kind = "machine"

    def __init__(
        self,
        *,
        sample_rate: int,
        max_wait: float,
        clock: Callable[[], float],
        skipped: Callable[[Turn], None] = lambda turn: None,
    ) -> None:
        """`skipped` is told of each turn that will not be heard, so that others come in time."""
        self._sample_rate = sample_rate
        self.max_wait = max_wait
        """Seconds that an earlier turn which is not ready may hold the voice."""
        self._clock = clock
        self._skipped = skipped
        self._skipped_last = False
        self._open: list[Turn] = []
        self._changed = asyncio.Event()
        self._speaking: Turn | None = None
        self._size = 0
        self._measures = Measures()

    @property
    def backlog(self) -> float:
        """Seconds of audio made and not yet played, and about as many as are still to be made."""
        return sum(turn.seconds + turn.to_come for turn in self._open)

    @property
    def wait(self) -> float:
        """The longest wait of a turn: of the one that is heard, or of another as it will be."""
        longest = front = 0.0
        for turn in sorted(self._open, key=lambda one: one is not self._speaking):
            longest = max(longest, turn.waited if turn.begun else turn.waited + front)
            front += turn.seconds + turn.to_come
        return longest

    def measures(self) -> Measures:
        """What is to be done about the wait now."""
        self._measures = measures(self.wait, self._measures)
        return self._measures

    def turn(self, segment: Segment) -> Turn:
        """Take a turn for `segment`. Whoever takes one ends it, also on failure."""
        turn = Turn(segment, self._sample_rate, clock=self._clock, changed=self._changed.set)
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
            samples = turn.take(self._size, self.measures().pace)
            last = turn.ended and turn.seconds == 0
            if last:
                self._open.remove(turn)
                self._speaking = None
            if len(samples) == 0 and first:
                continue  # it has nothing to say, or not yet
            turn.begin()
            self._size = min(self._size * 2, self._sample_rate // 10)
            return Piece(turn=turn, samples=samples, first=first, last=last)

    async def _speaker(self) -> Turn:
        """The turn that has the voice, with something to play or ended."""
        while True:
            self._changed.clear()
            if self._speaking is None:
                self._skip()
                self._speaking = self._choose()
                self._skipped_last = self._skipped_last and self._speaking is None
                self._size = self._sample_rate // 100
            if self._speaking is not None and self._speaking.ready:
                return self._speaking
            await self._wait()

    def _choose(self) -> Turn | None:
        """The earliest turn that is ready and not held up by an earlier one: by another speaker's
        for `max_wait` seconds, by one of its own speaker until that one is over."""
        now = self._clock()
        for turn in self._open:
            if not turn.ready:
                turn.due = turn.due or now + self.max_wait
        for turn in self._in_turn():
            if turn.ready:
                return turn
            if now < turn.due:
                return None
        return None

    def _skip(self) -> None:
        """Drop those in front for whose sake others would be too late."""
        for turn, following in pairwise([turn for turn in self._in_turn() if turn.filled]):
            if not skips(turn.waited, following.waited, again=self._skipped_last):
                return
            self._skipped_last = True
            self._open.remove(turn)
            turn.drop()
            self._skipped(turn)

    def _in_turn(self) -> list[Turn]:
        """Those that no unfinished turn of their own speaker keeps waiting."""
        unfinished: set[str] = set()
        found = []
        for turn in self._open:
            if turn.segment.speaker not in unfinished:
                found.append(turn)
            if not turn.ready:
                unfinished.add(turn.segment.speaker)
        return found

    async def _wait(self) -> None:
        now = self._clock()
        due = min((turn.due for turn in self._open if turn.due > now), default=None)
        held = self._speaking is None and due is not None
        try:
            async with asyncio.timeout(due - now if held and due is not None else None):
                await self._changed.wait()
        except TimeoutError:
            pass
