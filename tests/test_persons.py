"""Who people are is in their passes, whatever they write of themselves."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import pytest
from livekit import rtc

from tests.fakes import Facts, meeting_settings
from translator.access import PASS, Access, ClonedVoice, Consent, Pass, Role
from translator.demand import READ
from translator.persons import VOICE, Consents, Persons, declared
from translator.record import Record, to_json

pytestmark = pytest.mark.unit

ACCESS = Access(url="ws://127.0.0.1:7880", api_key="key", api_secret="s" * 40)


@dataclass
class Participant:
    """What the room tells of one."""

    identity: str
    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD


@dataclass
class Room:
    """Only what Persons look at."""

    remote_participants: dict[str, Participant]


def people(*participants: Participant) -> Persons:
    room = Room({one.identity: one for one in participants})

    def verify(token: str, identity: str) -> Pass | None:
        return ACCESS.verify(token, meeting="town", identity=identity)

    return Persons(cast(rtc.Room, room), verify)


def remote(one: Participant) -> rtc.RemoteParticipant:
    return cast(rtc.RemoteParticipant, one)


def with_pass(
    identity: str, name: str, role: Role = Role.SPEAKER, consent: Consent | None = None
) -> Participant:
    one = Pass(meeting="town", identity=identity, role=role, name=name, consent=consent)
    return Participant(identity, name=name, attributes={PASS: ACCESS.sign(one)})


def test_machines_are_no_persons() -> None:
    agent = Participant("helper", kind=rtc.ParticipantKind.PARTICIPANT_KIND_AGENT)
    found = people(
        Participant("p-1"), Participant("translator-es"), Participant("booth-es"), agent
    ).present()
    assert [one.identity for one in found] == ["p-1"]


def test_a_name_is_the_one_in_the_pass() -> None:
    ana = with_pass("p-1", "Ana")
    ana.name = "The President"
    assert people(ana).name(remote(ana)) == "Ana"


def test_without_a_pass_a_name_stays_what_it_was_first() -> None:
    caller = Participant("sip-1", name="Hall phone")
    persons = people(caller)
    assert persons.name(remote(caller)) == "Hall phone"
    caller.name = "The President"
    assert persons.name(remote(caller)) == "Hall phone"


def test_nobody_takes_a_speakers_name() -> None:
    ana, other = with_pass("p-1", "Ana"), Participant("p-2", name="Ana")
    persons = people(ana, other)
    persons.name(remote(ana))
    assert persons.name(remote(other)) == "p-2"


def test_a_role_is_in_the_pass_and_nowhere_else() -> None:
    boss = with_pass("p-1", "Ana", Role.ORGANIZER)
    liar = Participant("p-2", attributes={"role": "organizer", "translator.role": "organizer"})
    thief = Participant("p-3", attributes=dict(boss.attributes))
    persons = people(boss, liar, thief)
    assert persons.with_role(Role.ORGANIZER) == ["p-1"]
    assert persons.role(remote(liar)) is Role.ATTENDEE
    assert persons.role(remote(thief)) is Role.ATTENDEE


def test_a_pass_that_is_taken_out_gives_nothing_any_more() -> None:
    boss = with_pass("p-1", "Ana", Role.ORGANIZER)
    persons = people(boss)
    assert persons.role(remote(boss)) is Role.ORGANIZER
    boss.attributes[PASS] = ""
    assert persons.role(remote(boss)) is Role.ATTENDEE


def test_captions_go_to_those_who_want_their_language_and_the_floors_to_who_reads_the_floor() -> (
    None
):
    persons = people(
        Participant("p-1", attributes={READ: "es-MX"}),
        Participant("p-2", attributes={READ: "floor"}),
        Participant("p-3", attributes={READ: "fr, es"}),
        Participant("translator-es", attributes={READ: "es"}),
    )
    settings = meeting_settings()
    assert persons.readers("es", settings) == ["p-1", "p-3"]
    assert persons.readers("floor/en", settings) == ["p-2"]


def test_every_fact_goes_to_the_organizers_and_to_the_observers_who_are_there() -> None:
    boss = with_pass("p-1", "Ana", Role.ORGANIZER)
    persons = people(boss, Participant("p-2"), Participant("watcher"))
    assert persons.observers(["watcher", "gone"]) == ["watcher", "p-1"]


CONSENT = Consent(
    voice=ClonedVoice(engine="vendor", name="v1"), given=datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
)


def test_a_cloned_voice_is_that_of_the_person_whose_pass_says_so() -> None:
    ana = with_pass("p-1", "Ana", consent=CONSENT)
    thief = Participant("p-2", attributes=dict(ana.attributes))
    liar = Participant("p-3", attributes={VOICE: "vendor=v1", "translator.consent": "cloned voice"})
    persons = people(ana, thief, liar, with_pass("p-4", "Luis"))
    voices = [persons.cloned_voice(f"p-{number}") for number in range(1, 6)]
    assert voices == [CONSENT.voice, None, None, None, None]


def test_who_takes_its_consent_back_is_heard_in_the_usual_voice_at_once() -> None:
    ana = with_pass("p-1", "Ana", consent=CONSENT)
    persons = people(ana)
    assert persons.cloned_voice("p-1") == CONSENT.voice
    ana.attributes[VOICE] = "usual"
    assert persons.cloned_voice("p-1") is None


def test_the_record_has_when_a_consent_was_given_and_that_it_was_taken_back() -> None:
    ana = with_pass("p-1", "Ana", consent=CONSENT)
    persons = people(ana, with_pass("p-2", "Luis"))
    facts = Facts()
    record = Record(lambda: 7.0)
    record.subscribe(facts.note)
    consents = Consents(record)
    for _ in range(2):
        consents.note(persons)
    ana.attributes[VOICE] = "usual"
    for _ in range(2):
        consents.note(persons)
    given, withdrawn = facts
    assert to_json(given) == {
        "fact": "Consented",
        "at": 7.0,
        "speaker": "p-1",
        "what": "cloned voice",
        "engine": "vendor",
        "voice": "v1",
        "given": "2026-11-23T09:30:00+00:00",
        "withdrawn": False,
    }
    assert to_json(withdrawn) == {**to_json(given), "withdrawn": True}


def test_who_leaves_takes_nothing_back() -> None:
    ana = with_pass("p-1", "Ana", consent=CONSENT)
    facts = Facts()
    record = Record(lambda: 7.0)
    record.subscribe(facts.note)
    consents = Consents(record)
    consents.note(people(ana))
    consents.note(people())
    assert len(facts) == 1


@pytest.mark.parametrize(
    ("wish", "language"), [("es-MX", "es-MX"), ("ES", "es"), ("", None), ("klingonish!", None)]
)
def test_what_a_person_declares_to_speak(wish: str, language: str | None) -> None:
    assert declared(remote(Participant("p-1", attributes={"translator.speak": wish}))) == language
