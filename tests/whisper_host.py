"""The engine host as a WhisperEar sees it, inside this process."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from translator.engines.whisper import PATH, Response, Transcript, Window


@dataclass(frozen=True, slots=True)
class Answer:
    """See whisper.Response."""

    body: bytes

    async def read(self) -> bytes:
        return self.body


class WhisperHost(ABC):
    """See whisper.Host."""

    __slots__ = ()

    @asynccontextmanager
    async def post(
        self, path: str, *, data: bytes | None = None, timeout: float = 30.0
    ) -> AsyncIterator[Response]:
        assert path == PATH
        assert data is not None
        yield Answer((await self.transcribe(Window.from_bytes(data))).to_bytes())

    @abstractmethod
    async def transcribe(self, window: Window) -> Transcript:
        """What is said in `window`."""
