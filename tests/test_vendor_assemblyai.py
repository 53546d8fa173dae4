"""LiveKit's real AssemblyAI plugin behind our ear, against its protocol on loopback."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from itertools import pairwise
from math import inf
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError
from livekit.agents.utils import http_context
from livekit.plugins import assemblyai

from tests.vendors import calls
from tests.vendors.assemblyai import CADENCE, KEY, WORD_BY_WORD, AssemblyAI
from tests.vendors.brains import HearsAsScripted
from tests.vendors.calls import HASTE, PRIOR, hypothesis, speech
from tests.vendors.faults import Fault
from tests.vendors.outcome import Outcome
from translator.engines.livekit import LiveKitEar
from translator.engines.livekit.plugin import leave
from translator.engines.plugins import Vendor
from translator.errors import HearError, StageError
from translator.hear import BLOCK, SAMPLE_RATE, Sound, hear
from translator.settings import Engine
from translator.types import Hypothesis

pytestmark = pytest.mark.vendor

SCRIPT = HearsAsScripted(
    (0.4, hypothesis("Muy", 0.4)),
    (0.8, hypothesis("Muy buenos días", 0.8)),
    (1.6, hypothesis("Muy buenos días a todos.", 1.5, final=True)),
)
SAID = "Muy buenos días a todos."

OUTCOMES: Mapping[str, Mapping[Fault, Outcome]] = {
    "assemblyai hears": {
        Fault.REFUSED: Outcome(error="unreachable", given="nothing", within=0.5),
        Fault.RESET: Outcome(error="broken off", given="part", within=0.5),
        Fault.HANG: Outcome(
            error="silent",
            given="part",
            within=5.5,
            note="counted in seconds of speech, and 3 s with a model that tells each word; the"
            " plugin itself would wait for hours",
        ),
        Fault.SLOW: Outcome(error="silent", given="nothing", within=5.5),
        Fault.GARBAGE: Outcome(
            error="silent", given="nothing", within=5.5, note="the plugin logs it and goes on"
        ),
        Fault.WRONG_KEY: Outcome(
            error="wrong key", given="nothing", within=0.5, note="closed with 1008, not 401"
        ),
        Fault.RATE_LIMITED: Outcome(
            error="rate limited", given="nothing", within=0.5, note="1008 or 3009, by its reason"
        ),
        Fault.QUOTA: Outcome(
            error="quota", given="nothing", within=0.5, note="1008 too, by its reason"
        ),
        Fault.EMPTY: Outcome(
            error="silent", given="nothing", within=5.5, note="an empty turn answers no speech"
        ),
        Fault.DUPLICATE: Outcome(
            error=None, given="all", within=1.0, note="a final that comes twice is heard once"
        ),
    }
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)


def vendor(server: AssemblyAI, *, model: str | None = None, **options: object) -> Vendor:
    engine = Engine(
        plugin="assemblyai", model=model, key="A_KEY", base_url=server.base_url, options=options
    )
    return Vendor("mine", engine)


def ear(server: AssemblyAI, *, model: str | None = None, **options: object) -> LiveKitEar:
    made = vendor(server, model=model, **options).hearing()
    return LiveKitEar("mine", made, patience=0.9, grace=0.3)


async def sounds(*parts: tuple[float, int]) -> AsyncGenerator[Sound, None]:
    """Seconds of audio, each with its loudness, in real time."""
    for seconds, level in parts:
        for _ in range(round(seconds * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.full(BLOCK, level, np.int16), speech=0.9 if level else 0.0)
            await asyncio.sleep(BLOCK / SAMPLE_RATE)


async def heard(
    server: AssemblyAI, *, seconds: float = 2.0, haste: float = HASTE, model: str | None = None
) -> list[Hypothesis]:
    """What came of so many seconds of speech. Raises what the ear raises."""
    return await calls.heard_well(ear(server, model=model), seconds, haste=haste)


async def told(
    server: AssemblyAI, *, seconds: float = 0.1, options: Mapping[str, Any] = {}
) -> HearError:
    """How a session ends that is closed with a reason; so much speech is sent at once, and nothing
    after it. The plugin tells no reason where it learns of the close by sending, and which it
    learns first is chance."""
    made = vendor(server, **options).hearing()
    got, error = await calls.heard(LiveKitEar("mine", made), seconds, haste=inf, rest=5.0)
    assert got == []
    assert isinstance(error, HearError)
    return error


CLOSES = (Fault.WRONG_KEY, Fault.RATE_LIMITED, Fault.QUOTA)


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_ends_as_declared(fault: Fault) -> None:
    expected = OUTCOMES["assemblyai hears"][fault]
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        server.faults.next(fault)
        if fault is Fault.REFUSED:
            await server.down()
        got: list[Hypothesis] = []
        error: StageError | None = None
        if fault in CLOSES:
            error = await told(server)
        else:
            seconds = 1.65 if fault is Fault.DUPLICATE else 4.0
            got, error = await calls.heard(ear(server), seconds)
        unasked = fault is Fault.REFUSED  # nothing listened
        assert server.faults.taken == ([] if unasked else [fault])  # once, and not again
    texts = list(dict.fromkeys(one.text for one in got))
    given = "nothing" if not got else "all" if got[-1].final else "part"
    assert (error and error.kind, given) == (expected.error, expected.given)
    assert {one.utterance for one in got} <= {
        "1"
    }  # which each hypothesis gives whole: no word twice
    assert all(SAID.startswith(text) for text in texts)


async def test_words_are_heard_once_and_the_session_is_ended() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        got = await heard(server, model=WORD_BY_WORD[1])
        (session,) = server.sessions
    assert list(dict.fromkeys(one.text for one in got)) == ["Muy", "Muy buenos días", SAID]
    assert [one.final for one in got[-2:]] == [False, True]
    assert {one.utterance for one in got} == {"1"}
    assert got[-1].words[0].text == "Muy"
    assert (got[-1].start, got[-1].end) == pytest.approx((0.1, 1.5), abs=0.01)
    assert not session.open
    assert session.code is None
    assert session.seconds == pytest.approx(2.0, abs=0.05)


async def test_languages_and_key_terms_arrive() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        await heard(server)
        (session,) = server.sessions
    assert session.languages == ["en", "es"]
    assert session.terms == ["LiveKit", "comité"]
    assert session.query["language_detection"] == "true"


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {"min_turn_silence": "450", "max_turn_silence": "800"}),
        ({"mode": "balanced"}, {"mode": "balanced"}),
        ({"min_turn_silence": 300}, {"min_turn_silence": "300", "max_turn_silence": "300"}),
    ],
    ids=["usual", "by a mode", "by an option"],
)
async def test_turns_end_where_our_segments_do_unless_the_operator_says_otherwise(
    options: Mapping[str, object], query: Mapping[str, str]
) -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        await calls.heard(ear(server, **options), 0.5)  # type: ignore[arg-type]
        (session,) = server.sessions
    ends = {"mode", "min_turn_silence", "max_turn_silence"}
    assert {name: value for name, value in session.query.items() if name in ends} == query


@pytest.mark.virtual
async def test_a_breath_ends_no_turn_and_the_pauses_of_our_segments_do() -> None:
    said = ("Muy buenos", "Muy buenos días.", "Muy buenos días. Hoy", "Muy buenos días. Hoy no sé")
    script = zip((0.8, 1.6, 2.6, 4.0), said, strict=True)
    parts = [(0.8, 5000), (0.2, 0), (0.6, 5000), (0.6, 0), (0.4, 5000), (0.6, 0), (0.8, 5000)]
    hears = HearsAsScripted(*[(at, hypothesis(text, at - 0.1)) for at, text in script])
    async with (
        AssemblyAI(hears, cuts=True) as server,
        http_context.open(),
        aclosing(sounds(*parts, (2.0, 0))) as audio,
        aclosing(vendor(server).ear().listen(audio, PRIOR)) as hypotheses,
    ):
        ends = [one.text async for one in hypotheses if one.final]
    # A sentence ends after 0.45 s, anything else after 0.8 s.
    assert ends == ["Muy buenos días.", "Hoy no sé"]


@pytest.mark.virtual
async def test_who_makes_pauses_is_heard_in_one_session() -> None:
    script = [(1.1, hypothesis("Muy", 0.9)), (5.1, hypothesis("Muy buenos días.", 4.9))]
    ends: list[str] = []
    async with AssemblyAI(HearsAsScripted(*script), cuts=True) as server, http_context.open():
        hearing = hear(
            sounds((1.0, 5000), (3.0, 0), (1.0, 5000), (9.0, 0), (1.0, 5000), (1.0, 0)),
            vendor(server).ear(),
            prior=lambda: PRIOR,
            opened=lambda _open: None,
            failed=lambda error: pytest.fail(str(error)),
        )
        async with aclosing(hearing):
            ends = [one.text async for one in hearing if one.final]
        assert len(server.sessions) == 1
    assert ends == ["Muy", "buenos días."]


@pytest.mark.virtual  # both ends of the sockets are in its loop, so that a minute takes a second
async def test_a_minute_without_a_pause_is_heard_by_a_model_that_is_slow_to_tell() -> None:
    texts = [" ".join(f"word{n}" for n in range(count)) for count in range(1, 120)]
    script = [(0.5 * n + 0.3, hypothesis(text, 0.5 * n)) for n, text in enumerate(texts, 1)]
    end = (59.9, hypothesis(texts[-1], 59.5, final=True))
    got: list[Hypothesis] = []
    told: list[float] = []
    async with AssemblyAI(HearsAsScripted(*script, end)) as server, http_context.open():
        async with (
            aclosing(speech(60.0, haste=1)) as audio,
            aclosing(vendor(server).ear().listen(audio, PRIOR)) as hypotheses,
        ):
            async for one in hypotheses:
                got.append(one)
                told.append(asyncio.get_running_loop().time())
        assert len(server.sessions) == 1
    assert (got[-1].text, got[-1].final) == (texts[-1], True)
    assert max(after - before for before, after in pairwise(told)) == pytest.approx(
        CADENCE, abs=0.2
    )


@pytest.mark.parametrize("model", WORD_BY_WORD)
async def test_a_model_that_tells_each_word_takes_no_languages_and_is_given_less_time(
    model: str,
) -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        assert (await heard(server, model=model))[-1].text == SAID
        (session,) = server.sessions
    assert session.languages == []
    assert session.query["speech_model"] == model


async def test_a_turn_without_a_language_is_not_english() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        got = await heard(server)
    assert {one.language for one in got} == {"es"}


async def test_a_session_that_is_too_old_breaks_off() -> None:
    async with AssemblyAI(SCRIPT, ahead=60, max_age=0.2) as server:
        with pytest.raises(HearError) as raised:
            await heard(server, seconds=4.0)
        assert server.sessions[0].code == 3008
    assert (raised.value.kind, raised.value.retryable) == ("broken off", True)


async def test_audio_that_comes_too_fast_is_refused() -> None:
    async with AssemblyAI(SCRIPT, ahead=0.3) as server:
        error = await told(server, seconds=0.6, options={"buffer_size_seconds": 0.5})
        assert server.sessions[0].code == 3007
    assert error.kind == "rate limited"


async def test_what_was_kept_is_not_sent_faster_than_is_accepted() -> None:
    async with AssemblyAI(SCRIPT, ahead=1.5) as server:
        assert (await heard(server, haste=100))[-1].text == SAID
        assert server.sessions[0].code is None


@pytest.mark.parametrize("refusal", [1008, 3009])
async def test_one_session_too_many_is_a_limit_and_no_wrong_key(refusal: int) -> None:
    async with AssemblyAI(SCRIPT, ahead=60, most=0, refusal=refusal) as server:  # type: ignore[arg-type]
        error = await told(server)
        assert server.sessions[0].code == refusal
    assert (error.kind, error.retryable) == ("rate limited", True)


async def test_a_wrong_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "aai-wrong-0123456789")
    async with AssemblyAI(SCRIPT, ahead=60) as server:
        error = await told(server)
    assert (error.kind, error.retryable) == ("wrong key", False)
    assert "0123456789" not in str(error)


# The protocol itself.


@pytest.mark.parametrize("length", [0.02, 1.2])
async def test_a_piece_of_another_length_closes_the_session(length: float) -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server, aiohttp.ClientSession() as http:
        url = f"{server.base_url}/v3/ws"
        async with http.ws_connect(url, headers={"Authorization": KEY}) as socket:
            assert (await socket.receive_json())["type"] == "Begin"
            await socket.send_bytes(b"\0\0" * round(length * SAMPLE_RATE))
            assert (await socket.receive_json())["error_code"] == 3007
            await socket.receive()
            assert socket.close_code == 3007


async def test_terms_can_be_changed_and_a_turn_ended_in_the_middle_of_a_session() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server, http_context.open():
        made = vendor(server, model=WORD_BY_WORD[1]).hearing()(["en", "es"], ["LiveKit"])
        assert isinstance(made, assemblyai.STT)
        async with made, made.stream(conn_options=ONCE) as stream:
            assert isinstance(stream, assemblyai.SpeechStream)
            events = aiter(stream)
            stream.push_frame(rtc.AudioFrame(bytes(2 * 8000), SAMPLE_RATE, 1, 8000))
            assert (await anext(events)).alternatives[0].text == "Muy"
            stream.update_options(keyterms_prompt=["LiveKit", "EVS"])
            stream.force_endpoint()
            final = await anext(events)
            while final.type is not final.type.FINAL_TRANSCRIPT:
                final = await anext(events)
        assert final.alternatives[0].text == "Muy"
        assert server.sessions[0].terms == ["LiveKit", "EVS"]


ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


async def test_a_server_that_has_stopped_reading_is_left_in_time() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server, http_context.open():
        server.faults.next(Fault.HANG)
        made = vendor(server, model=WORD_BY_WORD[1]).hearing()(["en", "es"], [])
        async with made:
            stream = made.stream(conn_options=ONCE)
            stream.push_frame(rtc.AudioFrame(bytes(2 * 8000), SAMPLE_RATE, 1, 8000))
            await anext(aiter(stream))
            async with asyncio.timeout(1.0):
                await leave(stream, within=0.2)


async def test_a_refusal_holds_up_nobody() -> None:
    async with AssemblyAI(SCRIPT, ahead=60) as server, http_context.open():
        server.faults.next(Fault.WRONG_KEY)
        made = vendor(server).hearing()(["en"], [])
        async with made, asyncio.timeout(2.0), made.stream(conn_options=ONCE) as stream:
            with pytest.raises(APIError):
                await anext(aiter(stream))
