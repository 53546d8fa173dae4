"""Frames of one floor -> hypotheses."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from translator.types import Hypothesis

SAMPLE_RATE = 16_000
"""Hz, of all that an ear is fed."""
BLOCK = 512
"""Samples of one Sound: the window of the voice activity detector (32 ms)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """One block of a floor's audio."""

    samples: npt.NDArray[np.int16]
    """BLOCK samples at SAMPLE_RATE, mono."""
    speech: float
    """Probability that a voice is in it."""


class Ear(Protocol):
    """Speech to text. An object serves one floor at a time."""

    def listen(
        self,
        audio: AsyncIterator[Sound],
        *,
        languages: Sequence[str],
        expected: str | None,
        terms: Sequence[str],
    ) -> AsyncGenerator[Hypothesis, None]:
        """Hear `audio` until it ends, then give what is left as final and return.

        `languages` are the only ones that may be identified, BCP-47; `expected` is the one
        that the speaker declared or spoke last; `terms` should be spelled as given. Times are
        seconds from the first sample of `audio`. Raises HearError.
        """
        ...
