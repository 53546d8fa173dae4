"""The people in a room: what they want, which they say, and what they may, which they do not."""

from collections.abc import Callable

from livekit import rtc

from translator.access import PASS, Pass, Role
from translator.demand import SPEAK
from translator.errors import InputError
from translator.languages import normalize
from translator.participant import BRIDGE, PREFIX

RESERVED = (PREFIX, BRIDGE, "booth-")
"""Beginnings of identities that are never a person's."""
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

    def _pass(self, person: rtc.RemoteParticipant) -> Pass | None:
        token = person.attributes.get(PASS, "")
        if len(token) > LONGEST_PASS:
            token = ""
        known = self._passes.get(person.identity)
        if known is None or known[0] != token:
            known = (token, self._verify(token, person.identity) if token else None)
            self._passes[person.identity] = known
        return known[1]


def declared(person: rtc.RemoteParticipant) -> str | None:
    """The language that a person says that it speaks."""
    try:
        return normalize(person.attributes[SPEAK][:LONGEST])
    except (KeyError, InputError):
        return None
