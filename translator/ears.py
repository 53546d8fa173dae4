"""The ears of a floor: the configured engines one after the other, as one ear."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

from translator.errors import HearError, SettingsError, UnansweredError
from translator.health import Health
from translator.hear import HOLD, Ear, Sound, held, until_pause
from translator.types import Hypothesis, Prior

SILENCES = 4
"""Listens in a row in which nobody had a word, until it is a fault and not a noise."""


class Ears:
    """Several ears as one: the first that is well listens, and after one that failed, another.

    Each listen has a new ear, of those that are configured then: an edit falls into a pause. Where
    another ear should listen now, since it is back, or since this one may not go on, the listen
    ends at the next short pause.
    """

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        ear: Callable[[str], Ear],
        health: Health,
        *,
        settings: Callable[[str], object] = lambda name: None,
    ) -> None:
        """`names` are the engines that hear, in their order; `ear` makes one, or raises
        SettingsError, and is called in a thread, because that may take time. `settings` gives
        what one is made of: where that is another, no long pause is waited for."""
        self._names = names
        self._ear = ear
        self._health = health
        self._settings = settings
        self._name = ""
        """The one that listens."""
        self._made_of: object = None
        """What it was made of."""
        self._failed: str | None = None
        """The one that listened last, if it has failed."""
        self._hold = HOLD
        self._wordless: dict[str, HearError] = {}
        """Those that had no word for speech since anybody had one."""
        self._unanswered = 0
        """How often that was."""

    @property
    def hold(self) -> float:
        """See Holding; of the one that listens."""
        return self._hold if self._settings(self._name) == self._made_of else HOLD

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Ear."""
        name = self._name = self._next()
        self._made_of = self._settings(name)
        turn = self._turn(name)
        try:
            ear = await asyncio.to_thread(self._made, name)
            self._hold = held(ear)
            async with (
                aclosing(until_pause(audio, turn)) as sounds,
                aclosing(ear.listen(sounds, prior)) as hearing,
            ):
                async for hypothesis in hearing:
                    self._blame_the_wordless(name)
                    if hypothesis.final:
                        self._health.succeeded("hear", name)
                    yield hypothesis
        except UnansweredError as error:
            self._failed = name
            self._wordless[name] = error
            self._unanswered += 1
            if self._unanswered < SILENCES:
                raise
            self._health.failed("hear", name, error)
            raise HearError(str(error), retryable=True, kind=error.kind) from error
        except HearError as error:
            self._failed = name
            self._health.failed("hear", name, error)
            raise
        self._failed = None

    def _blame_the_wordless(self, name: str) -> None:
        """Where another has words, there was something to be heard."""
        for other, error in self._wordless.items():
            if other != name:
                self._health.failed("hear", other, error)
        self._wordless.clear()
        self._unanswered = 0

    def _next(self) -> str:
        """Raises HearError where none is well."""
        names = self._names()
        usable = self._health.order("hear", names)
        if not usable:
            raise HearError(self._health.why("hear", names))
        others = [name for name in usable if name != self._failed]
        fresh = [name for name in others if name not in self._wordless]
        return next(iter(fresh or others or usable))

    def _turn(self, name: str) -> Callable[[], bool]:
        """Whether the listen of `name` is over by now: another goes before it that did not when
        it was asked last. One that has failed and is not down goes before it all the time, and
        is tried after a whole utterance."""
        passed = self._is_passed_over(name)
        over = False

        def is_over() -> bool:
            nonlocal passed, over
            before, passed = passed, self._is_passed_over(name)
            over = passed and (over or not before)
            return over

        return is_over

    def _is_passed_over(self, name: str) -> bool:
        """Whether it is not among those that may listen, or one before it there is not down."""
        names = self._names()
        if name not in names:
            return True
        before = itertools.takewhile(lambda one: one != name, names)
        return any(self._health.down("hear", one) is None for one in before)

    def _made(self, name: str) -> Ear:
        try:
            return self._ear(name)
        except SettingsError as error:
            raise HearError(str(error)) from error
