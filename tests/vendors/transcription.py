"""One transcription by OpenAI's realtime protocol, on the side of the server."""

import asyncio
import base64
import json
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from tests.vendors.brains import HEARD_RATE, Hears, Intake
from tests.vendors.faults import Fault
from tests.vendors.server import Server
from tests.vendors.telling import Telling
from translator.types import Hypothesis

SENT_RATE = 24_000
"""Hz, of the audio that is to be transcribed."""


class Session(Telling):
    """What the client of one transcription is told."""

    def __init__(
        self,
        http: web.Request,
        socket: web.WebSocketResponse,
        body: dict[str, Any],
        fault: Fault | None,
        *,
        server: Server,
    ) -> None:
        """`body` is filled with what the client says of its session."""
        super().__init__(http, socket, fault, server=server)
        self._body = body
        self._updated = asyncio.Event()
        self._intake = Intake()
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
        await self.run(hears, self._intake.audio(), languages)

    async def say(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        text, item = hypothesis.text, f"item-{hypothesis.utterance}"
        if hypothesis.final:
            self._told = ""
            await self._socket.send_json(_completed(item, text, hypothesis.language))
        elif text.startswith(self._told) and text != self._told:  # deltas only append
            delta, self._told = text[len(self._told) :], text
            await self._socket.send_json(
                {"type": f"{_TRANSCRIPTION}.delta", "item_id": item, "delta": delta}
            )


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
