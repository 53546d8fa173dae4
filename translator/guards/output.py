"""No clause is heard that is no rendition.

What a renderer writes is judged clause by clause while it comes: its script and language, its
length, its figures, and whether it translates at all, or answers, refuses, repeats or obeys. A
clause that cannot be told yet waits for the next one. What concerns the whole (a figure that is
missing, a rendition that breaks off) is judged before the last clause is let go.

A false alarm costs listeners a sentence, so short texts get the benefit of the doubt.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Protocol

import langcodes
from rapidfuzz.distance import LCSseq

from translator import detection, languages
from translator.errors import RenderError
from translator.guards import talk
from translator.guards.figures import Figures
from translator.types import Brief

CANDIDATES = 8
"""Languages that a rendition is taken for at most: more take longer, and are confused more."""
UNLIKELY = 0.02
"""Probability of the target language below which a text is not in it."""
SURE_LETTERS = 50
"""Fewer only tell the target language from the source's, and English."""
EVIDENCE = 300
"""Characters from the end that tell enough."""
ECHOED = 0.85
"""Share of the words that are in both texts from which one is an echo of the other."""
ECHO_WORDS = 4
"""Fewer words, names and figures aside, may be the same in both languages."""
SHORTEST, LONGEST = 0.65, 2.0
"""Lengths of a rendition against its source's, in letters as English would have them."""
UNENDED = 0.85
"""Length below which one that ends in mid-sentence, where its source does not, broke off."""
TOO_FEW, TOO_MANY = 8, 25
"""Letters beside these that a short segment varies by."""
FOREIGN_LETTERS = 6
"""Letters of another script that may be a name."""

_LENGTHS = {"en": 0.93, "es": 1.05, "fr": 1.05, "de": 1.1, "pt": 1.02, "it": 1.05, "ca": 1.02}
"""Letters that say as much as one of most languages."""
_WIDTHS = {"Hans": 0.33, "Hant": 0.33, "Jpan": 0.45, "Kore": 0.5, "Arab": 0.85, "Hebr": 0.8}
"""Characters that say as much as one of an alphabet."""
_SCRIPTS = {
    **{"Latn": ("LATIN",), "Cyrl": ("CYRILLIC",), "Grek": ("GREEK",), "Arab": ("ARABIC",)},
    **{"Hebr": ("HEBREW",), "Hans": ("CJK",), "Hant": ("CJK",), "Kore": ("HANGUL", "CJK")},
    **{"Jpan": ("HIRAGANA", "KATAKANA", "CJK"), "Deva": ("DEVANAGARI",), "Thai": ("THAI",)},
    **{"Armn": ("ARMENIAN",), "Geor": ("GEORGIAN",), "Beng": ("BENGALI",), "Taml": ("TAMIL",)},
}
"""Unicode's names of the letters of a script, by ISO 15924."""
_SENTENCE = re.compile(r"[^.!?…。！？؟]+[.!?…。！？؟]*")
_END = re.compile(r"[.!?…。！？؟][^\w]*\Z")
_QUESTION = re.compile(r"[?？؟]")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class GuardedError(RenderError):
    """What was rendered is no rendition; `why` says of what kind, and holds nothing of it."""

    blameless = True

    def __init__(self, why: str, *, retryable: bool = True) -> None:
        super().__init__(f"the output guard caught: {why}", retryable=retryable)
        self.why = why


class Guard(Protocol):
    """What clauses pass on their way out."""

    def admit(self, clauses: str) -> str:
        """What may be heard now that these clauses have come; empty while they must wait.

        Raises GuardedError.
        """
        ...

    def finish(self, rest: str) -> str:
        """What was still waiting, and the rest, with which the rendition is complete. Raises
        GuardedError."""
        ...


class Unguarded:
    """Lets everything through."""

    def admit(self, clauses: str) -> str:
        """See Guard."""
        return clauses

    def finish(self, rest: str) -> str:
        """See Guard."""
        return rest


