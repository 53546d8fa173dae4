"""One target language, as listeners get it.

A channel is a switch, not a sink: it alone writes its track, has exactly one input on air, and
changes inputs with a ramp. Listeners keep the same track, whatever is on air.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from translator.condition import WELL, Condition
from translator.lag import Measures
from translator.record import Record, Speaking, Spoken, Switched, Unspoken
from translator.turns import Piece, Samples, Turn, Turns
from translator.types import Segment

SAMPLE_RATE = 24_000
"""Hz, of every channel's track."""
RAMP = 0.01
"""Seconds in which an input that goes on air becomes loud, and one that leaves silent."""
TOLD = 60.0
"""Seconds in which listeners are told that something was skipped."""


class Input(Protocol):
    """What can be on air."""

    @property
    def kind(self) -> str:
        """machine, booth or floor."""
        ...

    async def next(self) -> Piece:
        """The next audio; waits until there is some. Cancelled when it goes off air."""
        ...


class Track(Protocol):
    """Where the channel's audio goes: LiveKit's track, or a list in a test."""

    async def write(self, samples: Samples) -> float:
        """Play `samples` (mono, SAMPLE_RATE) behind what is queued; waits while that is enough.

        Gives the meeting time at which they begin to sound at this end.
        """
        ...


class Channel:
    """One language: what is on air and its track."""

    def __init__(
        self,
        language: str,
        *,
        record: Record,
        max_wait: float,
        played: Callable[[Samples, float], None] = lambda samples, at: None,
        condition: Callable[[str], Condition] = lambda language: WELL,
    ) -> None:
        """`played` is told all that goes out, and when it begins to sound at this end;
        `condition` says what of a language can be had now."""
        self.language = language
        self._record = record
        self._played = played
        self._condition = condition
        self._turns = Turns(
            sample_rate=SAMPLE_RATE,
            max_wait=max_wait,
            clock=record.clock,
            skipped=self._note_skipped,
        )
        self._skipped: deque[float] = deque()
        self._input: Input | None = None
        self._switched = asyncio.Event()
        self._is_written = False
        self._started: dict[str, float] = {}
        self.lag = 0.0
        """Seconds from the beginning of the speech that was rendered last to its rendition's."""

    @property
    def backlog(self) -> float:
        """Seconds of the machine's audio that are made, or to be made, and not yet heard."""
        return self._turns.backlog

    @property
    def measures(self) -> Measures:
        """What is done now for the machine to catch up."""
        return self._turns.measures()

    @property
    def on_air(self) -> str:
        """The kind of the input on air, or `none`."""
        return self._input.kind if self._input is not None else "none"

    @property
    def state(self) -> str:
        """What listeners may know, as JSON; see docs/protocol.md."""
        measures = self.measures
        while self._skipped and self._skipped[0] < self._record.clock() - TOLD:
            self._skipped.popleft()
        return json.dumps(
            {
                "on_air": self.on_air,
                "lag": round(self.lag, 1),
                "pace": round(measures.pace * 20) / 20,  # a message for each change is enough
                "terse": measures.terse,
                "skipped": len(self._skipped),
                **self._condition(self.language).to_json(),
            }
        )

    @property
    def wants_machine(self) -> bool:
        """Whether the machine's voice is wanted: the track is written, and it is on air."""
        return self._is_written and self._input is self._turns

    def wait_at_most(self, seconds: float) -> None:
        """How long an earlier segment that is not ready may hold those behind it."""
        self._turns.max_wait = seconds

    def turn(self, segment: Segment) -> Turn:
        """A place for `segment` in the machine's voice; see Turns."""
        return self._turns.turn(segment)

    def put_on_air(self, source: Input | None) -> None:
        """Make `source` the one input on air; None for silence."""
        if source is self._input:
            return
        self._input = source
        self._switched.set()
        self._record.emit(
            Switched(at=self._record.clock(), language=self.language, on_air=self.on_air)
        )

    def put_machine_on_air(self) -> None:
        """Make the machine's turns the input on air."""
        self.put_on_air(self._turns)

    async def run(self, track: Track) -> None:
        """Write the track until cancelled, for as long as somebody listens; the only writer that
        it has."""
        self._is_written = True
        try:
            while True:
                self._switched.clear()
                source = self._input
                if source is None:
                    await self._switched.wait()
                else:
                    await self._play(source, track)
        finally:  # at once when the last turns are dropped: who comes next must hear nothing old
            self._is_written = False

    async def _play(self, source: Input, track: Track) -> None:
        """Play `source` until another input is put on air."""
        rising, falling = True, False
        try:
            while not falling and (piece := await self._next(source)) is not None:
                falling = self._input is not source
                await self._write(piece, track, rising=rising, falling=falling)
                rising = False
        finally:
            if source is self._turns:
                self._drop_turns()

    async def _write(self, piece: Piece, track: Track, *, rising: bool, falling: bool) -> None:
        samples = _ramp(piece.samples, rising=rising, falling=falling)
        begins = self._record.clock()
        try:
            begins = await track.write(samples)
        finally:  # a piece that was begun goes out even when the writer is cancelled
            self._played(samples, begins)
            self._note(piece, begins)

    def _drop_turns(self) -> None:
        """What the machine has not said yet is old when it is on air again."""
        for turn in self._turns.drop():
            segment_id = turn.segment.id
            if segment_id in self._started:
                self._note_spoken(turn, end=self._record.clock())
            elif turn.filled:  # else whoever fills it knows why it was not
                self._note_unspoken(turn, "captions")

    def _note_skipped(self, turn: Turn) -> None:
        self._skipped.append(self._record.clock())
        self._note_unspoken(turn, "skipped")

    def _note_unspoken(self, turn: Turn, why: str) -> None:
        self._record.emit(
            Unspoken(
                at=self._record.clock(),
                segment_id=turn.segment.id,
                language=self.language,
                why=why,
            )
        )

    async def _next(self, source: Input) -> Piece | None:
        """The next piece of `source`; None when it is off air and has none at hand."""
        got: asyncio.Task[Piece] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                got = group.create_task(source.next())
                switched = group.create_task(self._switched.wait())
                await asyncio.wait((got, switched), return_when=asyncio.FIRST_COMPLETED)
                got.cancel()
                switched.cancel()
        except asyncio.CancelledError:
            if got is not None and got.done() and not got.cancelled():
                self._note(got.result(), self._record.clock())  # it was taken, and is lost
            raise
        return None if got.cancelled() else got.result()

    def _note(self, piece: Piece, begins: float) -> None:
        """Emit that a rendition began, and what was spoken when its last piece went out."""
        segment_id = piece.turn.segment.id
        if piece.first:
            self._started[segment_id] = begins
            self.lag = begins - piece.turn.segment.start
            self._record.emit(
                Speaking(
                    at=self._record.clock(),
                    segment_id=segment_id,
                    language=self.language,
                    start=begins,
                )
            )
        if piece.last:
            self._note_spoken(piece.turn, end=begins + len(piece.samples) / SAMPLE_RATE)

    def _note_spoken(self, turn: Turn, *, end: float) -> None:
        self._record.emit(
            Spoken(
                at=self._record.clock(),
                segment_id=turn.segment.id,
                language=self.language,
                start=self._started.pop(turn.segment.id),
                end=end,
                pace=turn.pace,
                backlog=self.backlog,
            )
        )


def _ramp(samples: Samples, *, rising: bool, falling: bool) -> Samples:
    """`samples` with a linear ramp at the beginning, at the end, or both."""
    if not (rising or falling) or len(samples) == 0:
        return samples
    loudness = np.ones(len(samples))
    size = min(int(RAMP * SAMPLE_RATE), len(samples))
    if rising:
        loudness[:size] *= np.linspace(0.0, 1.0, size)
    if falling:
        loudness[-size:] *= np.linspace(1.0, 0.0, size)
    return (samples * loudness).astype(np.int16)
