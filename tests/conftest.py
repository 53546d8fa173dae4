"""What every test can rely on: a category, its clock, and no task left behind."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.steady_time import SteadyTimeLoop
from tests.virtual_time import VirtualTimeLoop

CATEGORIES = frozenset({"unit", "line", "web", "engine", "vendor", "room"})
VIRTUAL = frozenset({"unit", "line"})
STEADY = frozenset({"vendor"})

# Hypothesis would give each example 0.2 s by the wall's clock, and a few to make them all up. No
# example is wrong because the machine did something else meanwhile; what runs for ever ends by
# pytest's timeout.
settings.register_profile("translator", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("translator")


def categories(item: pytest.Item) -> frozenset[str]:
    return CATEGORIES.intersection(mark.name for mark in item.iter_markers())


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    vague = sorted({item.location[0] for item in items if len(categories(item)) != 1})
    if vague:
        raise pytest.UsageError(
            f"{', '.join(vague)}: set pytestmark to exactly one of {', '.join(sorted(CATEGORIES))}"
        )


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if categories(item) <= VIRTUAL or item.get_closest_marker("virtual") is not None:
        return {"virtual": VirtualTimeLoop}
    if categories(item) <= STEADY:
        return {"steady": SteadyTimeLoop}
    return {"real": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def no_sum_of_the_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a test spends belongs to no day's sum of this machine."""
    monkeypatch.delenv("TRANSLATOR_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp()))


@pytest.fixture(autouse=True)
async def no_task_is_left_behind() -> AsyncGenerator[None, None]:
    """Whatever a test starts has ended with it: the loop would cancel the rest in silence."""
    yield
    if ending := [task for task in asyncio.all_tasks() if _ends_a_generator(task)]:
        await asyncio.wait(ending)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        pytest.fail(f"tasks are left behind: {', '.join(map(str, left))}")


def _ends_a_generator(task: asyncio.Task[Any]) -> bool:
    """Whether the loop itself has begun it, for what was collected as garbage just now."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"
