"""What of a transcript is believed."""

import pytest

from tests.whisper_host import transcript
from translator.engines.whisper.sanity import sane, without_loop

pytestmark = pytest.mark.unit


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
