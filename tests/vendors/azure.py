"""Azure AI Speech on loopback: speech to text by its websocket, text to speech by REST.

The websocket speaks the protocol of Microsoft's native SDK (USP): messages with headers, of which
`Path` says what they are. After `speech.config` and `speech.context` the first `audio` message of
a request begins a turn, and one without a body says that no more comes. The turn ends at the
offset up to which was heard; while audio is left, the SDK begins another.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from aiohttp import WSMsgType, web

from tests.vendors.brains import Hears, HearsAsScripted, Hums, Intake, Speaks
from tests.vendors.faults import Fault
from tests.vendors.server import Server, reset
from tests.vendors.telling import Telling
from translator.beside import beside
from translator.languages import same
from translator.types import Hypothesis

KEY = "azure-loopback"
FORMAT = "raw-24khz-16bit-mono-pcm"
SPEECH = "{http://www.w3.org/2001/10/synthesis}"
NAMED = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?-[A-Z]{2}-\w+Neural")
"""The names of voices."""
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(kw_only=True)
class Session:
    """What a client sent on one socket."""

    path: str
    query: Mapping[str, str]
    context: Mapping[str, Any] = field(default_factory=dict)
    """What `speech.context` said."""
    intake: Intake = field(default_factory=Intake)
    open: bool = True

    @property
    def seconds(self) -> float:
        """How much audio came."""
        return self.intake.seconds

    @property
    def terms(self) -> Sequence[str]:
        """The list of phrases."""
        groups = self.context.get("dgi", {}).get("Groups", [])
        return [item["Text"] for group in groups for item in group["Items"]]

    @property
    def languages(self) -> Sequence[str]:
        """Those that may be told apart, or the only one."""
        several = self.context.get("languageId", {}).get("languages")
        one = self.context.get("phraseDetection", {}).get("language", self.query.get("language"))
        return several or ([one] if one else [])


@dataclass(frozen=True, kw_only=True)
class Said:
    """One request to speak."""

    text: str
    """What the voice says, as an XML parser reads it."""
    voice: str
    language: str
    tags: Sequence[str]
    """Elements inside of the voice."""


class Azure(Server):
    """Hears what `hears` hears, and speaks as `speaks` does."""

    def __init__(
        self,
        hears: Hears | None = None,
        speaks: Speaks | None = None,
        *,
        key: str = KEY,
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.key = key
        self.sessions: list[Session] = []
        self.said: list[Said] = []
        self._hears = hears or HearsAsScripted()
        self._speaks = speaks or Hums()

    @property
    def hearing_url(self) -> str:
        """What the plugin's STT takes as `speech_endpoint`; its SDK adds the path."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def speaking_url(self) -> str:
        """What the plugin's TTS takes as `speech_endpoint`."""
        return f"http://127.0.0.1:{self.port}/cognitiveservices/v1"

    @property
    def open(self) -> int:
        """Sessions that are open now."""
        return sum(session.open for session in self.sessions)

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [
            web.get("/stt/speech/universal/v2", self._recognize),
            web.get("/speech/recognition/{mode}/cognitiveservices/v1", self._recognize),
            web.post("/cognitiveservices/v1", self._synthesize),
        ]

    def _refused(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        if fault is Fault.REFUSED:
            reset(request)
            return web.Response()
        given = request.headers.get("Ocp-Apim-Subscription-Key")
        if fault is Fault.WRONG_KEY or given != self.key:
            return web.Response(status=401, text="Access denied due to invalid subscription key")
        if fault is Fault.RATE_LIMITED:
            return web.Response(status=429, text="Too many requests")
        return None

    # Hearing.

    async def _recognize(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(request, fault)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse(protocols=("USP",))
        await socket.prepare(request)
        session = Session(path=request.path, query=dict(request.query))
        self.sessions.append(session)
        turn = _Turn(request, socket, session, fault, server=self)
        try:
            async with beside(turn.answer(self._hears)):
                await self._receive(socket, session, turn)
        except ConnectionError:
            pass  # the client has gone, or was made to
        finally:
            session.open = False
        return socket

    async def _receive(
        self, socket: web.WebSocketResponse, session: Session, turn: "_Turn"
    ) -> None:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                head, _, body = message.data.partition("\r\n\r\n")
                if _headers(head)["Path"] == "speech.context":
                    session.context = json.loads(body)
                continue
            size = int.from_bytes(message.data[:2], "big")
            headers = _headers(message.data[2 : 2 + size].decode("ascii"))
            pcm = message.data[2 + size :]
            await turn.begin(headers["X-RequestId"])
            if not pcm:
                await turn.end()
            elif not pcm.startswith(b"RIFF"):
                session.intake.push(pcm)

    # Speaking.

    async def _synthesize(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(request, fault)
        if refused is not None:
            return refused
        if fault is Fault.QUOTA:
            return web.Response(status=403, text="Out of call volume quota")
        said = _read(await request.text())
        if said is None or request.headers.get("X-Microsoft-OutputFormat") != FORMAT:
            return web.Response(status=400)
        self.said.append(said)
        if fault is Fault.SLOW:
            await self.late()
        response = web.StreamResponse(headers={"Content-Type": "audio/basic"})
        await response.prepare(request)
        if fault is Fault.GARBAGE:
            await response.write(b"<html><body>Sign in to this network</body></html>")
        elif fault is not Fault.EMPTY:
            for _ in range(2 if fault is Fault.DUPLICATE else 1):
                await self._say(request, response, said, fault)
        await response.write_eof()
        return response

    async def _say(
        self, request: web.Request, response: web.StreamResponse, said: Said, fault: Fault | None
    ) -> None:
        given = 0
        speaking = self._speaks.speak(said.text, language=said.language, voice=said.voice)
        async with aclosing(speaking) as pieces:
            async for pcm in pieces:
                await response.write(pcm)
                given += len(pcm)
                if given >= HALF and fault in (Fault.RESET, Fault.HANG):
                    return await self.broken(request, fault)


HALF = 24_000
"""Bytes of audio that come before the connection dies or hangs: half a second."""


def _headers(text: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in text.split("\r\n") if line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(ssml: str) -> Said | None:
    """What it says; None for what Azure does not accept."""
    try:
        root = ElementTree.fromstring(ssml)
    except ElementTree.ParseError:
        return None
    voice = root.find(f"{SPEECH}voice")
    if root.tag != f"{SPEECH}speak" or voice is None or not NAMED.fullmatch(voice.get("name", "")):
        return None
    return Said(
        text="".join(voice.itertext()),
        voice=voice.get("name", ""),
        language=root.get(LANG, ""),
        tags=[inner.tag.removeprefix(SPEECH) for inner in voice.iter() if inner is not voice],
    )


class _Turn(Telling):
    """What one socket is told, from one request of the client to the next."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session: Session,
        fault: Fault | None,
        *,
        server: Server,
    ) -> None:
        super().__init__(request, socket, fault, server=server)
        self._session = session
        self._id = ""
        self._speaking = False
        self._over = asyncio.Event()

    async def begin(self, request_id: str) -> None:
        """Begin a turn, if this is another than the one that runs."""
        if request_id == self._id:
            return
        self._id = request_id
        await self._send("turn.start", {"context": {"serviceTag": "loopback"}})
        if self._fault is Fault.QUOTA:
            await self._socket.close(code=1007, message=b"Quota exceeded.")

    async def answer(self, hears: Hears) -> None:
        """Tell what is heard, until the client says that no more comes."""
        await self.run(hears, self._session.intake.audio(), self._session.languages)
        self._over.set()

    async def end(self) -> None:
        """All of the audio has come: say the rest, and that this is the end of it."""
        self._session.intake.end()
        await self._over.wait()
        whole = _ticks(self._session.seconds)
        await self._send("speech.endDetected", {"Offset": whole})
        await self._phrase("EndOfDictation", {"Offset": whole, "Duration": 0})
        await self._send("turn.end", None)

    async def say(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        start, end = _ticks(hypothesis.start), _ticks(hypothesis.end)
        span: dict[str, Any] = {"Offset": start, "Duration": end - start}
        if not self._speaking:
            self._speaking = True
            await self._send("speech.startDetected", {"Offset": start})
        spoken = hypothesis.language
        known = [one for one in self._session.languages if spoken and same(one, spoken)]
        if known:
            span["PrimaryLanguage"] = {"Language": known[0], "Confidence": "High"}
        if not hypothesis.text:
            await self._phrase("NoMatch", span)
        elif hypothesis.final:
            await self._phrase("Success", {"DisplayText": hypothesis.text, **span})
        else:
            await self._send("speech.hypothesis", {"Text": hypothesis.text, **span})

    async def _phrase(self, status: str, body: Mapping[str, Any]) -> None:
        await self._send("speech.phrase", {"RecognitionStatus": status, **body})

    async def _send(self, path: str, body: Mapping[str, Any] | None) -> None:
        headers = [
            f"Path: {path}",
            f"X-RequestId: {self._id}",
            "Content-Type: application/json; charset=utf-8",
        ]
        text = "{}" if body is None else json.dumps(body)
        await self._socket.send_str("\r\n".join([*headers, "", text]))


def _ticks(seconds: float) -> int:
    """In 100 ns."""
    return round(seconds * 10_000_000)
