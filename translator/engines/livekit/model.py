"""Renditions and summaries by a plugin's language model."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from livekit.agents import llm
from livekit.agents.inference.llm import LLMStream
from livekit.agents.llm.utils import ThinkingTokenFilter
from openai.types.chat.chat_completion_chunk import Choice

from translator.engines.livekit.plugin import once, received
from translator.errors import RenderError, StageError, SummarizeError
from translator.prompt import Inputs, Prompt, SummaryInputs, SummaryPrompt
from translator.types import Brief, Segment


class LiveKitRenderer:
    """Renders with an llm.LLM; who made it closes it."""

    def __init__(
        self, model: llm.LLM[Any], prompt: Prompt, *, patience: float = 4.0, deadline: float = 10.0
    ) -> None:
        """At most `patience` seconds between two pieces, and `deadline` for all of them."""
        self._model = model
        self._prompt = prompt
        self._patience = patience
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def render(self, brief: Brief) -> AsyncGenerator[str, None]:
        """See translator.render.Renderer."""
        written = _written(
            self._model,
            instructions=self._prompt.render(Inputs.of(brief)),
            message=brief.segment.text,
            failed=RenderError,
            patience=self._patience,
            deadline=self._deadline,
        )
        async with aclosing(written) as pieces:
            async for piece in pieces:
                yield piece


class LiveKitSummarizer:
    """Sums up with an llm.LLM; who made it closes it."""

    def __init__(
        self, model: llm.LLM[Any], prompt: SummaryPrompt, *, deadline: float = 20.0
    ) -> None:
        """At most `deadline` seconds for a summary."""
        self._model = model
        self._prompt = prompt
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def summarize(self, said: Sequence[Segment], *, before: str, words: int) -> str:
        """See translator.summary.Summarizer."""
        written = _written(
            self._model,
            instructions=self._prompt.render(SummaryInputs(before=before, words=words)),
            message="\n".join(map(_line, said)),
            failed=SummarizeError,
            patience=self._deadline,
            deadline=self._deadline,
        )
        async with aclosing(written) as pieces:
            return "".join([piece async for piece in pieces])


def _line(segment: Segment) -> str:
    """Who said what, so that no words of anybody can pass for another line."""
    said = {"speaker": segment.speaker_name, "said": segment.text}
    return json.dumps(said, ensure_ascii=False)


async def _written(
    model: llm.LLM[Any],
    *,
    instructions: str,
    message: str,
    failed: type[StageError],
    patience: float,
    deadline: float,
) -> AsyncGenerator[str, None]:
    """What `model` answers, piece by piece; raises `failed` unless it is some text, and whole.

    At most `patience` seconds pass between two pieces, and `deadline` until the last.
    """
    chat = llm.ChatContext.empty()
    chat.add_message(role="system", content=instructions)
    chat.add_message(role="user", content=message)
    end = asyncio.get_running_loop().time() + deadline
    given = False
    async with model.chat(chat_ctx=chat, conn_options=once(patience)) as stream:
        ending = _Ending(stream, failed)
        async with aclosing(
            received(stream, model, failed, patience=patience, deadline=end)
        ) as chunks:
            async for chunk in chunks:
                text = chunk.delta.content or "" if chunk.delta else ""
                piece = text if given else text.lstrip()
                if piece:
                    given = True
                    yield piece
    ending.check(model.provider)
    if not given:
        raise failed(f"{model.provider} gave no text", retryable=True)


_CUT = {"length": "cut its text off", "content_filter": "filtered its text"}


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

    def check(self, provider: str) -> None:
        """Raises `failed` unless all of the text has come."""
        if not self._noted:
            return
        if self._reason is None:
            raise self._failed(f"{provider} broke off", retryable=True)
        if self._reason in _CUT:
            raise self._failed(f"{provider} {_CUT[self._reason]}")

    def _note(self, id: str, choice: Choice, thinking: ThinkingTokenFilter) -> llm.ChatChunk | None:
        self._reason = choice.finish_reason or self._reason
        return self._parse(id, choice, thinking)