class FigureGuard:
    """Judges the figures alone: an engine that takes no instructions neither answers nor obeys,
    and what it leaves untranslated is still the best that there is. Nor would it say anything
    else when asked again."""

    def __init__(self, brief: Brief) -> None:
        self._figures = Figures(brief.segment.text, brief.segment.language)
        self._target = brief.target
        self._text = brief.begun

    def admit(self, clauses: str) -> str:
        """See Guard."""
        self._text = f"{self._text} {clauses}".strip()
        if Figures(clauses, self._target).foreign_to(self._figures):
            raise GuardedError("changed figure", retryable=False)
        return clauses

    def finish(self, rest: str) -> str:
        """See Guard."""
        self.admit(rest)
        if Figures(self._text, self._target).missing_from(self._figures):
            raise GuardedError("missing figure", retryable=False)
        return rest


class OutputGuard:
    """Judges one rendition."""

    def __init__(self, brief: Brief, *, languages: Collection[str]) -> None:
        """`languages` are all that a rendition may be in by mistake, BCP-47. The first guard of
        some languages takes 10 ms for each."""
        self._source = brief.segment.text
        self._target = brief.target
        self._figures = Figures(self._source, brief.segment.language)
        self._candidates = _candidates(brief, languages)
        # What a model falls back to: where there are few letters, the others are too much alike.
        self._distinct = [*self._candidates[:2], *(set(self._candidates[2:]) & {"en"})]
        self._kept_terms = {
            word.casefold() for term in brief.terms for word in _WORD.findall(term.target)
        }
        self._demanded = (
            talk.demanded(self._source, brief.segment.language)
            if _knows_talk(brief)
            else frozenset[str]()
        )
        self._asks = _only_asks(self._source)
        self._letters = self._figures.letters / _width(brief.segment.language)
        self._shortest = SHORTEST / 2 if brief.terse else SHORTEST
        if self._candidates:
            detection.load(self._candidates)
        self._let_go = brief.begun
        self._waiting = ""

    def admit(self, clauses: str) -> str:
        """See Guard."""
        self._waiting = f"{self._waiting} {clauses}".strip()
        self._check_clauses()
        if self._must_wait():
            return ""
        return self._release()

    def finish(self, rest: str) -> str:
        """See Guard."""
        self._waiting = f"{self._waiting} {rest}".strip()
        self._check_clauses()
        self._check_whole()
        return self._release()

    @property
    def _text(self) -> str:
        return f"{self._let_go} {self._waiting}".strip()

    def _release(self) -> str:
        released, self._waiting = self._waiting, ""
        self._let_go = f"{self._let_go} {released}".strip()
        return released

    def _check_clauses(self) -> None:
        text = self._text
        if why := talk.gives_away(self._source, text):
            raise GuardedError(why)
        if self._length(text) > self._letters * LONGEST + TOO_MANY:
            raise GuardedError("too long")
        if _echoes(self._source, text, self._kept_terms) and not self._source_is_target():
            raise GuardedError("echo")
        evidence = self._waiting if detection.letters(self._waiting) > SURE_LETTERS else text
        if _foreign_script(evidence, self._target) or self._is_foreign(evidence[-EVIDENCE:]):
            raise GuardedError("wrong language")
        if Figures(self._waiting, self._target).foreign_to(self._figures):
            raise GuardedError("changed figure")

    def _must_wait(self) -> bool:
        """Whether only the next clause will tell that this is no answer, and nobody obeyed."""
        if self._obeys(self._text):
            return True
        return self._asks and not _QUESTION.search(self._waiting)

    def _check_whole(self) -> None:
        text = self._text
        if Figures(text, self._target).missing_from(self._figures):
            raise GuardedError("missing figure")
        if self._is_truncated(text):
            raise GuardedError("truncated")
        if self._obeys(text):
            raise GuardedError("obeyed")
        if _answers(self._source, text):
            raise GuardedError("answer")

    def _obeys(self, text: str) -> bool:
        """Whether a text, so far, leaves out most of what the speaker told a machine."""
        kept = talk.kept(self._demanded, text, self._target)
        return bool(self._demanded) and 2 * len(kept) <= len(self._demanded)

    def _is_truncated(self, text: str) -> bool:
        letters = self._length(text)
        if letters < self._letters * self._shortest - TOO_FEW:
            return True
        broken = _END.search(self._source) is not None and _END.search(text) is None
        return broken and letters < self._letters * UNENDED - TOO_FEW

    def _length(self, text: str) -> float:
        return Figures(text, self._target).letters / _width(self._target)

    def _source_is_target(self) -> bool:
        """A speaker who changed the language is rightly repeated."""
        if not self._candidates or detection.letters(self._source) < detection.LETTERS:
            return False
        found = detection.probabilities(self._source, self._candidates)
        return found.get(self._target, 0.0) > 1 - UNLIKELY

    def _is_foreign(self, text: str) -> bool:
        """Whether a text is in another of the candidates, also without the words (most often
        names) that are in the source as well."""
        words = [word for word in _WORD.findall(text) if word.casefold() not in self._kept_terms]
        if not self._is_other(" ".join(words)):
            return False
        own = {word.casefold() for word in _WORD.findall(self._source)}
        rest = " ".join(word for word in words if word.casefold() not in own)
        if not rest:
            return any(word[0].islower() for word in words)
        found = detection.probabilities(rest, self._candidates)
        return found.get(self._target, 0.0) < UNLIKELY

    def _is_other(self, text: str) -> bool:
        letters = detection.letters(text)
        if not self._candidates or letters < detection.LETTERS:
            return False
        possible = self._candidates if letters >= SURE_LETTERS else self._distinct
        found = detection.probabilities(text, self._candidates, possible=possible)
        return bool(found) and found[self._target] < UNLIKELY


