"""Terms on their way through Apertium, which has no prompt to tell it of them.

Each occurrence is given to the engine as a made-up name, and the name is made the term again in
the rendition. No dictionary has such a name, so it comes through every pair, and it keeps the
place that a noun has in the sentence. What stands right before it was chosen for the name, and
is made to agree with the term: el -> las comisiones, de -> d'organisation, a -> an agenda.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase

from translator.errors import RenderError
from translator.glossary import Finder, composed
from translator.languages import primary
from translator.types import Term

Traits = tuple[str, str]
"""Gender and number of a noun: m or f, sg or pl."""

_NAME = re.compile("zqx[a-z]{3}", re.IGNORECASE)
_GENITIVE = re.compile(r"['’]s\b|(?<=s)['’](?=\s)")
"""English. Apertium knows it of its own words alone, and glues it to a made-up one."""
_SENTENCE = re.compile(r"(?:^|[.!?…]\s+)[\"'«“‘¿¡(\s]*$")
"""Behind this a sentence begins."""

_KINDS: Sequence[Traits] = (("m", "sg"), ("f", "sg"), ("m", "pl"), ("f", "pl"))
_DETERMINERS: Mapping[str, str] = {
    "es": "el la los las, un una unos unas, del de_la de_los de_las, al a_la a_los a_las,"
    "este esta estos estas, ese esa esos esas, nuestro nuestra nuestros nuestras,"
    "todo_el toda_la todos_los todas_las",
    "fr": "le la les les, du de_la des des, un une des des, au à_la aux aux, ce cette ces ces,"
    "notre notre nos nos, tout_le toute_la tous_les toutes_les",
    "pt": "o a os as, um uma uns umas, do da dos das, ao à aos às, no na nos nas,"
    "pelo pela pelos pelas, num numa nuns numas, deste desta destes destas,"
    "este esta estes estas, nosso nossa nossos nossas,"
    "todo_o toda_a todos_os todas_as",
    "it": "il la i le, un una dei delle, del della dei delle, al alla ai alle, dal dalla dai dalle,"
    "nel nella nei nelle, sul sulla sui sulle, questo questa questi queste,"
    "nostro nostra nostri nostre,"
    "tutto_il tutta_la tutti_i tutte_le",
    "ca": "el la els les, un una uns unes, del de_la dels de_les, al a_la als a_les,"
    "pel per_la pels per_les, aquest aquesta aquests aquestes,"
    "nostre nostra nostres nostres, tot_el tota_la tots_els totes_les",
}
"""By language: determiners with prepositions, each in the order of _KINDS."""

_VOWEL = "aàáâäeèéêëiíîïoòóôöuùúûüœ"
_IT_IMPURE = r"s[^aeiou]|z|gn|ps|x|y"
_IT_WITH = "de|a|da|ne|su"
_JUNCTIONS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "en": ((r"an?", "[aeio]", "an "), (r"an", "[^aeiouh]", "a ")),
    "fr": (
        (r"l[ea]", f"[{_VOWEL}]", "l'"),
        (r"([djnmst]|qu)e", f"[{_VOWEL}]", r"\1'"),
        (r"du", f"[{_VOWEL}]", "de l'"),
        (r"au", f"[{_VOWEL}]", "à l'"),
        (r"ce", f"[{_VOWEL}]", "cet "),
    ),
    "ca": (
        (r"el", f"h?[{_VOWEL}]", "l'"),
        (r"la", "h?[aàeèéoòó]", "l'"),
        (r"de", f"h?[{_VOWEL}]", "d'"),
        (r"del", f"h?[{_VOWEL}]", "de l'"),
        (r"al", f"h?[{_VOWEL}]", "a l'"),
        (r"pel", f"h?[{_VOWEL}]", "per l'"),
    ),
    "it": (
        (r"il|lo|la", f"[{_VOWEL}]", "l'"),
        (rf"({_IT_WITH})l(?:lo|la)?", f"[{_VOWEL}]", r"\1ll'"),
        (r"una", f"[{_VOWEL}]", "un'"),
        (r"uno", f"(?!{_IT_IMPURE}).", "un "),
        (r"il", _IT_IMPURE, "lo "),
        (r"un", _IT_IMPURE, "uno "),
        (rf"({_IT_WITH})l", _IT_IMPURE, r"\1llo "),
        (r"i", f"[{_VOWEL}]|{_IT_IMPURE}", "gli "),
        (rf"({_IT_WITH})i", f"[{_VOWEL}]|{_IT_IMPURE}", r"\1gli "),
        (r"lo", f"(?!{_IT_IMPURE})[^{_VOWEL}]", "il "),
    ),
}
"""By language: a last word, the beginning of a term, and what the word becomes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a made-up name stands for."""

    term: Term
    small_follows: bool
    """Whether the next word begins with a small letter: behind a name that begins a sentence
    Apertium gives it a capital, as if the name were not there."""


def protect(text: str, terms: Sequence[Term]) -> tuple[str, dict[str, Hidden]]:
    """`text` with a made-up name for each occurrence of a term, and what each name stands for."""
    names = (f"Zqx{''.join(letters)}" for letters in product(ascii_lowercase, repeat=3))
    kept: dict[str, Hidden] = {}
    written = composed(text)
    hidden, end = "", 0
    for found in Finder((term.source, term) for term in terms).find(text):
        name = next(names)
        hidden += written[end : found.start] + name
        genitive = _GENITIVE.match(written, found.end)
        end = genitive.end() if genitive else found.end
        small = written[end:].lstrip()[:1].islower()
        kept[name] = Hidden(term=found.value, small_follows=small)
    return hidden + written[end:], kept


def restore(
    text: str, kept: Mapping[str, Hidden], *, language: str, traits: Mapping[str, Traits]
) -> str:
    """`text`, in `language`, with the terms in the place of their names.

    `traits` are those of the names whose terms have any. Raises RenderError if a term is lost.
    """
    shown, end = "", 0
    lost = set(kept)
    for match in _NAME.finditer(text):
        name = match[0].capitalize()
        if name not in kept:
            continue
        lost.discard(name)
        before = agreeing(shown + text[end : match.start()], language, traits.get(name))
        first = _SENTENCE.search(before) is not None
        term = _written(kept[name].term, begins=first and match[0][0].isupper())
        shown = joined(before, language, term) + term
        end = match.end()
        if first and kept[name].small_follows:
            shown += text[end : end + 2].lower()
            end += 2
    if lost:
        raise RenderError(f"Apertium lost {len(lost)} of {len(kept)} terms")
    return shown + text[end:]


def agreeing(before: str, language: str, traits: Traits | None) -> str:
    """`before` with a determiner at its end that agrees with a noun of these `traits`."""
    if traits not in _KINDS:
        return before
    for forms in _determiners(language):
        longest_first = "|".join(sorted(map(re.escape, forms), key=len, reverse=True))
        agreed = forms[_KINDS.index(traits)]
        changed = _ending(before, longest_first, f"{agreed} ")
        if changed is not None:
            return changed
    return before


def joined(before: str, language: str, term: str) -> str:
    """`before` with a last word that fits the sound of `term`."""
    for word, beginning, replacement in _JUNCTIONS.get(primary(language), ()):
        if re.match(beginning, term, re.IGNORECASE):
            changed = _ending(before, word, replacement)
            if changed is not None:
                return changed
    return before


def _determiners(language: str) -> Iterator[tuple[str, ...]]:
    """Those that end with a preposition's article last: `de la` is no `la`."""
    table = _DETERMINERS.get(primary(language), "").split(",")
    rows = [tuple(form.replace("_", " ") for form in row.split()) for row in table if row]
    return iter(sorted(rows, key=lambda row: -max(form.count(" ") for form in row)))


def _ending(before: str, words: str, replacement: str) -> str | None:
    """`before` with `words` at its end replaced, as large as they were; None without them."""
    match = re.search(rf"(?<![\w'’])(?:{words}) $", before, re.IGNORECASE)
    if match is None:
        return None
    changed = match.expand(replacement)
    if match[0][0].isupper():
        changed = changed[:1].upper() + changed[1:]
    return before[: match.start()] + changed


def _written(term: Term, *, begins: bool) -> str:
    """A small term gets a capital where it begins a sentence; a kept one stays as it is."""
    if begins and term.target.islower() and term.source != term.target:
        return term.target[:1].upper() + term.target[1:]
    return term.target
