"""LiveKit's real ElevenLabs plugin behind our ear and our voice, against a server on loopback."""

import asyncio
import time
from collections.abc import Mapping

import pytest
from livekit.agents.utils import http_context

from tests.vendors.brains import HearsAsScripted, hum
from tests.vendors.calls import TEXT, audio_ended, heard, hypothesis, said, text_ended
from tests.vendors.elevenlabs import KEY, ElevenLabs
from tests.vendors.faults import Fault
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitEar, LiveKitVoice
from translator.engines.plugins import Vendor
from translator.settings import Engine

pytestmark = pytest.mark.vendor

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "elevenlabs hears": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent", given="part", within=3.0, note="counted in seconds of speech"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(
            error="silent", given="nothing", within=3.0, note="the plugin logs it and goes on"
        ),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(error="quota", given="nothing", within=0.5),
        Fault.EMPTY: Outcome(
            error="silent", given="nothing", within=3.0, note="an empty text answers no speech"
        ),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=1.0, note="a final that comes twice is heard once"
        ),
    },
    "elevenlabs speaks": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent", given="part", within=3.0, note="its connection is not used again"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(error="garbled", given="nothing", within=0.5),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(
            error="refused",
            given="nothing",
            within=0.5,
            note="1008 as for other refusals; the plugin keeps the vendor's reason to itself",
        ),
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
LONG = (
    "El comité se reúne hoy en el ayuntamiento. Vota sobre el puente nuevo; el año que viene"
    " empiezan las obras, dice el alcalde. ¿Quién lo paga? Nadie lo sabe todavía."
)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)


def vendor(server: ElevenLabs, **more: object) -> Vendor:
    return Vendor(
        "mine", Engine(plugin="elevenlabs", key="A_KEY", base_url=server.base_url, **more)
    )


def ear(server: ElevenLabs) -> LiveKitEar:
    return LiveKitEar("mine", vendor(server, model="scribe_v2_realtime").hearing(), grace=0.3)


async def called(server: ElevenLabs, stage: str) -> Outcome:
    """How a call ends, with shorter deadlines."""
    began = time.monotonic()
    if stage == "elevenlabs hears":
        hypotheses, error = await heard(ear(server), 1.0)
        finals = "".join(one.text for one in hypotheses if one.final)
        got = finals or (hypotheses[-1].text if hypotheses else "")
        return text_ended(got, TEXT, error, time.monotonic() - began)
    voice = LiveKitVoice("mine", vendor(server).speaking(), first=0.3, patience=0.3)
    async with http_context.open():
        audio, error = await said(voice)
        ended = audio_ended(audio, TEXT, error, time.monotonic() - began)
        await voice.aclose()
    return ended


@pytest.mark.parametrize("stage", OUTCOMES)
@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_ends_as_declared(fault: Fault, stage: str) -> None:
    expected = OUTCOMES[stage][fault]
    async with ElevenLabs(hears=SCRIPT) as server:
        server.faults.next(fault)
        if fault is Fault.REFUSED:
            await server.down()
        ended = await called(server, stage)
        unasked = fault is Fault.REFUSED  # nothing listened
        assert server.faults.taken == ([] if unasked else [fault])  # once, and not again
    assert (ended.error, ended.given) == (expected.error, expected.given)
    assert ended.within < expected.within + 1.5  # the first plugin is imported meanwhile


@pytest.mark.parametrize("stage", OUTCOMES)
async def test_the_next_call_goes_well(stage: str) -> None:
    async with ElevenLabs(hears=SCRIPT) as server:
        for fault in (Fault.RESET, None):
            server.faults.next(fault)
            ended = await called(server, stage)
    assert (ended.error, ended.given) == (None, "all")


# Speaking.


async def test_one_connection_says_all_clauses_and_loses_no_text() -> None:
    async with ElevenLabs() as server, http_context.open():
        voice = vendor(server).voice()
        for text in (LONG, TEXT, LONG):
            audio, error = await said(voice, text)
            assert error is None
            assert len(audio) / 2 / 24_000 == pytest.approx(0.05 * len(text), abs=0.3)
        await voice.aclose()
    (request,) = server.requests
    assert request.query["output_format"] == "pcm_24000"
    assert request.path.split("/")[3] == "a-voice"
    texts = [" ".join(text.split()) for text in request.said.values()]
    assert texts == [LONG, TEXT, LONG]


async def test_two_clauses_at_a_time_do_not_mix() -> None:
    async with ElevenLabs() as server, http_context.open():
        voice = vendor(server).voice()
        results = await asyncio.gather(said(voice), said(voice, TEXT * 2))
        await voice.aclose()
    for (audio, error), text in zip(results, (TEXT, TEXT * 2), strict=True):
        assert error is None
        assert len(audio) / 2 / 24_000 == pytest.approx(0.05 * len(text), abs=0.15)
    assert len(server.requests) == 1


async def test_a_connection_that_was_idle_for_too_long_is_made_anew() -> None:
    async with ElevenLabs(idle=0.1) as server, http_context.open():
        voice = vendor(server).voice()
        for _ in range(2):
            audio, error = await said(voice)
            assert (error, audio.startswith(hum(0.05 * len(TEXT)))) == (None, True)
            await asyncio.sleep(0.3)
        await voice.aclose()
    assert len(server.requests) == 2


async def test_a_connection_that_has_fallen_silent_is_not_used_again() -> None:
    async with ElevenLabs() as server, http_context.open():
        voice = LiveKitVoice("mine", vendor(server).speaking(), first=0.3, patience=0.3)
        await said(voice)
        server.faults.next(Fault.HANG)
        began = time.monotonic()
        _, error = await said(voice)
        assert error is not None
        assert (error.kind, error.retryable) == ("silent", True)
        assert time.monotonic() - began < 1.0
        assert (await said(voice))[1] is None
        await voice.aclose()
    assert len(server.requests) == 2


async def test_an_unknown_voice_is_told() -> None:
    async with ElevenLabs(voices={"another"}) as server, http_context.open():
        voice = vendor(server).voice()
        audio, error = await said(voice)
        await voice.aclose()
    assert audio == b""
    assert error is not None
    assert (error.kind, error.retryable) == ("refused", False)


async def test_what_cannot_be_spoken_is_not_asked_for() -> None:
    async with ElevenLabs() as server, http_context.open():
        voice = vendor(server).voice()
        for text in ("…", "?! —", "👍🏽", ""):
            assert await said(voice, text) == (b"", None)
        await voice.aclose()
    assert server.faults.taken == []


# Hearing.


async def test_languages_and_key_terms_arrive() -> None:
    async with ElevenLabs(hears=SCRIPT) as server:
        hypotheses, error = await heard(ear(server), 1.0)
    assert error is None
    (request,) = server.requests
    assert request.terms == ["LiveKit", "comité"]
    assert request.query["commit_strategy"] == "vad"
    assert request.query["include_language_detection"] == "true"
    assert [(one.text, one.final) for one in hypotheses] == [("El comité", False), (TEXT, True)]


async def test_words_without_a_language_are_not_taken_for_english() -> None:
    async with ElevenLabs(hears=SCRIPT) as server:
        hypotheses, _ = await heard(vendor(server, model="scribe_v2_realtime").ear(), 1.0)
    assert [one.language for one in hypotheses] == ["es", "es"]
