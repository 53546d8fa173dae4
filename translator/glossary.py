"""The organizer's terms, found in what is said.

    version: 1
    terms:
      - {en: committee, es: comité, fr: comité}
      - {en: point of order, es: cuestión de orden}
      - keep: LiveKit

An entry says one thing in two languages or more, or holds a name that no language translates.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from translator.document import Version, language_code, read, validated
from translator.languages import lookup, same
from translator.types import Term

KEEP = "keep"
"""Stands where a language would, for a term that is the same in all of them."""

Index = Mapping[tuple[str, ...], Term]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing with its name in each language."""

    names: Mapping[str, str]
    """By BCP-47 code, or by KEEP alone."""

    def name(self, language: str) -> str | None:
        """What it is called in `language`; a region that is not listed uses its language."""
        kept = self.names.get(KEEP)
        if kept is not None:
            return kept
        code = lookup(language, self.names)
        if code is None:
            code = next((code for code in self.names if same(code, language)), None)
        return None if code is None else self.names[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """Entries in the order of their file; of two with one name the first is meant."""

    entries: tuple[Entry, ...] = ()
    _indexes: dict[tuple[str, str], Index] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def terms(self, text: str, source: str, target: str) -> tuple[Term, ...]:
        """The terms for `source` to `target` that occur in `text`, each once, as they occur.

        Whole words count, in any case and with a plural -s; only an acronym must be written as
        one, since WHO is not who. Where terms overlap the first wins, then the longest.
        """
        index = self._indexes.get((source, target))
        if index is None:
            index = self._indexes[source, target] = _index(self.entries, source, target)
        return tuple(dict.fromkeys(_occurring(_words(text), index)))

    def key_terms(self, language: str) -> tuple[str, ...]:
        """What a recognizer of `language` should know how to spell."""
        names = (entry.name(language) for entry in self.entries)
        return tuple(dict.fromkeys(name for name in names if name is not None))


# Marks that join the letter before them and are no \w for re: vowel signs, accents, viramas.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x1100) if unicodedata.category(chr(code)).startswith("M")
)
# Thai, Lao, Burmese, Khmer, Japanese and Chinese put no space between words.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_SPACELESS}]|(?:(?![{_SPACELESS}])[\w{_MARKS}])+|[^\w\s]")


def _words(text: str) -> tuple[str, ...]:
    """Words and single signs: `C++ isn’t` -> `C`, `+`, `+`, `isn`, `'`, `t`."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text).replace("’", "'")))


def _fold(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


def _index(entries: Iterable[Entry], source: str, target: str) -> Index:
    """Terms by the words of their source."""
    index: dict[tuple[str, ...], Term] = {}
    for entry in entries:
        here, there = entry.name(source), entry.name(target)
        if here is not None and there is not None:
            index.setdefault(_fold(_words(here)), Term(source=here, target=there))
    return index


def _occurring(words: tuple[str, ...], index: Index) -> Iterator[Term]:
    longest = max(map(len, index), default=0)
    at = 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            term = _match(words[at : at + size], index)
            if term is not None:
                yield term
                at += size
                break
        else:
            at += 1


def _match(words: tuple[str, ...], index: Index) -> Term | None:
    """The term that reads `words`, or `words` without a plural ending."""
    for ending in ("", "s", "es"):
        if not words[-1].lower().endswith(ending):
            continue
        singular = (*words[:-1], words[-1][: len(words[-1]) - len(ending)])
        term = index.get(_fold(singular))
        if term is not None and (not term.source.isupper() or _words(term.source) == singular):
            return term
    return None


def _checked(names: dict[str, str]) -> dict[str, str]:
    if KEEP in names:
        if len(names) > 1:
            raise ValueError("`keep` stands alone: the term is the same in every language")
        return names
    by_code: dict[str, str] = {}
    for code, name in names.items():
        language = language_code(code)
        if language in by_code:
            raise ValueError(f"{language} is given twice")
        by_code[language] = name
    if len(by_code) < 2:
        raise ValueError("two languages at least, or `keep` for a name that stays as it is")
    return by_code


def _speakable(name: str) -> str:
    if not _words(name) or not name.isprintable():
        raise ValueError("a term is written on one line")
    return name


_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_speakable),
    WithJsonSchema({"type": ["string", "number", "boolean"], "maxLength": 100}),  # unquoted words
]


class GlossaryFile(BaseModel):
    """The meeting's own words in each language, and names that no language translates."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    version: Version
    """Of this file's format."""
    terms: list[
        Annotated[
            dict[str, _Name],
            Field(examples=[{"en": "committee", "es": "comité"}, {"keep": "LiveKit"}]),
            AfterValidator(_checked),
        ]
    ] = Field(max_length=5000, examples=[[{"en": "committee", "es": "comité"}]])
    """One thing a line, by language codes; `keep` for what is the same in every language."""


def load_glossary(path: Path) -> Glossary:
    """Read one file. Raises SettingsError with all that is wrong, by line."""
    file = validated(read(path), GlossaryFile)
    return Glossary(entries=tuple(Entry(names=names) for names in file.terms))
