"""Interpreters fill channels; the kinds know nothing of each other."""

from collections.abc import AsyncGenerator
from typing import Protocol

from translator.channel import Channel
from translator.types import Cut


class Floors(Protocol):
    """All floors of a meeting, as an interpreter sees them."""

    def cuts(self) -> AsyncGenerator[Cut, None]:
        """Every cut of every floor from now on, each floor's in order."""
        ...


class Interpreter(Protocol):
    """Fills a channel from floors: a machine or a person."""

    async def run(self, floors: Floors, channel: Channel) -> None:
        """Interpret until cancelled. What one segment suffers does not end it."""
        ...
