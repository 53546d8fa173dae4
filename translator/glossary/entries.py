"""Terms, and what becomes of them in each stage of the line.

A glossary is used four times: a recognizer is given its key terms, a renderer its terms, the
rendition is counted by it, and a voice gets the text as it is to be said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from translator.glossary.words import Finder, Found, composed, key
from translator.languages import lookup, same
from translator.types import Term

KEEP = "keep"
"""Stands where a language would, for a term that is the same in all of them."""

_USED = "\0"
"""Stands for a word that was counted: no name has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a thing is called in one language."""

    term: str
    forms: tuple[str, ...] = ()
    """Its inflected forms, paired by their order with those of other languages."""
    say: tuple[str, ...] = ()
    """How a voice should say the term, and then its forms, as far as given."""

    @property
    def written(self) -> tuple[str, ...]:
        """The term and its forms."""
        return (self.term, *self.forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing with its name in each language."""

    names: Mapping[str, Name]
    """By BCP-47 code. With KEEP the name is the same in all, and a code only tells how it is
    said there."""

    def name(self, language: str) -> Name | None:
        """What it is called in `language`; a region that is not listed uses its language."""
        code = lookup(language, self.names)
        if code is None:
            code = next((code for code in self.names if same(code, language)), None)
        return self.names.get(KEEP) if code is None else self.names[code]

    def terms(self, source: str, target: str) -> Iterator[Term]:
        """One for each form that `source` has; none where a language has no name for it."""
        here, there = self.name(source), self.name(target)
        if here is None or there is None:
            return
        for at, form in enumerate(here.written):
            rendered = there.written[at] if at < len(there.written) else there.term
            others = tuple(other for other in there.written if other != rendered)
            yield Term(source=form, target=rendered, forms=others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How a rendition took the terms of its source text."""

    hits: int = 0
    """Occurrences that are rendered as the glossary says."""
    due: int = 0
    """Occurrences of listed forms in the source text."""
    false_copies: int = 0
    """Target terms in the rendition that nobody said."""
    missing: tuple[Term, ...] = ()
    """The term of each occurrence that is no hit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two entries that render one name differently; `first` is meant."""

    first: Term
    other: Term


@dataclass(frozen=True, slots=True)
class _Pair:
    """What a glossary knows of one pair of languages."""

    terms: Finder[Term]
    """By what is said."""
    targets: Finder[None]
    """What a rendition may hold only where its term was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """Entries in the order of their files; of two with one name the first is meant."""

    entries: tuple[Entry, ...] = ()
    _pairs: dict[tuple[str, str], _Pair] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    _voices: dict[str, Finder[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    _joined: dict[tuple[int, ...], tuple[tuple["Glossary", ...], "Glossary"]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def followed_by(self, *others: "Glossary") -> "Glossary":
        """This one and `others` as one, where the first wins; the same for the same `others`."""
        if not others:
            return self
        key = tuple(map(id, others))  # they are kept with the result, so no id is used again
        if key not in self._joined:
            entries = tuple(entry for one in (self, *others) for entry in one.entries)
            self._joined[key] = others, Glossary(entries=entries)
        return self._joined[key][1]

    def key_terms(self, language: str) -> tuple[str, ...]:
        """What a recognizer of `language` should know how to spell."""
        names = (entry.name(language) for entry in self.entries)
        return tuple(dict.fromkeys(name.term for name in names if name is not None))

    def terms(self, text: str, source: str, target: str) -> tuple[Term, ...]:
        """The terms for `source` to `target` that occur in `text`, each once, as they occur.

        A plural that is not listed is found, too, with the term itself.
        """
        found = self._pair(source, target).terms.find(text)
        return tuple(dict.fromkeys(one.value for one in found))

    def accuracy(self, text: str, rendition: str, source: str, target: str) -> Accuracy:
        """How `rendition`, in `target`, took the terms of `text`, in `source`.

        Counts occurrences. What is due depends on `text` alone; each occurrence needs one of its
        own in the rendition, in any form of the entry. Texts may be of any length, from a segment
        to a whole speech.
        """
        pair = self._pair(source, target)
        said = list(pair.terms.find(text))
        due = [one.value for one in said if one.listed]
        rest = _Rendition(rendition, due)
        missing = [term for term in due if not rest.take(term.target)]
        missing = [term for term in missing if not any(map(rest.take, term.forms))]
        rest.excuse([one.value for one in said if not one.listed])
        return Accuracy(
            hits=len(due) - len(missing),
            due=len(due),
            false_copies=sum(1 for _ in pair.targets.find(rest.text)),
            missing=tuple(missing),
        )

    def spoken(self, text: str, language: str) -> str:
        """`text` as a voice of `language` should say it; for no reader."""
        finder = self._voices.get(language)
        if finder is None:
            finder = self._voices[language] = Finder(_said(self.entries, language))
        return _replaced(text, finder)

    def conflicts(self, source: str, target: str) -> tuple[Conflict, ...]:
        """Names that two entries render differently."""
        first: dict[str, Term] = {}
        terms = [term for entry in self.entries for term in entry.terms(source, target)]
        return tuple(
            Conflict(first=meant, other=term)
            for term in terms
            if (meant := first.setdefault(term.source.casefold(), term)).target != term.target
        )

    def _pair(self, source: str, target: str) -> _Pair:
        pair = self._pairs.get((source, target))
        if pair is None:
            terms = [term for entry in self.entries for term in entry.terms(source, target)]
            pair = self._pairs[source, target] = _Pair(
                terms=Finder(((term.source, term) for term in terms), plurals=True),
                targets=Finder((name, None) for term in terms for name in _right(term)),
            )
        return pair


def respelled(text: str, terms: Iterable[Term]) -> str:
    """A rendition with the kept ones among its `terms` in their own letters: only case changes."""
    return _replaced(text, Finder((one.target, one.target) for one in terms if _kept(one)))


def _kept(term: Term) -> bool:
    return term.source == term.target


def _replaced(text: str, finder: Finder[str]) -> str:
    """`text` with what belongs to each name in its place."""
    written, replaced, end = composed(text), "", 0
    for one in finder.find(text):
        replaced += written[end : one.start] + one.value
        end = one.end
    return replaced + written[end:] if end else text


def _right(term: Term) -> tuple[str, ...]:
    """Every form that renders `term`."""
    return (term.target, *term.forms)


class _Rendition:
    """A rendition, of which each word counts once."""

    def __init__(self, text: str, terms: Iterable[Term]) -> None:
        """`terms` are those that may be taken."""
        self.text = composed(text)
        """What was not taken; other characters stand for the rest."""
        names = ((name, key(name)) for term in terms for name in _right(term))
        self._places: dict[tuple[str, ...], list[Found[tuple[str, ...]]]] = {}
        for found in Finder(names).find(self.text):
            self._places.setdefault(found.value, []).append(found)

    def take(self, name: str) -> bool:
        """Take one occurrence of `name`; whether there was one."""
        places = self._places.get(key(name))
        if not places:
            return False
        self._cross_out(places.pop())
        return True

    def excuse(self, terms: Sequence[Term]) -> None:
        """Take an occurrence for each of `terms` where there is one, in any form or plural."""
        left = Counter(term.target for term in terms)
        names = ((name, term.target) for term in terms for name in _right(term))
        for found in Finder(names, plurals=True).find(self.text):
            if left[found.value]:
                left[found.value] -= 1
                self._cross_out(found)

    def _cross_out(self, found: Found[Any]) -> None:
        size = found.end - found.start
        self.text = self.text[: found.start] + _USED * size + self.text[found.end :]


def _said(entries: Iterable[Entry], language: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name = entry.name(language)
        if name is not None:
            yield from zip(name.written, name.say, strict=False)
