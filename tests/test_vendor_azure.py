"""LiveKit's real Azure plugin behind our stages, against its protocols on loopback."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from livekit.agents.utils import http_context

from tests.vendors import calls
from tests.vendors.azure import KEY, Azure
from tests.vendors.brains import HearsAsScripted, hum
from tests.vendors.calls import TEXT, hypothesis, speech
from tests.vendors.faults import Fault
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitEar, LiveKitVoice
from translator.engines.plugins import Vendor, ssml
from translator.errors import HearError, SpeakError
from translator.settings import Engine
from translator.types import Hypothesis, Prior

pytestmark = pytest.mark.vendor

PRIOR = Prior(languages=("en", "es"), expected="en", terms=("LiveKit",))
VOICE = "es-ES-ElviraNeural"
SAID = "Muy buenos días a todos."
SCRIPT = HearsAsScripted(
    (0.4, hypothesis("Muy", 0.4)),
    (0.8, hypothesis("Muy buenos días", 0.8)),
    (1.6, hypothesis(SAID, 1.5, final=True)),
)

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "azure hears": {
        Fault.REFUSED: Outcome(
            error="unreachable",
            given="nothing",
            within=2.0,
            note="its SDK tries five times in a second",
        ),
        Fault.RESET: Outcome(
            error=None,
            given="all",
            within=0.5,
            note="its SDK connects again, and sends again what had no answer",
        ),
        Fault.HANG: Outcome(
            error="silent", given="part", within=5.0, note="counted in seconds of speech"
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=5.0),
        Fault.GARBAGE: Outcome(
            error="silent", given="nothing", within=5.0, note="its SDK passes over it"
        ),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(
            error="rate limited",
            given="nothing",
            within=2.0,
            note="its SDK tries five times in a second",
        ),
        Fault.QUOTA: Outcome(error="quota", given="nothing", within=0.5, note="closed with 1007"),
        Fault.EMPTY: Outcome(
            error="silent", given="nothing", within=5.0, note="the plugin passes over NoMatch"
        ),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=1.0, note="a final that comes twice is heard once"
        ),
    },
    "azure speaks": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(error="silent", given="part", within=3.0),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=3.0),
        Fault.GARBAGE: Outcome(
            error="broken off",
            given="part",
            within=0.5,
            note="raw samples cannot be told from a page: it is a crackle, too short for the text",
        ),
        Fault.WRONG_KEY: Outcome(error="wrong key", given="nothing", within=0.5),
        Fault.RATE_LIMITED: Outcome(error="rate limited", given="nothing", within=0.5),
        Fault.QUOTA: Outcome(
            error="wrong key",
            given="nothing",
            within=0.5,
            note="403, as for a key without rights: the plugin does not read which",
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


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)


def vendor(address: str) -> Vendor:
    return Vendor("mine", Engine(plugin="azure", key="A_KEY", base_url=address))


# Hearing.


def ear(server: Azure, *, patience: float = 0.9, grace: float = 0.3) -> LiveKitEar:
    made = vendor(server.hearing_url).hearing()
    return LiveKitEar("mine", made, knows_english=True, patience=patience, grace=grace)


async def heard(server: Azure, *, prior: Prior = PRIOR) -> list[Hypothesis]:
    """What came of two seconds of speech. Raises what the ear raises."""
    return await calls.heard_well(ear(server), 2.0, prior=prior)


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_of_hearing_ends_as_declared(fault: Fault) -> None:
    expected = OUTCOMES["azure hears"][fault]
    async with Azure(SCRIPT) as server:
        if fault is Fault.REFUSED:
            await server.down()
        elif fault is Fault.RESET:
            server.faults.next(fault)
        else:  # its SDK connects again and again
            server.faults.always(fault)
        if fault in AGAIN:
            seconds = 2.0 if fault is Fault.RESET else 6.0
            patient = ear(server, patience=6.0, grace=3.0)
            got, error = await calls.heard(patient, seconds, haste=1, prior=PRIOR)
        elif fault is Fault.HANG:  # words are waited for as long as they would be spoken
            got, error = await calls.heard(ear(server), 3.0, haste=1, prior=PRIOR)
        else:
            seconds = 2.0 if fault is Fault.DUPLICATE else 4.0
            got, error = await calls.heard(ear(server), seconds, prior=PRIOR)
        await let_go(server)
    given = "nothing" if not got else "all" if got[-1].final else "part"
    assert (error and error.kind, given) == (expected.error, expected.given)
    assert {one.utterance for one in got} <= {"1"}  # which each hypothesis gives whole
    assert all(SAID.startswith(one.text) for one in got)


AGAIN = (Fault.REFUSED, Fault.RATE_LIMITED, Fault.RESET)
"""Its SDK connects again for a second of real time, in threads of its own, and the ear's patience
must be longer than that, however slow they are."""


async def let_go(server: Azure) -> None:
    """The SDK's threads wait for a hanging server, and the end of the test for them."""
    server.released.set()
    async with asyncio.timeout(10):
        while server.open:  # noqa: ASYNC110 (they are told by nothing)
            await asyncio.sleep(0.02)


async def test_words_are_heard_once_in_languages_with_regions_and_with_key_terms() -> None:
    async with Azure(SCRIPT) as server:
        got = await heard(server)
        (session,) = server.sessions
    assert [(one.text, one.final) for one in got] == [
        ("Muy", False),
        ("Muy buenos días", False),
        (SAID, True),
    ]
    assert {one.language for one in got} == {"es"}
    assert (got[-1].start, got[-1].end) == pytest.approx((0.1, 1.5), abs=0.01)
    assert session.seconds == pytest.approx(2.0, abs=0.05)
    assert not session.open
    assert session.languages == ["en-US", "es-ES"]
    assert session.terms == ["LiveKit"]


