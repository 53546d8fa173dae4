"""Which engines are worth a call: a circuit breaker for each, in one place for the meeting.

An engine that fails at two pieces of work in a row, or says that another call is no use, is down:
nobody waits for it, and the next one of its line is called at once, while there is one. It is
tried beside the line, in ever longer intervals, and is called again when a trial went well.
(M. Nygard, Release It!, "Circuit Breaker"; the half-open call is the trial, so that no segment
pays for it.)

What it refuses counts less (REFUSALS): that is one request or its settings, such as a voice it
does not have, and all others may go well.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from translator.errors import Kind, StageError

log = logging.getLogger(__name__)

Stage = Literal["hear", "render", "speak", "interpret", "summarize"]
"""What an engine is called for; it may do one well and another not. The summary has no circuit:
it is made beside the line by one engine, and where that fails the last one holds."""
Trial = Callable[[Stage, str], Awaitable[object]]
"""Calls an engine once for what it is there for; raises StageError."""

T = TypeVar("T")


class UntriedError(StageError):
    """A trial could not be made: whether the engine works, the line has to find out."""


FAILURES = 2
"""In a row, until an engine is down."""
AT_ONCE: Collection[Kind] = ("wrong key", "quota")
"""What a second call would only say again."""
REFUSALS = 8
"""Pieces of work in a row that an engine refuses, until it is down: it is no single one then."""
FORGIVING: Collection[Stage] = ("render", "speak", "interpret")
"""Where this holds. An ear is asked for the same all the time."""
FIRST_TRIAL: Mapping[Kind, float] = {"wrong key": 10.0, "quota": 10.0, "rate limited": 5.0}
"""Seconds until an engine that failed so is tried."""
SOON = 2.0
"""Seconds until any other is."""
SHORTEST = 0.01
"""Seconds between two looks at what is due."""
LATEST = 60.0
"""Seconds between two trials, at most; each that fails doubles them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """An engine that is not called."""

    since: float
    kind: Kind
    why: str
    """For people."""


@dataclass(slots=True, kw_only=True)
class _Circuit:
    failures: int = 0
    """In a row."""
    refusals: int = 0
    """As well."""
    down: Down | None = None
    pause: float = 0.0
    """Seconds between the last two trials."""
    due: float = 0.0
    """When it is tried."""


def _may_pass(error: StageError, *, alone: bool) -> bool:
    """Whether the same call may go through a second time: where all others have failed, too, it is
    worth it more often. Nobody waits for more than two engines, and who has had too many requests
    gets no other at once."""
    if error.kind in ("silent", "rate limited"):
        return alone and error.kind == "silent"
    return error.retryable or not alone


