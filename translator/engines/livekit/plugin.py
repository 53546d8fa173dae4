"""What the plugins share: one request, no retries, and their failures in our words."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from math import inf
from typing import Protocol, TypeVar

from livekit.agents import APIConnectOptions

from translator.engines.livekit.failure import failure
from translator.errors import StageError

T = TypeVar("T")


class Closes(Protocol):
    async def aclose(self) -> None: ...


def once(timeout: float) -> APIConnectOptions:
    return APIConnectOptions(max_retry=0, timeout=timeout)


def made(make: Callable[[], T], failed: type[StageError]) -> T:
    """What `make` gives; plugins refuse settings with errors of any type."""
    try:
        return make()
    except Exception as error:
        kind = type(error).__name__
        raise failed(f"no engine ({kind}): check its settings and its key") from error


def begun(begin: Callable[[], T], name: str, failed: type[StageError]) -> T:
    """What `begin` gives, a call that the plugin of the engine `name` answers later; some raise at
    once, what they like, and all of it raises `failed`."""
    try:
        return begin()
    except Exception as error:
        raise failure(error, name, failed) from None


async def leave(stream: Closes, *, within: float = 1.0) -> None:
    """Close `stream`, politely for at most `within` seconds.

    A plugin that says goodbye to a server which has stopped reading waits for its answer, 10 or
    20 seconds of them. Closed a second time, it gives that up.
    """
    try:
        async with asyncio.timeout(within):
            await stream.aclose()
    except TimeoutError:
        await stream.aclose()


async def received(
    stream: AsyncIterator[T],
    name: str,
    failed: type[StageError],
    *,
    first: float | None = None,
    patience: float = inf,
    altogether: float = inf,
    deadline: float = inf,
) -> AsyncGenerator[T, None]:
    """What `stream` of the engine `name` gives; every failure of its plugin, whatever its type,
    raises `failed`.

    At most `patience` seconds are waited for each item, `first` for the first one, and
    `altogether` for all, the caller's own time not counted; and none at all after `deadline`, an
    instant of the event loop's clock.
    """
    loop = asyncio.get_running_loop()
    patient = patience if first is None else first
    while True:
        began = loop.time()
        limit = min(began + patient, began + altogether, deadline)
        try:
            async with asyncio.timeout_at(None if limit == inf else limit):
                item = await anext(stream)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise failure(error, name, failed) from None
        altogether -= loop.time() - began
        patient = patience
        yield item
