"""Who speaks with which voice: each speaker with the same one for the whole meeting.

Every speaker has a seat, a number, and in each list of voices the one at that number; a list that
is shorter is counted through again. So one number tells a person's voice in all languages, of all
engines, and a job that takes over a meeting needs no more than these to go on as before.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from translator.access import ClonedVoice
from translator.errors import Kind, SpeakError
from translator.settings import Language, Settings

SEATS = 240
"""That there are: lists of up to 6 voices, of any lengths, have all their combinations in them."""

SUSPECT: Collection[Kind] = ("refused", "wrong key", "empty", "fault")
"""How an engine fails that may not have a voice; all else has other reasons."""
DISTRUST = 300.0
"""Seconds for which a cloned voice that failed is not asked for."""


class Cast:
    """The speakers of one meeting and their seats."""

    def __init__(
        self,
        *,
        lengths: Callable[[], Collection[int]] = frozenset,
        present: Callable[[], Collection[str]] = frozenset,
        cloned: Callable[[str], ClonedVoice | None] = lambda speaker: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`lengths` are those of the lists of voices; `present` the identities of who is there;
        `cloned` gives the voice that a person agreed to be heard in."""
        self._lengths = lengths
        self._present = present
        self._cloned = cloned
        self._seats: dict[str, int] = {}
        self._clock = clock
        self._distrusted: dict[tuple[str, ClonedVoice], float] = {}
        """Until when."""

    @property
    def seats(self) -> Mapping[str, int]:
        """By identity, each held by one."""
        return self._seats

    def resume(self, seats: object) -> None:
        """Go on with the seats that an earlier job gave, as they came out of the room's metadata:
        what is none is left out."""
        found = seats.items() if isinstance(seats, dict) else ()
        holders = {seat: one for one, seat in found if _is_seat(one, seat)}
        self._seats = {one: seat for seat, one in holders.items()}

    def voice(self, speaker: str, language: Language, engine: str) -> str | None:
        """The voice to ask `engine` for when it says what `speaker` said; None: its usual one."""
        copy = self._copy(speaker, engine)
        if copy is not None:
            return copy.name
        voices = language.voices_of(engine)
        if len(voices) < 2:
            return voices[0] if voices else None
        return voices[self._seat(speaker) % len(voices)]

    def distrust(self, speaker: str, engine: str, error: SpeakError) -> bool:
        """What `engine` was to say with the voice of `speaker` failed: whether that may be for a
        cloned voice, and another one is worth a try. The copy is not asked for then, for DISTRUST
        seconds or until it is trusted."""
        copy = self._copy(speaker, engine)
        if copy is None or error.kind not in SUSPECT:
            return False
        self._distrusted[speaker, copy] = self._clock() + DISTRUST
        return True

    def trust(self, speaker: str) -> None:
        """The voice was not to blame."""
        self._distrusted = {
            one: until for one, until in self._distrusted.items() if one[0] != speaker
        }

    def _copy(self, speaker: str, engine: str) -> ClonedVoice | None:
        copy = self._cloned(speaker)
        if copy is None or copy.engine != engine:
            return None
        return copy if self._distrusted.get((speaker, copy), 0.0) <= self._clock() else None

    def _seat(self, speaker: str) -> int:
        """Who has one keeps it; who is gone keeps it until another one needs it."""
        if speaker not in self._seats:
            present = self._present()
            taken = [seat for one, seat in self._seats.items() if one in present]
            free = vacant(taken, self._lengths())
            others = {one: seat for one, seat in self._seats.items() if seat != free}
            self._seats = {**others, speaker: free}
        return self._seats[speaker]


def vacant(taken: Collection[int], lengths: Collection[int]) -> int:
    """The seat whose voices the fewest of `taken` have, in lists of these lengths; of those the
    first that nobody has."""
    shared = {length: Counter(seat % length for seat in taken) for length in lengths}

    def rank(seat: int) -> tuple[int, bool, int]:
        return sum(shared[one][seat % one] for one in lengths), seat in taken, seat

    return min(range(SEATS), key=rank)


def lengths(settings: Settings) -> frozenset[int]:
    """Of all lists from which speakers get different voices."""
    every = (
        len(language.voices_of(engine))
        for language in settings.languages.values()
        for engine in language.spoken_by
    )
    return frozenset(length for length in every if length > 1)


def _is_seat(speaker: Any, seat: Any) -> bool:
    return isinstance(speaker, str) and type(seat) is int and 0 <= seat < SEATS
