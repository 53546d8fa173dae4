"""What a reader of captions saw, and when."""

from typing import Any

import pytest

from translator.evaluation.reading import (
    Page,
    boundaries,
    caption_delays,
    erasure,
    f1,
    first_shown,
    heard_in_order,
    in_order,
    pages,
    spoken,
)
from translator.types import Word

pytestmark = pytest.mark.unit


def tail(at: float, text: str, *, language: str = "en", speaker: str = "p") -> dict[str, Any]:
    return {
        "kind": "tail",
        "segment_id": None,
        "origin": "source",
        "speaker": speaker,
        "language": language,
        "text": text,
        "start": 0.0,
        "received_at": at,
    }


def final(
    at: float, number: int, text: str, *, left: str = "", start: float | None = None, **more: Any
) -> dict[str, Any]:
    begun = float(number) if start is None else start
    changes = {"kind": "segment", "segment_id": f"s{number}", "start": begun}
    return {**tail(at, text), **changes, "tail": tail(at, left), **more}


def one_page(*messages: dict[str, Any]) -> Page:
    (found,) = spoken(messages)
    return found


def test_text_that_only_grows_is_not_erased() -> None:
    found = one_page(
        tail(1.0, "good"), tail(1.5, "good morning"), final(2.0, 1, "good morning", left="all")
    )
    assert erasure([found]) == {"committed": 0, "partial": 0, "words": 2}


def test_every_word_that_is_taken_back_counts() -> None:
    found = one_page(
        tail(1.0, "good warning all"),  # two words are taken back
        tail(1.5, "good morning"),
        final(2.0, 1, "Good morning", left=""),  # and two more, since it now is a capital
    )
    assert erasure([found]) == {"committed": 0, "partial": 4, "words": 2}


def test_a_segment_that_was_not_rendered_takes_nothing_back() -> None:
    said = final(2.0, 1, "good morning", left="to all")
    again = final(2.5, 1, "good morning", stream="es")  # its readers get the speaker's words
    found = one_page(said, again, final(3.0, 2, "to all"))
    assert erasure([found]) == {"committed": 0, "partial": 0, "words": 4}


def test_a_correction_is_erasure_of_committed_text() -> None:
    found = one_page(final(1.0, 1, "the mare spoke"), final(5.0, 1, "the mayor spoke"))
    assert erasure([found])["committed"] == 2
    assert found.text == "the mayor spoke"


def test_speakers_and_languages_have_pages_of_their_own() -> None:
    messages = [
        tail(1.0, "hello", speaker="a"),
        tail(1.1, "hi", speaker="b"),
        {**tail(1.2, "hola", speaker="a", language="es-MX"), "origin": "rendition"},
    ]
    assert [one.speaker for one in spoken(messages)] == ["a", "b"]
    assert [one.speaker for one in pages(messages, "es")] == ["a"]


def test_a_word_is_first_shown_in_the_tail_that_it_comes_from() -> None:
    found = one_page(
        tail(1.0, "the cat"),
        tail(1.4, "the hat sat"),
        final(2.0, 1, "The cat sat.", left="down"),
        final(3.0, 2, "down"),
    )
    shown = [("the", 1.0), ("cat", 1.0), ("sat", 1.4), ("down", 2.0)]
    assert first_shown(found) == shown


def test_captions_are_measured_from_the_spoken_word() -> None:
    found = one_page(final(2.0, 1, "The cat set down"))
    said = [
        Word(text="the", start=0.2, end=0.4),
        Word(text="cat", start=0.4, end=0.9),
        Word(text="sat", start=0.9, end=1.2),
    ]
    onsets, ends = zip(*caption_delays(found, said), strict=True)
    assert onsets == pytest.approx((1.8, 1.6))
    assert ends == pytest.approx((1.6, 1.1))


def test_cuts_are_held_against_the_punctuation_of_the_transcript() -> None:
    found = one_page(
        final(1.0, 1, "when it rains"), final(2.0, 2, "we stay at"), final(3.0, 3, "home and read")
    )
    counts = boundaries(found, "When it rains, we stay at home, and read.")
    assert counts == {"hits": 1, "cuts": 2, "due": 2}
    assert f1(counts) == 0.5


def test_a_transcript_without_punctuation_tells_nothing_of_cuts() -> None:
    assert boundaries(one_page(final(1.0, 1, "when it rains")), "when it rains we stay") is None


def test_segments_out_of_order_are_seen() -> None:
    assert in_order(one_page(final(1.0, 1, "a"), final(2.0, 2, "b")))
    assert not in_order(one_page(final(1.0, 2, "b"), final(2.0, 1, "a")))


def test_voices_out_of_order_are_heard() -> None:
    first, second = ({"segment_id": f"s{n}", "source_start": float(n)} for n in (1, 2))
    assert heard_in_order([first, second])
    assert not heard_in_order([second, first])
