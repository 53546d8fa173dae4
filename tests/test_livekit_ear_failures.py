"""What an ear with a plugin's STT makes of its failures."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError
from livekit.agents import stt as agents_stt

from tests.fakes import in_event_loop
from tests.plugins import (
    FINAL,
    INTERIM,
    KEY,
    SPOKEN,
    Script,
    ScriptedStream,
    ScriptedSTT,
    heard,
    now,
    says,
    sounds,
)
from translator.ears import Ears
from translator.engines.livekit import LiveKitEar
from translator.engines.livekit.feed import BURST, OVERDUE, PACE, SETTLED
from translator.errors import HearError, UnansweredError
from translator.health import Health
from translator.hear import BLOCK, PAUSE, SAMPLE_RATE, Sound, hear
from translator.types import Prior

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("error", "retryable", "text"),
    [
        (APIStatusError(f"bad key {KEY}", status_code=401, body=KEY), False, "refuses the key"),
        (APIStatusError("slow down", status_code=429), True, "status 429"),
        (APIStatusError("closed", status_code=3008), True, "broke off (status 3008)"),
        (APIConnectionError(f"refused {KEY}"), True, "broke off"),
        (aiohttp.ClientConnectionError(KEY), True, "mine broke off"),
        (
            aiohttp.WSServerHandshakeError(None, (), status=401, message=KEY),  # type: ignore[arg-type]
            False,
            "refuses the key",
        ),
        (APIError(KEY, retryable=False), False, "failed (APIError)"),
        (ValueError(KEY), False, "failed (ValueError)"),
    ],
)
async def test_a_vendors_failure_is_told_without_its_words(
    error: Exception, retryable: bool, text: str
) -> None:
    with pytest.raises(HearError) as raised:
        await heard(Script(steps=[(1.0, says(INTERIM, "good")), (1.2, error)]))
    assert raised.value.retryable is retryable
    assert text in str(raised.value)
    assert str(raised.value).startswith("mine ")
    assert KEY not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_an_stt_is_made_beside_the_event_loop() -> None:
    made: list[bool] = []

    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        made.append(in_event_loop())
        return ScriptedSTT(Script())

    listening = LiveKitEar("mine", make).listen(sounds((1.0, 0.0)), Prior(languages=("en",)))
    async with aclosing(listening):
        assert [one async for one in listening] == []
    assert made == [False]


async def test_an_stt_that_cannot_be_made_has_failed() -> None:
    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        raise ValueError("a key is required")

    with pytest.raises(HearError, match=r"no engine \(ValueError\): check its settings") as raised:
        async for _ in LiveKitEar("mine", make).listen(
            sounds((1.0, 0.9)), Prior(languages=("en",))
        ):
            pass
    assert not raised.value.retryable


async def test_an_stt_that_gives_no_stream_has_failed_and_the_next_ear_hears() -> None:
    class NoStream(ScriptedSTT):
        def stream(self, **options: Any) -> agents_stt.RecognizeStream:
            raise ValueError(f"{KEY}: no such language")

    broken, good = Script(), Script(at_end=[says(FINAL, "Good morning.")])
    made = {
        "broken": LiveKitEar("mine", lambda _languages, _terms: NoStream(broken)),
        "good": LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(good)),
    }
    health = Health(now)
    failures: list[HearError] = []
    hearing = hear(
        sounds((3.0, 0.9)),
        Ears(lambda: tuple(made), lambda name: made[name], health),
        prior=lambda: Prior(languages=("en",)),
        opened=lambda _open: None,
        failed=failures.append,
    )
    async with aclosing(hearing):
        assert [one.text async for one in hearing] == ["Good morning."]
    assert [str(error) for error in failures] == ["mine failed (ValueError)"]
    assert broken.closed


async def test_an_stt_that_stops_before_the_audio_has_failed() -> None:
    with pytest.raises(HearError, match="mine has stopped listening") as raised:
        await heard(Script(steps=[(1.0, None)]))
    assert raised.value.retryable


async def test_an_stt_that_says_nothing_of_much_speech_has_failed() -> None:
    with pytest.raises(HearError, match="says nothing"):
        await heard(Script(endless=True), (10, 0.9), patience=4.0)


async def failed_at(script: Script, *parts: tuple[float, float]) -> float:
    """Seconds until it is silent by the patience that is usual."""
    began = now()
    with pytest.raises(UnansweredError):
        await heard(script, *parts)
    return now() - began


async def test_an_stt_that_told_each_word_is_silent_after_three_seconds() -> None:
    words = [(n / 2, says(INTERIM, "and so on" * n)) for n in range(1, 8)]
    assert await failed_at(Script(steps=[*words]), (20, 0.9)) == pytest.approx(
        3.5 + OVERDUE, abs=0.1
    )


@pytest.mark.parametrize(
    "steps",
    [
        [(3.0 * n, says(INTERIM, "and so on" * n)) for n in range(1, 3)],
        [(6.0 + 0.03 * n, says(INTERIM, "and so on" * n)) for n in range(20)],
        [
            step
            for n in range(1, 7)
            for step in ((float(n), says(INTERIM, "and")), (n + 0.1, says(FINAL, f"And {n}.")))
        ],
    ],
    ids=["in steps", "behind an utterance", "short utterances"],
)
async def test_an_stt_that_did_not_is_given_its_time(
    steps: list[tuple[float, agents_stt.SpeechEvent | Exception | None]],
) -> None:
    last = steps[-1][0]
    assert await failed_at(Script(steps=[*steps]), (20, 0.9)) == pytest.approx(last + 8.0, abs=0.1)


async def test_an_stt_that_leaves_the_last_words_unanswered_has_failed() -> None:
    with pytest.raises(HearError, match="says nothing") as raised:
        await heard(Script(endless=True), (1.0, 0.9), (1.5, 0.0))
    assert raised.value.retryable
    assert raised.value.kind == "silent"


async def test_in_a_long_pause_an_stt_is_asked_for_what_it_has_not_said() -> None:
    began = now()
    assert await heard(Script(), (1.024, 0.9), (8.0, 0.0)) == []
    assert now() - began == pytest.approx(1.024 + SETTLED, abs=0.1)


async def test_a_stream_goes_on_through_a_long_pause_where_all_is_said() -> None:
    script = Script(steps=[(1.5, says(FINAL, "Good.")), (9.8, says(FINAL, "Yes."))])
    assert len(await heard(script, (1.024, 0.9), (8.0, 0.0), (0.512, 0.9), (1.0, 0.0))) == 2


async def test_an_stt_that_ends_in_order_heard_no_words_in_a_noise() -> None:
    assert await heard(Script(), (1.0, 0.9), (1.5, 0.0)) == []


@pytest.mark.parametrize("pace", [PACE, 2.0])
async def test_what_has_waited_is_sent_no_faster_than_vendors_take_it(pace: float) -> None:
    script, begun = Script(), now()
    sent: list[tuple[float, float]] = []

    async def at_once() -> AsyncGenerator[Sound, None]:
        for _ in range(round(6.0 * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.zeros(BLOCK, np.int16), speech=0.0)
            sent.append((now() - begun, script.samples / SAMPLE_RATE))

    ear = LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(script), pace=pace)
    async with aclosing(ear.listen(at_once(), Prior(languages=("en",)))) as hypotheses:
        assert [one async for one in hypotheses] == []
    assert max(pushed - pace * passed for passed, pushed in sent) == pytest.approx(BURST, abs=0.06)
    assert sent[-1][0] == pytest.approx((6.0 - BURST) / pace, abs=0.1)


async def test_an_old_stream_ends_at_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.engines.livekit.feed.RENEWED", 3.0)
    script = Script(at_end=[says(FINAL, "Good morning.")])
    parts = [(0.5, 0.0), (3.0, 0.9), (0.5, 0.0), (3.0, 0.9)]
    began = now()
    (final,) = await heard(script, *parts)
    assert final.text == "Good morning."
    assert now() - began == pytest.approx(3.5 + PAUSE, abs=0.1)


async def test_an_stt_that_answers_now_and_then_may_go_on() -> None:
    script = Script(steps=[(float(at), says(INTERIM, "and so on")) for at in range(3, 30, 3)])
    assert len(await heard(script, (10, 0.9), patience=4.0)) == 4


async def test_a_failure_of_the_floor_is_raised_as_it_is() -> None:
    async def broken() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((0.5, 0.0)):
            yield sound
        raise LookupError("the floor is gone")

    script = Script(endless=True)
    ear = LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(script))
    with pytest.raises(LookupError, match="the floor is gone"):
        async for _ in ear.listen(broken(), Prior(languages=("en",))):
            pass


async def test_who_stops_reading_ends_the_stream() -> None:
    script = Script(steps=[(1.0, says(INTERIM, "good"))], endless=True)
    ear = LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(script))
    async with aclosing(ear.listen(sounds(*SPOKEN), Prior(languages=("en",)))) as hypotheses:
        assert (await anext(hypotheses)).text == "good"
    assert script.closed
    assert len(asyncio.all_tasks()) == 1


async def test_a_floor_is_heard_on_by_a_fresh_stt_after_a_failure() -> None:
    scripts = [
        Script(steps=[(1.0, says(INTERIM, "good")), (1.2, APIConnectionError())]),
        Script(steps=[(5.5, says(FINAL, "Good morning."))], endless=True),
    ]
    left = iter(scripts)
    failures: list[HearError] = []
    async with (
        aclosing(sounds((0.5, 0.0), (6.0, 0.9), (3.0, 0.0))) as audio,
        aclosing(
            hear(
                audio,
                LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(next(left))),
                prior=lambda: Prior(languages=("en",)),
                opened=lambda _open: None,
                failed=failures.append,
            )
        ) as hypotheses,
    ):
        got = [(h.text, h.final) async for h in hypotheses]
    assert got == [("good", False), ("good", True), ("Good morning.", True)]
    assert len(failures) == 1
    assert all(script.closed for script in scripts)


async def test_a_vendor_whose_first_word_takes_long_is_given_its_time_after_a_replay() -> None:
    """What waits is sent at once, and is two seconds of speech before one second has passed."""

    async def waiting() -> AsyncGenerator[Sound, None]:
        for _ in range(round(2.5 * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.zeros(BLOCK, np.int16), speech=0.9)
        async for sound in sounds((1.0, 0.9)):
            yield sound

    class Slow(ScriptedStream):
        async def _run(self) -> None:
            await asyncio.sleep(1.6)
            await super()._run()

    class SlowSTT(ScriptedSTT):
        def stream(self, **options: Any) -> agents_stt.RecognizeStream:
            return Slow(stt=self, conn_options=options["conn_options"])

    script = Script(steps=[(0.5, says(INTERIM, "good"))], at_end=[says(FINAL, "Good.")])
    ear = LiveKitEar("mine", lambda _languages, _terms: SlowSTT(script), patience=2.0)
    async with aclosing(ear.listen(waiting(), Prior(languages=("en",)))) as hypotheses:
        assert [one.text async for one in hypotheses] == ["good", "Good."]


async def test_nothing_can_be_saved_up_to_be_sent_too_fast() -> None:
    script = Script()
    sent: list[tuple[float, float]] = []

    async def a_minute_and_a_backlog() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((60.0, 0.0)):
            yield sound
        for _ in range(round(4.0 * SAMPLE_RATE / BLOCK)):
            yield Sound(samples=np.zeros(BLOCK, np.int16), speech=0.0)
            sent.append((now(), script.samples / SAMPLE_RATE))

    ear = LiveKitEar("mine", lambda _languages, _terms: ScriptedSTT(script))
    listening = ear.listen(a_minute_and_a_backlog(), Prior(languages=("en",)))
    async with aclosing(listening) as hypotheses:
        assert [one async for one in hypotheses] == []
    (first, before), (last, after) = sent[0], sent[-1]
    assert after - before <= BURST + PACE * (last - first) + 0.1
