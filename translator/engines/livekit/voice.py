"""A voice by a plugin's TTS."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from livekit import rtc
from livekit.agents import tts

from translator.engines.livekit.plugin import made, once, received
from translator.errors import SpeakError

Engine = TypeVar("Engine", bound=tts.TTS[Any])


class LiveKitVoice(Generic[Engine]):
    """Speaks with one tts.TTS for each language and voice."""

    def __init__(
        self,
        make: Callable[[str, str | None], Engine],
        *,
        set_pace: Callable[[Engine, float], None] | None = None,
        patience: float = 5.0,
    ) -> None:
        """`make` gives a TTS for a language (BCP-47) and a voice, None for the usual one.

        `make` is called in a thread. `set_pace` sets an option that the TTS reads when a request
        begins; without it the voice is not paced: every text is spoken at the normal rate. At most
        `patience` seconds pass between two frames.
        """
        self._make = make
        self.paced = set_pace is not None
        self._set_pace = set_pace
        self._patience = patience
        self._engines: dict[tuple[str, str | None], Engine] = {}
        self._making = asyncio.Lock()

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See translator.speak.Voice."""
        if not any(character.isalnum() for character in text):
            return  # vendors answer punctuation with an error
        engine = await self._engine(language, voice)
        if self._set_pace is not None:
            self._set_pace(engine, pace)
        async with (
            engine.synthesize(text, conn_options=once(self._patience)) as stream,
            aclosing(received(stream, engine, SpeakError, patience=self._patience)) as pieces,
        ):
            async for piece in pieces:
                yield piece.frame

    async def _engine(self, language: str, voice: str | None) -> Engine:
        one = (language, voice)
        async with self._making:
            if one not in self._engines:
                self._engines[one] = await asyncio.to_thread(
                    made, lambda: self._make(*one), SpeakError
                )
            return self._engines[one]

    async def aclose(self) -> None:
        """Close every TTS that was made."""
        while self._engines:
            _, engine = self._engines.popitem()
            await engine.aclose()
