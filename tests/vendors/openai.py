"""OpenAI's protocol on loopback: streamed chat completions, speech, transcription, models.

    async with OpenAI("Buenos días.") as server:
        LLM(model="gpt-test", base_url=server.base_url, api_key=server.key)
        ...
        server.requests[0].messages

What it answers is one Reply for all requests, a function of each request, or what a brain makes of
it. Servers of other makers speak the same protocol: `azure_url` has Azure OpenAI's path, whose key
may come in a header of its own, and with `key` None nobody is asked for one, as by a model that
runs on the machine itself.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web

from tests.vendors.brains import Hears, HearsAsScripted, Hums, Renders, Speaks
from tests.vendors.faults import Fault
from tests.vendors.server import Server, reset
from tests.vendors.transcription import Session
from translator.beside import beside

KEY = "sk-loopback-0123456789"
WRONG_KEY = "sk-wrong-9876543210"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered to one request."""

    text: str = ""
    """Streamed word by word."""
    calls: tuple[tuple[str, str], ...] = ()
    """Tools that are called after it: names, and arguments as JSON."""
    status: int = 200
    message: str = "as scripted"
    """Of an answer with another status than 200."""
    first_byte: float = 0.0
    """Seconds before anything is sent."""
    pause: float = 0.0
    """Seconds before each piece."""
    finish: str | None = "stop"
    """None: the body ends after half of the pieces, as if it were whole."""
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


