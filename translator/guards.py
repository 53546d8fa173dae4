"""Nothing that a machine says is heard as a floor.

Machines are refused by their participant's kind and identity. What is left is a microphone that
hears a loudspeaker: its text is what a channel has just said.
"""

import unicodedata
from collections import OrderedDict
from dataclasses import dataclass

from rapidfuzz import fuzz

from translator.record import Fact, Rendered, Speaking, Spoken

ECHO = 1.5
"""Seconds after a channel's audio in which it may come back: network, player, room, network."""
ALIKE = 70.0
"""Likeness (0–100) from which a text is taken for the channel's own."""
KEPT = 200
"""Renditions remembered."""


@dataclass(slots=True)
class _Said:
    text: str
    start: float | None = None
    end: float | None = None


class EchoGuard:
    """Remembers what the channels said and when; subscribe `note` to the meeting's record."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str], _Said] = OrderedDict()

    def note(self, fact: Fact) -> None:
        """Take what matters from the facts."""
        match fact:
            case Rendered():
                key = (fact.rendition.segment.id, fact.target)
                self._remember(key).text = _plain(fact.rendition.text)
            case Speaking():
                self._remember((fact.segment_id, fact.language)).start = fact.start
            case Spoken():
                self._remember((fact.segment_id, fact.language)).end = fact.end

    def heard_back(self, text: str, *, start: float, end: float) -> bool:
        """Whether `text`, spoken from `start` to `end`, is what channels said just before.

        Only what sounded while it could still echo counts, so that a person may repeat a
        rendition a little later.
        """
        plain = _plain(text)
        if not plain:
            return False
        sounding = " ".join(
            said.text
            for said in self._said.values()
            if said.start is not None
            and said.start < end
            and (said.end is None or said.end + ECHO > start)
        )
        return fuzz.partial_ratio(plain, sounding) >= ALIKE if sounding else False

    def _remember(self, key: tuple[str, str]) -> _Said:
        if key not in self._said:
            self._said[key] = _Said(text="")
            if len(self._said) > KEPT:
                self._said.popitem(last=False)
        return self._said[key]


def _plain(text: str) -> str:
    """Letters, digits and single spaces, without case or accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(kept).split())
