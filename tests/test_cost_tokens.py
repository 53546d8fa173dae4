"""Tokens as LiveKit's real OpenAI plugin gets them, from a server on loopback."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from livekit.agents import llm
from livekit.plugins import openai

from tests.fakes import segment
from tests.vendors.faults import Fault
from tests.vendors.openai import KEY, OpenAI, Reply, Request
from translator.engines.livekit import LiveKitRenderer, LiveKitSummarizer
from translator.errors import RenderError
from translator.prompt import Prompt, SummaryPrompt
from translator.types import Brief
from translator.usage import Sum, overheard, telling

pytestmark = pytest.mark.vendor

BRIEF = Brief(segment=segment(), target="es")


@asynccontextmanager
async def model(server: OpenAI, key: str = KEY) -> AsyncGenerator[llm.LLM[Any], None]:
    async with openai.LLM(model="gpt-test", base_url=server.base_url, api_key=key) as made:
        yield made


async def used(server: OpenAI, *, key: str = KEY, pieces: int = 99, **limits: float) -> Sum:
    """What one rendition is paid for, of which so many pieces are waited for."""
    amounts = Sum()
    async with model(server, key) as made:
        renderer = LiveKitRenderer("mine", made, Prompt.load(), **limits)
        async with aclosing(overheard(renderer.render(BRIEF), amounts.add)) as coming:
            try:
                async for _ in coming:
                    pieces -= 1
                    if not pieces:
                        break
            except RenderError:
                amounts.add({"failed": 1})
    return amounts


def words(request: Request) -> int:
    """The server counts a word as a token."""
    return sum(len(message["content"].split()) for message in request.messages)


async def test_a_rendition_is_paid_for_by_the_tokens_of_its_answer() -> None:
    async with OpenAI("Buenos días a todos.") as server:
        assert await used(server) == {
            "input_tokens": words(server.requests[0]),
            "cached_tokens": 0,
            "output_tokens": 4,
        }


async def test_a_rendition_that_breaks_off_is_paid_for_by_estimate() -> None:
    async with OpenAI(Reply(text="Buenos días a todos.", fault=Fault.RESET)) as server:
        amounts = await used(server)
        assert amounts.pop("failed") == 1
        assert amounts["input_tokens"] == pytest.approx(2 * words(server.requests[0]), rel=0.5)
        assert amounts["output_tokens"] > 0


async def test_a_rendition_that_nobody_waits_for_is_paid_for_by_estimate() -> None:
    async with OpenAI(Reply(text="Buenos días a todos.", pause=0.2)) as server:
        amounts = await used(server, pieces=1)
        assert amounts["input_tokens"] > 100
        assert 0 < amounts["output_tokens"] < 4


async def test_silence_is_paid_for_and_a_refusal_is_not() -> None:
    async with OpenAI(Reply(text="Buenos días.", first_byte=2.0)) as server:
        amounts = await used(server, first=0.6, patience=0.6)
        assert amounts["failed"] == 1
        assert amounts["input_tokens"] > 100
    async with OpenAI("Buenos días.") as server:
        assert await used(server, key="sk-wrong") == {"failed": 1}
    async with OpenAI(Reply(status=429)) as server:
        assert await used(server) == {"failed": 1}


async def test_a_summary_is_paid_for_by_all_its_answers() -> None:
    amounts = Sum()
    async with OpenAI("It was about the budget.") as server, model(server) as made:
        with telling(amounts.add):
            summarizer = LiveKitSummarizer("mine", made, SummaryPrompt.load())
            await summarizer.summarize([segment()], before="", words=90)
        assert amounts["input_tokens"] == words(server.requests[0])
    assert amounts["output_tokens"] == 5
