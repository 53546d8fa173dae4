"""LiveKit Inference on loopback: the gateway's chat completions, and its websockets for audio.

Both websockets begin with `session.create` and hold audio in base64. To hear, `session.finalize`
asks for the last words; transcripts are interim or final. To speak, texts come until
`session.flush`, and audio until `done`, after which the connection takes the next text. A client
shows a token that names its key and is signed with its secret.
"""

import base64
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web

from tests.vendors.brains import Hears, HearsAsScripted, Hums, Intake, Speaks
from tests.vendors.faults import Fault
from tests.vendors.openai import OpenAI, Script
from tests.vendors.telling import Telling
from translator.beside import beside
from translator.types import Hypothesis

KEY = "API-loopback"
SECRET = "a-secret-of-livekit-inference-on-loopback"


class Inference(OpenAI):
    """Renders as its script says, hears what `hears` hears, and says what `speaks` says."""

    def __init__(
        self, script: Script | str = "", *, hears: Hears | None = None, speaks: Speaks | None = None
    ) -> None:
        super().__init__(script, key=None)
        self.sessions: list[Mapping[str, Any]] = []
        """What each `session.create` asked for."""
        self.said: list[Mapping[str, Any]] = []
        """Every text to speak, with what it is to be spoken by."""
        self._ears = hears or HearsAsScripted()
        self._voice = speaks or Hums()

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [*super().routes(), web.get("/v1/stt", self._stt), web.get("/v1/tts", self._tts)]

    def _refused(self, http: web.Request, fault: Fault | None) -> web.Response | None:
        token = http.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer=KEY)
            granted = claims.get("inference", {}).get("perform") is True
        except jwt.InvalidTokenError:
            granted = False
        return super()._refused(http, fault if granted else Fault.WRONG_KEY)

    async def _stt(self, http: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        created = await socket.receive_json()
        self.sessions.append(created)
        await socket.send_json({"type": "session.created", "session_id": str(uuid4())})
        language = created["settings"].get("language")
        intake = Intake()
        hearing = _Hearing(http, socket, fault, server=self)
        with suppress(ConnectionError):  # the client has gone, or was made to
            async with beside(
                hearing.answer(self._ears, intake.audio(), [language] if language else [])
            ):
                async for message in socket:
                    event = json.loads(message.data)
                    match event["type"]:
                        case "input_audio":
                            intake.push(base64.b64decode(event["audio"]))
                        case "session.finalize":
                            intake.end()
                        case "session.close":
                            break
        return socket

    async def _tts(self, http: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        refused = self._refused(http, fault)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        created = await socket.receive_json()
        self.sessions.append(created)
        session = {"session_id": str(uuid4())}
        await socket.send_json({"type": "session.created", **session})
        with suppress(ConnectionError):  # the client has gone, or was made to
            async for message in socket:
                event = json.loads(message.data)
                match event["type"]:
                    case "input_transcript":
                        self.said.append(event)
                        for pcm in await self._spoken(event, fault):
                            audio = base64.b64encode(pcm).decode()
                            await socket.send_json(
                                {"type": "output_audio", "audio": audio, **session}
                            )
                        if fault is Fault.GARBAGE:
                            await socket.send_str("<html>502 Bad Gateway</html>")
                        await self.broken(http, fault)
                    case "session.flush":
                        await socket.send_json({"type": "done", **session})
                        fault = None  # the next text on it goes well
        return socket

    async def _spoken(self, event: Mapping[str, Any], fault: Fault | None) -> list[bytes]:
        """What is sent of the text of `event`."""
        if fault is Fault.SLOW:
            await self.late()
        config = event["generation_config"]
        said = self._voice.speak(
            event["transcript"], language=config.get("language"), voice=config.get("voice", "")
        )
        async with aclosing(said):
            pieces = [pcm async for pcm in said]
        if fault in (Fault.EMPTY, Fault.GARBAGE):
            return []
        if fault in (Fault.RESET, Fault.HANG):
            return pieces[: len(pieces) // 2]
        return pieces * 2 if fault is Fault.DUPLICATE else pieces


class _Hearing(Telling):
    """What is told on one socket to hear."""

    async def answer(
        self, hears: Hears, audio: AsyncGenerator[bytes, None], languages: Sequence[str]
    ) -> None:
        """All of it, and that it was all."""
        await self.run(hears, audio, languages)
        with suppress(ConnectionError):
            await self._socket.send_json({"type": "session.finalized"})

    async def say(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        await self._socket.send_json(_transcript(hypothesis))


def _transcript(hypothesis: Hypothesis) -> Mapping[str, Any]:
    return {
        "type": "final_transcript" if hypothesis.final else "interim_transcript",
        "transcript": hypothesis.text,
        "language": hypothesis.language,
        "start": hypothesis.start,
        "duration": hypothesis.end - hypothesis.start,
        "confidence": 0.9,
    }