class OpenAI(Server):
    """The server, as long as it is entered."""

    def __init__(
        self,
        script: Script | str = "",
        *,
        renders: Renders | None = None,
        hears: Hears | None = None,
        speaks: Speaks | None = None,
        key: str | None = KEY,
        port: int = 0,
    ) -> None:
        """`renders` gives the text of chats in place of the script's; `hears` is what a
        transcription follows from; `key` None: nobody is asked for one."""
        super().__init__(port=port)
        self.requests: list[Request] = []
        self._script = Reply(text=script) if isinstance(script, str) else script
        self._renders = renders
        self._hears = hears or HearsAsScripted()
        self._speaks = speaks or Hums()
        self._key = key

    @property
    def key(self) -> str:
        return self._key or KEY

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def azure_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/openai/v1/"

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [
            route
            for path in ("/v1", "/openai/v1")
            for route in (
                web.get(f"{path}/models", self._models),
                web.post(f"{path}/chat/completions", self._chat),
                web.post(f"{path}/audio/speech", self._speech),
                web.get(f"{path}/realtime", self._realtime),
            )
        ]

    async def _models(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, {}) as request:
            request.answered = True
            return self._refused(http, None) or web.json_response(
                {"object": "list", "data": [{"id": "gpt-test", "object": "model"}]}
            )

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, await http.json()) as request:
            reply, fault = self._reply(request)
            refused = await self._begin(http, reply, fault)
            if refused is not None:
                return refused
            words = [] if fault is Fault.EMPTY else await self._words(request, reply)
            answer = [_chunk(request, delta={"role": "assistant", "content": ""})]
            answer += [_chunk(request, delta={"content": word}) for word in words]
            answer += [_chunk(request, delta=delta) for delta in _tool_calls(reply)]
            answer.append(_chunk(request, finish="tool_calls" if reply.calls else reply.finish))
            if fault is Fault.DUPLICATE:
                answer *= 2
            events = [*answer, _usage(request, len(words)), "[DONE]"]
            pieces = [f"data: {event}\n\n".encode() for event in events]
            return await self._stream(http, request, reply, fault, pieces)

    async def _words(self, request: Request, reply: Reply) -> list[str]:
        if self._renders is not None:
            async with aclosing(self._renders.render(request.messages)) as pieces:
                return [piece async for piece in pieces]
        words = [word for word in reply.text.split(" ") if word]
        return [word if at == 0 else f" {word}" for at, word in enumerate(words)]

    async def _speech(self, http: web.Request) -> web.StreamResponse:
        async with self._taken(http, await http.json()) as request:
            reply, fault = self._reply(request)
            refused = await self._begin(http, reply, fault)
            if refused is not None:
                return refused
            if fault is Fault.GARBAGE:
                page = "<html><head><title>502 Bad Gateway</title></head></html>" * 100
                return web.Response(text=page, content_type="text/html")
            body = request.body
            said = self._speaks.speak(body["input"], language=None, voice=body["voice"])
            async with aclosing(said):
                pcm = b"".join([piece async for piece in said])
            pieces = _pieces(_faster(pcm, body.get("speed", 1.0)), 4096)
            if fault is Fault.EMPTY:
                pieces = []
            if fault is Fault.DUPLICATE:
                pieces *= 2
            raw = body.get("stream_format") == "audio"
            if not raw:
                pieces = [*map(_delta, pieces), _DONE]
            kind = "audio/pcm" if raw else "text/event-stream"
            return await self._stream(http, request, reply, fault, pieces, kind)

    async def _realtime(self, http: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = {}
        async with self._taken(http, body):
            fault = self.faults.take()
            refused = self._refused(http, None if fault is Fault.QUOTA else fault)
            if refused is not None:
                return refused
            socket = web.WebSocketResponse()
            await socket.prepare(http)
            if fault is Fault.QUOTA:
                await socket.send_json({"type": "error", **_ERRORS[Fault.QUOTA][1]})
                return socket
            session = Session(http, socket, body, fault, server=self)
            async with beside(session.answer(self._hears)):
                await session.receive()
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

    def _reply(self, request: Request) -> tuple[Reply, Fault | None]:
        reply = self._script if isinstance(self._script, Reply) else self._script(request)
        return reply, self.faults.take() or reply.fault

    def _refused(self, http: web.Request, fault: Fault | None) -> web.Response | None:
        if fault is Fault.REFUSED:
            reset(http)
            return web.Response()
        bearer = http.headers.get("Authorization", "").removeprefix("Bearer ")
        given = http.headers.get("api-key", bearer)
        if self._key is not None and given != self._key:
            fault = Fault.WRONG_KEY
        if fault not in _ERRORS:
            return None
        status, error = _ERRORS[fault]
        if fault is Fault.WRONG_KEY:  # as the vendor does it
            error = _error("invalid_api_key", f"Incorrect API key provided: {given}.")
        headers = {"Retry-After": "1"} if fault is Fault.RATE_LIMITED else None
        return web.json_response(error, status=status, headers=headers)

    async def _begin(
        self, http: web.Request, reply: Reply, fault: Fault | None
    ) -> web.Response | None:
        """The answer where there is nothing to stream."""
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        if fault is Fault.SLOW:
            await self.late()
        await asyncio.sleep(reply.first_byte)
        if reply.status == 200:
            return None
        return web.json_response(_error("scripted", reply.message), status=reply.status)

    async def _stream(
        self,
        http: web.Request,
        request: Request,
        reply: Reply,
        fault: Fault | None,
        pieces: list[bytes],
        kind: str = "text/event-stream",
    ) -> web.StreamResponse:
        headers = {"Content-Type": kind, "X-Request-Id": f"req-{len(self.requests)}"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(http)
        breaks = fault in (Fault.HANG, Fault.RESET, Fault.GARBAGE) or reply.finish is None
        for piece in pieces[: len(pieces) // 2] if breaks else pieces:
            await asyncio.sleep(reply.pause)
            await response.write(piece)
        if fault in (Fault.HANG, Fault.RESET):
            await self.broken(http, fault)
            return response
        if fault is Fault.GARBAGE:
            await response.write(b"data: <html>502</html>\n\n")
        await response.write_eof()
        request.answered = not breaks
        return response


def _faster(pcm: bytes, speed: float) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    return bytes(samples[(np.arange(int(len(samples) / speed)) * speed).astype(int)])


def _pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _delta(pcm: bytes) -> bytes:
    event = {"type": "speech.audio.delta", "audio": base64.b64encode(pcm).decode()}
    return f"data: {json.dumps(event)}\n\n".encode()


_SPOKEN = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
_DONE = f"data: {json.dumps({'type': 'speech.audio.done', 'usage': _SPOKEN})}\n\n".encode()


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


_ERRORS: Mapping[Fault | None, tuple[int, dict[str, Any]]] = {
    Fault.WRONG_KEY: (401, _error("invalid_api_key", "Incorrect API key.")),
    Fault.RATE_LIMITED: (429, _error("rate_limit_exceeded", "Rate limit reached for requests.")),
    Fault.QUOTA: (429, _error("insufficient_quota", "You exceeded your current quota.")),
}


def _chunk(
    request: Request, *, delta: Mapping[str, Any] | None = None, finish: str | None = None
) -> str:
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    return json.dumps({**_envelope(request), "choices": [choice]})


def _tool_calls(reply: Reply) -> Iterator[Mapping[str, Any]]:
    """As the vendor streams them: a name first, and then the arguments in pieces."""
    for index, (name, arguments) in enumerate(reply.calls):
        first = {"id": f"call-{index}", "type": "function"}
        yield _tool_call(index, {"name": name, "arguments": ""}, first)
        for piece in (arguments[:5], arguments[5:]):
            yield _tool_call(index, {"arguments": piece}, {})


def _tool_call(
    index: int, function: Mapping[str, str], first: Mapping[str, str]
) -> Mapping[str, Any]:
    return {"tool_calls": [{"index": index, **first, "function": function}]}


def _usage(request: Request, completion: int) -> str:
    prompt = sum(len(str(message.get("content") or "").split()) for message in request.messages)
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
