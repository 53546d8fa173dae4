"""Interpreters fill channels; the kinds know nothing of each other."""

from collections.abc import AsyncGenerator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from translator.channel import Channel
from translator.types import Cut, Segment


class Floors(Protocol):
    """All floors of a meeting, as an interpreter sees them."""

    def cuts(self) -> AsyncGenerator[Cut, None]:
        """Every cut of every floor from now on, each floor's in order."""
        ...

    def sound(self, segment: Segment) -> npt.NDArray[np.int16]:
        """What was said: mono, hear.SAMPLE_RATE. Empty where it is not kept: it is for as long
        as it takes to interpret it, and only where the settings need it."""
        ...


class Interpreter(Protocol):
    """Fills a channel from floors: a machine or a person."""

    async def run(self, floors: Floors, channel: Channel) -> None:
        """Interpret until cancelled. What one segment suffers does not end it."""
        ...
