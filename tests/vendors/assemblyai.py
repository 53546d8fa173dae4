"""AssemblyAI's streaming API (version 3) on loopback.

As the vendor's documentation has it: a session begins with `Begin`, hears binary audio in pieces
of 50 to 1000 ms that come no faster than real time, answers with `Turn`s of which each holds all
of its turn so far, and ends with `Termination`. A failure is an `Error` message and a close with
the same code, and so is a wrong key: 1008 after the upgrade, not 401 at the handshake. Too many
sessions are told by 1008, too, or by 3009; only the reason says which it is.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

import numpy as np
from aiohttp import WSMsgType, web

from tests.vendors.brains import HEARD_RATE, Hears, HearsAsScripted, Intake
from tests.vendors.faults import Fault
from tests.vendors.server import Server, reset
from tests.vendors.telling import Telling
from translator.beside import beside
from translator.types import Hypothesis, Word

KEY = "aai-loopback"
MAX_AGE = 3 * 3600.0
"""Seconds that a session may last."""
AHEAD, PACE = 2.0, 1.25
"""Seconds by which audio may be ahead of so many times real time. That it may not come faster than
it is spoken is documented, and not by how much. What comes while LiveKit's plugin connects it sends
at once, so that much must be taken; the figures are our guess."""
WORD_BY_WORD = ("universal-streaming-english", "universal-streaming-multilingual")
"""Models that tell each word. The others tell what was said until then a while after the beginning
of a turn, from then on at a steady cadence, and at pauses."""
BEGINNING, CADENCE = 0.75, 3.0
"""Seconds of both."""
QUIET = 200
"""The loudest sample of silence."""


@dataclass(kw_only=True)
class Session:
    """What a client sent on one socket."""

    query: Mapping[str, str]
    terms: Sequence[str]
    """As they were given last."""
    languages: Sequence[str]
    """Those that the client steers to; empty for any."""
    messages: list[Mapping[str, Any]] = field(default_factory=list)
    """Everything but audio."""
    intake: Intake = field(default_factory=Intake)
    open: bool = True
    code: int | None = None
    """What we closed it with."""

    @property
    def seconds(self) -> float:
        """How much audio came."""
        return self.intake.seconds


class AssemblyAI(Server):
    """Hears what `hears` hears."""

    def __init__(
        self,
        hears: Hears | None = None,
        *,
        key: str = KEY,
        ahead: float = AHEAD,
        max_age: float = MAX_AGE,
        most: int = 100,
        refusal: Literal[1008, 3009] = 1008,
        cuts: bool = False,
        port: int = 0,
    ) -> None:
        """At most `most` sessions are open at a time; the next is closed with `refusal`.

        A turn ends with an utterance of `hears`; where it `cuts`, also in the silence that the
        client asks for: `min_turn_silence` behind a sentence, `max_turn_silence` anywhere.
        """
        super().__init__(port=port)
        self.key = key
        self.sessions: list[Session] = []
        self._hears = hears or HearsAsScripted()
        self._ahead = ahead
        self._max_age = max_age
        self._most = most
        self._refusal = refusal
        self._cuts = cuts

    @property
    def base_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Sessions that are open now."""
        return sum(session.open for session in self.sessions)

    def routes(self) -> list[web.RouteDef]:
        """See Server."""
        return [web.get("/v3/ws", self._stream)]

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take()
        if fault is Fault.REFUSED:
            reset(request)
            return web.Response()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        query = request.query
        session = Session(
            query=dict(query),
            terms=json.loads(query.get("keyterms_prompt", "[]")),
            languages=json.loads(query.get("language_codes", "[]")),
        )
        self.sessions.append(session)
        try:
            self._admit(request, fault)
            await self._serve(request, socket, session, fault)
        except _Closing as closing:
            session.code = closing.code
            await socket.send_json(
                {"type": "Error", "error_code": closing.code, "error": closing.reason}
            )
            await socket.close(code=closing.code, message=closing.reason.encode()[:123])
        except ConnectionError:
            pass  # the client has gone, or was made to
        finally:
            session.open = False
        return socket

    def _admit(self, request: web.Request, fault: Fault | None) -> None:
        given = request.headers.get("Authorization") or request.query.get("token")
        if fault is Fault.WRONG_KEY or given != self.key:
            raise _Closing(1008, "Unauthorized Connection: Invalid API key")
        if fault is Fault.RATE_LIMITED or self.open > self._most:
            raise _Closing(self._refusal, "Unauthorized Connection: Too many concurrent sessions")
        if fault is Fault.QUOTA:
            raise _Closing(1008, "Unauthorized Connection: Insufficient account balance")

    async def _serve(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session: Session,
        fault: Fault | None,
    ) -> None:
        begin = {
            "type": "Begin",
            "id": str(uuid4()),
            "expires_at": round(datetime.now(UTC).timestamp() + self._max_age),
        }
        await socket.send_json(begin)
        turns = _Turns(request, socket, session, fault, server=self, cuts=self._cuts)
        began = time.monotonic()
        async with beside(turns.answer(self._hears)):
            try:
                async with asyncio.timeout(self._max_age):
                    await self._receive(socket, session, turns)
            except TimeoutError:
                reason = "Session Expired: Maximum session duration exceeded"
                raise _Closing(3008, reason) from None
            session.intake.end()
            await turns.over.wait()
        end = {
            "type": "Termination",
            "audio_duration_seconds": round(session.seconds),
            "session_duration_seconds": round(time.monotonic() - began),
        }
        await socket.send_json(end)
        await socket.close()

    async def _receive(
        self, socket: web.WebSocketResponse, session: Session, turns: "_Turns"
    ) -> None:
        """All that comes, until the client has said all or is gone."""
        first: float | None = None
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                length = len(message.data) / 2 / HEARD_RATE
                if not 0.05 <= length <= 1.0:
                    what = f"Input Duration Violation: {1000 * length} ms"
                    raise _Closing(3007, f"{what}. Expected between 50 and 1000 ms")
                session.intake.push(message.data)
                now = time.monotonic()
                first = now if first is None else first
                if session.seconds - PACE * (now - first) > self._ahead:
                    what = f"Received {session.seconds:.1f} sec. audio in {now - first:.1f} sec"
                    raise _Closing(3007, f"Audio Transmission Rate Exceeded: {what}")
                continue
            event = json.loads(message.data)
            session.messages.append(event)
            match event["type"]:
                case "Terminate":
                    return
                case "UpdateConfiguration":
                    session.terms = event.get("keyterms_prompt", session.terms)
                case "ForceEndpoint":
                    await turns.force()