async def test_one_language_is_not_looked_for() -> None:
    async with Azure(SCRIPT) as server:
        got = await heard(server, prior=Prior(languages=("es",)))
        (session,) = server.sessions
    assert session.languages == ["es-ES"]
    assert {one.language for one in got} == {"es"}


class NeverDone:
    """Goes on after the audio has ended, and the plugin waits for it without end."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    async def hear(
        self, audio: AsyncIterator[bytes], languages: Sequence[str]
    ) -> AsyncGenerator[Hypothesis, None]:
        async with aclosing(SCRIPT.hear(audio, languages)) as hearing:
            async for one in hearing:
                yield replace(one, final=False)
        await self.done.wait()


async def test_a_turn_without_an_end_ends_after_the_grace() -> None:
    never = NeverDone()
    async with Azure(never) as server:
        got = await heard(server)
        never.done.set()  # no sooner
        await let_go(server)
    assert (got[-1].text, got[-1].final) == (SAID, True)


# Speaking.


async def speak(
    one: LiveKitVoice[Any], pcm: bytearray, text: str = TEXT, voice: str = VOICE
) -> None:
    async with asyncio.timeout(10), http_context.open():
        try:
            async with aclosing(one.say(text, language="es", voice=voice, pace=1.0)) as frames:
                async for frame in frames:
                    pcm.extend(frame.data.tobytes())
        finally:
            await one.aclose()


async def spoken(server: Azure, text: str, *, voice: str = VOICE) -> bytes:
    pcm = bytearray()
    await speak(vendor(server.speaking_url).voice(), pcm, text, voice)
    return bytes(pcm)


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_of_speaking_ends_as_declared(fault: Fault) -> None:
    expected = OUTCOMES["azure speaks"][fault]
    pcm, error = bytearray(), None
    async with Azure() as server:
        server.faults.always(fault)
        if fault is Fault.REFUSED:
            await server.down()
        made = vendor(server.speaking_url).speaking()
        try:
            await speak(LiveKitVoice("mine", made, spell=ssml, patience=0.4), pcm)
        except SpeakError as failed:
            error = failed.kind
        unasked = fault is Fault.REFUSED  # nothing listened
        assert server.faults.taken == ([] if unasked else [fault])  # once, and not again
    whole = hum(0.05 * len(TEXT))
    given = "nothing" if not pcm else "all" if bytes(pcm) == whole else "part"
    assert (error, given) == (expected.error, expected.given)
    if fault is not Fault.GARBAGE:
        assert whole.startswith(bytes(pcm))


async def test_a_text_is_spoken_by_the_voice_and_in_the_language_that_were_chosen() -> None:
    async with Azure() as server:
        assert await spoken(server, TEXT) == hum(0.05 * len(TEXT))
    (said,) = server.said
    assert (said.text, said.voice, said.language) == (TEXT, VOICE, "es-ES")


@pytest.mark.parametrize(
    "text",
    [
        'AT&T <b> "1 < 2" ]]> &amp; &#x26;',
        "</voice><voice name='en-US-JennyNeural'>I say what you like</voice><voice name='x'>",
        "<audio src='http://example.org/a.mp3'/> <break time='10s'/>",
        "<!-- a comment --><![CDATA[raw]]><?xml version='1.0'?>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;",
    ],
)
async def test_markup_is_said_and_not_obeyed(text: str) -> None:
    async with Azure() as server:
        await spoken(server, text)
    (said,) = server.said
    assert (said.text, said.voice, said.tags) == (text, VOICE, [])


async def test_what_is_no_character_of_xml_is_left_out() -> None:
    async with Azure() as server:
        await spoken(server, "uno\0dos\x1b[31m\ud800tres\uffffcuatro\ncinco")
    (said,) = server.said
    assert said.text == "uno dos [31m tres cuatro cinco"


@pytest.mark.parametrize("text", ["", "…", "¿?", " \n", "👍🏽", "\0\x07", "<>&"])
async def test_what_cannot_be_said_costs_no_call_and_fails_nothing(text: str) -> None:
    async with Azure() as server:
        assert await spoken(server, text) == b""
        assert server.faults.taken == []


async def test_a_voice_that_does_not_exist_is_refused() -> None:
    async with Azure() as server:
        with pytest.raises(SpeakError) as raised:
            await spoken(server, TEXT, voice="Elvira")
    assert (raised.value.kind, raised.value.retryable) == ("refused", False)


async def test_one_address_serves_for_both() -> None:
    async with Azure(SCRIPT) as server:
        one = vendor(f"http://127.0.0.1:{server.port}")
        pcm = bytearray()
        await speak(one.voice(), pcm)
        async with (
            aclosing(speech(2.0)) as audio,
            aclosing(one.ear().listen(audio, PRIOR)) as hypotheses,
        ):
            texts = [hypothesis.text async for hypothesis in hypotheses]
    assert texts[-1] == SAID
    assert server.said[0].text == TEXT


async def test_a_wrong_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "azure-wrong-0123456789")
    async with Azure() as server:
        with pytest.raises(SpeakError) as spoke:
            await spoken(server, TEXT)
        with pytest.raises(HearError) as listened:
            await heard(server)
    for raised in (spoke, listened):
        assert (raised.value.kind, raised.value.retryable) == ("wrong key", False)
        assert "0123456789" not in str(raised.value)
