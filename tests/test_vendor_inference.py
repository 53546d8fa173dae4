"""LiveKit Inference as an engine: LiveKit's own classes, against its protocol on loopback."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from math import inf

import pytest
from livekit.agents.utils import http_context

from tests.fakes import segment
from tests.vendors.brains import HearsAsScripted
from tests.vendors.calls import hypothesis, speech
from tests.vendors.faults import Fault
from tests.vendors.inference import KEY, SECRET, Inference
from translator.engines.registry import Engines
from translator.errors import RenderError, SettingsError
from translator.settings import Engine
from translator.types import Brief, Prior

pytestmark = pytest.mark.vendor

SCRIPT = HearsAsScripted(
    (0.4, hypothesis("Good", 0.4, language="en")),
    (0.9, hypothesis("Good morning.", 0.8, final=True, language="en")),
)
MODELS = {"ears": "deepgram/nova-3", "model": "openai/gpt-4.1-mini", "voice": "cartesia/sonic-3"}
BRIEF = Brief(segment=segment(text="Good morning."), target="es")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_SECRET", SECRET)


@pytest.fixture
async def gateway(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Inference, None]:
    async with Inference("Buenos días.", hears=SCRIPT) as server, http_context.open():
        monkeypatch.setenv("LIVEKIT_INFERENCE_URL", server.base_url)
        yield server


def engines() -> Engines:
    return Engines(
        {name: Engine(plugin="inference", model=model) for name, model in MODELS.items()}
    )


async def test_it_hears(gateway: Inference) -> None:
    ear = engines().ear("ears")
    prior = Prior(languages=["en"], terms=["LiveKit"])
    async with aclosing(ear.listen(speech(1.0, haste=inf), prior)) as hypotheses:
        heard = [(one.text, one.final, one.language) async for one in hypotheses]
    assert heard == [("Good", False, "en"), ("Good morning.", True, "en")]
    (session,) = gateway.sessions
    assert session["model"] == "deepgram/nova-3"
    assert session["settings"]["language"] == "en"
    assert session["settings"]["extra"]["keyterm"] == ["LiveKit"]


async def test_it_renders(gateway: Inference) -> None:
    renderer = engines().renderer("model")
    async with aclosing(renderer.render(BRIEF)) as pieces:
        assert "".join([piece async for piece in pieces]) == "Buenos días."
    (request,) = gateway.requests
    assert request.body["model"] == "openai/gpt-4.1-mini"
    assert request.body["temperature"] == 0.0
    assert "interpret from English into Spanish" in request.messages[0]["content"]


async def test_it_speaks_twice_over_one_connection(gateway: Inference) -> None:
    voice = engines().voice("voice")
    for _ in range(2):
        saying = voice.say("Buenos días.", language="es", voice="some-voice", pace=1.0)
        async with aclosing(saying) as frames:
            seconds = sum([frame.duration async for frame in frames])
        assert seconds == pytest.approx(0.05 * len("Buenos días. "), abs=0.02)
    config = {"voice": "some-voice", "model": "cartesia/sonic-3", "language": "es"}
    assert [one["generation_config"] for one in gateway.said] == [config, config]
    assert len(gateway.sessions) == 1


@pytest.mark.parametrize("wrong", [Fault.WRONG_KEY, None])
async def test_a_key_that_is_refused_is_told(
    gateway: Inference, wrong: Fault | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.faults.always(wrong)
    if wrong is None:  # signed by another project
        monkeypatch.setenv("LIVEKIT_INFERENCE_API_SECRET", f"{SECRET}-not")
    renderer = engines().renderer("model")
    with pytest.raises(RenderError) as refused:
        async with aclosing(renderer.render(BRIEF)) as pieces:
            _ = [piece async for piece in pieces]
    assert refused.value.kind == "wrong key"
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("name", MODELS)
def test_both_keys_are_asked_for_before_anything_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVEKIT_INFERENCE_API_SECRET")
    calls: Mapping[str, Callable[[], object]] = {
        "ears": lambda: engines().try_ear("ears", ["en"]),
        "model": lambda: engines().renderer("model"),
        "voice": lambda: engines().try_voice("voice", "es", None),
    }
    needed = "run: export LIVEKIT_INFERENCE_API_KEY=... LIVEKIT_INFERENCE_API_SECRET=..."
    with pytest.raises(SettingsError, match=needed):
        calls[name]()
    monkeypatch.setenv("LIVEKIT_API_KEY", KEY)  # those of a server in LiveKit Cloud do as well
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)
    calls[name]()


def test_a_key_of_its_own_is_refused() -> None:
    engine = Engine(plugin="inference", model="deepgram/nova-3", key="SOME_KEY")
    with pytest.raises(SettingsError, match="finds its keys itself"):
        Engines({"ears": engine}).try_ear("ears", ["en"])
