"""What calls of engines use: told where it is known, to whoever made the call.

Only a vendor's answer says how many tokens it took, and only who asked knows for whom that was.
Between the two lie protocols that need not know of it.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Amounts = Mapping[str, float]
"""How much of each unit: see translator.settings.prices.PER."""
Told = Callable[[Amounts], None]

T = TypeVar("T")


class Sum(dict[str, float]):
    """Amounts that are added up."""

    def add(self, amounts: Amounts) -> None:
        for unit, amount in amounts.items():
            self[unit] = self.get(unit, 0.0) + amount


_told: ContextVar[Told | None] = ContextVar("told", default=None)


def tell(amounts: Amounts) -> None:
    """The call that is being made has used so much; nothing happens where nobody counts."""
    told = _told.get()
    if told is not None:
        told(amounts)


@contextmanager
def telling(told: Told) -> Iterator[None]:
    """What is told meanwhile goes to `told`."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


async def overheard(pieces: AsyncGenerator[T, None], told: Told) -> AsyncGenerator[T, None]:
    """Give `pieces` on, and close them; what is told while they are made goes to `told`."""
    try:
        while True:
            with telling(told):
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    return
            yield piece
    finally:
        with telling(told):
            await pieces.aclose()
