"""The sound of a segment -> its words and its sound in the target language, in one step."""

from collections.abc import AsyncGenerator
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc

from translator.types import Brief


class Realtime(Protocol):
    """An end-to-end model, for one speaker and one channel."""

    @property
    def prompt(self) -> str:
        """The instructions that it follows, by name and version."""
        ...

    def interpret(
        self, sound: npt.NDArray[np.int16], brief: Brief
    ) -> AsyncGenerator[str | rtc.AudioFrame, None]:
        """Interpret the brief's segment, which `sound` is (mono, hear.SAMPLE_RATE).

        Gives words, and mono frames of one sample rate, as they come: no sound before its words.
        One call at a time; one that is closed is given up. Raises InterpretError.
        """
        ...

    async def aclose(self) -> None:
        """Let go of all that it holds; another call takes hold of it again."""
        ...
