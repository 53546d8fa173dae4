"""Text in a target language -> frames."""

from collections.abc import AsyncGenerator
from typing import Protocol

from livekit import rtc


class Voice(Protocol):
    """Text to speech."""

    def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak `text`: mono frames of any length, all of one sample rate.

        `voice` is a name that the engine knows, None for the language's usual one; `pace` is
        1.0 for its normal rate, 1.25 for a quarter faster. Raises SpeakError.
        """
        ...
