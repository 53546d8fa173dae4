"""Renditions by a plugin's language model, and how any is asked."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from livekit.agents import llm
from livekit.agents.inference.llm import LLMStream
from livekit.agents.llm.utils import ThinkingTokenFilter
from openai.types.chat.chat_completion_chunk import Choice

from translator.engines.livekit.bill import billed
from translator.engines.livekit.plugin import begun, once, received
from translator.errors import Kind, RenderError, StageError
from translator.prompt import Inputs, Prompt
from translator.types import Brief


class LiveKitRenderer:
    """Renders with an llm.LLM; who made it closes it."""

    def __init__(
        self,
        name: str,
        model: llm.LLM[Any],
        prompt: Prompt,
        *,
        first: float = 2.5,
        patience: float = 4.0,
        deadline: float = 10.0,
    ) -> None:
        """`name` is the engine's. At most `first` seconds until the first piece, `patience` between
        two, and `deadline` for all of them."""
        self._name = name
        self._model = model
        self._prompt = prompt
        self._first = first
        self._patience = patience
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """See translator.render.Renderer."""
        written = _written(
            self._name,
            self._model,
            instructions=self._prompt.render(Inputs.of(brief)),
            message=brief.segment.text,
            failed=RenderError,
            first=self._first,
            patience=self._patience,
            deadline=self._deadline,
        )
        async with aclosing(written) as pieces:
            async for piece in pieces:
                yield piece


async def _written(
    name: str,
    model: llm.LLM[Any],
    *,
    instructions: str,
    message: str,
    failed: type[StageError],
    first: float,
    patience: float,
    deadline: float,
) -> AsyncGenerator[str, None]:
    """What `model` answers, piece by piece; raises `failed` unless it is some text, and whole.

    At most `first` seconds pass until a piece, `patience` between two, `deadline` until the last.
    """
    end = asyncio.get_running_loop().time() + deadline
    chat = asked(instructions, message)
    given = False
    answer = deltas(name, model, chat, failed=failed, first=first, patience=patience, end=end)
    async with aclosing(answer) as pieces:
        async for delta in pieces:
            text = delta.content or ""
            piece = text if given else text.lstrip()
            if piece:
                given = True
                yield piece
    if not given:
        raise failed(f"{name} gave no text", retryable=True, kind="empty")


def asked(instructions: str, message: str) -> llm.ChatContext:
    """A chat that begins: what the model is told, and what it is to work on."""
    chat = llm.ChatContext.empty()
    chat.add_message(role="system", content=instructions)
    chat.add_message(role="user", content=message)
    return chat


async def deltas(
    name: str,
    model: llm.LLM[Any],
    chat: llm.ChatContext,
    *,
    failed: type[StageError],
    first: float | None = None,
    patience: float,
    end: float,
    options: Mapping[str, Any] | None = None,
) -> AsyncGenerator[llm.ChoiceDelta, None]:
    """What `model` answers, as it comes; raises `failed` unless it is whole.

    At most `first` seconds pass until a piece, `patience` between two, and none comes after `end`,
    an instant of the event loop's clock. `options` are further arguments of llm.LLM.chat.
    """
    chatting = partial(model.chat, chat_ctx=chat, conn_options=once(patience), **(options or {}))
    async with begun(chatting, name, failed) as stream:
        ending = _Ending(stream, failed)
        with billed(chat) as bill:
            async with aclosing(
                received(stream, name, failed, first=first, patience=patience, deadline=end)
            ) as chunks:
                async for chunk in chunks:
                    bill.take(chunk)
                    if chunk.delta:
                        yield chunk.delta
    ending.check(name)


_CUT: Mapping[str, tuple[str, Kind]] = {
    "length": ("cut its text off", "broken off"),
    "content_filter": ("filtered its text", "refused"),
}


class _Ending:
    """Why a model ended, which llm.LLMStream does not tell.

    The stream of all plugins for OpenAI's protocol parses one choice at a time: it is noted
    there. Of another stream nothing is known, and nothing is checked.
    """

    def __init__(self, stream: llm.LLMStream, failed: type[StageError]) -> None:
        self._failed = failed
        self._noted = isinstance(stream, LLMStream)
        self._reason: str | None = None
        if isinstance(stream, LLMStream):
            self._parse = stream._parse_choice
            stream._parse_choice = self._note  # type: ignore[method-assign, assignment]

    def check(self, name: str) -> None:
        """Raises `failed` unless all of the text has come."""
        if not self._noted:
            return
        if self._reason is None:
            raise self._failed(f"{name} broke off", retryable=True, kind="broken off")
        if self._reason in _CUT:
            what, kind = _CUT[self._reason]
            raise self._failed(f"{name} {what}", kind=kind)

    def _note(self, id: str, choice: Choice, thinking: ThinkingTokenFilter) -> llm.ChatChunk | None:
        if self._reason is not None:
            return None  # an answer that begins anew after its end
        self._reason = choice.finish_reason
        return self._parse(id, choice, thinking)
