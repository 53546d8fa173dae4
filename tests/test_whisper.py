"""WhisperEar: which windows it asks for, and what it makes of their transcripts."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest

from tests.whisper_host import WhisperHost
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.audio import HUSH, STEP, TOO_LONG
from translator.engines.whisper.ear import Response
from translator.engines.whisper.listening import CLEAR
from translator.engines.whisper.sanity import sane, without_loop
from translator.errors import HearError, StageError
from translator.hear import BLOCK, Sound, blocks, seconds
from translator.segment import Segmenter, tokens
from translator.types import Hypothesis, Limits, Pauses, Prior, Word

pytestmark = pytest.mark.unit

LIMITS = Limits(min_words=4, max_seconds=3.0)

WORD = 0.4
"""Seconds of each word of a script."""
SENTENCE = "We should all go home now, because it is late and the last bus leaves at ten."


@dataclass(slots=True)
class Said:
    text: str
    start: float
    language: str = "en"

    @property
    def words(self) -> list[Word]:
        return [
            Word(text=word, start=self.start + n * WORD, end=self.start + (n + 1) * WORD)
            for n, word in enumerate(self.text.split())
        ]

    @property
    def end(self) -> float:
        return self.words[-1].end


@dataclass(slots=True)
class Host(WhisperHost):
    """Hears what was said perfectly, but for a word that the window cuts off."""

    said: Sequence[Said]
    cost: float = 0.2
    windows: list[Window] = field(default_factory=list)
    running: int = 0

    async def transcribe(self, window: Window) -> Transcript:
        assert self.running == 0
        self.running += 1
        self.windows.append(window)
        await asyncio.sleep(self.cost)
        self.running -= 1
        return self.hear(window)

    def hear(self, window: Window) -> Transcript:
        numbers = np.frombuffer(window.pcm, np.int16)
        start, end = seconds(int(numbers[0])), seconds(int(numbers[-1]) + 1)
        inside: list[Word] = []
        spoken: Counter[str] = Counter()
        for said in self.said:
            for word in said.words:
                if start < (word.start + word.end) / 2 < end:
                    whole = word.end <= end
                    inside.append(word if whole else Word(text="hm", start=word.start, end=end))
                    spoken[said.language] += 1
        probabilities = {
            code: (spoken[code] + 0.01) / (spoken.total() + 0.01 * len(window.languages))
            for code in window.languages
        }
        begun = len(tokens(window.prefix))
        return Transcript(
            text="".join(f" {word.text}" for word in inside[begun:]),
            language=window.language
            or max(window.languages, key=lambda code: probabilities[code] * window.languages[code]),
            probabilities=probabilities,
            no_speech=0.0,
            logprob=-0.2,
            complete=True,
            words=tuple(
                Word(text=f" {word.text}", start=word.start - start, end=word.end - start)
                for word in inside
            )
            if window.align
            else (),
        )


async def floor(
    *said: Said, until: float, voiced: Sequence[tuple[float, float]] = ()
) -> AsyncGenerator[Sound, None]:
    """Sounds in real time that hold their number, voiced where something is said."""
    spans = [*((one.start, one.end) for one in said), *voiced]
    for number in range(blocks(until)):
        await asyncio.sleep(seconds(1))
        middle = seconds(number) + seconds(1) / 2
        speech = 0.9 if any(start <= middle < end for start, end in spans) else 0.0
        yield Sound(samples=np.full(BLOCK, number, np.int16), speech=speech)


@dataclass(slots=True)
class Result:
    hypotheses: list[Hypothesis]
    at: list[float]
    """When each came, in seconds from the first sound."""
    host: Host

    @property
    def finals(self) -> list[Hypothesis]:
        return [one for one in self.hypotheses if one.final]


async def listen(
    *said: Said,
    until: float | None = None,
    voiced: Sequence[tuple[float, float]] = (),
    languages: Sequence[str] = ("en",),
    expected: str | None = None,
    declared: str | None = None,
    terms: Sequence[str] = (),
    cost: float = 0.2,
    host: Host | None = None,
) -> Result:
    host = host or Host(said, cost)
    result = Result([], [], host)
    end = max((one.end for one in said), default=1.0) + 1.5 if until is None else until
    begin = asyncio.get_running_loop().time()
    async with (
        aclosing(floor(*said, until=end, voiced=voiced)) as sounds,
        aclosing(
            WhisperEar(host).listen(
                sounds,
                Prior(languages=languages, expected=expected, declared=declared, terms=terms),
            )
        ) as hypotheses,
    ):
        async for hypothesis in hypotheses:
            result.hypotheses.append(hypothesis)
            result.at.append(asyncio.get_running_loop().time() - begin)
    return result


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
    lengths = [len(tokens(segment.text)) for segment in segments[:-1]]
    assert words[0] <= min(lengths)
    assert max(lengths) <= words[1]
    assert " ".join(segment.text for segment in segments) == said.text.strip()


async def test_a_window_stays_short_however_long_somebody_speaks() -> None:
    speech = "one two three four five six seven eight nine ten " * 12
    result = await listen(Said(speech.strip(), 0.5))
    longest = max(len(window.pcm) / 2 / BLOCK for window in result.host.windows)
    assert longest <= blocks(TOO_LONG)
    assert result.finals[0].text == speech.strip()


@dataclass(slots=True)
class Babbling(Host):
    """Makes nothing of a window that is mostly babble, and hears 30 seconds of one at most."""

    babble: tuple[float, float] = (0.0, 0.0)
    made_of_it: Transcript | None = None

    def hear(self, window: Window) -> Transcript:
        window = replace(window, pcm=window.pcm[: blocks(30.0) * BLOCK * 2])
        numbers = np.frombuffer(window.pcm, np.int16)
        start, end = seconds(int(numbers[0])), seconds(int(numbers[-1]) + 1)
        babble = min(end, self.babble[1]) - max(start, self.babble[0])
        if self.made_of_it is not None and babble > 0.7 * (end - start):
            return self.made_of_it
        return Host.hear(self, window)


@pytest.mark.parametrize("made_of_it", ["a loop", "nothing"])
async def test_words_after_long_babble_are_heard_and_no_window_grows_with_it(
    made_of_it: str,
) -> None:
    made = transcript(" oh", complete=False) if made_of_it == "a loop" else transcript("")
    said, babble = Said(SENTENCE, 91.0), (1.0, 91.0)
    result = await listen(
        said, voiced=[babble], host=Babbling([said], babble=babble, made_of_it=made)
    )
    longest = max(len(window.pcm) / 2 / BLOCK for window in result.host.windows)
    assert longest <= blocks(TOO_LONG) + 2 * blocks(STEP)
    (final,) = result.finals
    assert final.text == SENTENCE
    assert final.words[0].start == pytest.approx(said.start, abs=0.04)
    assert said.start - final.start < TOO_LONG


async def test_words_before_long_babble_are_kept_when_their_audio_is_dropped() -> None:
    first, babble = Said("We should all", 1.0), (2.2, 40.0)
    said = Said(SENTENCE, 40.0)
    host = Babbling([first, said], babble=babble, made_of_it=transcript(" oh", complete=False))
    result = await listen(first, said, voiced=[babble], host=host)
    assert [final.text for final in result.finals] == [f"{first.text} {SENTENCE}"]


async def test_what_is_frozen_is_what_the_decoder_must_begin_with() -> None:
    result = await listen(Said("tall green trees grow slowly along this small river " * 2, 0.5))
    prefixes = [window.prefix for window in result.host.windows]
    assert any(prefixes)
    assert all(prefix in result.finals[0].text for prefix in prefixes)


async def test_one_window_at_a_time_even_on_a_slow_machine() -> None:
    said = Said(SENTENCE, 1.0)
    result = await listen(said, cost=1.3)  # the host checks that none overlap
    assert result.finals[0].text == SENTENCE


async def test_a_pause_that_passed_during_a_slow_decode_still_ends_the_utterance() -> None:
    first = Said("We should all go home now.", 1.0)
    second = Said("It is very late.", first.end + Pauses().finished + 0.2)
    result = await listen(first, second, cost=1.5)
    assert [final.text for final in result.finals] == [first.text, second.text]


async def test_silence_and_noise_without_voice_cost_nothing() -> None:
    result = await listen(until=30.0)
    assert result.host.windows == []
    assert result.hypotheses == []


@pytest.mark.parametrize(
    "voiced", [[(2.0, 2.1), (5.0, 5.1)], [(2.0, 2.18)], [(2.0, 2.18), (2.5, 2.68), (3.0, 3.18)]]
)
async def test_clicks_are_not_transcribed(voiced: Sequence[tuple[float, float]]) -> None:
    result = await listen(until=10.0, voiced=voiced)
    assert result.host.windows == []
    assert result.hypotheses == []


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


async def test_an_unknown_language_is_none_until_it_is_sure() -> None:
    result = await listen(Said(SENTENCE, 1.0, "es"), languages=["en", "es"])
    assert result.hypotheses[0].language is None
    assert [final.language for final in result.finals] == ["es"]
    first = next(at for at, one in zip(result.at, result.hypotheses, strict=True) if one.language)
    assert first < 3.5


async def test_a_language_that_is_the_only_one_is_known_at_once() -> None:
    result = await listen(Said(SENTENCE, 1.0, "es"), languages=["es"])
    assert {one.language for one in result.hypotheses} == {"es"}


async def test_the_expected_language_weighs_more() -> None:
    result = await listen(Said("Sí.", 1.0), languages=["en", "es"], expected="es")
    assert result.host.windows[0].languages["es"] > result.host.windows[0].languages["en"]


async def test_the_declared_language_weighs_most() -> None:
    result = await listen(
        Said("Sí.", 1.0), languages=["en", "es", "fr"], expected="es", declared="en"
    )
    weights = result.host.windows[0].languages
    assert weights["en"] > weights["es"] > weights["fr"]


async def test_a_change_from_the_declared_language_is_followed_without_a_pause() -> None:
    first = Said(SENTENCE, 1.0, "es")
    second = Said(" ".join([SENTENCE] * 2), first.end, "en")
    result = await listen(first, second, languages=["en", "es"], declared="es")
    assert [final.language for final in result.finals] == ["es", "en"]


async def test_the_language_of_one_utterance_is_expected_of_the_next() -> None:
    first = Said(SENTENCE, 1.0, "es")
    result = await listen(first, Said(SENTENCE, first.end + 1.2, "es"), languages=["en", "es"])
    last = result.host.windows[-1].languages
    assert last["es"] > last["en"]


async def test_languages_keep_the_names_that_they_were_given() -> None:
    result = await listen(Said(SENTENCE, 1.0, "pt"), languages=["en", "pt-BR"], expected="pt-BR")
    assert [final.language for final in result.finals] == ["pt-BR"]
    assert set(result.host.windows[0].languages) == {"en", "pt"}


async def test_who_changes_language_is_followed_without_a_pause() -> None:
    first = Said(SENTENCE, 1.0, "es")
    second = Said(" ".join([SENTENCE.upper()] * 2), first.end, "en")
    result = await listen(first, second, languages=["en", "es"])
    spanish, english = result.finals
    assert (spanish.language, english.language) == ("es", "en")
    assert spanish.utterance != english.utterance
    assert english.text.endswith(SENTENCE.upper())
    heard = f"{spanish.text} {english.text}".lower().split()
    assert heard == (SENTENCE.lower() + " " + second.text.lower()).split()


async def test_the_decoder_is_shown_what_was_said_before_in_the_same_language() -> None:
    first = Said(SENTENCE, 1.0, "es")
    second = Said("It is very late.", first.end + 1.2, "es")
    third = Said(SENTENCE, second.end + 1.2, "en")
    result = await listen(
        first, second, third, Said("Yes, it is.", third.end + 1.2, "en"), languages=["en", "es"]
    )
    windows = result.host.windows
    assert windows[0].before == ""
    assert any(
        (window.before, window.before_language) == (f"{SENTENCE} {second.text}", "es")
        for window in windows
    )
    assert (windows[-1].before, windows[-1].before_language) == (SENTENCE, "en")


async def test_the_terms_are_shown_to_the_decoder() -> None:
    windows = (await listen(Said(SENTENCE, 1.0), terms=["LiveKit", "Aldebarán"])).host.windows
    assert {window.terms for window in windows if window.clear != CLEAR} == {"LiveKit, Aldebarán"}


async def test_of_little_voice_nothing_is_expected_until_it_ends() -> None:
    first = Said(SENTENCE, 1.0)
    second = Said("Oh yes", first.end + 1.2)
    windows = (await listen(first, second, terms=["LiveKit"])).host.windows
    brief = [window for window in windows if window.clear == CLEAR]
    *early, last = brief[-3:]
    assert windows[-1] is last
    assert {window.before for window in brief} == {""}
    assert {window.terms for window in early} == {""}
    assert last.terms == "LiveKit"


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


def transcript(
    text: str, *, complete: bool = True, no_speech: float = 0.0, logprob: float = -0.2
) -> Transcript:
    return Transcript(
        text=text,
        language="en",
        probabilities={"en": 1.0},
        no_speech=no_speech,
        logprob=logprob,
        complete=complete,
        words=(Word(text=" one", start=0.1, end=0.2),),
    )


def test_windows_and_transcripts_survive_the_way() -> None:
    window = Window(
        pcm=b"\n\x00\n\x01",
        languages={"en": 4.0, "es": 1.0},
        language=None,
        prefix="¿Qué\n",
        before="",
        before_language=None,
        terms="",
        clear=-1.0,
        tokens=20,
        beam=1,
        align=True,
        model="base",
    )
    assert Window.from_bytes(window.to_bytes()) == window
    assert Transcript.from_bytes(transcript(" ñ").to_bytes()) == transcript(" ñ")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("we go home now", "we go home now"),
        ("no, no, no", "no, no, no"),
        ("very, very good", "very, very good"),
        ("so we go home. We go home.", "so we go home."),
        ("the the the the the", "the"),
        ("so ha-ha-ha-ha-ha", "so"),
        ("Fufufufufufu", ""),
        ("in the year 2222", "in the year 2222"),
        ("I know. I know. I know. I know.", "I know."),
        ("", ""),
    ],
)
def test_a_transcript_ends_where_it_begins_to_repeat_itself(text: str, kept: str) -> None:
    assert without_loop(text) == kept


def test_a_transcript_without_speech_is_empty() -> None:
    assert sane(transcript(" Thank you.", no_speech=0.7, logprob=-1.3), 1.0) == ""
    assert sane(transcript(" Thank you.", no_speech=0.7, logprob=-0.2), 1.0) == " Thank you."


def test_a_transcript_of_more_voice_must_be_surer() -> None:
    assert sane(transcript(" Thank you.", logprob=-2.0), 0.5) == " Thank you."
    assert sane(transcript(" Thank you.", logprob=-2.0), 2.5) == ""
    assert sane(transcript(" Thank you.", logprob=-1.3), 2.5) == " Thank you."


def test_a_transcript_does_not_repeat_what_is_frozen_before_it() -> None:
    frozen = "Tengo un problema con esto,"
    again = " edificante de agua. Tengo un problema con este, edificante de agua."
    assert sane(transcript(again), 2.0, frozen) == " edificante de agua."
    assert sane(transcript(" edificante de agua."), 2.0, frozen) == " edificante de agua."
    assert sane(transcript(" we go home"), 2.0, "no no no no no") == " we go home"


def test_two_sentences_that_begin_alike_are_both_said() -> None:
    said = " We shall fight on the beaches. We shall fight on the landing grounds."
    assert sane(transcript(said), 4.0) == said


def test_a_transcript_that_was_cut_off_is_not_used() -> None:
    assert sane(transcript(" one two three", complete=False), 1.0) is None
    assert sane(transcript(" go home now go home now", complete=False), 1.0) == " go home now"
