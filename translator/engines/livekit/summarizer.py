"""Summaries by a plugin's language model, which may look things up meanwhile."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from livekit.agents import llm

from translator.engines.livekit.model import asked, deltas
from translator.errors import SummarizeError
from translator.lookups import MOST_CALLS, Enquiry, Tool
from translator.prompt import SummaryInputs, SummaryPrompt
from translator.types import Segment

ROUNDS = 3
"""Times that a model may look something up, and then read what it got."""


class LiveKitSummarizer:
    """Sums up with an llm.LLM; who made it closes it."""

    def __init__(
        self, name: str, model: llm.LLM[Any], prompt: SummaryPrompt, *, deadline: float = 20.0
    ) -> None:
        """`name` is the engine's. At most `deadline` seconds for a summary, with all look-ups."""
        self._name = name
        self._model = model
        self._prompt = prompt
        self._deadline = deadline

    @property
    def prompt(self) -> str:
        """Name and version of its instructions."""
        return self._prompt.title

    async def summarize(
        self, said: Sequence[Segment], *, before: str, words: int, enquiry: Enquiry | None = None
    ) -> str:
        """See translator.summary.Summarizer."""
        end = asyncio.get_running_loop().time() + self._deadline
        message = "\n".join(map(_line, said))
        inputs = SummaryInputs(before=before, words=words)
        if enquiry is not None and enquiry.tools:
            able = SummaryInputs(before=before, words=words, lookups=True)
            try:
                return await self._looked_up(self._chat(able, message), enquiry, end)
            except SummarizeError as error:
                if error.kind != "refused":  # as where a model knows no tools
                    raise
        text, _ = await self._reply(self._chat(inputs, message), end)
        return self._some(text)

    def _chat(self, inputs: SummaryInputs, message: str) -> llm.ChatContext:
        return asked(self._prompt.render(inputs), message)

    async def _looked_up(self, chat: llm.ChatContext, enquiry: Enquiry, end: float) -> str:
        tools = [_function(tool) for tool in enquiry.tools]
        for _ in range(ROUNDS):
            text, calls = await self._reply(chat, end, tools=tools)
            if not calls:
                return self._some(text)
            chat.items.extend(await _answered(calls[:MOST_CALLS], enquiry))
        # Some models insist on the tools that the calls before were made of.
        text, _ = await self._reply(chat, end, tools=tools, tool_choice="none")
        return self._some(text)

    async def _reply(
        self, chat: llm.ChatContext, end: float, **options: Any
    ) -> tuple[str, list[llm.FunctionToolCall]]:
        """What the model says, and what it wants to look up. Raises SummarizeError."""
        text, calls = "", []
        pieces = deltas(
            self._name,
            self._model,
            chat,
            failed=SummarizeError,
            patience=self._deadline,
            end=end,
            options=options,
        )
        async with aclosing(pieces):
            async for delta in pieces:
                text += delta.content or ""
                calls += delta.tool_calls
        return text.strip(), calls

    def _some(self, text: str) -> str:
        if not text:
            raise SummarizeError(f"{self._name} gave no text", retryable=True, kind="empty")
        return text


def _line(segment: Segment) -> str:
    """Who said what, so that no words of anybody can pass for another line."""
    said = {"speaker": segment.speaker_name, "said": segment.text}
    return json.dumps(said, ensure_ascii=False)


def _function(tool: Tool) -> llm.RawFunctionTool[..., Any]:
    schema = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return llm.function_tool(_not_called_here, raw_schema=schema)


async def _not_called_here(raw_arguments: dict[str, object]) -> None:
    """Stands for a tool: LiveKit only tells models of it, its calls are ours."""
    raise AssertionError("a look-up was not made by its enquiry")


async def _answered(
    calls: Sequence[llm.FunctionToolCall], enquiry: Enquiry
) -> list[llm.FunctionCall | llm.FunctionCallOutput]:
    """The calls and what came of each, all asked at the same time."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(enquiry.look_up(call.name, call.arguments)) for call in calls]
    made = [
        llm.FunctionCall(
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
            extra=call.extra or {},
            group_id=calls[0].call_id,
        )
        for call in calls
    ]
    outputs = [
        llm.FunctionCallOutput(
            call_id=call.call_id,
            name=call.name,
            output=task.result().text,
            is_error=not task.result().ok,
        )
        for call, task in zip(calls, tasks, strict=True)
    ]
    return [*made, *outputs]
