"""Sound that waits for its words: what a model says it says is checked before it is heard."""

from collections import deque
from collections.abc import Callable
from math import inf

import numpy as np
import numpy.typing as npt

from translator.errors import InterpretError
from translator.glossary import respelled
from translator.guards.output import Guard, Unguarded
from translator.interpreters.clauses import Draft
from translator.turns import Turn
from translator.types import Brief

Samples = npt.NDArray[np.int16]


class Held:
    """One segment's words and sound, on their way into a turn.

    A model makes its words before their sound: what had come of the sound when the words were so
    many letters says no more than those, and is let go when they have passed.
    """

    def __init__(
        self, turn: Turn, brief: Brief, guard: Guard, *, shown: Callable[[Brief, str], None]
    ) -> None:
        """`shown` is told the words that have passed, as they grow."""
        self._turn = turn
        self._brief = brief
        self._guard = guard
        self._shown = shown
        self._draft = Draft()
        self._waiting: deque[tuple[Samples, int]] = deque()  # and letters that came before
        self._passed: float = inf if isinstance(guard, Unguarded) else 0  # letters
        self.said = ""
        """What has passed."""

    async def words(self, piece: str) -> None:
        """More of them. Raises GuardedError."""
        clauses = respelled(self._draft.add(piece), self._brief.terms)
        if clauses and (clauses := self._guard.admit(clauses)):
            self._say(clauses)
            self._passed = max(self._passed, self._draft.given)
            await self._let_go()

    async def sound(self, samples: Samples) -> None:
        """More of it: mono, at the channel's sample rate."""
        self._waiting.append((samples, len(self._draft.text)))
        await self._let_go()

    async def finish(self) -> None:
        """That was all. Raises GuardedError, and InterpretError where there were no words."""
        if not self._draft.text.strip():
            raise InterpretError("the model did not write what it said", kind="empty")
        if rest := self._guard.finish(respelled(self._draft.rest, self._brief.terms)):
            self._say(rest)
        self._passed = inf
        await self._let_go()

    def _say(self, words: str) -> None:
        self.said = f"{self.said} {words}".strip()
        self._shown(self._brief, self.said)

    async def _let_go(self) -> None:
        while self._waiting and 0 < self._passed >= self._waiting[0][1]:
            samples, _ = self._waiting.popleft()
            await self._turn.play(samples)
