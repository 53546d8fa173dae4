"""WhisperEar: who speaks for minutes without a pause is heard in utterances of bounded length."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import pytest

from tests.whisper_host import SENTENCE, PerfectHost, Result, Said, listen
from translator.engines.whisper import Transcript, Window
from translator.engines.whisper.audio import TOO_LONG
from translator.engines.whisper.listening import DOUBTFUL
from translator.engines.whisper.utterance import LASTING
from translator.segment import Segmenter, words_of
from translator.types import Limits, Segment

pytestmark = pytest.mark.unit

FAST = Limits(min_words=2, max_seconds=1.5, anywhere=True)
CAREFUL = Limits(min_words=12, max_seconds=6.0)

SENTENCES = " ".join([SENTENCE] * 20)
"""More than two minutes of them."""
PHRASES = "the man of the house and the tree in the park of the city with a river by the road"
UNENDING = " ".join([PHRASES] * 13)
"""Of which the segmenter cuts off more than freezes, where it may cut anywhere."""


_results: dict[tuple[str, type[PerfectHost]], Result] = {}


@cache
def said(text: str) -> Said:
    return Said(text, 1.0)


async def heard(text: str, host: type[PerfectHost] = PerfectHost) -> Result:
    """What is heard of `text`, said without a pause; once for all tests."""
    if (text, host) not in _results:
        _results[text, host] = await listen(said(text), host=host([said(text)]))
    return _results[text, host]


def segments(result: Result, limits: Limits) -> list[Segment]:
    segmenter = Segmenter(speaker="p", speaker_name="Ana", prefix="", limits=limits)
    return [
        segment
        for hypothesis in result.hypotheses
        for segment in segmenter.push(hypothesis, now=0.0, settings=1)
    ]


def plain(text: str) -> list[str]:
    """The words, however Fickle spells them."""
    return [word.key.removesuffix("xx") for word in words_of(text)]


@dataclass(slots=True)
class Fickle(PerfectHost):
    """Hears the last word otherwise every other time."""

    def hear(self, window: Window) -> Transcript:
        transcript = PerfectHost.hear(self, window)
        if not transcript.text or len(self.windows) % 2:
            return transcript
        *words, last = transcript.words or (None,)
        if last is not None:
            words.append(replace(last, text=f"{last.text.rstrip('.,')}xx"))
        return replace(transcript, text=f"{transcript.text.rstrip('.,')}xx", words=tuple(words))


@pytest.mark.parametrize(
    ("text", "longest"),
    [(SENTENCES, LASTING[0]), (UNENDING, LASTING[1])],
    ids=["full stops", "none"],
)
async def test_what_is_said_without_a_pause_is_given_in_several_utterances(
    text: str, longest: float
) -> None:
    finals = (await heard(text)).finals
    assert max(one.end - one.start for one in finals) < longest + TOO_LONG
    assert min(one.end - one.start for one in finals[:-1]) >= longest - 1.0
    assert " ".join(one.text for one in finals) == text
    assert len({one.utterance for one in finals}) == len(finals)
    for before, after in pairwise(finals):
        assert before.end <= after.start
    words = [word for one in finals for word in one.words]
    for word, spoken in zip(words, said(text).words, strict=True):
        assert (word.start, word.end) == pytest.approx((spoken.start, spoken.end), abs=0.04)
    assert {one.language for one in finals} == {"en"}


async def test_an_utterance_without_a_pause_ends_with_a_sentence_where_there_is_one() -> None:
    assert all(final.text.endswith("ten.") for final in (await heard(SENTENCES)).finals)


@pytest.mark.parametrize("text", [SENTENCES, UNENDING], ids=["full stops", "none"])
@pytest.mark.parametrize("limits", [FAST, Limits(min_words=4, max_seconds=2.0), CAREFUL])
@pytest.mark.parametrize("host", [PerfectHost, Fickle])
async def test_no_word_is_lost_or_doubled_where_one_utterance_goes_on_in_another(
    text: str, limits: Limits, host: type[PerfectHost]
) -> None:
    result = await heard(text, host)
    found = segments(result, limits)
    assert len(result.finals) > 1
    assert plain(" ".join(segment.text for segment in found)) == plain(text)
    for before, after in pairwise(found):
        assert before.end <= after.start


async def test_readers_lose_nothing_where_one_utterance_goes_on_in_another() -> None:
    segmenter = Segmenter(speaker="p", speaker_name="Ana", prefix="", limits=CAREFUL)
    shown = ""
    committed = ""
    for hypothesis in (await heard(SENTENCES)).hypotheses:
        for segment in segmenter.push(hypothesis, now=0.0, settings=1):
            committed = f"{committed} {segment.text}".strip()
        now = f"{committed} {segmenter.tail}".strip()
        assert now.startswith(shown)
        shown = now


async def test_the_decoder_knows_what_was_said_before_one_utterance_went_on_in_another() -> None:
    windows = (await heard(SENTENCES)).host.windows
    shown = [window.before for window in windows if window.clear == DOUBTFUL]
    assert all(shown[30:])
