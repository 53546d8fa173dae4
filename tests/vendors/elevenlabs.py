"""ElevenLabs on loopback: speech by contexts on one websocket or by HTTP, and Scribe in real time.

A voice's websocket carries several contexts, each of them a text that is spoken: its text comes
in pieces, a flush has what came so far spoken, and a context that is closed is finished and
released. Failures are a message with `error` and `code`, which names no context, and a close with
1008, whatever the reason is. A socket on which nothing is sent for a while is closed so, too.
"""

import base64
import json
from collections.abc import Container, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.vendors.brains import SPOKEN_RATE, Hears, HearsAsScripted, Hums, Intake, Speaks
from tests.vendors.faults import Fault
from tests.vendors.server import Server, reset
from tests.vendors.telling import Telling
from translator.beside import beside
from translator.types import Hypothesis

KEY = "eleven-loopback-0123456789"
CHUNK = SPOKEN_RATE // 5 * 2
"""Bytes of audio in a message: 200 ms."""


@dataclass(kw_only=True)
class Request:
    """What a client asked for: one socket, or one request by HTTP."""

    path: str
    query: Mapping[str, str]
    terms: list[str]
    """Scribe's key terms."""
    said: dict[str, str] = field(default_factory=dict)
    """All text by context; by HTTP under the empty name."""
    intake: Intake = field(default_factory=Intake)
    """What Scribe was sent."""
    open: bool = True


