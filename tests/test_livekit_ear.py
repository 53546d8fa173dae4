"""Any plugin's STT is an ear, over scripted subclasses of LiveKit's base classes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from livekit.agents import stt as agents_stt
from livekit.agents.types import TimedString

from tests.plugins import (
    FINAL,
    INTERIM,
    LONG_SPANISH,
    PREFLIGHT,
    SPOKEN,
    Script,
    ScriptedSTT,
    duration,
    heard,
    now,
    says,
    sounds,
)
from translator.engines.livekit import LiveKitEar
from translator.engines.livekit.utterances import LATENCY
from translator.types import Prior, Word

pytestmark = pytest.mark.unit


async def test_an_utterance_grows_under_one_id_until_it_is_final() -> None:
    script = Script(
        steps=[
            (1.0, says(INTERIM, "good")),
            (1.5, says(INTERIM, "good morning")),
            (3.0, says(FINAL, "Good morning.")),
            (3.2, says(INTERIM, "and")),
            (3.4, says(FINAL, "And?")),
        ]
    )
    got = await heard(script)
    assert [(h.utterance, h.text, h.final) for h in got] == [
        ("1", "good", False),
        ("1", "good morning", False),
        ("1", "Good morning.", True),
        ("2", "and", False),
        ("2", "And?", True),
    ]
    assert script.closed


async def test_languages_and_terms_reach_the_maker() -> None:
    made: list[tuple[Sequence[str], Sequence[str]]] = []

    def make(languages: Sequence[str], terms: Sequence[str]) -> agents_stt.STT[Any]:
        made.append((languages, terms))
        return ScriptedSTT(Script())

    listening = LiveKitEar("mine", make).listen(
        sounds((0.1, 0.0)), Prior(languages=("en", "es"), terms=("LiveKit",))
    )
    assert [hypothesis async for hypothesis in listening] == []
    assert made == [(("en", "es"), ("LiveKit",))]


async def test_times_are_those_of_the_speech_that_was_pushed() -> None:
    script = Script(steps=[(1.5, says(INTERIM, "good")), (3.0, says(FINAL, "Good."))])
    interim, final = await heard(script)
    assert interim.start == pytest.approx(0.512)
    assert interim.end == pytest.approx(1.5 - LATENCY, abs=0.04)
    assert (final.start, final.end) == pytest.approx((0.512, 2.56))


async def test_the_next_utterance_begins_with_the_next_speech() -> None:
    script = Script(steps=[(1.8, says(FINAL, "One.")), (3.4, says(FINAL, "Two."))])
    one, two = await heard(script, (0.512, 0.0), (1.024, 0.9), (0.512, 0.0), (1.024, 0.9), (1, 0.0))
    assert (one.start, one.end) == pytest.approx((0.512, 1.536))
    assert (two.start, two.end) == pytest.approx((2.048, 3.072))


async def test_a_vendors_own_times_are_taken_where_they_can_be_true() -> None:
    words = [
        TimedString("Good", start_time=0.6, end_time=0.9),
        TimedString("morning.", start_time=0.9, end_time=1.4),
    ]
    true = says(FINAL, "Good morning.", start=0.6, end=1.4, words=words)
    (final,) = await heard(Script(steps=[(3.0, true)]))
    assert (final.start, final.end) == (0.6, 1.4)
    assert final.words == (
        Word(text="Good", start=0.6, end=0.9),
        Word(text="morning.", start=0.9, end=1.4),
    )


async def test_times_after_the_audio_that_was_pushed_are_not_believed() -> None:
    words = [TimedString("Good", start_time=70.0, end_time=71.0)]
    late = says(FINAL, "Good", start=70.0, end=71.0, words=words)
    (final,) = await heard(Script(steps=[(3.0, late)]))
    assert (final.start, final.end) == pytest.approx((0.512, 2.56))
    assert final.words == ()


async def test_confirmed_text_is_stable_whether_it_is_all_or_the_last_piece() -> None:
    script = Script(
        steps=[
            (1.0, says(INTERIM, "good morning")),
            (1.1, says(PREFLIGHT, "Good morning,")),
            (1.5, says(INTERIM, "Good morning, all of")),
            (1.6, says(INTERIM, "Good morning, all of you")),
            (1.7, says(PREFLIGHT, "all of you")),
            (1.8, says(PREFLIGHT, "something else")),
            (3.0, says(FINAL, "Good morning, all of you.")),
        ]
    )
    got = await heard(script)
    assert [(h.text, h.text[: h.stable]) for h in got] == [
        ("good morning", ""),
        ("Good morning,", "Good morning,"),
        ("Good morning, all of", "Good morning,"),
        ("Good morning, all of you", "Good morning,"),
        ("Good morning, all of you", "Good morning, all of you"),
        ("Good morning, all of you.", "Good morning, all of you."),
    ]


async def test_to_confirm_the_last_piece_moves_nothing_in_time() -> None:
    words = [
        TimedString("Good", start_time=0.6, end_time=0.9),
        TimedString("morning.", start_time=0.9, end_time=1.4),
    ]
    interim, confirmed = (
        await heard(
            Script(
                steps=[
                    (1.5, says(INTERIM, "Good morning.", start=0.6, end=1.4, words=words)),
                    (1.6, says(PREFLIGHT, "morning.", start=0.9, end=1.4, words=words[1:])),
                ]
            )
        )
    )[:2]
    assert confirmed == replace(interim, stable=len("Good morning."))


async def test_a_final_without_text_takes_back_what_was_open() -> None:
    script = Script(
        steps=[(1.0, says(FINAL, "")), (1.5, says(INTERIM, "mm")), (3, says(FINAL, ""))]
    )
    assert [(h.text, h.final) for h in await heard(script)] == [("mm", False), ("", True)]


@pytest.mark.parametrize(
    ("event", "languages", "expected", "language"),
    [
        (says(FINAL, "Hola", "en"), ("en", "es"), None, None),
        (says(FINAL, "Hola", "en"), ("en", "es"), "es-MX", "es"),
        (says(FINAL, "Hello", "en", confidence=0.9), ("en", "es"), "es", "en"),
        (says(FINAL, "Hello", "en", confidence=0.2), ("en", "es"), "es", "es"),
        (says(FINAL, "Sí", "es"), ("en", "es"), "en", "es"),
        (says(FINAL, "Sí", "es-ES"), ("en", "es-MX"), None, "es-MX"),
        (says(FINAL, "Salut", "fr"), ("en", "es"), None, None),
        (says(FINAL, LONG_SPANISH, "en"), ("en", "es", "pt"), "en", "es"),
        (says(FINAL, LONG_SPANISH), ("en", "es-MX", "es"), "es", "es"),
        (says(FINAL, LONG_SPANISH), ("en", "eu"), None, None),
        (says(FINAL, "Anything", "en"), ("ca",), None, "ca"),
    ],
)
async def test_a_language_is_believed_detected_or_expected_in_this_order(
    event: agents_stt.SpeechEvent,
    languages: tuple[str, ...],
    expected: str | None,
    language: str | None,
) -> None:
    (final,) = await heard(Script(steps=[(3.0, event)]), languages=languages, expected=expected)
    assert final.language == language


async def test_an_stt_that_knows_english_is_believed() -> None:
    script = Script(steps=[(3.0, says(FINAL, "Yes", "en"))])
    (final,) = await heard(script, expected="es", knows_english=True)
    assert final.language == "en"


async def test_who_spoke_a_language_is_expected_to_go_on_in_it() -> None:
    script = Script(steps=[(1.8, says(FINAL, LONG_SPANISH)), (3.0, says(FINAL, "Vale", "en"))])
    assert [h.language for h in await heard(script, expected="en")] == ["es", "es"]


async def test_an_stt_that_never_ends_is_ended_and_its_last_words_are_final() -> None:
    script = Script(steps=[(2.4, says(INTERIM, "good"))], endless=True)
    began = now()
    interim, rest = await heard(script)
    assert (interim.text, interim.final) == ("good", False)
    assert (rest.utterance, rest.text, rest.final, rest.stable) == ("1", "good", True, 4)
    assert now() - began == pytest.approx(duration(SPOKEN) + 2.0)


async def test_a_listen_ends_with_the_last_final_and_not_with_the_grace() -> None:
    script = Script(at_end=[says(FINAL, "Good.")], endless=True)
    began = now()
    assert [hypothesis.text for hypothesis in await heard(script)] == ["Good."]
    assert now() - began == pytest.approx(duration(SPOKEN))


async def test_silence_needs_no_grace() -> None:
    began = now()
    assert await heard(Script(endless=True), (1.0, 0.0)) == []
    assert now() - began == pytest.approx(duration([(1.0, 0.0)]))


async def test_the_echo_of_the_last_word_needs_no_grace() -> None:
    script = Script(steps=[(3.0, says(FINAL, "Good.", start=0.6, end=2.4))], endless=True)
    began = now()
    assert len(await heard(script)) == 1
    assert now() - began == pytest.approx(duration(SPOKEN))


async def test_audio_is_filled_up_to_whole_chunks() -> None:
    script = Script()
    await heard(script, (0.32, 0.9))
    assert script.samples == 7 * 800
