"""The people in a room: what they want, which they say, and what they may, which they do not."""

from collections.abc import Callable, Collection

from livekit import rtc

from translator.access import PASS, ClonedVoice, Consent, Pass, Role
from translator.captions import FLOOR
from translator.demand import SPEAK, reads
from translator.errors import InputError
from translator.languages import normalize
from translator.participant import BRIDGE, PREFIX
from translator.record import Consented, Record
from translator.settings import Settings

RESERVED = (PREFIX, BRIDGE, "booth-")
"""Beginnings of identities that are never a person's."""
VOICE = "translator.voice"
"""Attribute: `usual` from a person that does not want to be heard in a copy of its voice any
more."""
LONGEST = 60
"""Characters of a name that are read."""
LONGEST_PASS = 4000
"""Characters of a pass that are read."""
KINDS = (
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
    rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
    rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
)
"""Those of access.PEOPLE, by the numbers that the client library has for them: not the server's."""


class Persons:
    """Knows everybody in the room who is no machine."""

    def __init__(self, room: rtc.Room, verify: Callable[[str, str], Pass | None]) -> None:
        """`verify` gives what is in a pass, if it is the pass of this identity in this meeting."""
        self._room = room
        self._verify = verify
        self._passes: dict[str, tuple[str, Pass | None]] = {}
        self._names: dict[str, str] = {}

    def present(self) -> list[rtc.RemoteParticipant]:
        """Everybody. Nothing is remembered of who is gone."""
        found = {
            identity: participant
            for identity, participant in self._room.remote_participants.items()
            if participant.kind in KINDS and not identity.startswith(RESERVED)
        }
        for memory in (self._passes, self._names):
            for identity in memory.keys() - found.keys():
                del memory[identity]
        return list(found.values())

    def with_role(self, role: Role) -> list[str]:
        """Identities of those whose pass says so."""
        return [person.identity for person in self.present() if self.role(person) is role]

    def readers(self, stream: str, settings: Settings) -> list[str]:
        """Identities of those who want the captions of a stream."""
        wish = FLOOR if stream.startswith(FLOOR) else stream
        return [one.identity for one in self.present() if wish in reads(one.attributes, settings)]

    def observers(self, named: Collection[str]) -> list[str]:
        """Identities of those who get every fact: the organizers, and whoever of `named` is
        there."""
        there = [identity for identity in named if identity in self._room.remote_participants]
        return [*there, *self.with_role(Role.ORGANIZER)]

    def role(self, person: rtc.RemoteParticipant) -> Role:
        """An attendee, unless a pass says more."""
        one = self._pass(person)
        return one.role if one is not None else Role.ATTENDEE

    def name(self, person: rtc.RemoteParticipant) -> str:
        """The name in the pass. Without one, the first that was seen, and the identity where
        somebody's pass has that name: people may rename themselves."""
        one = self._pass(person)
        if one is not None:
            self._names[person.identity] = one.name
            return one.name
        seen = "".join(filter(str.isprintable, person.name))[:LONGEST]
        name = self._names.setdefault(person.identity, seen) or person.identity
        taken = {other.name for _, other in self._passes.values() if other is not None}
        return person.identity if name in taken else name

    def consent(self, person: rtc.RemoteParticipant) -> Consent | None:
        """What its pass says that a person agreed to, unless it takes that back: to agree is a
        right that the token server hands on, to take it back is a wish."""
        one = self._pass(person)
        if one is None or person.attributes.get(VOICE) == "usual":
            return None
        return one.consent

    def cloned_voice(self, identity: str) -> ClonedVoice | None:
        """The voice that a person agreed to be heard in; None as soon as the person is gone."""
        person = next((one for one in self.present() if one.identity == identity), None)
        consent = None if person is None else self.consent(person)
        return None if consent is None else consent.voice

    def _pass(self, person: rtc.RemoteParticipant) -> Pass | None:
        token = person.attributes.get(PASS, "")
        if len(token) > LONGEST_PASS:
            token = ""
        known = self._passes.get(person.identity)
        if known is None or known[0] != token:
            known = (token, self._verify(token, person.identity) if token else None)
            self._passes[person.identity] = known
        return known[1]


class Consents:
    """Keeps in the record who agreed to what, and who took it back."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known: dict[str, Consent] = {}

    def note(self, persons: Persons) -> None:
        """Look at everybody who is there; who is gone has taken nothing back."""
        present = persons.present()
        given = {one.identity: found for one in present if (found := persons.consent(one))}
        for identity, consent in given.items():
            if self._known.get(identity) != consent:
                self._emit(identity, consent, withdrawn=False)
        for identity in {one.identity for one in present} & self._known.keys() - given.keys():
            self._emit(identity, self._known[identity], withdrawn=True)
        self._known = given

    def _emit(self, speaker: str, consent: Consent, *, withdrawn: bool) -> None:
        self._record.emit(
            Consented(
                at=self._record.clock(),
                speaker=speaker,
                what="cloned voice",
                engine=consent.voice.engine,
                voice=consent.voice.name,
                given=consent.given.isoformat(),
                withdrawn=withdrawn,
            )
        )


def declared(person: rtc.RemoteParticipant) -> str | None:
    """The language that a person says that it speaks."""
    try:
        return normalize(person.attributes[SPEAK][:LONGEST])
    except (KeyError, InputError):
        return None
