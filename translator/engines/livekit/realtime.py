"""Speech to speech by a plugin's realtime model, in OpenAI's protocol.

Such a model converses: it takes turns, and answers. Here each turn is one segment, told in each
request what it is, and forgotten when it is interpreted, so that nothing of it is paid for twice
or answered later. The plugin hides how a response ended, and retries by itself: its raw events
are read, and a connection on which anything failed is not used again.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import llm

from translator.engines.kinds import kind_of, told
from translator.engines.livekit.failure import failure
from translator.engines.livekit.plugin import begun, made
from translator.errors import InterpretError
from translator.hear import SAMPLE_RATE
from translator.prompt import Inputs, SpeechPrompt
from translator.types import Brief
from translator.usage import Amounts, tell

if TYPE_CHECKING:  # the plugin itself is imported where an engine needs it
    from livekit.plugins.openai.realtime import RealtimeModel
    from livekit.plugins.openai.realtime.realtime_model import RealtimeSession

Samples = npt.NDArray[np.int16]

RATE = 24_000
"""Hz, of all that is sent and that comes."""
HEARD_TOKEN, SAID_TOKEN = 0.1, 0.05
"""Seconds of sound that a model counts as one token."""
FORGET = "forget-"
"""Begins the ids of events that delete what was said; nobody needs to know that they failed."""
CLOSING = 0.25
"""Seconds for a connection to end in good order."""


class LiveKitRealtime:
    """Interprets with a realtime model for one speaker and one channel, over one connection."""

    def __init__(
        self,
        name: str,
        make: Callable[[], "RealtimeModel"],
        prompt: SpeechPrompt,
        *,
        first: float = 3.0,
        patience: float = 5.0,
        deadline: float = 15.0,
        age: float = 900.0,
    ) -> None:
        """`name` is the engine's; `make` is called in a thread. At most `first` seconds until the
        first sound, `patience` between two, and `deadline` for all. A connection that is older
        than `age` is renewed between two segments: vendors end theirs after half an hour or an
        hour."""
        self._name = name
        self._make = make
        self._prompt = prompt
        self._first = first
        self._patience = patience
        self._deadline = deadline
        self._age = age
        self._connection: _Connection | None = None

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def interpret(
        self, sound: Samples, brief: Brief
    ) -> AsyncGenerator[str | rtc.AudioFrame, None]:
        """See translator.interpret.Realtime."""
        instructions = self._prompt.render(Inputs.of(brief))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        response = (await self._connected()).ask(sound, instructions)
        heard = False
        try:
            while True:
                patient = loop.time() + self._patience if heard else begun + self._first
                try:
                    async with asyncio.timeout_at(min(patient, begun + self._deadline)):
                        piece = await response.next()
                except TimeoutError:
                    late = f"{self._name} did not answer in time"
                    raise InterpretError(late, kind="silent") from None
                if piece is None:
                    break
                heard = heard or isinstance(piece, rtc.AudioFrame)
                yield piece
            if not heard:
                raise InterpretError(f"{self._name} gave no sound", kind="empty")
        finally:
            response.end()

    async def _connected(self) -> "_Connection":
        """The connection, or a new one in the place of what is no good any more."""
        now = asyncio.get_running_loop().time()
        if self._connection and (
            self._connection.spoilt or now - self._connection.begun > self._age
        ):
            await self.aclose()
        if self._connection is None:
            model = await asyncio.to_thread(made, self._make, InterpretError)
            try:
                self._connection = begun(
                    partial(_Connection, self._name, model), self._name, InterpretError
                )
            except InterpretError:
                await model.aclose()
                raise
        return self._connection

    async def aclose(self) -> None:
        """Let go of the connection; another call makes another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()


class _Connection:
    """One session of the plugin, and what comes of it."""

    def __init__(self, name: str, model: "RealtimeModel") -> None:
        self.name = name
        """The engine's."""
        self._model = model
        self.begun = asyncio.get_running_loop().time()
        self.spoilt = False
        """Whether something failed on it."""
        self.came: asyncio.Queue[Mapping[str, Any] | Exception] = asyncio.Queue()
        self.session: RealtimeSession = model.session(turn_detection_disabled=True)
        self.session.on("openai_server_event_received", self.came.put_nowait)
        self.session.on("error", self._lost)

    def ask(self, sound: Samples, instructions: str) -> "_Response":
        """Have `sound` (mono, hear.SAMPLE_RATE) interpreted. Raises InterpretError."""
        frames = _resampled(sound)
        try:
            created = begun(partial(self._ask, frames, instructions), self.name, InterpretError)
        except InterpretError:
            self.spoilt = True
            raise
        return _Response(self, created, heard=len(sound) / SAMPLE_RATE)

    def _ask(
        self, frames: Sequence[rtc.AudioFrame], instructions: str
    ) -> asyncio.Future[llm.GenerationCreatedEvent]:
        for frame in frames:
            self.session.push_audio(frame)
        self.session.commit_audio()
        return self.session.generate_reply(instructions=instructions)

    def forget(self) -> None:
        """Have the model forget all that was said."""
        for item in self.session.chat_ctx.items:
            self.session.send_event(
                {
                    "type": "conversation.item.delete",
                    "item_id": item.id,
                    "event_id": f"{FORGET}{item.id}",
                }
            )

    def _lost(self, error: llm.RealtimeModelError) -> None:
        if not error.recoverable:  # all others came as events
            self.spoilt = True
            self.came.put_nowait(error.error)

    async def aclose(self) -> None:
        # A session that failed raises that again, and one whose vendor hangs waits for it.
        with suppress(Exception):
            async with asyncio.timeout(CLOSING):
                await self.session.aclose()
        await self._model.aclose()


