"""The record hands every fact to everyone, whatever one of them does."""

import json
import logging

import pytest

from tests.fakes import Facts, segment
from translator.record import Fact, Failed, Heard, Record, Rendered, Spoken, to_json
from translator.types import Cut, Rendition, Tail

pytestmark = pytest.mark.unit

FACTS = [Failed(at=float(at), stage="hear", language=None, message="gone") for at in range(3)]


def test_every_subscriber_gets_every_fact_in_order() -> None:
    one, other = Facts(), Facts()
    record = Record(lambda: 0.0)
    record.subscribe(one.note)
    record.subscribe(other.note)
    for fact in FACTS:
        record.emit(fact)
    assert one == other == FACTS


def test_a_subscriber_gets_what_comes_after_it_subscribed() -> None:
    late = Facts()
    record = Record(lambda: 0.0)
    record.emit(FACTS[0])
    record.subscribe(late.note)
    record.emit(FACTS[1])
    assert late == [FACTS[1]]


def test_a_subscriber_that_fails_is_logged_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def failing(fact: Fact) -> None:
        raise ValueError("a fault in a subscriber")

    facts = Facts()
    record = Record(lambda: 0.0)
    record.subscribe(failing)
    record.subscribe(facts.note)
    with caplog.at_level(logging.ERROR):
        for fact in FACTS:
            record.emit(fact)
    assert facts == FACTS
    assert len(caplog.records) == len(FACTS)


def test_a_fact_is_plain_json_with_its_name() -> None:
    one = segment(text="¿Qué tal?")
    tail = Tail(
        speaker=one.speaker,
        speaker_name=one.speaker_name,
        language=None,
        text="",
        start=2.0,
        end=2.0,
    )
    heard = to_json(Heard(at=1.0, cut=Cut(segments=(one,), tail=tail)))
    assert heard["fact"] == "Heard"
    assert heard["cut"]["segments"][0]["text"] == "¿Qué tal?"
    assert json.loads(json.dumps(heard))["cut"]["tail"]["language"] is None
    rendition = Rendition(segment=one, language="en", text="How are you?")
    rendered = to_json(Rendered(at=1.0, rendition=rendition, target="en", terms=1, terms_due=2))
    assert rendered["rendition"]["segment"]["id"] == one.id
    spoken = Spoken(
        at=1.0, segment_id=one.id, language="en", start=0.5, end=1.0, pace=1.1, backlog=2.0
    )
    assert to_json(spoken) == {
        "fact": "Spoken",
        "at": 1.0,
        "segment_id": one.id,
        "language": "en",
        "start": 0.5,
        "end": 1.0,
        "pace": 1.1,
        "backlog": 2.0,
    }
