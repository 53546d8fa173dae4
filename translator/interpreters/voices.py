"""The voices of a cascade: the language's engines one after the other, until one speaks."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Protocol

from translator.cast import Cast
from translator.channel import SAMPLE_RATE
from translator.errors import SettingsError, SpeakError, StageError
from translator.health import Health
from translator.settings import Language
from translator.speak import Voice, letters, resample
from translator.turns import Turn

RATE = 14.0
"""Characters a second of a voice that has not spoken yet: about 150 English words a minute."""
WHOLE = 0.8
"""Share of a word after which it was said."""
LEARNED = 0.2
"""Weight of the last clause in what is known of a voice's rate."""


class Engines(Protocol):
    """Voices by the names that the settings use. One that cannot be made raises SettingsError; to
    make one takes time, so they are asked for in a thread."""

    def voice(self, name: str) -> Voice: ...


class Voices:
    """Speaks clause by clause."""

    def __init__(
        self,
        engines: Engines,
        health: Health,
        cast: Cast,
        *,
        failed: Callable[[str, StageError], None],
    ) -> None:
        """`cast` knows who speaks with which voice; `failed` is told of a language's engine that
        another follows, and of a voice."""
        self._engines = engines
        self._health = health
        self._cast = cast
        self._failed = failed
        self._rates: dict[tuple[str, str], float] = {}
        """Characters a second, by engine and language."""

    async def say(
        self, text: str, turn: Turn, *, code: str, language: Language, pace: float
    ) -> None:
        """Speak one clause into `turn` at `pace`. What an engine speaks at its normal rate, the
        turn hastens.

        Where a call fails, another says what is missing: of the same engine where it had begun and
        does not keep one waiting, since it alone can go on in the same voice at the same sample;
        then the next engine, as Health.call has it. `code` is the language, BCP-47, and `language`
        how it is spoken. Raises SpeakError.
        """
        clause = _Clause(text, turn, code, language, pace)
        await self._health.call(
            "speak",
            language.spoken_by,
            partial(self._by, clause),
            failed=SpeakError,
            failing=lambda error: self._failed(code, error),
        )

    async def _by(self, clause: "_Clause", name: str) -> None:
        """What is missing, by one engine. Raises SpeakError."""
        try:
            await self._call(name, clause)
        except SpeakError as error:
            if clause.speaker == name and error.kind != "silent":
                await self._call(name, clause)
            elif self._cast.distrust(clause.person, name, error):
                await self._call_without_copy(name, clause, error)
            else:
                raise

    async def _call_without_copy(self, name: str, clause: "_Clause", error: SpeakError) -> None:
        """Once more in the usual voice: where a copy of one person's is all that fails, the engine
        goes on for everybody."""
        try:
            await self._call(name, clause)
        except SpeakError:
            self._cast.trust(clause.person)
            raise
        self._failed(clause.code, error)

    async def _call(self, name: str, clause: "_Clause") -> None:
        engine = await asyncio.to_thread(self._voice, name)
        voice = self._cast.voice(clause.person, clause.language, name)
        await clause.say(name, engine, voice, self._rates.get((clause.speaker, clause.code), RATE))
        if clause.whole:
            known = self._rates.get((name, clause.code))
            learned = len(clause.text) / clause.given
            rate = learned if known is None else LEARNED * learned + (1 - LEARNED) * known
            self._rates[name, clause.code] = rate

    def _voice(self, name: str) -> Voice:
        try:
            return self._engines.voice(name)
        except SettingsError as error:
            raise SpeakError(str(error)) from error


class _Clause:
    """What is to be said, and how much of it was."""

    def __init__(self, text: str, turn: Turn, code: str, language: Language, pace: float) -> None:
        self.text = text
        self.given = 0.0
        """Seconds of it at normal rate that the turn has of the engine that spoke last."""
        self.speaker = ""
        """That engine; none yet."""
        self.whole = False
        """Whether one call said all of it."""
        self.code = code
        self.language = language
        self._turn = turn
        self._pace = pace

    @property
    def person(self) -> str:
        """Identity of who said it."""
        return self._turn.segment.speaker

    async def say(self, name: str, engine: Voice, voice: str | None, rate: float) -> None:
        """Have the engine `name` say with `voice` what is missing; `rate` is how many characters
        a second the one before it has said. Raises SpeakError; returns at once where nobody will
        hear it."""
        pace = self._pace if engine.paced else 1.0
        begun, text, given = self.given > 0, self.text, self.given
        if name != self.speaker:
            text, given = _rest(text, said=given * rate), 0.0
        skip = round(given / pace * SAMPLE_RATE)
        frames = engine.say(text, language=self.code, voice=voice, pace=pace)
        async with aclosing(resample(frames, SAMPLE_RATE)) as pieces:
            async for samples in pieces:
                if self._turn.dropped:
                    return
                fresh = samples[skip:]
                skip = max(skip - len(samples), 0)
                if len(fresh):
                    await self._turn.play(fresh, pace=pace)
                    given += len(fresh) / SAMPLE_RATE * pace
                    self.speaker, self.text, self.given = name, text, given
        if not self.given and letters(text):
            raise SpeakError(f"{name} gave no sound", retryable=True, kind="empty")
        self.whole = not begun and self.given > 0


def _rest(text: str, *, said: float) -> str:
    """The words of `text` after its first `said` characters. A word that broke off is said again:
    heard twice is better than not at all."""
    words: Sequence[str] = text.split()
    end = 0
    for index, word in enumerate(words):
        if end + WHOLE * len(word) > said:
            return " ".join(words[index:])
        end += len(word) + 1  # and the pause behind it
    return words[-1] if words else text