class _Response:
    """What the model makes of one segment."""

    def __init__(
        self,
        connection: _Connection,
        created: asyncio.Future[llm.GenerationCreatedEvent],
        *,
        heard: float,
    ) -> None:
        """`heard` is how long the sound is that it answers, in seconds."""
        self._connection = connection
        self._created = created
        self._used: Amounts = {"audio_input_tokens": heard / HEARD_TOKEN}
        self._said = 0.0
        self._created.add_done_callback(lambda one: one.cancelled() or one.exception())
        self._whole = False
        self._seen: set[str] = set()
        self._name = connection.name

    async def next(self) -> str | rtc.AudioFrame | None:
        """More words, or sound; None where that was all. Raises InterpretError."""
        while not self._whole:
            event = await self._connection.came.get()
            if isinstance(event, Exception):
                raise failure(_reason(event), self._name, InterpretError)
            piece = self._piece(event)
            if piece is not None:
                return piece
        return None

    def end(self) -> None:
        """Nothing more is wanted of it."""
        tell({"audio_output_tokens": self._said / SAID_TOKEN, **self._used})
        if self._whole:
            self._connection.forget()
            return
        self._connection.spoilt = True  # nothing that comes late is taken for the next one's
        self._connection.session.interrupt()
        self._created.cancel()

    def _piece(self, event: Mapping[str, Any]) -> str | rtc.AudioFrame | None:
        match event:
            case {"type": "error", "error": {} as error}:
                self._check(error)
            case {"type": "response.done", "response": {"id": id} as response} if self._is(id):
                self._finish(response)
            case {"event_id": str(one)} if one in self._seen:
                pass  # the same once more
            case {
                "type": "response.output_audio.delta",
                "response_id": id,
                "delta": str(delta),
            } if self._is(id):
                self._note(event)
                return self._frame(delta)
            case {
                "type": "response.output_audio_transcript.delta",
                "response_id": id,
                "delta": str(delta),
            } if self._is(id) and delta:
                self._note(event)
                return delta
        return None

    def _is(self, id: object) -> bool:
        """Whether that is the response which was asked for."""
        created = self._created.done() and not self._created.cancelled()
        if not created or self._created.exception() is not None:
            return False
        return self._created.result().response_id == id

    def _note(self, event: Mapping[str, Any]) -> None:
        if isinstance(id := event.get("event_id"), str):
            self._seen.add(id)

    def _frame(self, delta: str) -> rtc.AudioFrame:
        try:
            data = base64.b64decode(delta, validate=True)
        except binascii.Error:
            raise InterpretError(f"{self._name} sent no sound", kind="garbled") from None
        size = len(data) // 2
        self._said += size / RATE
        return rtc.AudioFrame(data[: 2 * size], RATE, 1, size)

    def _finish(self, response: Mapping[str, Any]) -> None:
        if isinstance(usage := response.get("usage"), dict):
            self._used = _amounts(usage)
        match response:
            case {"status": "completed"}:
                self._whole = True
            case {"status": "failed", "status_details": {"error": {} as error}}:
                self._check(error)
            case {"status_details": {"reason": "content_filter"}}:
                raise InterpretError(f"{self._name} filtered what it said", kind="refused")
            case _:
                raise InterpretError(f"{self._name} broke off", kind="broken off")

    def _check(self, error: Mapping[str, Any]) -> None:
        """Raises the InterpretError that `error` tells; its words may quote a key."""
        if str(error.get("event_id")).startswith(FORGET):
            return
        code, sort = str(error.get("code")), str(error.get("type"))
        kind = kind_of(code) or kind_of(sort) or "fault"
        raise InterpretError(told(self._name, kind), kind=kind)


def _amounts(usage: Mapping[str, Any]) -> Amounts:
    """Tokens of text and of sound, apart; what was cached is no part of the others."""
    read = usage.get("input_token_details") or {}
    written = usage.get("output_token_details") or {}
    cached = read.get("cached_tokens_details") or {}
    text, sound = (cached.get(f"{kind}_tokens", 0) for kind in ("text", "audio"))
    return {
        "input_tokens": read.get("text_tokens", 0) - text,
        "cached_tokens": text,
        "output_tokens": written.get("text_tokens", 0),
        "audio_input_tokens": read.get("audio_tokens", 0) - sound,
        "audio_cached_tokens": sound,
        "audio_output_tokens": written.get("audio_tokens", 0),
    }


def _reason(error: Exception) -> Exception:
    """What a session ended of: of a handshake that failed, the handshake's answer."""
    cause = error.__cause__
    return cause if isinstance(cause, Exception) else error


def _resampled(sound: Samples) -> list[rtc.AudioFrame]:
    resampler = rtc.AudioResampler(SAMPLE_RATE, RATE)
    frame = rtc.AudioFrame(sound.tobytes(), SAMPLE_RATE, 1, len(sound))
    return [*resampler.push(frame), *resampler.flush()]
