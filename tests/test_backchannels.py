"""What only says "I am listening", and when it would break into somebody's sentence."""

import pytest

from tests.fakes import segment
from translator.backchannels import KEPT, LIVE, Conversation, is_backchannel
from translator.types import Cut, Segment, Tail

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mm-hm.", "en"),
        ("mhm", "de"),
        ("Uh-huh", "en"),
        ("Yes.", "en-GB"),
        ("Yes, yes, okay.", "en"),
        ("I see.", "en"),
        ("That's right!", "en"),
        ("Sí.", "es"),
        ("Vale, vale.", "es-MX"),
        ("¡Claro que sí!", "es"),
        ("D'accord.", "fr"),
        ("D’accord, oui.", "fr"),
        ("Bien sûr…", "fr"),
        ("Pois é.", "pt-BR"),
        ("Va bene, certo.", "it"),
        ("És clar.", "ca"),
        ("Genau, ach so.", "de"),
        ("Hm, okay.", "pl"),
        ("okay", None),
    ],
)
def test_a_sign_of_listening_is_known_in_its_language(text: str, language: str | None) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("No.", "en"),
        ("Okay?", "en"),
        ("¿Sí?", "es"),
        ("Yes, yes, yes, yes.", "en"),
        ("Yes, but no.", "en"),
        ("Right now.", "en"),
        ("I.", "en"),
        ("See you.", "en"),
        ("Vale.", "en"),
        ("Yes.", "es"),
        ("Yes.", None),
        ("Two.", "en"),
        ("Ja, drei.", "de"),
        ("", "en"),
        ("…", "en"),
    ],
)
def test_words_that_say_something_are_none(text: str, language: str | None) -> None:
    assert not is_backchannel(text, language)


def said(one: Segment, tail: str = "", *, until: float | None = None) -> Cut:
    """A cut with one segment; `tail` follows it until then, or more that is not steady yet."""
    end = one.end if until is None else until
    rest = tail_of(one.speaker, tail, one.end, end)
    return Cut(segments=(one,), tail=rest, ended=until is None)


def saying(text: str, start: float, end: float, *, speaker: str = "p-ada") -> Cut:
    return Cut(segments=(), tail=tail_of(speaker, text, start, end))


def tail_of(speaker: str, text: str, start: float, end: float) -> Tail:
    return Tail(speaker=speaker, speaker_name="A", language="en", text=text, start=start, end=end)


def yes(start: float, text: str = "Yes.", *, speaker: str = "p-bob") -> Cut:
    return said(segment(1, text, start=start, end=start + 0.4, speaker=speaker))


def ada(text: str, start: float, end: float) -> Segment:
    return segment(1, text, start=start, end=end)


def interrupts(*before: Cut, yes: Cut) -> bool:
    conversation = Conversation()
    for cut in before:
        assert not conversation.push(cut)
    return conversation.push(yes)


def test_yes_in_the_middle_of_an_open_utterance_interrupts() -> None:
    assert interrupts(saying("The committee has", 0.0, 2.0), yes=yes(1.5))


def test_yes_interrupts_who_went_on_while_it_was_made_out() -> None:
    going_on = said(ada("The committee has decided,", 0.0, 2.0), "that we", until=3.0)
    assert interrupts(going_on, yes=yes(1.0))
    further = said(ada("that we go on as before,", 2.0, 4.0), "and", until=4.2)
    assert interrupts(going_on, further, yes=yes(1.0))


def test_yes_in_the_next_sentence_of_an_utterance_interrupts() -> None:
    done = said(ada("The committee has decided.", 0.0, 2.0), "Next", until=2.4)
    more = saying("Next we turn to", 0.0, 3.5)  # a floor gives the utterance's start
    assert interrupts(done, more, yes=yes(3.0))
    assert not interrupts(done, more, yes=yes(2.2))


def test_yes_between_the_parts_of_a_sentence_interrupts() -> None:
    part = said(ada("The committee has decided,", 0.0, 2.0))
    assert interrupts(part, yes=yes(2.2))
    assert not interrupts(part, yes=yes(2.5))  # nobody went on: it was the end


@pytest.mark.parametrize(
    "before",
    [
        [],
        [said(ada("Do you agree?", 0.0, 1.0))],
        [said(ada("The committee has decided.", 0.0, 1.0))],
        [said(ada("The committee has decided.", 0.0, 1.0), "Next we", until=3.0)],
        [said(ada("Do you agree?", 0.0, 1.0), "I think", until=3.0)],
        [saying("Do you agree? I think", 0.0, 3.0)],
        [saying("The committee has decided.", 0.0, 1.1)],
    ],
)
def test_an_answer_is_no_interruption(before: list[Cut]) -> None:
    assert not interrupts(*before, yes=yes(1.2))


def test_a_question_left_open_does_not_make_its_own_asker_wait() -> None:
    assert not interrupts(saying("The committee has", 0.0, 2.0), yes=yes(1.0, speaker="p-ada"))


def test_two_who_only_listen_do_not_silence_each_other() -> None:
    assert not interrupts(saying("Okay", 0.0, 1.0, speaker="p-eve"), yes=yes(0.5))


def test_an_answer_of_more_words_is_said() -> None:
    mid = saying("The committee has", 0.0, 2.0)
    assert not interrupts(mid, yes=yes(1.0, "Yes, but not today."))
    bob = segment(1, "Yes,", start=1.0, end=1.4, speaker="p-bob")
    assert not interrupts(mid, yes=said(bob, "but", until=1.8))
    assert not interrupts(mid, yes=said(bob, until=1.8))  # "but" is not steady yet


def test_a_floor_that_vanished_in_mid_sentence_silences_nobody() -> None:
    gone = saying("The committee has", 0.0, 2.0)
    assert interrupts(gone, yes=yes(2.0 + LIVE - 0.1))
    assert not interrupts(gone, yes=yes(2.0 + LIVE))


def test_only_the_last_segments_of_a_speaker_are_kept() -> None:
    conversation = Conversation()
    for number in range(KEPT + 1):
        conversation.push(said(ada("and so on,", number, number + 1.0), "and", until=number + 2.0))
    assert not conversation.push(yes(0.5))
    assert conversation.push(yes(1.5))
