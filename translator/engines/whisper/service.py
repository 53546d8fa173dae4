"""What the engine host runs: windows of speech in, transcripts out.

Every request stands for itself, so a host that was killed has lost nothing: whoever waits sends
the same window again.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.weights import BASE
from translator.engines.whisper.window import PATH, Transcript, Window


class WhisperService:
    """See host_server.Service. One decode runs at a time, in a thread."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")
        self._models: dict[str, Decoder] = {}

    async def start(self) -> None:
        """Load the base model. Raises ServiceError where its weights are missing or damaged."""
        await self._run(self._model, BASE)

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self._transcribe)]

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def _transcribe(self, request: web.Request) -> web.Response:
        """A Window in, a Transcript out, each as its own to_bytes has it."""
        window = Window.from_bytes(await request.read())
        transcript = await self._run(self._decode, window)
        return web.Response(body=transcript.to_bytes())

    async def _run(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def _decode(self, window: Window) -> Transcript:
        return self._model(window.model).transcribe(window)

    def _model(self, name: str) -> Decoder:
        if name not in self._models:
            self._models[name] = Decoder(name)
        return self._models[name]
