"""An ear by LiveKit's real OpenAI plugin, against a server on loopback."""

from collections.abc import Sequence
from math import inf

import pytest
from livekit.plugins import openai

from tests.vendors import calls
from tests.vendors.brains import HearsAsScripted
from tests.vendors.calls import hypothesis
from tests.vendors.openai import KEY, WRONG_KEY, OpenAI
from translator.engines.livekit import LiveKitEar
from translator.errors import HearError
from translator.types import Hypothesis

pytestmark = pytest.mark.vendor


def ear(server: OpenAI, *, key: str = KEY, grace: float = 2.0) -> LiveKitEar:
    def make(languages: Sequence[str], terms: Sequence[str]) -> openai.STT:
        return openai.STT(
            model="gpt-transcribe",
            use_realtime=True,
            language=list(languages),
            keywords=list(terms),
            base_url=server.base_url,
            api_key=key,
        )

    return LiveKitEar("mine", make, knows_english=True, grace=grace)


async def heard(ear: LiveKitEar) -> list[Hypothesis]:
    return await calls.heard_well(ear, 2.0, haste=inf)


async def test_speech_is_heard_although_the_plugin_never_ends() -> None:
    hears = HearsAsScripted(
        (0.5, hypothesis("Good", 0.5, language=None)),
        (1.9, hypothesis("Good morning.", 1.9, final=True, language="en")),
    )
    async with OpenAI(hears=hears) as server:
        interim, final = await heard(ear(server))
    assert (interim.text, interim.final, interim.language) == ("Good", False, "es")
    assert (final.text, final.final, final.language) == ("Good morning.", True, "en")
    assert interim.utterance == final.utterance
    assert (final.start, final.end) == pytest.approx((0.0, 1.9), abs=0.1)


async def test_languages_and_key_terms_arrive() -> None:
    async with OpenAI(
        hears=HearsAsScripted((1.9, hypothesis("Sí.", 1.9, final=True, language=None)))
    ) as server:
        await heard(ear(server))
    (request,) = server.requests
    transcription = request.body["audio"]["input"]["transcription"]
    assert transcription["languages"] == ["en", "es"]
    assert transcription["keywords"] == ["LiveKit", "comité"]


async def test_words_without_an_end_become_final_after_the_grace() -> None:
    async with OpenAI(
        hears=HearsAsScripted((1.8, hypothesis("Good", 1.8, language=None)))
    ) as server:
        interim, rest = await heard(ear(server, grace=0.1))
    assert (interim.final, rest.final) == (False, True)
    assert rest.text == "Good"


async def test_an_ear_tells_a_wrong_key_and_does_not_show_it() -> None:
    async with OpenAI() as server:
        with pytest.raises(HearError, match="refuses the key") as raised:
            await heard(ear(server, key=WRONG_KEY))
    assert not raised.value.retryable
    assert WRONG_KEY not in str(raised.value)