class _Closing(Exception):
    """The session is closed by us."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class _Turns(Telling):
    """What one session is told."""

    arrives = 0.0  # its last words may be lost with the connection

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session: Session,
        fault: Fault | None,
        *,
        server: Server,
        cuts: bool,
    ) -> None:
        super().__init__(request, socket, fault, server=server)
        self.over = asyncio.Event()
        """All was said."""
        self._session = session
        self._order = 0
        self._last: Hypothesis | None = None
        self._heard = 0.0
        """Seconds of audio."""
        self._waiting: Hypothesis | None = None
        """What is told when it is due."""
        self._due: float | None = None
        """When that is, in seconds of audio; None before a turn has begun."""
        self._cuts = cuts
        self._turn: Hypothesis | None = None
        """All that was heard of it."""
        self._cut = 0
        """Words of the utterance that were in the turns before."""
        self._spoke: float | None = None
        """Seconds of audio when somebody was heard last in the turn."""

    async def answer(self, hears: Hears) -> None:
        """Tell all that is heard in the session."""
        await self.run(hears, self._audio(), self._session.languages)
        self.over.set()

    async def _audio(self) -> AsyncGenerator[bytes, None]:
        """What `hears` is given; time passes by it."""
        async for piece in self._session.intake.audio():
            self._heard += len(piece) / 2 / HEARD_RATE
            if np.abs(np.frombuffer(piece, np.int16)).max(initial=0) > QUIET:
                self._spoke = self._heard
            try:
                await self._tell_what_is_due()
                await self._end_the_turn()
            except ConnectionError:
                return
            yield piece

    async def take(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        hypothesis = _rest(hypothesis, self._cut)
        self._turn = None if hypothesis.final else hypothesis
        if hypothesis.final:
            self._cut, self._spoke = 0, None
        if hypothesis.final or self._session.query.get("speech_model") in WORD_BY_WORD:
            self._waiting = self._due = None
            return await super().take(hypothesis)
        if self._due is None:
            self._due = hypothesis.start + BEGINNING
        self._waiting = hypothesis
        await self._tell_what_is_due()

    async def _tell_what_is_due(self) -> None:
        waiting = self._waiting
        if waiting is None or self._due is None:
            return
        if self._heard < self._due and not self._is_silent("min_turn_silence"):
            return
        self._waiting = None
        while self._due <= self._heard:
            self._due += CADENCE
        await super().take(waiting)

    async def _end_the_turn(self) -> None:
        """Where there is silence enough."""
        turn = self._turn
        if not self._cuts or turn is None or not turn.text:
            return
        is_whole = turn.text.endswith((".", "?", "!"))
        if self._is_silent("min_turn_silence" if is_whole else "max_turn_silence"):
            self._cut += len(_timed(turn))
            self._turn = self._waiting = self._due = self._spoke = None
            await super().take(replace(turn, final=True))

    def _is_silent(self, least: str) -> bool:
        """Whether it is for as long as the client asks for, in milliseconds."""
        asked = self._session.query.get(least)
        if asked is None or self._spoke is None:
            return False
        return self._heard - self._spoke >= int(asked) / 1000

    async def force(self) -> None:
        """End the turn that is open."""
        if self._last is not None:
            await self._send(self._last, end=True)

    async def say(self, hypothesis: Hypothesis) -> None:
        """See Telling."""
        await self._send(hypothesis, end=hypothesis.final)

    async def _send(self, hypothesis: Hypothesis, *, end: bool) -> None:
        text, words = hypothesis.text, _words(hypothesis, final=end)
        turn = {
            "type": "Turn",
            "turn_order": self._order,
            "turn_is_formatted": end,
            "end_of_turn": end,
            "end_of_turn_confidence": 1.0 if end else 0.1,
            "transcript": text,
            "utterance": text if end else "",
            "words": words,
        }
        if hypothesis.language is not None and end:  # not known before
            turn |= {"language_code": hypothesis.language, "language_confidence": 0.97}
        self._order += end
        self._last = None if end else hypothesis
        await self._socket.send_json(turn)


def _timed(hypothesis: Hypothesis) -> Sequence[Word]:
    """Its words: timed as it has it, or evenly."""
    if hypothesis.words:
        return hypothesis.words
    texts = hypothesis.text.split()
    length = (hypothesis.end - hypothesis.start) / max(len(texts), 1)
    starts = [hypothesis.start + length * at for at in range(len(texts))]
    return [
        Word(text=text, start=start, end=start + length)
        for text, start in zip(texts, starts, strict=True)
    ]


def _rest(hypothesis: Hypothesis, count: int) -> Hypothesis:
    """It without its first `count` words."""
    if not count:
        return hypothesis
    words = tuple(_timed(hypothesis)[count:])
    text = " ".join(word.text for word in words)
    start = words[0].start if words else hypothesis.end
    return replace(hypothesis, text=text, words=words, start=start, stable=0)


def _words(hypothesis: Hypothesis, *, final: bool) -> list[Mapping[str, Any]]:
    """The words of a turn."""
    words: list[Mapping[str, Any]] = []
    covered = 0
    for word in _timed(hypothesis):
        covered += len(word.text)
        words.append(
            {
                "text": word.text,
                "start": round(1000 * word.start),
                "end": round(1000 * word.end),
                "confidence": 0.9,
                "word_is_final": final or covered <= hypothesis.stable,
            }
        )
        covered += 1  # the space
    return words