class ElevenLabs(Server):
    """Hears what `hears` hears, and says what `speaks` says."""

    def __init__(
        self,
        *,
        hears: Hears | None = None,
        speaks: Speaks | None = None,
        voices: Container[str] | None = None,
        key: str = KEY,
        idle: float = 180.0,
        port: int = 0,
    ) -> None:
        """`voices` are all that there are, None: any; a voice's socket may be idle for `idle`
        seconds."""
        super().__init__(port=port)
        self.key = key
        self.requests: list[Request] = []
        self._hears = hears or HearsAsScripted()
        self._speaks = speaks or Hums()
        self.voices = voices
        self._idle = idle

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [
            web.get("/v1/text-to-speech/{voice}/multi-stream-input", self._contexts),
            web.post("/v1/text-to-speech/{voice}/stream", self._speech),
            web.get("/v1/speech-to-text/realtime", self._scribe),
        ]

    def _request(self, http: web.Request) -> Request:
        query = http.query
        request = Request(
            path=http.path, query=dict(query), terms=list(query.getall("keyterms", []))
        )
        self.requests.append(request)
        return request

    def _refused(self, http: web.Request, fault: Fault | None) -> web.Response | None:
        if fault is Fault.REFUSED:
            reset(http)
            return web.Response()
        if fault is Fault.WRONG_KEY or http.headers.get("xi-api-key") != self.key:
            return _detail(401, "invalid_api_key", "Invalid API key")
        if fault is Fault.RATE_LIMITED:
            return _detail(429, "too_many_concurrent_requests", "Too many concurrent requests")
        return None

    async def _contexts(self, http: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        request = self._request(http)
        speaking = _Speaking(http, socket, request, self._speaks, server=self)
        try:
            await self._serve(socket, request, speaking, fault)
        except _Closing as closing:
            await socket.send_json({"message": str(closing), "error": closing.reason, "code": 1008})
            await socket.close(code=1008, message=str(closing).encode())
        except ConnectionError:
            pass  # the client has gone, or was made to
        finally:
            request.open = False
        return socket

    async def _serve(
        self,
        socket: web.WebSocketResponse,
        request: Request,
        speaking: "_Speaking",
        fault: Fault | None,
    ) -> None:
        """What comes on a socket; `fault` is what its first context suffers."""
        while True:
            try:
                message = await socket.receive(timeout=self._idle)
            except TimeoutError:
                raise _Closing("input_timeout_exceeded", "No text within the timeout.") from None
            if message.type is not WSMsgType.TEXT:
                return
            event = json.loads(message.data)
            if self.voices is not None and _voice(request) not in self.voices:
                raise _Closing("voice_id_does_not_exist", "A voice with that id does not exist.")
            if event.get("close_socket"):
                await socket.close()
                return
            context, text = event["context_id"], event.get("text", "")
            if context not in request.said:
                first = not request.said
                speaking.begin(context, fault if first else self.faults.take())
                request.said[context] = ""
            request.said[context] += text
            await speaking.push(context, text)
            if event.get("flush"):
                await speaking.flush(context)
            if event.get("close_context"):
                await speaking.finish(context)

    async def _speech(self, http: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        if fault is Fault.QUOTA:
            return _detail(401, "quota_exceeded", "This request exceeds your quota.")
        if fault is Fault.GARBAGE:
            return web.Response(text="<html>502 Bad Gateway</html>", content_type="text/html")
        request = self._request(http)
        text = request.said[""] = (await http.json())["text"]
        if fault is Fault.SLOW:
            await self.late()
        chunks = await _spoken(self._speaks, request, text, fault)
        response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await response.prepare(http)
        breaks = fault in (Fault.RESET, Fault.HANG)
        for chunk in chunks[: len(chunks) // 2] if breaks else chunks:
            await response.write(chunk)
        if breaks:
            await self.broken(http, fault)
        await response.write_eof()
        return response

    async def _scribe(self, http: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        request = self._request(http)
        if fault is Fault.QUOTA:
            error = {"message_type": "quota_exceeded", "error": "You have exceeded your quota."}
            await socket.send_json(error)
            return socket
        await socket.send_json({"message_type": "session_started", "session_id": str(uuid4())})
        scribe = _Scribe(http, socket, request, fault, server=self)
        query = request.query
        languages = [query["language_code"]] if "language_code" in query else []
        async with beside(scribe.run(self._hears, request.intake.audio(), languages)):
            async for message in socket:
                event = json.loads(message.data)
                if pcm := base64.b64decode(event["audio_base_64"]):
                    request.intake.push(pcm)
        request.open = False
        return socket


class _Closing(Exception):
    """The socket is closed by us, and why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def _detail(status: int, reason: str, text: str) -> web.Response:
    return web.json_response({"detail": {"status": reason, "message": text}}, status=status)


def _voice(request: Request) -> str:
    return request.path.split("/")[3]


async def _spoken(speaks: Speaks, request: Request, text: str, fault: Fault | None) -> list[bytes]:
    """`text` as chunks of audio."""
    if fault is Fault.EMPTY or not text.strip():
        return []
    language = request.query.get("language_code")
    speech = speaks.speak(text.strip(), language=language, voice=_voice(request))
    async with aclosing(speech):
        pcm = b"".join([piece async for piece in speech])
    chunks = [pcm[at : at + CHUNK] for at in range(0, len(pcm), CHUNK)]
    if fault is Fault.DUPLICATE:
        return [chunk for chunk in chunks for _ in range(2)]
    return chunks


class _Speaking:
    """The contexts of one socket."""

    def __init__(
        self,
        http: web.Request,
        socket: web.WebSocketResponse,
        request: Request,
        speaks: Speaks,
        *,
        server: Server,
    ) -> None:
        self._http = http
        self._socket = socket
        self._request = request
        self._speaks = speaks
        self._server = server
        self._waiting: dict[str, str] = {}
        """Text that is not spoken yet."""
        self._faults: dict[str, Fault | None] = {}

    def begin(self, context: str, fault: Fault | None) -> None:
        self._waiting[context] = ""
        self._faults[context] = fault

    async def push(self, context: str, text: str) -> None:
        self._waiting[context] += text
        fault = self._faults[context]
        if not self._waiting[context].strip():
            return
        if fault is Fault.QUOTA:
            raise _Closing("quota_exceeded", "This request exceeds your quota.")
        if fault in (Fault.WRONG_KEY, Fault.RATE_LIMITED):  # of a later context
            raise _Closing("policy", f"The socket is closed: {fault.value}.")
        if fault is Fault.REFUSED:
            reset(self._http)

    async def flush(self, context: str) -> None:
        text, self._waiting[context] = self._waiting[context], ""
        fault = self._faults[context]
        if fault is Fault.SLOW and text.strip():
            await self._server.late()
        if fault is Fault.GARBAGE and text.strip():
            await self._socket.send_str("<html>502 Bad Gateway</html>")
        chunks = await _spoken(self._speaks, self._request, text, fault)
        breaks = chunks and fault in (Fault.RESET, Fault.HANG)
        at, share = 0, len(text.strip()) / max(len(chunks), 1)
        for number, chunk in enumerate(chunks[: len(chunks) // 2] if breaks else chunks, 1):
            upto = round(number * share)
            await self._send(context, chunk, text.strip()[at:upto])
            at = upto
        if breaks:
            await self._server.broken(self._http, fault)

    async def finish(self, context: str) -> None:
        """Speak what waits, and release the context."""
        await self.flush(context)
        await self._socket.send_json({"isFinal": True, "contextId": context})

    async def _send(self, context: str, pcm: bytes, text: str) -> None:
        length = 1000 * len(pcm) / 2 / SPOKEN_RATE / max(len(text), 1)
        alignment = {
            "chars": list(text),
            "charStartTimesMs": [round(at * length) for at in range(len(text))],
            "charDurationsMs": [round(length)] * len(text),
        }
        await self._socket.send_json(
            {
                "audio": base64.b64encode(pcm).decode(),
                "alignment": alignment,
                "normalizedAlignment": alignment,
                "isFinal": None,
                "contextId": context,
            }
        )


class _Scribe(Telling):
    """What the client of one transcription is told."""

    def __init__(
        self,
        http: web.Request,
        socket: web.WebSocketResponse,
        request: Request,
        fault: Fault | None,
        *,
        server: Server,
    ) -> None:
        super().__init__(http, socket, fault, server=server)
        self._asked = request

    async def say(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        if hypothesis.final:
            return await self._commit(hypothesis)
        told = {"message_type": "partial_transcript", "text": hypothesis.text}
        await self._socket.send_json(told)

    async def _commit(self, hypothesis: Hypothesis) -> None:
        """Every commit is told twice: the second one has more in it, where more was asked for."""
        text = hypothesis.text
        await self._socket.send_json({"message_type": "committed_transcript", "text": text})
        told: dict[str, Any] = {
            "message_type": "committed_transcript_with_timestamps",
            "text": text,
            "words": [
                {"text": text, "start": hypothesis.start, "end": hypothesis.end, "type": "word"}
            ],
        }
        if self._asked.query.get("include_language_detection") == "true":
            told["language_code"] = hypothesis.language
        await self._socket.send_json(told)