def _candidates(brief: Brief, codes: Collection[str]) -> Sequence[str]:
    """The languages to tell apart, the target first; empty where it cannot be told."""
    found = [brief.target]
    for code in (brief.segment.language, *codes):
        fresh = not any(languages.same(code, one) for one in found)
        if fresh and detection.known([code]) and len(found) < CANDIDATES:
            found.append(code)
    return found if len(found) > 1 and detection.known(found) else ()


def _knows_talk(brief: Brief) -> bool:
    return all(
        languages.primary(code) in talk.KNOWN for code in (brief.segment.language, brief.target)
    )


def _script(language: str) -> str:
    return langcodes.Language.get(language).maximize().script or ""


def _width(language: str) -> float:
    return _LENGTHS.get(languages.primary(language)) or _WIDTHS.get(_script(language), 1.0)


def _foreign_script(text: str, language: str) -> bool:
    """Whether most letters are none of the language's."""
    own = _SCRIPTS.get(_script(language))
    if own is None:
        return False
    names = [unicodedata.name(letter, "") for letter in text if letter.isalpha()]
    foreign = sum(not name.startswith(own) for name in names)
    return foreign > max(FOREIGN_LETTERS, len(names) / 2)


def _echoes(source: str, rendition: str, kept: Collection[str]) -> bool:
    """Whether nearly all words are those of the source, in their order.

    Names are left out: words with a capital inside a sentence.
    """
    ours, theirs = (_plain(text, kept) for text in (rendition, source))
    if min(len(ours), len(theirs)) < ECHO_WORDS:
        return False
    return LCSseq.similarity(ours, theirs) >= ECHOED * len(ours)


def _plain(text: str, kept: Collection[str]) -> list[str]:
    words = [
        word
        for sentence in _SENTENCE.findall(text)
        for place, word in enumerate(_WORD.findall(sentence))
        if place == 0 or not word[0].isupper()
    ]
    return [word.casefold() for word in words if word.casefold() not in kept]


def _only_asks(text: str) -> bool:
    return all(_QUESTION.search(sentence) for sentence in _sentences(text))


def _answers(source: str, rendition: str) -> bool:
    """Whether questions are gone."""
    asked = sum(bool(_QUESTION.search(one)) for one in _sentences(source))
    if not asked:
        return talk.begins_to_ask(source) and not (
            _QUESTION.search(rendition) or talk.asks(rendition)
        )
    sentences = _sentences(rendition)
    if not re.search(r"[.!?…]", rendition):  # without punctuation
        return not talk.asks(rendition)
    asking = sum(bool(_QUESTION.search(one)) for one in sentences)
    return asking == 0 or (_only_asks(source) and len(sentences) - asking > max(asked - 1, 0))


def _sentences(text: str) -> list[str]:
    return [one for one in _SENTENCE.findall(text) if detection.letters(one)]
