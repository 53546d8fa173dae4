"""A voice by LiveKit's real OpenAI plugin, against a server on loopback."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest
from livekit import rtc
from livekit.plugins import openai

from tests.vendors import calls
from tests.vendors.faults import Fault
from tests.vendors.openai import KEY, WRONG_KEY, OpenAI, Reply
from translator.engines.livekit import LiveKitVoice
from translator.errors import SpeakError

pytestmark = pytest.mark.vendor

TEXT = "El comité se reúne."


def speaking(
    server: OpenAI, *, key: str = KEY, patience: float = 5.0, deadline: float = 20.0
) -> LiveKitVoice[openai.TTS]:
    return LiveKitVoice(
        "mine",
        lambda _language, voice: openai.TTS(
            voice=voice or "ash", base_url=server.base_url, api_key=key, response_format="pcm"
        ),
        set_pace=lambda tts, pace: tts.update_options(speed=pace),
        patience=patience,
        deadline=deadline,
    )


async def said(voice: LiveKitVoice[openai.TTS], *, pace: float = 1.0) -> list[rtc.AudioFrame]:
    try:
        async with aclosing(voice.say(TEXT, language="es", voice="nova", pace=pace)) as frames:
            return [frame async for frame in frames]
    finally:
        await voice.aclose()


def duration(frames: Sequence[rtc.AudioFrame]) -> float:
    return sum(frame.duration for frame in frames)


async def test_a_text_is_spoken_in_frames_by_the_voice_that_was_chosen() -> None:
    async with OpenAI() as server:
        frames = await said(speaking(server))
    (request,) = server.requests
    assert (request.body["input"], request.body["voice"]) == (TEXT, "nova")
    assert {(frame.sample_rate, frame.num_channels) for frame in frames} == {(24_000, 1)}
    assert duration(frames) == pytest.approx(0.05 * len(TEXT), abs=0.02)
    assert len(frames) > 3


async def test_the_vendors_own_pace_is_used() -> None:
    async with OpenAI() as server:
        frames = await said(speaking(server), pace=1.25)
    assert server.requests[0].body["speed"] == 1.25
    assert duration(frames) == pytest.approx(0.04 * len(TEXT), abs=0.02)


async def test_the_first_frame_is_there_before_the_last_is_made() -> None:
    async with OpenAI(Reply(pause=0.05)) as server:
        voice = speaking(server)
        async with aclosing(voice.say(TEXT, language="es", voice=None, pace=1.0)) as frames:
            await anext(frames)
            assert not server.requests[0].answered
        await voice.aclose()


async def test_a_voice_tells_a_wrong_key_and_does_not_show_it() -> None:
    async with OpenAI() as server:
        with pytest.raises(SpeakError, match="refuses the key") as raised:
            await said(speaking(server, key=WRONG_KEY))
    assert not raised.value.retryable
    assert WRONG_KEY not in str(raised.value)
    assert len(server.requests) == 1


async def test_a_voice_that_is_asked_too_often_may_be_asked_again() -> None:
    async with OpenAI(Reply(status=429)) as server:
        with pytest.raises(SpeakError, match="status 429") as raised:
            await said(speaking(server))
    assert raised.value.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.RESET])
async def test_speech_that_breaks_off_has_failed_and_is_not_said_again(fault: Fault) -> None:
    async with OpenAI(Reply(fault=fault)) as server:
        with pytest.raises(SpeakError, match=r"in time|broke off"):
            await said(speaking(server, patience=0.3))
        assert len(server.requests) == 1


async def test_speech_that_drips_meets_its_deadline() -> None:
    async with OpenAI(Reply(pause=0.15)) as server:
        voice = speaking(server, deadline=0.9)
        pcm, error = await calls.said(voice)
        await voice.aclose()
    assert error is not None
    assert (error.kind, bool(pcm)) == ("silent", True)


async def test_speech_is_not_hurried_by_a_listener_who_takes_his_time() -> None:
    async with OpenAI() as server:
        voice = speaking(server, deadline=0.9)
        async with aclosing(voice.say(TEXT, language="es", voice=None, pace=1.0)) as frames:
            async for _ in frames:
                await asyncio.sleep(0.3)
        await voice.aclose()


async def test_a_listener_who_leaves_closes_the_request() -> None:
    async with OpenAI(Reply(pause=0.1)) as server:
        voice = speaking(server)
        async with aclosing(voice.say(TEXT, language="es", voice=None, pace=1.0)) as frames:
            await anext(frames)
        async with asyncio.timeout(5):
            await server.requests[0].ended.wait()
        await voice.aclose()
    assert not server.requests[0].answered
