"""One transcription by OpenAI's realtime protocol, on the side of the server."""

import asyncio
import base64
import json
from contextlib import aclosing
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from tests.vendors.brains import HEARD_RATE, Hears, Intake
from tests.vendors.faults import Fault
from tests.vendors.server import ARRIVES, reset
from translator.types import Hypothesis

SENT_RATE = 24_000
"""Hz, of the audio that is to be transcribed."""


class Session:
    """What the client of one transcription is told."""

    def __init__(
        self,
        http: web.Request,
        socket: web.WebSocketResponse,
        body: dict[str, Any],
        fault: Fault | None,
        *,
        slow: float,
    ) -> None:
        """`body` is filled with what the client says of its session."""
        self._http = http
        self._socket = socket
        self._body = body
        self._updated = asyncio.Event()
        self._intake = Intake()
        self._fault = fault
        self._slow = slow
        self._told = ""
        """What the deltas of the open utterance have said."""

    async def receive(self) -> None:
        """All that comes, until the client is gone."""
        async for message in self._socket:
            event = json.loads(message.data) if message.type is WSMsgType.TEXT else {}
            match event.get("type"):
                case "session.update":
                    self._body.update(event["session"])
                    self._updated.set()
                case "input_audio_buffer.append":
                    self._intake.push(_heard(base64.b64decode(event["audio"])))

    async def answer(self, hears: Hears) -> None:
        """Tell what `hears` makes of the audio."""
        await self._updated.wait()
        asked = self._body["audio"]["input"]["transcription"]
        languages = asked.get("languages") or [asked.get("language", "")]
        audio = self._intake.audio()
        async with aclosing(audio), aclosing(hears.hear(audio, languages)) as hypotheses:
            try:
                async for hypothesis in hypotheses:
                    await self._tell(hypothesis)
            except ConnectionError:
                pass  # the client has gone

    async def _tell(self, hypothesis: Hypothesis) -> None:
        match self._fault:
            case Fault.SLOW:
                await asyncio.sleep(self._slow)
            case Fault.GARBAGE:
                return await self._socket.send_str("<html>502 Bad Gateway</html>")
        text = "" if self._fault is Fault.EMPTY else hypothesis.text
        item = f"item-{hypothesis.utterance}"
        if hypothesis.final:
            self._told = ""
            for _ in range(2 if self._fault is Fault.DUPLICATE else 1):
                await self._socket.send_json(_completed(item, text, hypothesis.language))
        elif text.startswith(self._told) and text != self._told:  # deltas only append
            delta, self._told = text[len(self._told) :], text
            await self._socket.send_json(
                {"type": f"{_TRANSCRIPTION}.delta", "item_id": item, "delta": delta}
            )
        match self._fault:
            case Fault.RESET:
                await asyncio.sleep(ARRIVES)
                reset(self._http)
            case Fault.HANG:
                await asyncio.Event().wait()


_TRANSCRIPTION = "conversation.item.input_audio_transcription"


def _completed(item: str, text: str, language: str | None) -> dict[str, Any]:
    return {
        "type": f"{_TRANSCRIPTION}.completed",
        "item_id": item,
        "transcript": text,
        "languages": [{"code": language}] if language else [],
    }


def _heard(pcm: bytes) -> bytes:
    """PCM at SENT_RATE as PCM at HEARD_RATE."""
    samples = np.frombuffer(pcm, "<i2")
    at = np.arange(len(samples) * HEARD_RATE // SENT_RATE) * (SENT_RATE / HEARD_RATE)
    return bytes(np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes())
