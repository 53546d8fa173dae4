"""Our stages by LiveKit's real OpenAI plugin, when the vendor fails in every way that there is."""

import time
from collections.abc import Mapping

import pytest
from livekit.agents.utils import http_context
from livekit.plugins import openai

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
from tests.vendors.openai import KEY, OpenAI
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitEar, LiveKitVoice
from translator.engines.plugins import Vendor
from translator.settings import Engine

pytestmark = pytest.mark.vendor

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "openai hears": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent", given="part", within=9.0, note="counted in seconds of speech"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=9.0),
        Fault.GARBAGE: Outcome(
            error="silent", given="nothing", within=9.0, note="the plugin logs it and goes on"
        ),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="quota", given="nothing", within=0.5),
        Fault.EMPTY: Outcome(
            error="silent", given="nothing", within=9.0, note="an empty text answers no speech"
        ),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=1.0, note="a final that comes twice is heard once"
        ),
    },
    "openai renders": {
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
    "openai speaks": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(error="silent", given="part", within=3.0),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(
            error="garbled",
            given="nothing",
            within=0.5,
            note="a page with status 200, which the plugin takes for audio",
        ),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="quota", given="nothing", within=0.5),
        Fault.EMPTY: Outcome(error="empty", given="nothing", within=0.5),
        Fault.DUPLICATE: Outcome(
            error=None,
            given="all",
            within=0.5,
            note="told by its bits: a text that is synthesized twice differs, and is not told",
        ),
    },
}

SCRIPT = HearsAsScripted(
    (0.2, hypothesis("El comité", 0.2)), (0.6, hypothesis(TEXT, 0.6, final=True))
)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)


@pytest.fixture(autouse=True, scope="module")
def plugin() -> None:
    """The first client of a process takes a second to make."""
    openai.TTS(api_key=KEY)


async def called(server: OpenAI, stage: str) -> Outcome:
    """How a call ends, with shorter deadlines where they can be had."""
    vendor = Vendor(
        "mine",
        Engine(
            plugin="openai",
            key="A_KEY",
            base_url=server.base_url,
            model="gpt-transcribe" if stage == "openai hears" else "gpt-test",
        ),
    )
    began = time.monotonic()
    match stage:
        case "openai hears":
            ear = LiveKitEar("mine", vendor.hearing(), knows_english=True, grace=0.3)
            hypotheses, error = await heard(ear, 1.0)
            finals = "".join(one.text for one in hypotheses if one.final)
            got = finals or (hypotheses[-1].text if hypotheses else "")
            return text_ended(got, TEXT, error, time.monotonic() - began)
        case "openai renders":
            text, error = await rendered(vendor.renderer())
            return text_ended(text, TEXT, error, time.monotonic() - began)
        case _:
            voice = LiveKitVoice("mine", vendor.speaking(), first=0.3, patience=0.3)
            async with http_context.open():
                audio, error = await said(voice)
                ended = audio_ended(audio, TEXT, error, time.monotonic() - began)
                await voice.aclose()
            return ended


@pytest.mark.parametrize("stage", OUTCOMES)
@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_ends_as_declared(fault: Fault, stage: str) -> None:
    expected = OUTCOMES[stage][fault]
    async with OpenAI(TEXT, hears=SCRIPT) as server:
        server.faults.next(fault)
        if fault is Fault.REFUSED:
            await server.down()
        ended = await called(server, stage)
        unasked = fault is Fault.REFUSED  # nothing listened
        assert server.faults.taken == ([] if unasked else [fault])  # once, and not again
    assert (ended.error, ended.given) == (expected.error, expected.given)
    assert ended.within < expected.within + 0.5  # the plugin is made meanwhile


@pytest.mark.parametrize("stage", OUTCOMES)
async def test_the_next_call_goes_well(stage: str) -> None:
    async with OpenAI(TEXT, hears=SCRIPT) as server:
        for fault in (Fault.RESET, None):
            server.faults.next(fault)
            ended = await called(server, stage)
    assert (ended.error, ended.given) == (None, "all")
