"""A renderer by LiveKit's real OpenAI plugin, against a server on loopback."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager

import pytest
from livekit.plugins import openai

from tests.fakes import segment
from tests.glossaries import entry, glossary
from tests.vendors import calls
from tests.vendors.faults import Fault
from tests.vendors.openai import KEY, WRONG_KEY, OpenAI, Reply, Request
from translator.engines import plugins
from translator.engines.livekit import LiveKitRenderer
from translator.errors import RenderError
from translator.prompt import Prompt
from translator.settings import Engine
from translator.types import Brief, Rendition

pytestmark = pytest.mark.vendor

SEGMENT = segment(text="Shall the committee adopt LiveKit?", speaker="p-grace")
RENDITION = "¿Debe el comité adoptar LiveKit?"
GLOSSARY = glossary(
    entry(en="committee", es="comité"),
    entry(en="budget", es="presupuesto"),
    entry(keep="LiveKit"),
)


@asynccontextmanager
async def rendering(
    server: OpenAI, *, key: str = KEY, patience: float = 4.0, deadline: float = 10.0
) -> AsyncGenerator[AsyncGenerator[str, None], None]:
    async with openai.LLM(model="gpt-test", base_url=server.base_url, api_key=key) as model:
        renderer = LiveKitRenderer(
            "mine", model, Prompt.load(), patience=patience, deadline=deadline
        )
        before = Rendition(segment=SEGMENT, language="es", text="Buenos días.")
        brief = Brief(
            segment=SEGMENT,
            target="es",
            terms=GLOSSARY.terms(SEGMENT.text, "en", "es"),
            context=(before,),
        )
        async with aclosing(renderer.render(brief)) as pieces:
            yield pieces


async def rendered(rendition: AbstractAsyncContextManager[AsyncGenerator[str, None]]) -> list[str]:
    async with rendition as pieces:
        return [piece async for piece in pieces]


async def test_a_rendition_streams_in_pieces() -> None:
    async with OpenAI(RENDITION) as server:
        pieces = await rendered(rendering(server))
    assert pieces == ["¿Debe", " el", " comité", " adoptar", " LiveKit?"]


async def test_the_first_piece_is_there_before_the_last_is_made() -> None:
    async with OpenAI(Reply(text=RENDITION, pause=0.05)) as server, rendering(server) as pieces:
        assert await anext(pieces) == "¿Debe"
        assert not server.requests[0].answered


async def test_the_glossary_and_the_context_are_in_the_prompt_that_arrives() -> None:
    async with OpenAI(RENDITION) as server:
        await rendered(rendering(server))
    (request,) = server.requests
    system, user = request.messages
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"] == SEGMENT.text
    assert '"committee" is "comité"' in system["content"]
    assert 'Never translate these:\n- "LiveKit"' in system["content"]
    assert "presupuesto" not in system["content"]
    assert "Buenos días." in system["content"]
    assert request.body["stream"] is True


async def test_a_reply_can_follow_from_the_request() -> None:
    def echo(request: Request) -> Reply:
        return Reply(text=request.messages[-1]["content"].upper())

    async with OpenAI(echo) as server:
        assert "".join(await rendered(rendering(server))) == SEGMENT.text.upper()


async def test_a_wrong_key_is_told_clearly_and_not_shown() -> None:
    async with OpenAI(RENDITION) as server:
        with pytest.raises(RenderError, match="refuses the key") as raised:
            await rendered(rendering(server, key=WRONG_KEY))
    assert not raised.value.retryable
    assert WRONG_KEY not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (404, False), (429, True), (500, True), (503, True)]
)
async def test_a_refusal_says_whether_to_try_again(status: int, retryable: bool) -> None:
    async with OpenAI(Reply(status=status, message=f"you said: {SEGMENT.text}")) as server:
        with pytest.raises(RenderError, match=f"status {status}") as raised:
            await rendered(rendering(server))
    assert raised.value.retryable is retryable
    assert "committee" not in str(raised.value)
    assert len(server.requests) == 1


async def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    async with OpenAI() as server:
        pass
    with pytest.raises(RenderError, match="was not reached") as raised:
        await rendered(rendering(server))
    assert raised.value.retryable


async def test_a_slow_first_byte_is_waited_for_in_patience_only() -> None:
    async with OpenAI(Reply(text=RENDITION, first_byte=0.2)) as server:
        assert len(await rendered(rendering(server))) == 5
        with pytest.raises(RenderError, match="did not answer in time") as raised:
            await rendered(rendering(server, patience=0.1))
    assert raised.value.retryable


async def test_a_rendition_that_hangs_meets_its_patience() -> None:
    async with OpenAI(Reply(text=RENDITION, fault=Fault.HANG)) as server:
        with pytest.raises(RenderError, match="did not answer in time"):
            await rendered(rendering(server, patience=0.2))


async def test_a_rendition_that_drips_meets_its_deadline() -> None:
    async with OpenAI(Reply(text="a " * 100, pause=0.05)) as server:
        with pytest.raises(RenderError, match="did not answer in time"):
            await rendered(rendering(server, deadline=0.3))
        async with asyncio.timeout(5):
            await server.requests[0].ended.wait()
    assert not server.requests[0].answered


@pytest.mark.parametrize(
    ("finish", "fault"),
    [("length", "cut its text off"), ("content_filter", "filtered its text")],
)
async def test_a_model_that_did_not_finish_has_failed(finish: str, fault: str) -> None:
    async with OpenAI(Reply(text=RENDITION, finish=finish)) as server, rendering(server) as pieces:
        assert await anext(pieces) == "¿Debe"
        with pytest.raises(RenderError, match=fault) as raised:
            [piece async for piece in pieces]
    assert not raised.value.retryable


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text=RENDITION, finish=None),
        Reply(text=RENDITION, fault=Fault.RESET),
        Reply(text=RENDITION, fault=Fault.GARBAGE),
    ],
)
async def test_a_stream_that_breaks_off_is_no_rendition(reply: Reply) -> None:
    async with OpenAI(reply) as server:
        with pytest.raises(RenderError, match=r"broke off|cannot be read"):
            await rendered(rendering(server))


async def test_a_reader_who_stops_closes_the_request() -> None:
    async with OpenAI(Reply(text=RENDITION, fault=Fault.HANG)) as server:
        async with rendering(server) as pieces:
            await anext(pieces)
        async with asyncio.timeout(5):
            await server.requests[0].ended.wait()


async def test_cancellation_closes_the_request() -> None:
    async with OpenAI(Reply(text=RENDITION, first_byte=60)) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await rendered(rendering(server))
        async with asyncio.timeout(5):
            await server.requests[0].ended.wait()
    assert not server.requests[0].answered


# Other servers behind the same protocol, as engines.yaml names them.


async def test_a_server_of_ones_own_renders_and_speaks_without_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", WRONG_KEY)  # the vendor's is nobody else's business
    async with OpenAI(RENDITION, key=None) as server:
        own = plugins.Vendor(
            "ours", Engine(plugin="openai", model="qwen3", base_url=server.base_url)
        )
        assert await calls.rendered(own.renderer()) == (RENDITION, None)
        voice = own.voice()
        pcm, error = await calls.said(voice)
        await voice.aclose()
    assert error is None
    assert len(pcm) / 2 / 24_000 == pytest.approx(0.05 * len(calls.TEXT), abs=0.02)
    assert all(WRONG_KEY not in str(one.headers) for one in server.requests)


async def test_azure_openai_is_reached_by_its_v1_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    async with OpenAI(RENDITION) as server:
        azure = Engine(
            plugin="openai",
            model="our-gpt",
            key="AZURE_OPENAI_API_KEY",
            base_url=server.azure_url,
        )
        renderer = plugins.Vendor("azure-openai", azure).renderer()
        assert await calls.rendered(renderer) == (RENDITION, None)
    (request,) = server.requests
    assert request.path == "/openai/v1/chat/completions"
    assert request.body["model"] == "our-gpt"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
