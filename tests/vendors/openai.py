"""OpenAI's protocol on loopback: streamed chat completions, speech, transcription, models.

    async with OpenAI("Buenos días.") as server:
        LLM(model="gpt-test", base_url=server.base_url, api_key=server.key)
        ...
        server.requests[0].messages

What it answers is one Reply for all requests, or a function of each request; a transcription
follows from how much audio has come.
"""

import asyncio
import base64
import json
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

KEY = "sk-loopback-0123456789"
SPEECH_RATE = 24_000


class Fault(Enum):
    """What goes wrong after the first half of a reply."""

    HANG = "nothing comes any more"
    TRUNCATED = "the body ends, as if it were whole"
    RESET = "the connection is torn down"
    GARBAGE = "what comes is no JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered to one request."""

    text: str = ""
    """Streamed word by word."""
    status: int = 200
    message: str = "as scripted"
    """Of an answer with another status than 200."""
    first_byte: float = 0.0
    """Seconds before anything is sent."""
    pause: float = 0.0
    """Seconds before each piece."""
    finish: str = "stop"
    fault: Fault | None = None


@dataclass(kw_only=True)
class Request:
    """One request that came, and how it went."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    answered: bool = False
    """All of the reply was sent."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """The reply was sent, or whoever asked is gone."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Of a chat completion: `role` and `content` each."""
        return list(self.body["messages"])


Script = Reply | Callable[[Request], Reply]


class OpenAI:
    """The server, as long as it is entered."""

    def __init__(
        self,
        script: Script | str = "",
        *,
        transcript: Sequence[tuple[float, Mapping[str, Any]]] = (),
        key: str = KEY,
    ) -> None:
        """`transcript` has what is sent when so many seconds of audio have come."""
        self.key = key
        self._transcript = transcript
        self.requests: list[Request] = []
        self._script = Reply(text=script) if isinstance(script, str) else script
        self._stack = AsyncExitStack()
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> "OpenAI":
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/speech", self._speech)
        app.router.add_get("/v1/realtime", self._realtime)
        # A client that goes away cancels its request, and leaving waits for none.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        self._stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _models(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, {}) as request:
            request.answered = True
            return self._refused(http) or web.json_response(
                {"object": "list", "data": [{"id": "gpt-test", "object": "model"}]}
            )

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, await http.json()) as request:
            reply = self._reply(request)
            refused = await self._begin(http, reply)
            if refused is not None:
                return refused
            words = _words(reply.text)
            events = [_chunk(request, delta={"role": "assistant", "content": ""})]
            events += [_chunk(request, delta={"content": word}) for word in words]
            events += [_chunk(request, finish=reply.finish), _usage(request, len(words)), "[DONE]"]
            return await self._stream(http, request, reply, events)

    async def _speech(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, await http.json()) as request:
            reply = self._reply(request)
            refused = await self._begin(http, reply)
            if refused is not None:
                return refused
            body = request.body
            pcm = tone(0.05 * len(body["input"]) / body.get("speed", 1.0))
            events = [
                json.dumps(
                    {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}
                )
                for piece in _pieces(pcm, 4096)
            ]
            events.append(
                json.dumps(
                    {
                        "type": "speech.audio.done",
                        "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
                    }
                )
            )
            return await self._stream(http, request, reply, events)

    async def _realtime(self, http: web.Request) -> web.StreamResponse:
        refused = self._refused(http)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        body: dict[str, Any] = {}
        left, samples = list(self._transcript), 0
        async with self._taken(http, body):
            async for message in socket:
                event = json.loads(message.data) if message.type is WSMsgType.TEXT else {}
                match event.get("type"):
                    case "session.update":
                        body.update(event["session"])
                    case "input_audio_buffer.append":
                        samples += len(base64.b64decode(event["audio"])) // 2
                while left and samples >= left[0][0] * SPEECH_RATE:
                    await socket.send_json(left.pop(0)[1])
        return socket

    @asynccontextmanager
    async def _taken(
        self, http: web.Request, body: Mapping[str, Any]
    ) -> AsyncGenerator[Request, None]:
        request = Request(path=http.path, headers=dict(http.headers), body=body)
        self.requests.append(request)
        try:
            yield request
        finally:
            request.ended.set()

    def _reply(self, request: Request) -> Reply:
        return self._script if isinstance(self._script, Reply) else self._script(request)

    def _refused(self, http: web.Request) -> web.Response | None:
        given = http.headers.get("Authorization", "").removeprefix("Bearer ")
        if given == self.key:
            return None
        return _error(401, f"Incorrect API key provided: {given}.", "invalid_api_key")

    async def _begin(self, http: web.Request, reply: Reply) -> web.Response | None:
        """The answer where there is nothing to stream."""
        refused = self._refused(http)
        if refused is not None:
            return refused
        await asyncio.sleep(reply.first_byte)
        return None if reply.status == 200 else _error(reply.status, reply.message, "scripted")

    async def _stream(
        self, http: web.Request, request: Request, reply: Reply, events: Sequence[str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "X-Request-Id": f"req-{len(self.requests)}",
            }
        )
        await response.prepare(http)
        for event in events if reply.fault is None else events[: len(events) // 2]:
            await asyncio.sleep(reply.pause)
            await response.write(f"data: {event}\n\n".encode())
        match reply.fault:
            case Fault.HANG:
                await asyncio.Event().wait()
            case Fault.RESET if http.transport is not None:
                http.transport.abort()
                return response
            case Fault.GARBAGE:
                await response.write(b"data: <html>502</html>\n\n")
        await response.write_eof()
        request.answered = reply.fault is None
        return response


def partial(delta: str) -> dict[str, Any]:
    """More words of an utterance."""
    return {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": "item-1",
        "delta": delta,
    }


def completed(text: str, language: str | None = None) -> dict[str, Any]:
    """A whole utterance, with the language that was detected."""
    return {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": "item-1",
        "transcript": text,
        "languages": [{"code": language}] if language else [],
    }


def tone(seconds: float) -> bytes:
    """A hum at SPEECH_RATE, as 16-bit mono PCM."""
    at = np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE
    return (8000 * np.sin(2 * math.pi * 220 * at)).astype("<i2").tobytes()


def _words(text: str) -> list[str]:
    return [word if at == 0 else f" {word}" for at, word in enumerate(text.split(" ")) if word]


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _error(status: int, message: str, code: str) -> web.Response:
    body = {"error": {"message": message, "type": "scripted", "param": None, "code": code}}
    return web.json_response(body, status=status)


def _chunk(
    request: Request, *, delta: Mapping[str, str] | None = None, finish: str | None = None
) -> str:
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    return json.dumps({**_envelope(request), "choices": [choice]})


def _usage(request: Request, completion: int) -> str:
    prompt = sum(len(str(message["content"]).split()) for message in request.messages)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return json.dumps({**_envelope(request), "choices": [], "usage": usage})


def _envelope(request: Request) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": request.body["model"],
    }
