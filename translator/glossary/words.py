"""Names found in a text as people say them: whole words, in any case."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

_Words = tuple[str, ...]

MARKS = "".join(
    chr(code) for code in range(0x300, 0x1100) if unicodedata.category(chr(code)).startswith("M")
)
"""They join the letter before them and are no \\w for re: vowel signs, accents, viramas."""
# Thai, Lao, Burmese, Khmer, Japanese and Chinese put no space between words.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_SPACELESS}]|(?:(?![{_SPACELESS}])[\w{MARKS}])+|[^\w\s]")
_PLURALS = ("", "s", "es")


def composed(text: str) -> str:
    """`text` with each letter and its accents as one character: what places in a text refer to."""
    return unicodedata.normalize("NFC", text)


def words(text: str) -> _Words:
    """Words and single signs: `C++ isn’t` -> `C`, `+`, `+`, `isn`, `'`, `t`."""
    return tuple(_plain(word) for word in _WORD.findall(composed(text)))


def _plain(word: str) -> str:
    return "'" if word == "’" else word


def _fold(some: Iterable[str]) -> _Words:
    return tuple(word.casefold() for word in some)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """A name in a text."""

    start: int
    """First character in the composed text."""
    end: int
    """Behind the last one."""
    value: T
    """What belongs to the name."""
    listed: bool
    """False for a plural that nobody listed."""


class Finder(Generic[T]):
    """Finds any of many names at once."""

    def __init__(self, names: Iterable[tuple[str, T]], *, plurals: bool = False) -> None:
        """Of two equal names the first is meant. With `plurals` a name is found with a plural -s,
        too, where that is no other name."""
        self._values: dict[_Words, T] = {}
        self._endings = _PLURALS if plurals else _PLURALS[:1]
        for name, value in names:
            self._values.setdefault(key(name), value)
        self._longest = max(map(len, self._values), default=0)

    def find(self, text: str) -> Iterator[Found[T]]:
        """The names in `text`, in its order.

        Only an acronym must be written as one, since WHO is not who. Where names overlap the
        first wins, then the longest.
        """
        if not self._values:
            return
        places = list(_WORD.finditer(composed(text)))
        said = tuple(_plain(place[0]) for place in places)
        at = 0
        while at < len(said):
            size, found = self._at(said, at)
            if found is not None:
                value, listed = found
                start, end = places[at].start(), places[at + size - 1].end()
                yield Found(start=start, end=end, value=value, listed=listed)
            at += size

    def _at(self, said: _Words, at: int) -> tuple[int, tuple[T, bool] | None]:
        """The longest name that begins with word `at`: its words, value and whether listed."""
        for size in range(min(self._longest, len(said) - at), 0, -1):
            if found := self._reading(said[at : at + size]):
                return size, found
        return 1, None

    def _reading(self, said: _Words) -> tuple[T, bool] | None:
        """What belongs to the name that reads `said`, or `said` without a plural ending."""
        *first, last = said
        for ending in self._endings:
            if last.lower().endswith(ending):
                singular = (*first, last[: len(last) - len(ending)])
                for key in (singular, _fold(singular)):
                    if key in self._values:
                        return self._values[key], not ending
        return None


@lru_cache(maxsize=2**16)
def key(name: str) -> tuple[str, ...]:
    """What names that are found alike have in common: an acronym as it is written, else folded."""
    return words(name) if name.isupper() else _fold(words(name))
