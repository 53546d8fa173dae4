"""Circuit breakers: when an engine is down, who is called then, and how it comes back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from translator.beside import beside
from translator.errors import Kind, RenderError, StageError
from translator.health import LATEST, REFUSALS, SOON, Down, Health, Stage, UntriedError

pytestmark = pytest.mark.unit

NAMES = ("openai", "apertium")


def error(kind: Kind = "unreachable") -> RenderError:
    return RenderError(f"openai: {kind}", kind=kind)


class Watched:
    """A health and all that it said, with trials that follow a script."""

    def __init__(self) -> None:
        self.told: list[tuple[float, Stage, str, Kind | None]] = []
        self.trials: list[float] = []
        self.works = False
        self.fails: StageError = error()
        """What a trial raises."""
        self.health = Health(self.now, self._changed)

    def now(self) -> float:
        return asyncio.get_running_loop().time() - self.begin

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[Health, None]:
        self.begin = asyncio.get_running_loop().time()
        async with beside(self.health.watch(self._trial)):
            yield self.health

    async def _trial(self, stage: Stage, name: str) -> None:
        self.trials.append(round(self.now(), 3))
        await asyncio.sleep(0.5)
        if not self.works:
            raise self.fails

    def _changed(self, stage: Stage, name: str, down: Down | None) -> None:
        self.told.append((round(self.now(), 3), stage, name, None if down is None else down.kind))


async def test_one_failure_is_forgiven_and_two_in_a_row_are_not() -> None:
    async with (watched := Watched()).watching() as health:
        health.failed("render", "openai", error())
        health.succeeded("render", "openai")
        health.failed("render", "openai", error())
        assert health.order("render", NAMES) == ["openai", "apertium"]
        health.failed("render", "openai", error())
        assert health.order("render", NAMES) == ["apertium"]
    assert watched.told == [(0.0, "render", "openai", "unreachable")]


@pytest.mark.parametrize("kind", ["wrong key", "quota"])
async def test_what_a_second_call_would_only_say_again_counts_at_once(kind: Kind) -> None:
    async with Watched().watching() as health:
        health.failed("render", "openai", error(kind))
        assert health.order("render", NAMES) == ["apertium"]
        down = health.down("render", "openai")
        assert down is not None
        assert down.kind == kind


async def test_what_it_refuses_is_not_held_against_an_engine() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(5):
            health.failed("speak", "openai", error("refused"))
        assert health.order("speak", NAMES) == ["openai", "apertium"]
    assert watched.told == []


async def test_an_engine_that_refuses_everything_is_down_in_the_end() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(REFUSALS - 1):
            health.failed("speak", "openai", error("refused"))
        health.succeeded("speak", "openai")
        for _ in range(REFUSALS - 1):
            health.failed("speak", "openai", error("refused"))
        assert watched.told == []
        health.failed("speak", "openai", error("refused"))
        assert health.order("speak", ["openai", "espeak"]) == ["espeak"]
    assert watched.told == [(0.0, "speak", "openai", "refused")]


async def test_what_it_refuses_does_not_clear_an_engine() -> None:
    async with Watched().watching() as health:
        kinds: tuple[Kind, ...] = ("unreachable", "refused", "unreachable")
        for kind in kinds:
            health.failed("render", "openai", error(kind))
        assert health.order("render", NAMES) == ["apertium"]


async def test_an_ear_that_refuses_is_down_since_it_is_asked_for_the_same_all_the_time() -> None:
    async with Watched().watching() as health:
        for _ in range(2):
            health.failed("hear", "openai", error("refused"))
        assert health.order("hear", NAMES) == ["apertium"]


async def test_what_an_engine_refuses_the_next_one_does_each_time() -> None:
    refused = RenderError("no such voice", kind="refused")
    working = Working(a=[refused] * 3, b=["done"] * 3)
    for _ in range(3):
        assert await working.do("a", "b") == "done"
    assert working.calls == ["a", "b"] * 3


async def test_where_there_is_no_engine_that_is_said() -> None:
    with pytest.raises(RenderError, match="no engine is left for it"):
        await Working().do()


async def test_an_engine_may_hear_well_and_not_speak() -> None:
    async with Watched().watching() as health:
        health.failed("speak", "azure", error("quota"))
        assert health.order("hear", ["azure", "espeak"]) == ["azure", "espeak"]
        assert health.order("speak", ["azure", "espeak"]) == ["espeak"]


async def test_where_all_are_down_those_are_called_that_keep_nobody_waiting() -> None:
    async with Watched().watching() as health:
        for kind, name in (("quota", "a"), ("silent", "b"), ("unreachable", "c")):
            for _ in range(2):
                health.failed("render", name, error(kind))  # type: ignore[arg-type]
        assert health.order("render", ["a", "b", "c"]) == ["a", "c"]
        assert health.order("render", ["b"]) == []
        health.succeeded("render", "b")
        assert health.order("render", ["a", "b", "c"]) == ["b"]


async def test_a_trial_beside_the_line_brings_it_back() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(2):
            health.failed("render", "openai", error())
        watched.works = True
        await asyncio.sleep(SOON + 0.4)
        assert health.order("render", NAMES) == ["apertium"]  # a trial goes on
        await asyncio.sleep(0.2)
        assert health.order("render", NAMES) == ["openai", "apertium"]
    assert watched.told[1:] == [(SOON + 0.5, "render", "openai", None)]


async def test_a_trial_that_could_not_be_made_keeps_nobody_down() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(2):
            health.failed("render", "openai", error())
        watched.fails = UntriedError("nobody can speak to it")
        await asyncio.sleep(SOON + 0.6)
        assert health.order("render", NAMES) == ["openai", "apertium"]


async def test_trials_come_ever_later_and_never_stop() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(2):
            health.failed("render", "openai", error())
        await asyncio.sleep(600)
    pauses = [round(b - a, 3) for a, b in zip(watched.trials, watched.trials[1:], strict=False)]
    assert watched.trials[0] == SOON
    assert pauses[:3] == [4.5, 8.5, 16.5]
    assert set(pauses[5:]) == {LATEST + 0.5}
    assert len(watched.told) == 1


async def test_who_is_told_to_wait_is_not_asked_before() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(2):
            health.failed("render", "openai", error("rate limited"))
        await asyncio.sleep(4.9)
        assert watched.trials == []
        await asyncio.sleep(0.2)
        assert watched.trials == [5.0]


async def test_an_engine_that_was_configured_anew_is_called_again() -> None:
    async with Watched().watching() as health:
        health.failed("render", "openai", error("wrong key"))
        health.forget("openai")
        assert health.order("render", NAMES) == ["openai", "apertium"]


async def test_one_trial_at_a_time() -> None:
    async with (watched := Watched()).watching() as health:
        for _ in range(2):
            health.failed("render", "openai", error())
        await asyncio.sleep(SOON + 0.1)
        health.failed("render", "openai", error())  # a call that had begun before
        await asyncio.sleep(0.3)
    assert watched.trials == [SOON]


class Working:
    """A piece of work: each engine follows its script, call by call."""

    def __init__(self, **scripts: list[str | RenderError]) -> None:
        self.scripts = scripts
        self.calls: list[str] = []
        self.told: list[str] = []
        self.watched: Callable[[], None] = lambda: None
        self.health = Health(lambda: 0.0)

    async def do(self, *names: str) -> str:
        return await self.health.call(
            "render",
            names,
            self._work,
            failed=RenderError,
            failing=lambda error: self.told.append(str(error)),
        )

    async def _work(self, name: str) -> str:
        self.calls.append(name)
        self.watched()
        act = self.scripts[name].pop(0)
        if isinstance(act, RenderError):
            raise act
        return act


def again(text: str) -> RenderError:
    return RenderError(text, retryable=True)


async def test_the_next_one_is_called_at_once() -> None:
    working = Working(a=[again("busy")], b=["done"])
    assert await working.do("a", "b") == "done"
    assert working.calls == ["a", "b"]
    assert working.told == ["busy"]


async def test_where_all_have_failed_those_that_may_go_through_are_called_once_more() -> None:
    working = Working(a=[again("busy"), "done"], b=[RenderError("no such model")])
    assert await working.do("a", "b") == "done"
    assert working.calls == ["a", "b", "a"]


async def test_the_last_failure_is_raised_when_nobody_did_it() -> None:
    working = Working(a=[again("busy"), again("still busy")])
    with pytest.raises(RenderError, match="still busy"):
        await working.do("a")
    assert working.told == []


async def test_a_piece_of_work_counts_once_however_often_it_was_tried() -> None:
    working = Working(a=[again("busy")] * 4)
    for _ in range(2):
        assert working.health.down("render", "a") is None
        with pytest.raises(RenderError, match="busy"):
            await working.do("a")
    assert working.health.down("render", "a") is not None
    assert len(working.calls) == 4


async def test_nobody_waits_twice_for_an_engine_that_hangs() -> None:
    silent = RenderError("no answer", retryable=True, kind="silent")
    working = Working(a=[silent] * 2, b=[silent] * 2)
    for _ in range(2):
        with pytest.raises(RenderError, match="no answer"):
            await working.do("a", "b")
    assert working.calls == ["a", "b", "a", "b"]
    with pytest.raises(RenderError, match="no answer"):  # why it is down
        await working.do("a", "b")
    assert len(working.calls) == 4


async def test_a_vendor_that_has_had_too_many_requests_gets_no_second_one_at_once() -> None:
    limited = RenderError("too many", retryable=True, kind="rate limited")
    working = Working(a=[limited] * 3)
    for _ in range(3):
        with pytest.raises(RenderError, match="too many"):
            await working.do("a")
    assert len(working.calls) == 3


async def test_a_failure_counts_while_the_others_are_still_asked() -> None:
    working = Working(a=[again("busy")], b=["done"])
    working.health.failed("render", "a", error())
    downs: list[bool] = []
    working.watched = lambda: downs.append(working.health.down("render", "a") is not None)
    assert await working.do("a", "b") == "done"
    assert downs == [False, True]


async def test_a_failure_behind_what_is_out_already_is_final() -> None:
    final = again("broke off")
    final.final = True
    working = Working(a=[final], b=["done"])
    with pytest.raises(RenderError, match="broke off"):
        await working.do("a", "b")
    assert working.calls == ["a"]


async def test_what_was_asked_may_be_at_fault_and_not_the_engine() -> None:
    guarded = again("no rendition")
    guarded.blameless = True
    working = Working(a=[guarded] * 6)
    for _ in range(3):
        with pytest.raises(RenderError, match="no rendition"):
            await working.do("a")
    assert working.health.order("render", ["a"]) == ["a"]


async def test_who_has_refused_us_is_asked_again_where_nobody_else_is_left() -> None:
    refused = RenderError("no such key", kind="wrong key")
    working = Working(a=[refused, "done"], b=[again("busy"), again("busy")])
    assert await working.do("a", "b") == "done"
    alone = Working(a=[refused, "done"])
    with pytest.raises(RenderError, match="no such key"):
        await alone.do("a")


async def test_who_is_down_is_asked_where_those_who_are_up_have_failed() -> None:
    working = Working(a=[RenderError("no such model")], b=["done"], c=["never"])
    working.health.failed("render", "b", error("quota"))
    for _ in range(2):
        working.health.failed("render", "c", error("silent"))
    assert await working.do("a", "c", "b") == "done"
    assert working.calls == ["a", "b"]
    assert working.health.order("render", ["b"]) == ["b"]
    assert working.health.down("render", "b") is None
