"""Our stages by LiveKit Inference, when its gateway fails in every way that there is."""

import time
from collections.abc import Mapping

import pytest
from livekit.agents.utils import http_context

from tests.vendors.brains import HearsAsScripted
from tests.vendors.calls import (
    TEXT,
    audio_ended,
    heard,
    hypothesis,
    rendered,
    said,
    text_ended,
)
from tests.vendors.faults import Fault
from tests.vendors.inference import KEY, SECRET, Inference
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitEar, LiveKitVoice
from translator.engines.plugins import Vendor
from translator.settings import Engine

pytestmark = pytest.mark.vendor

LOST = "429 too, and its words are lost with the handshake"

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "inference hears": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent", given="part", within=9.0, note="counted in seconds of speech"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=9.0),
        Fault.GARBAGE: Outcome(error="garbled", given="nothing", within=0.5),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="rate limited", given="nothing", within=0.5, note=LOST),
        Fault.EMPTY: Outcome(
            error=None,
            given="nothing",
            within=1.0,
            note="its plugin hands on a final without words, which says that there were none",
        ),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=1.0, note="a final that comes twice is heard once"
        ),
    },
    "inference renders": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(error="silent", given="part", within=4.5),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(error="garbled", given="part", within=0.5),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(
            error="quota", given="nothing", within=0.5, note="429 too, by its words"
        ),
        Fault.EMPTY: Outcome(error="empty", given="nothing", within=0.5),
        Fault.DUPLICATE: Outcome(
            error=None,
            given="all",
            within=0.5,
            note="what follows the end of the answer; a single piece that comes twice cannot be"
            " told from a word that was written twice",
        ),
    },
    "inference speaks": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent", given="part", within=3.0, note="its connection is not used again"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(error="garbled", given="nothing", within=0.5),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="rate limited", given="nothing", within=0.5, note=LOST),
        Fault.EMPTY: Outcome(error="empty", given="nothing", within=0.5),
        Fault.DUPLICATE: Outcome(
            error=None,
            given="all",
            within=0.5,
            note="told by its bits: a text that is synthesized twice differs, and is not told",
        ),
    },
}
MODELS = {
    "inference hears": "deepgram/nova-3",
    "inference renders": "openai/gpt-4.1-mini",
    "inference speaks": "cartesia/sonic-3",
}
SCRIPT = HearsAsScripted(
    (0.2, hypothesis("El comité", 0.2)), (0.6, hypothesis(TEXT, 0.6, final=True))
)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_KEY", KEY)
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_SECRET", SECRET)


async def called(stage: str) -> Outcome:
    """How a call ends, with shorter deadlines where they can be had."""
    vendor = Vendor("mine", Engine(plugin="inference", model=MODELS[stage]))
    began = time.monotonic()
    match stage:
        case "inference hears":
            ear = LiveKitEar("mine", vendor.hearing(), patience=0.9, grace=0.3)
            hypotheses, error = await heard(ear, 1.0)
            finals = "".join(one.text for one in hypotheses if one.final)
            got = finals or (hypotheses[-1].text if hypotheses else "")
            return text_ended(got, TEXT, error, time.monotonic() - began)
        case "inference renders":
            text, error = await rendered(vendor.renderer())
            return text_ended(text, TEXT, error, time.monotonic() - began)
        case _:
            voice = LiveKitVoice("mine", vendor.speaking(), first=0.3, patience=0.3)
            async with http_context.open():
                audio, error = await said(voice)
                # It ends a sentence with a space.
                ended = audio_ended(audio, f"{TEXT} ", error, time.monotonic() - began)
                await voice.aclose()
            return ended


@pytest.mark.parametrize("stage", OUTCOMES)
@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_ends_as_declared(
    fault: Fault, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = OUTCOMES[stage][fault]
    async with Inference(TEXT, hears=SCRIPT) as server:
        monkeypatch.setenv("LIVEKIT_INFERENCE_URL", server.base_url)
        server.faults.next(fault)
        if fault is Fault.REFUSED:
            await server.down()
        ended = await called(stage)
        unasked = fault is Fault.REFUSED  # nothing listened
        assert server.faults.taken == ([] if unasked else [fault])  # once, and not again
    assert (ended.error, ended.given) == (expected.error, expected.given)
    assert ended.within < expected.within + 1.5  # the first plugin is made meanwhile


@pytest.mark.parametrize("stage", OUTCOMES)
async def test_the_next_call_goes_well(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Inference(TEXT, hears=SCRIPT) as server:
        monkeypatch.setenv("LIVEKIT_INFERENCE_URL", server.base_url)
        for fault in (Fault.RESET, None):
            server.faults.next(fault)
            ended = await called(stage)
    assert (ended.error, ended.given) == (None, "all")
