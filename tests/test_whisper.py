"""WhisperEar: what it makes of the transcripts of its windows."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import numpy as np
import pytest

from tests.whisper_host import SENTENCE, Said, WhisperHost, floor, listen
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.audio import HUSH
from translator.engines.whisper.ear import Response
from translator.errors import HearError, StageError
from translator.hear import seconds
from translator.segment import Segmenter, words_of
from translator.types import Limits, Pauses, Prior

pytestmark = pytest.mark.unit

LIMITS = Limits(min_words=4, max_seconds=3.0)


async def test_what_is_said_becomes_final_at_a_pause() -> None:
    result = await listen(Said(SENTENCE, 1.0))
    (final,) = result.finals
    assert final is result.hypotheses[-1]
    assert (final.text, final.language, final.stable) == (SENTENCE, "en", len(SENTENCE))
    assert (final.start, final.end) == pytest.approx((1.0, Said(SENTENCE, 1.0).end), abs=0.04)
    assert result.at[-1] - final.end < Pauses().finished + 0.1


async def test_each_word_is_given_with_its_time() -> None:
    said = Said(SENTENCE, 1.0)
    final = (await listen(said)).finals[0]
    assert [word.text for word in final.words] == SENTENCE.split()
    for heard, spoken in zip(final.words, said.words, strict=True):
        assert (heard.start, heard.end) == pytest.approx((spoken.start, spoken.end), abs=0.04)


async def test_hypotheses_come_while_somebody_speaks() -> None:
    result = await listen(Said(SENTENCE, 1.0))
    gaps = [after - before for before, after in pairwise(result.at)]
    assert result.at[0] < 2.0
    assert max(gaps) < 0.8


async def test_what_is_stable_is_never_changed() -> None:
    hypotheses = (await listen(Said(f"{SENTENCE} {SENTENCE} {SENTENCE}", 0.5))).hypotheses
    for before, after in pairwise(hypotheses):
        assert after.text.startswith(before.text[: before.stable])
        assert after.stable >= before.stable
    assert any(one.stable for one in hypotheses if not one.final)


async def test_segments_are_committed_long_before_a_long_speech_ends() -> None:
    said = Said(" ".join([SENTENCE] * 6), 0.5)
    result = await listen(said)
    segmenter = Segmenter(speaker="p", speaker_name="Ana", prefix="", limits=LIMITS)
    late = [
        at - segment.start
        for at, hypothesis in zip(result.at, result.hypotheses, strict=True)
        for segment in segmenter.push(hypothesis, now=at, settings=1)
    ]
    assert len(late) >= 12
    assert max(late) < 5.0
    assert result.finals[0].text == said.text


@pytest.mark.parametrize(
    ("min_words", "max_seconds", "words"), [(2, 1.5, (2, 4)), (4, 3.0, (5, 8)), (12, 6.0, (12, 16))]
)
async def test_segments_are_as_long_as_the_organizer_wants_them(
    min_words: int, max_seconds: float, words: tuple[int, int]
) -> None:
    said = Said("one two three four five six seven eight nine ten " * 6, 0.5)
    result = await listen(said)
    segmenter = Segmenter(
        speaker="p",
        speaker_name="Ana",
        prefix="",
        limits=Limits(min_words=min_words, max_seconds=max_seconds),
    )
    segments = [
        segment
        for hypothesis in result.hypotheses
        for segment in segmenter.push(hypothesis, now=0.0, settings=1)
    ]
    lengths = [len(words_of(segment.text)) for segment in segments[:-1]]
    assert words[0] <= min(lengths)
    assert max(lengths) <= words[1]
    assert " ".join(segment.text for segment in segments) == said.text.strip()


async def test_a_pause_that_passed_during_a_slow_decode_still_ends_the_utterance() -> None:
    first = Said("We should all go home now.", 1.0)
    second = Said("It is very late.", first.end + Pauses().finished + 0.2)
    result = await listen(first, second, cost=1.5)
    assert [final.text for final in result.finals] == [first.text, second.text]


async def test_a_voice_that_says_no_word_gives_nothing() -> None:
    result = await listen(until=10.0, voiced=[(2.0, 3.0)])
    assert [one.text for one in result.finals] in ([], [""])
    assert all(one.text == "" for one in result.hypotheses)


async def test_a_few_words_wait_for_a_longer_pause() -> None:
    first = Said("Well then", 1.0)
    second = Said("let us all go home.", first.end + (Pauses().finished + Pauses().longest) / 2)
    assert [final.text for final in (await listen(first, second)).finals] == [
        "Well then let us all go home."
    ]
    alone = await listen(first, until=5.0)
    assert alone.at[-1] - first.end == pytest.approx(Pauses().longest, abs=0.1)


async def test_the_transcript_for_a_pause_is_made_before_the_pause_is_over() -> None:
    said = Said("We should all go home now.", 1.0)
    result = await listen(said)
    last = result.host.windows[-1]
    until = seconds(int(np.frombuffer(last.pcm, np.int16)[-1]) + 1)
    assert HUSH * 0.9 <= until - said.end <= Pauses().finished
    assert result.at[-1] - said.end == pytest.approx(Pauses().finished, abs=0.05)


async def test_when_the_sound_ends_what_was_said_last_is_final() -> None:
    said = Said("We should all go home", 1.0)
    result = await listen(said, until=said.end)
    assert [final.text for final in result.finals] == [said.text]


async def test_utterances_have_ids_of_their_own() -> None:
    first = Said("We should all go home now.", 1.0)
    second = Said("It is very late.", first.end + 1.2)
    result = await listen(first, second)
    assert [final.text for final in result.finals] == [first.text, second.text]
    assert len({final.utterance for final in result.finals}) == 2


class Broken(WhisperHost):
    """Fails as it is told to."""

    @asynccontextmanager
    async def post(
        self,
        path: str,
        *,
        failed: type[StageError],
        data: bytes | None = None,
        timeout: float = 30.0,
    ) -> AsyncIterator[Response]:
        raise failed("gone", retryable=True)
        yield

    async def transcribe(self, window: Window) -> Transcript:
        raise AssertionError("nobody asked")


async def test_a_failure_of_the_host_is_the_ears() -> None:
    async def hear() -> None:
        async with (
            aclosing(floor(Said("Hello there", 0.5), until=3.0)) as sounds,
            aclosing(WhisperEar(Broken()).listen(sounds, Prior(languages=["en"]))) as hypotheses,
        ):
            async for _ in hypotheses:
                pass

    with pytest.raises(HearError, match="gone") as raised:
        await hear()
    assert raised.value.retryable
