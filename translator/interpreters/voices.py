"""The voices of a cascade: the language's engines one after the other, until one speaks."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Protocol

from translator.channel import SAMPLE_RATE
from translator.errors import SettingsError, SpeakError
from translator.settings import Language
from translator.speak import Voice, resample
from translator.turns import Turn

ATTEMPTS = 2
"""Calls of one engine for one clause, where it says that another may go through."""


class Engines(Protocol):
    """Voices by the names that the settings use. One that cannot be made raises SettingsError; to
    make one takes time, so they are asked for in a thread."""

    def voice(self, name: str) -> Voice: ...


class Voices:
    """Speaks clause by clause."""

    def __init__(self, engines: Engines, *, failed: Callable[[str, SpeakError], None]) -> None:
        """`failed` is told of a language's engine that another follows."""
        self._engines = engines
        self._failed = failed

    async def say(
        self, text: str, turn: Turn, *, code: str, language: Language, pace: float
    ) -> None:
        """Speak one clause into `turn` at `pace`; one retry, then the language's next engine,
        while the turn has no audio. What an engine speaks at its normal rate, the turn hastens.

        `code` is the language, BCP-47, and `language` how it is spoken. Raises SpeakError.
        """
        failure = SpeakError("no engine")
        for name in language.spoken_by:
            if name != language.speak:
                self._failed(code, failure)
            for _ in range(ATTEMPTS):
                try:
                    voice = await asyncio.to_thread(self._voice, name)
                    made = pace if voice.paced else 1.0
                    frames = voice.say(
                        text, language=code, voice=language.voice_of(name), pace=made
                    )
                    async with aclosing(resample(frames, SAMPLE_RATE)) as pieces:
                        async for samples in pieces:
                            await turn.play(samples, pace=made)
                    return
                except SpeakError as error:
                    if turn.filled:
                        raise
                    failure = error
                    if not error.retryable:
                        break
        raise failure

    def _voice(self, name: str) -> Voice:
        try:
            return self._engines.voice(name)
        except SettingsError as error:
            raise SpeakError(str(error)) from error
