"""Caption messages: numbers without a hole, and what fills one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import segment
from translator.captions import KEPT, Captions, Message
from translator.types import Segment, Tail

pytestmark = pytest.mark.unit


def tail(text: str = "and", *, speaker: str = "p-ada") -> Tail:
    return Tail(
        speaker=speaker, speaker_name="Ada", language="en", text=text, start=2.00049, end=3.0
    )


def commit(
    captions: Captions, stream: str, one: Segment, *, text: str = "Hola.", rest: str = ""
) -> Message:
    return captions.commit(
        stream, one, language="es", text=text, origin="rendition", tail=tail(rest)
    )


def after(captions: Captions, stream: str, seq: int) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(captions.json_after(stream, seq))
    return answer


def test_a_committed_caption_says_all_that_a_client_needs() -> None:
    one = segment(7, "Hello.", start=1.23456, end=2.5)
    message = commit(Captions(), "es", one, text="Hola.", rest="How are")
    content = message.to_json()
    assert content.pop("tail")["text"] == "How are"
    assert content == {
        "v": 1,
        "stream": "es",
        "seq": 1,
        "kind": "segment",
        "segment_id": one.id,
        "revision": 0,
        "final": True,
        "origin": "rendition",
        "speaker": "p-ada",
        "speaker_name": "Ada",
        "source_language": "en",
        "language": "es",
        "text": "Hola.",
        "start": 1.235,
        "end": 2.5,
    }


def test_the_tail_behind_a_segment_comes_in_the_same_message() -> None:
    content = commit(Captions(), "es", segment(), rest="How are").to_json()
    assert content["tail"]["kind"] == "tail"
    assert content["tail"]["seq"] == content["seq"]
    assert content["tail"]["segment_id"] is None
    assert content["tail"]["final"] is False


def test_a_later_tail_of_a_speaker_has_a_higher_revision_than_all_before() -> None:
    captions = Captions()
    first = captions.tail("es", tail("one"), language="es", origin="source").caption
    other = captions.tail("es", tail("uno", speaker="p-bob"), language="es", origin="source")
    second = commit(captions, "es", segment()).tail
    third = captions.tail("es", tail("three"), language="es", origin="source").caption
    assert second is not None
    assert [first.revision, second.revision, third.revision] == [1, 2, 3]
    assert other.caption.revision == 1


def test_what_was_committed_fills_a_gap_and_tails_do_not() -> None:
    captions = Captions()
    for number in (1, 2, 3):
        captions.tail("es", tail(), language="es", origin="rendition")
        commit(captions, "es", segment(number))
    answer = after(captions, "es", 2)
    assert answer["seq"] == 6
    assert [one["seq"] for one in answer["captions"]] == [4, 6]
    assert after(captions, "es", 6) == {"seq": 6, "captions": []}


def test_a_stream_that_nobody_has_written_is_empty() -> None:
    captions = Captions()
    assert after(captions, "ja", 0) == {"seq": 0, "captions": []}
    assert commit(captions, "ja", segment()).caption.seq == 1


def test_a_gap_of_any_size_is_filled_by_asking_again() -> None:
    captions = Captions()
    for number in range(200):
        commit(captions, "es", segment(number), text="Señoras y señores. " * 10)
    seqs: list[int] = []
    while not seqs or seqs[-1] < 200:
        answer = captions.json_after("es", seqs[-1] if seqs else 0)
        assert len(answer.encode()) < 15 * 1024
        seqs += [one["seq"] for one in json.loads(answer)["captions"]]
    assert seqs == list(range(1, 201))


def test_no_more_than_the_last_captions_are_kept() -> None:
    captions = Captions()
    for number in range(KEPT + 5):
        commit(captions, "es", segment(number), text="")
    assert len(captions._kept["es"]) == KEPT


streams = st.sampled_from(["es", "fr", "floor/en"])


@given(st.lists(st.tuples(streams, st.booleans())), st.integers(0, 30))
def test_numbers_have_no_hole_in_any_stream_and_a_gap_is_filled(
    written: list[tuple[str, bool]], seen: int
) -> None:
    captions = Captions()
    sent: dict[str, list[Message]] = {"es": [], "fr": [], "floor/en": []}
    for number, (stream, final) in enumerate(written):
        message = (
            commit(captions, stream, segment(number))
            if final
            else captions.tail(stream, tail(), language="es", origin="source")
        )
        assert message.stream == stream
        sent[stream].append(message)
    for stream, messages in sent.items():
        assert [one.caption.seq for one in messages] == list(range(1, len(messages) + 1))
        answer = after(captions, stream, seen)
        assert answer["seq"] == len(messages)
        missed = [one.caption.segment_id for one in messages[seen:] if one.caption.final]
        assert [one["segment_id"] for one in answer["captions"]] == missed
