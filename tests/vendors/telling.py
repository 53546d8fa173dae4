"""What a vendor tells whoever speaks to it, and how a fault spoils that."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from aiohttp import web

from tests.vendors.brains import Hears
from tests.vendors.faults import Fault
from tests.vendors.server import ARRIVES, Server
from translator.types import Hypothesis


class Telling(ABC):
    """On one socket; a subclass says it in the words of its protocol."""

    arrives = ARRIVES
    """Seconds that its last words have before a reset."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        fault: Fault | None,
        *,
        server: Server,
    ) -> None:
        self._request = request
        self._socket = socket
        self._fault = fault
        self._server = server

    async def run(
        self, hears: Hears, audio: AsyncGenerator[bytes, None], languages: Sequence[str]
    ) -> None:
        """Tell what `hears` makes of `audio`, until that ends or the client has gone."""
        async with aclosing(audio), aclosing(hears.hear(audio, languages)) as hypotheses:
            try:
                async for hypothesis in hypotheses:
                    await self.take(hypothesis)
            except ConnectionError:
                pass  # the client has gone, or was made to

    async def take(self, hypothesis: Hypothesis) -> None:
        """Tell it now, as far as the fault lets it be told."""
        fault = self._fault or self._server.faults.lasting
        if fault is Fault.GARBAGE:
            return await self._socket.send_str("<html>502 Bad Gateway</html>")
        if fault is Fault.SLOW:
            if not await self._server.late():
                return
            self._fault = None
        if fault is Fault.EMPTY:
            hypothesis = replace(hypothesis, text="", stable=0, words=())
        await self.say(hypothesis)
        if fault is Fault.DUPLICATE and hypothesis.final:
            await self.say(hypothesis)
        if fault is Fault.HANG:
            self._fault = None
        await self._server.broken(self._request, fault, arrives=self.arrives)

    @abstractmethod
    async def say(self, hypothesis: Hypothesis) -> None:
        """Tell it; its text is empty where nothing was understood."""