class Health:
    """The circuits of one meeting; used in one event loop."""

    def __init__(
        self,
        clock: Callable[[], float],
        changed: Callable[[Stage, str, Down | None], None] = lambda stage, name, down: None,
    ) -> None:
        """`changed` is told when an engine goes down, and, with None, when it is back."""
        self._clock = clock
        self._changed = changed
        self._circuits: dict[tuple[Stage, str], _Circuit] = {}
        self._down = asyncio.Event()

    def order(self, stage: Stage, names: Sequence[str]) -> Sequence[str]:
        """Those of `names` that are worth a call, in their order.

        Where all are down: those that say so at once, since to ask costs nothing, and the source
        text is all that is left; not those that keep one waiting. So it may be none.
        """
        return self._up(stage, names) or self._prompt(stage, names)

    def _up(self, stage: Stage, names: Sequence[str]) -> list[str]:
        return [name for name in names if self.down(stage, name) is None]

    def _prompt(self, stage: Stage, names: Sequence[str]) -> list[str]:
        """Those that are down, and say so at once."""
        downs = [(name, self.down(stage, name)) for name in names]
        return [name for name, down in downs if down is not None and down.kind != "silent"]

    def why(self, stage: Stage, names: Sequence[str]) -> str:
        """Why none of `names` is called; for people."""
        reasons = (self.down(stage, name) for name in names)
        told = "; ".join(one.why for one in reasons if one is not None)
        return told or "no engine is left for it"

    def down(self, stage: Stage, name: str) -> Down | None:
        """Why it is not called, or None."""
        circuit = self._circuits.get((stage, name))
        return None if circuit is None else circuit.down

    def succeeded(self, stage: Stage, name: str) -> None:
        """It did one piece of work."""
        circuit = self._circuits.pop((stage, name), None)
        if circuit is not None and circuit.down is not None:
            log.warning("an engine is back", extra={"stage": stage, "engine": name})
            self._changed(stage, name, None)

    async def call(
        self,
        stage: Stage,
        names: Sequence[str],
        work: Callable[[str], Awaitable[T]],
        *,
        failed: type[StageError],
        failing: Callable[[StageError], None],
    ) -> T:
        """What `work` gives with the first of `names` that does it.

        The next one is called at once; where all have failed, those that are down and say so at
        once, and then once more those that may go through now; unless one has said that its
        failure is `final`. `failing` is told why another engine
        is called. Raises the last failure, and `failed` where all are down.
        """
        usable = [*self._up(stage, names), *self._prompt(stage, names)]
        failures: dict[str, StageError] = {}
        last: tuple[str, StageError] | None = None
        for name in (*usable, *usable):
            if name in failures and not _may_pass(failures[name], alone=len(usable) == 1):
                continue
            if last is not None and last[0] != name:
                failing(last[1])
            try:
                done = await work(name)
            except StageError as error:
                if name not in failures and not error.blameless:
                    self.failed(stage, name, error)  # at once, for all who are about to call it
                failures[name] = error
                if error.final:
                    raise
                last = name, error
            else:
                self.succeeded(stage, name)
                return done
        raise failed(self.why(stage, names)) if last is None else last[1]

    def failed(self, stage: Stage, name: str, error: StageError) -> None:
        """It failed at one piece of work."""
        circuit = self._circuits.setdefault((stage, name), _Circuit())
        if error.kind == "refused" and stage in FORGIVING:
            circuit.refusals += 1
        else:
            circuit.failures += 1
        is_bad = circuit.failures >= FAILURES or circuit.refusals >= REFUSALS
        if circuit.down is not None or not (is_bad or error.kind in AT_ONCE):
            return
        now = self._clock()
        circuit.pause = FIRST_TRIAL.get(error.kind, SOON)
        circuit.due = now + circuit.pause
        circuit.down = Down(since=now, kind=error.kind, why=str(error))
        log.warning("an engine is down: %s", error, extra={"stage": stage, "engine": name})
        self._down.set()
        self._changed(stage, name, circuit.down)

    def forget(self, name: str) -> None:
        """The engine is another one now: what was known of it does not count."""
        for stage, known in list(self._circuits):
            if known == name:
                self.succeeded(stage, known)

    async def watch(self, trial: Trial) -> None:
        """Try what is down until it is back; runs until cancelled."""
        async with asyncio.TaskGroup() as trials:
            while True:
                self._down.clear()
                for (stage, name), circuit in list(self._circuits.items()):
                    if circuit.down is not None and circuit.due <= self._clock():
                        circuit.pause = min(2 * circuit.pause, LATEST)
                        circuit.due = float("inf")  # until this one has ended
                        trials.create_task(self._try(stage, name, circuit, trial))
                await self._something_is_due()

    async def _something_is_due(self) -> None:
        due = min((one.due for one in self._circuits.values() if one.down), default=float("inf"))
        pause = max(due - self._clock(), SHORTEST)  # less than a clock's step would never pass
        try:
            async with asyncio.timeout(None if pause == float("inf") else pause):
                await self._down.wait()
        except TimeoutError:
            pass

    async def _try(self, stage: Stage, name: str, circuit: _Circuit, trial: Trial) -> None:
        try:
            await trial(stage, name)
        except UntriedError as error:
            log.warning("an engine is not tried: %s", error, extra={"stage": stage, "engine": name})
            self._back(stage, name, circuit)
        except Exception as error:  # whatever it is: the engine is no better for it
            log.info("an engine is still down: %s", error, extra={"stage": stage, "engine": name})
            circuit.due = self._clock() + circuit.pause
            self._down.set()
        else:
            self._back(stage, name, circuit)

    def _back(self, stage: Stage, name: str, circuit: _Circuit) -> None:
        if self._circuits.get((stage, name)) is circuit:  # nobody else found out before
            self.succeeded(stage, name)
