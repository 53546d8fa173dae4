"""The engine host as a WhisperEar sees it, inside this process, and what it is sent."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from translator.engines.whisper.ear import Response
from translator.engines.whisper.listening import DOUBTFUL
from translator.engines.whisper.window import PATH, Transcript, Window
from translator.errors import StageError
from translator.hear import SAMPLE_RATE


def whole(pcm: bytes, language: str, *, beam: int) -> Window:
    """A window that stands for itself, of which all is said in `language`."""
    return Window(
        pcm=pcm,
        languages={language: 1.0},
        language=language,
        prefix="",
        before="",
        before_language=None,
        terms="",
        clear=DOUBTFUL,
        tokens=8 * (1 + len(pcm) // (2 * SAMPLE_RATE)),  # as many as the ear allows
        beam=beam,
        align=False,
        model="base",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """See ear.Response."""

    body: bytes

    async def read(self) -> bytes:
        return self.body


class WhisperHost(ABC):
    """See ear.Host."""

    __slots__ = ()

    @asynccontextmanager
    async def post(
        self,
        path: str,
        *,
        failed: type[StageError],
        data: bytes | None = None,
        timeout: float = 30.0,
    ) -> AsyncIterator[Response]:
        assert path == PATH
        assert data is not None
        yield Answer((await self.transcribe(Window.from_bytes(data))).to_bytes())

    @abstractmethod
    async def transcribe(self, window: Window) -> Transcript:
        """What is said in `window`."""
