"""What the plugins share: one request, no retries, and their failures in our words."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol, TypeVar

import aiohttp
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)

from translator.errors import StageError

T = TypeVar("T")


class Plugin(Protocol):
    @property
    def provider(self) -> str: ...


def once(timeout: float) -> APIConnectOptions:
    return APIConnectOptions(max_retry=0, timeout=timeout)


def made(make: Callable[[], T], failed: type[StageError]) -> T:
    """What `make` gives; plugins refuse settings with errors of any type."""
    try:
        return make()
    except Exception as error:
        kind = type(error).__name__
        raise failed(f"no engine ({kind}): check its settings and its key") from error


async def received(
    stream: AsyncIterator[T],
    plugin: Plugin,
    failed: type[StageError],
    *,
    patience: float | None = None,
    deadline: float | None = None,
) -> AsyncGenerator[T, None]:
    """What `stream` gives; every failure of the plugin, whatever its type, raises `failed`.

    At most `patience` seconds are waited for each item, and none at all after `deadline`, an
    instant of the event loop's clock. The caller's own time is not counted.
    """
    loop = asyncio.get_running_loop()
    while True:
        patient = None if patience is None else loop.time() + patience
        limit = min((at for at in (patient, deadline) if at is not None), default=None)
        try:
            async with asyncio.timeout_at(limit):
                item = await anext(stream)
        except StopAsyncIteration:
            return
        except Exception as error:
            raise _failure(error, plugin, failed) from None
        yield item


_STATUS = {
    400: "does not accept the request: check the name of the model",
    401: "refuses the key: check the key of this engine",
    402: "wants to be paid: check the account",
    403: "refuses the key: check what it is allowed to do",
    404: "does not know the model or the address",
    429: "has had too many requests, or the account is used up",
}


def _failure(error: Exception, plugin: Plugin, failed: type[StageError]) -> StageError:
    """`error` in our own words, for a vendor's may quote a key or what was said."""
    match error:
        case APIStatusError(status_code=status) | aiohttp.ClientResponseError(status=status):
            what = f"{_STATUS.get(status, 'failed')} (status {status})"
            retryable = not 400 <= status < 500 or status in (408, 429)
        case APITimeoutError() | TimeoutError():
            what, retryable = "did not answer in time", True
        case APIConnectionError() | aiohttp.ClientError() | OSError():
            cause = error.__cause__ or error
            what, retryable = f"was not reached, or broke off ({type(cause).__name__})", True
        case _:
            what, retryable = f"failed ({type(error).__name__})", False
    if isinstance(error, APIError):
        retryable = error.retryable
    return failed(f"{plugin.provider} {what}", retryable=retryable)
