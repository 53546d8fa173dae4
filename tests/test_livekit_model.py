"""Any plugin's LLM renders, over scripted subclasses of LiveKit's base classes."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from livekit.agents import llm as agents_llm

from tests.plugins import (
    KEY,
    now,
)
from translator.engines.livekit import LiveKitRenderer
from translator.errors import RenderError
from translator.health import Health
from translator.prompt import Prompt
from translator.types import Brief, Segment

pytestmark = pytest.mark.unit


class ScriptedLLM(agents_llm.LLM[Any]):
    def __init__(self, pieces: Sequence[str], *, pause: float = 0.0) -> None:
        super().__init__()
        self.pieces = pieces
        self.pause = pause
        self.asked: list[agents_llm.ChatContext] = []

    def chat(self, *, chat_ctx: agents_llm.ChatContext, **options: Any) -> agents_llm.LLMStream:
        assert options["conn_options"].max_retry == 0
        self.asked.append(chat_ctx)
        return ScriptedLLMStream(
            self, chat_ctx=chat_ctx, tools=[], conn_options=options["conn_options"]
        )


class RaisingLLM(ScriptedLLM):
    def chat(self, *, chat_ctx: agents_llm.ChatContext, **options: Any) -> agents_llm.LLMStream:
        raise ValueError(f"no such option; the key is {KEY}")


class ScriptedLLMStream(agents_llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, ScriptedLLM)
        for piece in self._llm.pieces:
            await asyncio.sleep(self._llm.pause)
            delta = agents_llm.ChoiceDelta(role="assistant", content=piece)
            self._event_ch.send_nowait(agents_llm.ChatChunk(id="1", delta=delta))


SEGMENT = Segment(
    id="s1",
    speaker="p-1",
    speaker_name="Grace",
    language="en",
    text="Good morning.",
    start=0.0,
    end=1.0,
    committed=1.2,
    settings=1,
)


async def rendered(model: ScriptedLLM, **options: Any) -> list[str]:
    renderer = LiveKitRenderer("mine", model, Prompt.load(), **options)
    async with aclosing(renderer.render(Brief(segment=SEGMENT, target="es"))) as pieces:
        return [piece async for piece in pieces]


async def test_a_rendition_comes_in_pieces_without_the_space_before_it() -> None:
    model = ScriptedLLM(["\n", " Buenos", " días."])
    assert await rendered(model) == ["Buenos", " días."]
    system, user = model.asked[0].messages()
    assert (system.role, user.role) == ("system", "user")
    assert user.text_content == SEGMENT.text


async def test_a_model_that_says_nothing_has_failed() -> None:
    with pytest.raises(RenderError, match="gave no text") as raised:
        await rendered(ScriptedLLM([" "]))
    assert raised.value.retryable


async def test_a_model_that_goes_on_and_on_meets_the_deadline() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no "] * 1000, pause=0.3), deadline=10.0)
    assert now() - began == pytest.approx(10.0)


async def test_a_model_that_falls_silent_is_not_waited_for() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no"], pause=60.0), first=2.5, patience=4.0)
    assert now() - began == pytest.approx(2.5)


async def test_the_first_piece_is_waited_for_apart_from_the_others() -> None:
    began = now()
    with pytest.raises(RenderError, match="did not answer in time"):
        await rendered(ScriptedLLM(["no", "no"], pause=3.0), first=4.0, patience=2.0)
    assert now() - began == pytest.approx(5.0)


async def test_what_a_plugin_raises_at_once_is_a_failure_like_any_other() -> None:
    with pytest.raises(RenderError, match=r"mine failed \(ValueError\)") as raised:
        await rendered(RaisingLLM([]))
    assert KEY not in str(raised.value)


async def test_where_a_plugin_raises_at_once_the_next_engine_renders_and_it_is_soon_down() -> None:
    models = {"third": RaisingLLM([]), "second": ScriptedLLM(["Buenos días."])}
    health = Health(now)

    async def work(name: str) -> list[str]:
        return await rendered(models[name])

    for _ in range(2):
        given = await health.call(
            "render", list(models), work, failed=RenderError, failing=lambda error: None
        )
        assert given == ["Buenos días."]
    assert health.order("render", list(models)) == ["second"]
