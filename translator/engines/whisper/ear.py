"""Whisper as an ear: sounds in, windows to the engine host and back, hypotheses out."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol

from translator.ahead import Reader, reading
from translator.engines.whisper.listening import Listening
from translator.engines.whisper.window import PATH, Transcript, Window
from translator.errors import HearError, StageError
from translator.hear import Sound, blocks
from translator.types import USUAL, Hypothesis, Pauses, Prior

AHEAD = 60.0
"""Seconds of sound that may wait while the host decodes."""


class Response(Protocol):
    """What is read of an answer of the host."""

    async def read(self) -> bytes: ...


class Host(Protocol):
    """The engine host. `post` raises `failed`."""

    def post(
        self,
        path: str,
        *,
        failed: type[StageError],
        data: bytes | None = None,
        timeout: float = 30.0,
    ) -> AbstractAsyncContextManager[Response]: ...


class WhisperEar:
    """Speech to text by the Whisper of the engine host. See hear.Ear."""

    def __init__(self, host: Host, *, model: str = "base", pauses: Pauses = USUAL) -> None:
        self._host = host
        self._model = model
        self._pauses = pauses

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See hear.Ear."""
        listening = Listening(prior, model=self._model, pauses=self._pauses)
        async with (
            reading(audio, ahead=blocks(AHEAD)) as source,
            aclosing(_pushed(source, listening)) as turns,
        ):
            async for _ in turns:
                while (window := listening.window()) is not None:
                    for hypothesis in listening.learn(await self._transcribe(window)):
                        yield hypothesis
                for hypothesis in listening.settle():
                    yield hypothesis

    async def _transcribe(self, window: Window) -> Transcript:
        async with self._host.post(PATH, data=window.to_bytes(), failed=HearError) as response:
            return Transcript.from_bytes(await response.read())


async def _pushed(source: Reader[Sound], listening: Listening) -> AsyncGenerator[None, None]:
    """Let `listening` have all of `source`; stop wherever a transcript may be worth it."""
    async for sound in source:
        listening.push(sound)
        if not source.waiting or listening.hushed:  # else a transcript had better have the latest
            yield
    listening.finish()
    yield
