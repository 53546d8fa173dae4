"""WhisperEar: which windows it asks for, and what it shows the decoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.whisper_host import SENTENCE, PerfectHost, Said, listen, transcript
from translator.engines.whisper import Transcript, Window
from translator.engines.whisper.audio import STEP, TOO_LONG
from translator.engines.whisper.listening import CLEAR
from translator.hear import BLOCK, blocks, seconds

pytestmark = pytest.mark.unit


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


async def test_one_window_at_a_time_even_on_a_slow_machine() -> None:
    said = Said(SENTENCE, 1.0)
    result = await listen(said, cost=1.3)  # the host checks that none overlap
    assert result.finals[0].text == SENTENCE


async def test_a_window_stays_short_however_long_somebody_speaks() -> None:
    speech = "one two three four five six seven eight nine ten " * 12
    result = await listen(Said(speech.strip(), 0.5))
    longest = max(len(window.pcm) / 2 / BLOCK for window in result.host.windows)
    assert longest <= blocks(TOO_LONG)
    assert result.finals[0].text == speech.strip()


@dataclass(slots=True)
class Babbling(PerfectHost):
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
        return PerfectHost.hear(self, window)


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
