"""OpenAI's realtime models on loopback: speech to speech over a websocket.

What a client sends is appended to a buffer; a commit makes it an item of the conversation, and
`response.create` has the model answer the conversation as it stands. One response at a time; items
stay until they are deleted. Failures are events: `error`, or a response whose status is not
`completed`, and a wrong key is told on a connection that was accepted.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import numpy as np
from aiohttp import WSMsgType, web

from tests.vendors.brains import HEARD_RATE, SPOKEN_RATE, Hears, Renders, Speaks, hum
from tests.vendors.faults import Fault
from tests.vendors.server import Server, reset
from translator import languages
from translator.beside import beside

KEY = "sk-realtime-loopback-0123456789"
LEAST = SPOKEN_RATE // 10 * 2
"""Bytes that a commit needs: 100 ms."""
PIECE = SPOKEN_RATE // 10 * 2
"""Bytes of audio in an event."""

Event = dict[str, Any]


class Interprets(Protocol):
    """What the model makes of what it heard."""

    def interpret(
        self, pcm: bytes, instructions: str, number: int
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """Words and how they sound, piece by piece: 16-bit mono PCM at SPOKEN_RATE, as `pcm` is.
        `number` counts what was committed on all connections, from 1."""
        ...


class InterpretsAsScripted:
    """Says what a function makes of the number, word by word, with 50 ms of hum for a character."""

    def __init__(self, script: Callable[[int], str], *, pause: float = 0.0) -> None:
        """`pause` seconds go by before each word."""
        self._script = script
        self._pause = pause

    async def interpret(
        self, pcm: bytes, instructions: str, number: int
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """See Interprets."""
        for at, word in enumerate(self._script(number).split()):
            await asyncio.sleep(self._pause)
            piece = word if at == 0 else f" {word}"
            yield piece, hum(0.05 * len(piece))


class InterpretsInSteps:
    """Hears, renders and speaks, as the embedded engines do."""

    def __init__(self, hears: Hears, renders: Renders, speaks: Speaks) -> None:
        self._hears = hears
        self._renders = renders
        self._speaks = speaks

    async def interpret(
        self, pcm: bytes, instructions: str, number: int
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """See Interprets."""
        source, target = _languages(instructions)
        heard = ""
        async with aclosing(self._hears.hear(_at_heard_rate(pcm), [source])) as hypotheses:
            async for hypothesis in hypotheses:
                heard = hypothesis.text
        messages = [
            {"role": "system", "content": instructions},
            {"role": "user", "content": heard},
        ]
        async with aclosing(self._renders.render(messages)) as pieces:
            text = "".join([piece async for piece in pieces])
        async with aclosing(self._speaks.speak(text, language=target, voice="")) as sounds:
            async for sound in sounds:
                yield text, sound
                text = ""


def _languages(instructions: str) -> tuple[str, str]:
    """From which and into which, by what an interpreter is told."""
    found = re.search(r"interpret from (.+?) into (.+?)[,.]", instructions)
    assert found is not None, "no interpreter is told so"
    source, target = (languages.named(name) for name in found.groups())
    return str(source), str(target)


async def _at_heard_rate(pcm: bytes) -> AsyncIterator[bytes]:
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    at = np.arange(0, len(samples), SPOKEN_RATE / HEARD_RATE)
    yield np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
    yield bytes(2 * HEARD_RATE)  # and a second of silence, so that it is over


@dataclass(kw_only=True)
class Request:
    """One `response.create`."""

    pcm: bytes
    """What was committed last, at SPOKEN_RATE."""
    instructions: str
    items: int
    """In the conversation."""
    status: str = "in_progress"


@dataclass(kw_only=True)
class Connection:
    """One websocket."""

    path: str
    session: Event = field(default_factory=dict)
    """As the client updated it."""
    open: bool = True


class Realtime(Server):
    """A realtime model, which interprets as `brain` does."""

    def __init__(self, brain: Interprets, *, key: str = KEY, port: int = 0) -> None:
        super().__init__(port=port)
        self.key = key
        self.brain = brain
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self._committed = 0
        self._sockets: set[web.WebSocketResponse] = set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [web.get("/v1/realtime", self._connected)]

    async def drop(self) -> None:
        """End all connections, as at a session's maximum age."""
        for socket in list(self._sockets):
            await socket.close(code=1001)

    def commit(self) -> int:
        """Number what was committed."""
        self._committed += 1
        return self._committed

    async def _connected(self, http: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        connection = Connection(path=http.path_qs)
        self.connections.append(connection)
        self._sockets.add(socket)
        talk = _Talk(self, connection, http, socket)
        try:
            await talk.run()
        except ConnectionError:
            pass  # the client has gone, or was made to
        finally:
            connection.open = False
            self._sockets.discard(socket)
        return socket


class _Talk:
    """One connection's conversation."""

    def __init__(
        self,
        server: Realtime,
        connection: Connection,
        http: web.Request,
        socket: web.WebSocketResponse,
    ) -> None:
        self._server = server
        self._connection = connection
        self._http = http
        self._socket = socket
        self._ids = count(1)
        self._buffer = bytearray()
        self._items: dict[str, bytes] = {}
        self._number = 0
        self._asked: asyncio.Queue[tuple[Request, Event]] = asyncio.Queue()
        self._active: tuple[Request, asyncio.Event] | None = None
        self._frozen = False

    async def run(self) -> None:
        """Until the client is gone."""
        given = self._http.headers.get("Authorization", "").removeprefix("Bearer ")
        if given != self._server.key:
            await self._error("invalid_api_key", f"Incorrect API key provided: {given}.")
            await self._socket.close(code=3000, message=b"invalid_request_error.invalid_api_key")
            return
        await self._send("session.created", session={"type": "realtime", "id": "sess_1"})
        async with beside(self._answer()):
            async for message in self._socket:
                if message.type is WSMsgType.TEXT and not self._frozen:
                    await self._take(json.loads(message.data))

    async def _take(self, event: Event) -> None:
        match event["type"]:
            case "session.update":
                self._connection.session |= event["session"]
                await self._send("session.updated", session=self._connection.session)
            case "input_audio_buffer.append":
                self._buffer += base64.b64decode(event["audio"])
            case "input_audio_buffer.clear":
                self._buffer.clear()
                await self._send("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                await self._commit(event)
            case "conversation.item.delete":
                await self._delete(event)
            case "response.create":
                await self._create(event)
            case "response.cancel":
                await self._cancel(event)
            case unknown:
                await self._error("unknown_event", f"Invalid value: {unknown!r}", event)

    async def _commit(self, event: Event) -> None:
        if len(self._buffer) < LEAST:
            text = "Error committing input audio buffer: buffer too small."
            return await self._error("input_audio_buffer_commit_empty", text, event)
        before = next(reversed(self._items), None)
        item = self._id("item")
        self._items[item] = bytes(self._buffer)
        self._buffer.clear()
        self._number = self._server.commit()
        await self._send("input_audio_buffer.committed", item_id=item, previous_item_id=before)
        content = [{"type": "input_audio", "transcript": None}]
        added = {"id": item, "type": "message", "role": "user", "content": content}
        await self._send("conversation.item.added", item=added, previous_item_id=before)

    async def _delete(self, event: Event) -> None:
        if self._items.pop(event["item_id"], None) is None:
            return await self._error("item_delete_invalid_item_id", "no such item", event)
        await self._send("conversation.item.deleted", item_id=event["item_id"])

    async def _create(self, event: Event) -> None:
        if self._active is not None:
            text = "Conversation already has an active response"
            return await self._error("conversation_already_has_active_response", text, event)
        asked = event.get("response", {})
        pcm = next((one for one in reversed(self._items.values()) if one), b"")
        instructions = asked.get("instructions") or self._connection.session.get("instructions", "")
        request = Request(pcm=pcm, instructions=instructions, items=len(self._items))
        self._server.requests.append(request)
        self._active = request, asyncio.Event()
        self._asked.put_nowait((request, asked.get("metadata") or {}))

    async def _cancel(self, event: Event) -> None:
        if self._active is None:
            text = "Cancellation failed: no active response found"
            return await self._error("response_cancel_not_active", text, event)
        request, cancelled = self._active
        request.status = "cancelled"
        cancelled.set()

    async def _answer(self) -> None:
        """The responses, one after the other."""
        with suppress(ConnectionError):
            while True:
                request, metadata = await self._asked.get()
                assert self._active is not None
                cancelled = self._active[1]
                async with asyncio.TaskGroup() as group:
                    answering = group.create_task(self._respond(request, metadata))
                    waiting = group.create_task(cancelled.wait())
                    await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
                    answering.cancel()
                    waiting.cancel()
                if answering.cancelled():
                    await self._done(request, "cancelled", {"type": "cancelled"})

    async def _respond(self, request: Request, metadata: Event) -> None:
        fault = self._server.faults.take()
        if fault is Fault.REFUSED:
            return reset(self._http)
        if fault is Fault.SLOW:
            await self._server.late()
        if fault is Fault.WRONG_KEY:
            request.status = "failed"
            return await self._error("invalid_api_key", f"Incorrect API key: {self._server.key}")
        self._response = self._id("resp")
        response = {"id": self._response, "status": "in_progress", "metadata": metadata}
        await self._send("response.created", response=response)
        refused = {Fault.QUOTA: "insufficient_quota", Fault.RATE_LIMITED: "rate_limit_exceeded"}
        if fault in refused:
            error = {"type": refused[fault], "code": refused[fault]}
            return await self._done(request, "failed", {"type": "failed", "error": error})
        if fault is not Fault.EMPTY:
            await self._speak(request, fault)
        await self._done(request, "completed", None)

    async def _speak(self, request: Request, fault: Fault | None) -> None:
        item = self._id("item")
        before = next(reversed(self._items), None)
        self._items[item] = b""
        message = {"id": item, "type": "message", "role": "assistant", "content": []}
        own = {"response_id": self._response, "output_index": 0}
        await self._send("response.output_item.added", item=message, **own)
        await self._send("conversation.item.added", item=message, previous_item_id=before)
        part = {"type": "audio", "transcript": ""}
        own |= {"item_id": item, "content_index": 0}
        await self._send("response.content_part.added", part=part, **own)
        sent: list[Event] = []
        said = self._server.brain.interpret(request.pcm, request.instructions, self._number)
        async with aclosing(said) as pieces:
            async for words, sound in pieces:
                if words:
                    name = "response.output_audio_transcript.delta"
                    sent.append(await self._send(name, delta=words, **own))
                for at in range(0, len(sound), PIECE):
                    delta = base64.b64encode(sound[at : at + PIECE]).decode()
                    sent.append(await self._send("response.output_audio.delta", delta=delta, **own))
                if await self._broken(fault):
                    return
        if fault is Fault.DUPLICATE:
            for event in sent:
                await self._socket.send_json(event)
        await self._send("response.output_item.done", item=message | {"status": "completed"}, **own)

    async def _broken(self, fault: Fault | None) -> bool:
        """Whether that was all, in the middle of an answer."""
        if fault is Fault.GARBAGE:
            await self._socket.send_str("<html>502</html>")
        self._frozen = fault is Fault.HANG
        await self._server.broken(self._http, fault)
        return fault in (Fault.GARBAGE, Fault.RESET)

    async def _done(self, request: Request, status: str, details: Event | None) -> None:
        request.status, self._active = status, None
        audio = len(request.pcm) // 4800
        usage = {
            "total_tokens": audio + 30,
            "input_tokens": audio + 10,
            "output_tokens": 20,
            "input_token_details": {"text_tokens": 10, "audio_tokens": audio, "cached_tokens": 0},
            "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
        }
        response: Event = {
            "id": self._response,
            "status": status,
            "status_details": details,
            "output": [],
            "usage": usage,
        }
        await self._send("response.done", response=response)

    async def _error(self, code: str, message: str, event: Event | None = None) -> None:
        error: Mapping[str, Any] = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": None,
            "event_id": (event or {}).get("event_id"),
        }
        await self._send("error", error=error)

    async def _send(self, type: str, **fields: Any) -> Event:
        event = {"type": type, "event_id": self._id("event"), **fields}
        await self._socket.send_json(event)
        return event

    def _id(self, kind: str) -> str:
        return f"{kind}_{next(self._ids)}"
