"""LiveKit Inference on loopback: the gateway's chat completions, and its websockets for audio.

Both websockets begin with `session.create` and hold audio in base64. To hear, `session.finalize`
asks for the last words; transcripts are interim or final. To speak, texts come until
`session.flush`, and audio until `done`, after which the connection takes the next text. A client
shows a token that names its key and is signed with its secret.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web

from tests.vendors.brains import Hears, HearsAsScripted, Hums, Intake, Speaks
from tests.vendors.faults import Fault
from tests.vendors.openai import OpenAI, Script
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
        refused = self._refused(http, self.faults.take())
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        created = await socket.receive_json()
        self.sessions.append(created)
        await socket.send_json({"type": "session.created", "session_id": str(uuid4())})
        language = created["settings"].get("language")
        intake = Intake()

        async def tell() -> None:
            hearing = self._ears.hear(intake.audio(), [language] if language else [])
            async with aclosing(hearing):
                async for hypothesis in hearing:
                    await socket.send_json(_transcript(hypothesis))
            await socket.send_json({"type": "session.finalized"})

        async with beside(tell()):
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
        refused = self._refused(http, self.faults.take())
        if refused is not None:
            return refused
        socket = web.WebSocketResponse()
        await socket.prepare(http)
        created = await socket.receive_json()
        self.sessions.append(created)
        session = {"session_id": str(uuid4())}
        await socket.send_json({"type": "session.created", **session})
        async for message in socket:
            event = json.loads(message.data)
            match event["type"]:
                case "input_transcript":
                    self.said.append(event)
                    said = self._voice.speak(
                        event["transcript"],
                        language=event["generation_config"].get("language"),
                        voice=event["generation_config"].get("voice", ""),
                    )
                    async with aclosing(said):
                        async for pcm in said:
                            audio = base64.b64encode(pcm).decode()
                            await socket.send_json(
                                {"type": "output_audio", "audio": audio, **session}
                            )
                case "session.flush":
                    await socket.send_json({"type": "done", **session})
        return socket


def _transcript(hypothesis: Hypothesis) -> Mapping[str, Any]:
    return {
        "type": "final_transcript" if hypothesis.final else "interim_transcript",
        "transcript": hypothesis.text,
        "language": hypothesis.language,
        "start": hypothesis.start,
        "duration": hypothesis.end - hypothesis.start,
        "confidence": 0.9,
    }
