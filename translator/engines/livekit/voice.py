"""A voice by a plugin's TTS."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from livekit import rtc
from livekit.agents import tts

from translator.engines.livekit.plugin import begun, leave, made, once, received
from translator.engines.livekit.repeats import Repeats, distinct
from translator.errors import SpeakError
from translator.speak import letters

Engine = TypeVar("Engine", bound=tts.TTS[Any])

_LEAST = 0.025
"""Seconds for a letter: no voice is so fast, a usual one needs three times as long. A body that
ends early, or a page in place of audio, looks like an answer to most plugins."""


class LiveKitVoice(Generic[Engine]):
    """Speaks with one tts.TTS for each language and voice."""

    def __init__(
        self,
        name: str,
        make: Callable[[str, str | None], Engine],
        *,
        set_pace: Callable[[Engine, float], None] | None = None,
        spell: Callable[[str], str] | None = None,
        first: float = 2.5,
        patience: float = 2.5,
        deadline: float = 20.0,
    ) -> None:
        """`name` is the engine's; `make` gives a TTS for a language (BCP-47) and a voice, None for
        the usual one.

        `make` is called in a thread. `set_pace` sets an option that the TTS reads when a request
        begins; without it the voice is not paced: every text is spoken at the normal rate. `spell`
        writes a text as the plugin wants it, where that is not plain text. At most `first` seconds
        are waited for the first frame, `patience` for each other one, and `deadline` for all of
        them together.
        """
        self._name = name
        self._make = make
        self.paced = set_pace is not None
        self._set_pace = set_pace
        self._spell = spell
        self._first = first
        self._patience = patience
        self._deadline = deadline
        self._shared: dict[tuple[str, str | None], _Shared[Engine]] = {}
        self._making = asyncio.Lock()

    async def say(
        self, text: str, *, language: str, voice: str | None, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """See translator.speak.Voice."""
        length = letters(text)
        if not length:
            return  # vendors answer punctuation with an error
        shared = await self._share(language, voice)
        try:
            async with aclosing(self._spoken(shared.engine, text, pace)) as frames:
                said = 0.0
                async for frame in frames:
                    said += frame.duration
                    yield frame
            if said < _LEAST * length:
                raise SpeakError(
                    f"{self._name} said less than the text",
                    retryable=True,
                    kind="broken off",
                )
        except SpeakError as error:
            if error.kind == "silent":
                self._drop(shared)
            raise
        finally:
            shared.users -= 1
            if shared.dropped and not shared.users:
                await leave(shared.engine, within=0.1)

    async def _spoken(
        self, engine: Engine, text: str, pace: float
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """What `engine` says, and nothing of it twice. Raises SpeakError."""
        repeats: Repeats | None = None
        once_only = distinct(text)
        async with (
            begun(partial(self._asked, engine, text, pace), self._name, SpeakError) as stream,
            aclosing(
                received(
                    stream,
                    self._name,
                    SpeakError,
                    first=self._first,
                    patience=self._patience,
                    altogether=self._deadline,
                )
            ) as pieces,
        ):
            async for piece in pieces:
                frame, pcm = piece.frame, piece.frame.data.tobytes()
                if _is_text(pcm):
                    raise SpeakError(
                        f"{self._name} sent a text for audio", retryable=True, kind="garbled"
                    )
                if not once_only:
                    yield frame
                    continue
                repeats = repeats or Repeats(frame.sample_rate)
                if new := repeats.push(pcm):
                    yield _frame(new, frame.sample_rate)
        if repeats is not None and (new := repeats.rest()):
            yield _frame(new, frame.sample_rate)

    def _asked(
        self, engine: Engine, text: str, pace: float
    ) -> tts.ChunkedStream | tts.SynthesizeStream:
        """The answer to one request for all of `text`."""
        if self._set_pace is not None:
            self._set_pace(engine, pace)
        if self._spell is not None:
            text = self._spell(text)
        options = once(self._patience)
        if not engine.capabilities.streaming:
            return engine.synthesize(text, conn_options=options)
        # By a connection that stays, where the plugin's requests by HTTP would each begin one.
        stream = engine.stream(conn_options=options)
        stream.push_text(text)
        stream.end_input()
        return stream

    async def _share(self, language: str, voice: str | None) -> "_Shared[Engine]":
        """The TTS for a voice; who gets it counts as its user."""
        one = (language, voice)
        async with self._making:
            if one not in self._shared:
                engine = await asyncio.to_thread(made, lambda: self._make(*one), SpeakError)
                self._shared[one] = _Shared(engine)
            self._shared[one].users += 1
            return self._shared[one]

    def _drop(self, shared: "_Shared[Engine]") -> None:
        """Use a TTS no more: its connection may be half open, and would be used again."""
        shared.dropped = True
        for one in [one for one, kept in self._shared.items() if kept is shared]:
            del self._shared[one]

    async def aclose(self) -> None:
        """Close every TTS that was made."""
        while self._shared:
            _, shared = self._shared.popitem()
            await shared.engine.aclose()


@dataclass(slots=True)
class _Shared(Generic[Engine]):
    """A TTS, for as long as somebody uses it."""

    engine: Engine
    users: int = 0
    dropped: bool = False


def _is_text(pcm: bytes) -> bool:
    """Whether it is a text, such as a page of a proxy, which would sound terribly: in audio half
    of all samples are negative, and begin with a byte that no text has."""
    return len(pcm) >= _TEXT and pcm.isascii() and min(pcm) >= ord("\t")


_TEXT = 200
"""Bytes that tell it for sure."""


def _frame(pcm: bytes, sample_rate: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(pcm, sample_rate, 1, len(pcm) // 2)
