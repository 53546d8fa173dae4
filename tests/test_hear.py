"""detect and hear: when an ear is open, what it is given, and what becomes of its failures."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest
from livekit import rtc

from tests.hearing import (
    SILENT,
    VOICED,
    Act,
    Floor,
    ScriptedEar,
    drain,
    failing,
    hypothesis,
    sounds,
    to_the_end,
)
from translator.ahead import reading
from translator.errors import HearError, UnansweredError
from translator.hear import (
    BACKOFF,
    BLOCK,
    HOLD,
    ONSET,
    REACH,
    REPLAY,
    SAMPLE_RATE,
    Sound,
    blocks,
    detect,
    seconds,
)
from translator.types import Hypothesis, Word

pytestmark = pytest.mark.unit


async def test_silence_opens_no_ear() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    assert await floor.run((60.0, SILENT)) == []
    assert floor.opened == []


async def test_clicks_open_no_ear() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    await floor.run(*[(2.0, SILENT), (0.1, VOICED)] * 5, (2.0, SILENT))
    assert floor.opened == []


async def test_an_ear_hears_from_before_the_onset_to_the_end_of_the_silence_after() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    await floor.run((5.0, SILENT), (1.0, VOICED), (5.0, SILENT))
    (given,) = floor.ear.given
    assert given == list(range(given[0], given[-1] + 1))
    assert given[0] == blocks(5.0) + blocks(ONSET) - blocks(REACH)
    assert given[-1] + 1 == blocks(5.0) + blocks(1.0) + blocks(HOLD)
    assert floor.opened == [True, False]


async def test_a_pause_shorter_than_the_hold_keeps_the_ear_open() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    await floor.run((1.0, VOICED), (HOLD - 0.1, SILENT), (1.0, VOICED))
    assert len(floor.ear.given) == 1


async def test_times_and_ids_are_those_of_the_floor_over_several_listens() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    said = await floor.run((5.0, SILENT), (1.0, VOICED), (5.0, SILENT), (1.0, VOICED))
    assert len({one.utterance for one in said}) == 2
    for one, given in zip(said, floor.ear.given, strict=True):
        assert one.start == one.words[0].start == seconds(given[0])
        assert one.end == one.words[0].end == pytest.approx(seconds(given[-1] + 1))


async def test_the_end_of_the_source_ends_the_ear_and_the_hearing() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    assert len(await floor.run((1.0, VOICED))) == 1
    assert floor.opened == [True, False]


async def test_each_listen_is_told_what_is_expected_then() -> None:
    floor = Floor(ScriptedEar(to_the_end))
    async with (
        aclosing(sounds((1.0, VOICED), (3.0, SILENT), (1.0, VOICED))) as source,
        aclosing(floor.hear(source)) as said,
    ):
        async for _ in said:
            floor.expected = "es"
    assert floor.ear.hints == [(["en", "es"], None, ["LiveKit"]), (["en", "es"], "es", ["LiveKit"])]


async def test_after_a_failure_a_fresh_ear_hears_what_the_first_did_not_give() -> None:
    floor = Floor(ScriptedEar(failing(1.6, hypothesis(end=0.96)), to_the_end))
    said = await floor.run((6.0, VOICED))
    first, second = floor.ear.given
    assert second == list(range(first[0] + blocks(0.96), blocks(6.0)))
    assert [str(error) for error in floor.failures] == ["gone"]
    assert said[1].start == pytest.approx(0.96)
    assert floor.opened == [True, False, True, False]


async def test_the_utterance_of_a_failed_ear_becomes_final() -> None:
    floor = Floor(ScriptedEar(failing(1.6, hypothesis(end=1.5, final=False)), to_the_end))
    said = await floor.run((6.0, VOICED))
    assert [(one.utterance, one.final) for one in said] == [
        ("1.a", False),
        ("1.a", True),
        ("2.a", True),
    ]


def timed(text: str, *, stable: int = 0) -> Hypothesis:
    """Words of half a second each, the last of them not to its end."""
    words = tuple(
        Word(text=word, start=n / 2, end=(n + 1) / 2) for n, word in enumerate(text.split())
    )
    return replace(
        hypothesis(end=len(words) / 2, final=False), text=text, words=words, stable=stable
    )


@pytest.mark.parametrize(
    ("broken_off", "kept", "again"),
    [
        (timed("we are incredul"), "we are", 1.0),
        (timed("we are there", stable=12), "we are there", 1.5),  # its ear was sure of it
        (timed("incredul"), "incredul", 0.5),  # nothing would be left of the utterance
        (replace(timed("we are"), text="we are incredul"), "we are incredul", 1.0),
    ],
    ids=["half a word", "sure", "alone", "without its times"],
)
async def test_a_word_of_which_half_was_heard_is_heard_again(
    broken_off: Hypothesis, kept: str, again: float
) -> None:
    floor = Floor(ScriptedEar(failing(1.6, broken_off), to_the_end))
    said = await floor.run((6.0, VOICED))
    first, second = floor.ear.given
    assert [one.text for one in said if one.final] == [kept, "hello"]
    assert second[0] == first[0] + blocks(again)


@pytest.mark.parametrize("before", [[], [hypothesis(end=0.64)]], ids=["alone", "after a final"])
async def test_words_without_a_language_yet_are_heard_again_by_a_fresh_ear(
    before: list[Hypothesis],
) -> None:
    unknown = hypothesis("b", end=1.5, final=False, language=None)
    floor = Floor(ScriptedEar(failing(1.6, *before, unknown), to_the_end))
    said = await floor.run((6.0, VOICED))
    first, second = floor.ear.given
    assert second[0] == first[0] + sum(blocks(one.end) for one in before)
    assert [one.utterance for one in said if one.final][len(before) :] == ["2.a"]


async def test_words_without_a_language_are_heard_again_for_two_seconds_at_most() -> None:
    unknown = hypothesis(end=6.0, final=False, language=None)
    floor = Floor(ScriptedEar(failing(6.4, unknown), to_the_end))
    await floor.run((10.0, VOICED))
    _, second = floor.ear.given
    assert len(range(second[0], blocks(6.4) + blocks(BACKOFF[0]))) == blocks(REPLAY)


async def test_a_fresh_ear_hears_no_more_than_the_last_two_seconds_again() -> None:
    floor = Floor(ScriptedEar(failing(6.4), to_the_end))
    await floor.run((10.0, VOICED))
    _, second = floor.ear.given
    assert len(range(second[0], blocks(6.4) + blocks(BACKOFF[0]))) == blocks(REPLAY)


SILENT_EAR = UnansweredError("says nothing", retryable=True, kind="silent")


async def test_what_a_silent_ear_has_swallowed_is_heard_again_whole() -> None:
    floor = Floor(ScriptedEar(failing(8.5, hypothesis(end=0.96), error=SILENT_EAR), to_the_end))
    await floor.run((12.0, VOICED))
    first, second = floor.ear.given
    assert second == list(range(first[0] + blocks(0.96), blocks(12.0)))


async def test_what_was_swallowed_is_not_lost_to_an_ear_that_refuses_then() -> None:
    acts = (failing(8.5, error=SILENT_EAR), failing(0.0), failing(0.5), to_the_end)
    floor = Floor(ScriptedEar(*acts))
    await floor.run((12.0, VOICED))
    assert {given[0] for given in floor.ear.given if given} == {0}
    assert floor.ear.given[-1][-1] + 1 == blocks(12.0)


async def test_what_was_swallowed_is_given_up_in_an_outage_of_more_than_two_seconds() -> None:
    refusing = [failing(0.0)] * 6
    floor = Floor(ScriptedEar(failing(8.5, error=SILENT_EAR), *refusing, to_the_end))
    await floor.run((20.0, VOICED))
    waited = 8.5 + BACKOFF[0] + sum(BACKOFF) + BACKOFF[-1]
    assert seconds(floor.ear.given[-1][0]) == pytest.approx(waited - REPLAY, abs=0.2)


WORDS = [Word(text=f"w{n}", start=n / 2, end=n / 2 + 0.45) for n in range(36)]


def late(latency: float, *, hangs: float = 1000.0, patience: float = 1000.0) -> Act:
    """An act that knows each word `latency` after its end, falls silent when the floor's clock is
    `hangs`, and has failed after `patience` seconds without a word."""

    async def act(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        known: list[Word] = []
        answered = 0

        def said(*, final: bool) -> Hypothesis:
            begun = seconds(numbers[0])
            words = tuple(
                replace(word, start=max(word.start - begun, 0.0), end=word.end - begun)
                for word in known
            )
            text = " ".join(word.text for word in words)
            end = words[-1].end
            return replace(hypothesis(end=end, final=final), text=text, words=words)

        async for sound in audio:
            numbers.append(int(sound.samples[0]))
            begun, now = seconds(numbers[0]), seconds(numbers[-1] + 1)
            whole = [word for word in WORDS if begun <= word.start + 0.05]
            heard = [word for word in whole if word.end <= now - latency]
            if len(heard) > len(known) and now < hangs:
                known, answered = heard, len(numbers)
                yield said(final=False)
            if seconds(len(numbers) - answered) > patience:
                raise SILENT_EAR
        known = [word for word in whole if word.end <= now]
        yield said(final=True)

    return act


@pytest.mark.parametrize("patience", [2.0, 4.5, 8.0])
async def test_no_word_is_lost_or_doubled_where_a_vendor_answers_late_and_then_hangs(
    patience: float,
) -> None:
    hanging = ScriptedEar(late(0.4, hangs=6.0, patience=patience))
    floor = Floor(hanging, ScriptedEar(late(0.4)))
    said = await floor.run((18.0, VOICED), (2.0, SILENT))
    words = [word for one in said if one.final for word in one.text.split()]
    assert words == [word.text for word in WORDS]


async def test_what_an_earlier_listen_heard_is_not_replayed_by_a_later_failure() -> None:
    floor = Floor(ScriptedEar(to_the_end, failing(0.0), to_the_end))
    await floor.run((1.0, VOICED), (2.0, SILENT), (4.0, VOICED))
    first, _, third = floor.ear.given
    assert third[0] > first[-1]
    assert third[-1] + 1 == sum(blocks(part) for part in (1.0, 2.0, 4.0))


async def test_an_ear_that_always_fails_is_tried_ever_more_rarely() -> None:
    floor = Floor(ScriptedEar(failing(0.0)))
    await floor.run((60.0, VOICED))
    assert len(BACKOFF) < len(floor.failures) <= 60.0 / BACKOFF[-1] + len(BACKOFF)


async def test_what_a_failed_ear_lost_of_speech_with_pauses_is_heard_again_whole() -> None:
    floor = Floor(ScriptedEar(failing(5.0), to_the_end))
    await floor.run(*[(0.4, VOICED), (0.8, SILENT)] * 5)
    first, second = floor.ear.given
    assert second[0] == first[0]


async def test_an_ear_that_returns_early_is_followed_by_another_that_goes_on() -> None:
    async def renewed(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        async for sound in audio:
            numbers.append(int(sound.samples[0]))
            if len(numbers) == blocks(1.0):
                break
        yield hypothesis(end=seconds(len(numbers)))

    floor = Floor(ScriptedEar(renewed))
    await floor.run((3.2, VOICED))
    assert len(floor.ear.given) == 4
    assert [number for given in floor.ear.given for number in given] == list(range(blocks(3.2)))


async def test_an_ear_that_fails_while_it_waits_for_sound_does_not_end_the_source() -> None:
    async def read_ahead(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        async with reading(audio, ahead=10_000) as source:
            numbers.append(int((await anext(source)).samples[0]))
            raise HearError("gone")
        yield hypothesis()

    async def paced() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((6.0, VOICED)):
            await asyncio.sleep(0)
            yield sound

    floor = Floor(ScriptedEar(read_ahead, to_the_end))
    async with aclosing(paced()) as source, aclosing(floor.hear(source)) as said:
        assert [one.utterance async for one in said] == ["2.a"]
    assert floor.ear.given[1][-1] + 1 == blocks(6.0)


async def test_an_error_of_the_source_is_raised() -> None:
    async def broken() -> AsyncGenerator[Sound, None]:
        async for sound in sounds((1.0, VOICED)):
            yield sound
        raise OSError("no more frames")

    floor = Floor(ScriptedEar(to_the_end))
    with pytest.raises(OSError, match="no more frames"):
        await drain(floor, broken())
    assert floor.opened == [True, False]


async def forever(_: object = None) -> AsyncGenerator[Sound, None]:
    while True:
        async for sound in sounds((1.0, VOICED)):
            await asyncio.sleep(seconds(1))
            yield sound


async def at_once(
    audio: AsyncIterator[Sound], numbers: list[int]
) -> AsyncGenerator[Hypothesis, None]:
    async for _ in audio:
        yield hypothesis(final=False)


async def _read_two(floor: Floor) -> None:
    async with aclosing(forever()) as source, aclosing(floor.hear(source)) as said:
        assert await anext(said)
        assert await anext(said)


async def _cancelled(floor: Floor) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(drain(floor, forever()), 5.0)


@pytest.mark.parametrize("leave", [_read_two, _cancelled])
async def test_who_stops_listening_leaves_no_task_behind(
    leave: Callable[[Floor], Awaitable[None]],
) -> None:
    floor = Floor(ScriptedEar(at_once))
    await leave(floor)
    assert floor.opened == [True, False]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("length", [1, 160, 511, 512, 513, 1600])
async def test_frames_of_any_length_become_blocks_without_a_lost_sample(length: int) -> None:
    signal = np.random.default_rng(1).integers(-500, 500, 3200, np.int16)

    async def frames() -> AsyncGenerator[rtc.AudioFrame, None]:
        for start in range(0, len(signal), length):
            piece = signal[start : start + length]
            yield rtc.AudioFrame(piece.tobytes(), SAMPLE_RATE, 1, len(piece))

    async with aclosing(frames()) as source, aclosing(detect(source)) as found:
        cut = [sound async for sound in found]
    assert {len(sound.samples) for sound in cut} == {BLOCK}
    heard = np.concatenate([sound.samples for sound in cut])
    assert np.array_equal(heard[: len(signal)], signal)
    assert not heard[len(signal) :].any()
    assert len(heard) - len(signal) < BLOCK


async def test_there_is_no_voice_in_silence() -> None:
    async def frames() -> AsyncGenerator[rtc.AudioFrame, None]:
        yield rtc.AudioFrame(bytes(SAMPLE_RATE * 2), SAMPLE_RATE, 1, SAMPLE_RATE)

    async with aclosing(frames()) as source, aclosing(detect(source)) as found:
        assert max([sound.speech async for sound in found]) < 0.2


async def test_what_a_listen_was_not_given_of_a_replay_the_next_one_hears() -> None:
    silent = HearError("no word", retryable=True, kind="silent")

    async def leaving(
        audio: AsyncIterator[Sound], numbers: list[int]
    ) -> AsyncGenerator[Hypothesis, None]:
        for _ in range(blocks(1.0)):
            numbers.append(int((await anext(audio)).samples[0]))
        yield hypothesis(end=seconds(len(numbers)))

    floor = Floor(ScriptedEar(failing(8.0, error=silent), leaving, to_the_end))
    await floor.run((12.0, VOICED), (2.0, SILENT))
    first, second, third = floor.ear.given
    assert second[0] == first[0]
    assert third[0] == second[-1] + 1
    assert third[-1] >= blocks(12.0)


@pytest.mark.parametrize("quiet", [3.5, 28.0])
async def test_no_silence_is_heard_again_before_what_comes_after_a_failure(quiet: float) -> None:
    in_the_pause = failing(2.5, hypothesis(end=2.3))
    floor = Floor(ScriptedEar(in_the_pause, to_the_end, hold=10.0))
    await floor.run((2.0, VOICED), (quiet, SILENT), (3.0, VOICED), (2.0, SILENT))
    _, second = floor.ear.given
    assert second[0] >= blocks(2.0 + quiet) - blocks(REACH)
    assert second[-1] >= blocks(2.0 + quiet + 3.0) - 1
