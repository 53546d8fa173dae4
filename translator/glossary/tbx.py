"""Glossaries as TBX, the terminologists' format (ISO 30042).

Read are version 3 in both its styles (DCA: categories are attributes; DCT: they are elements)
and version 2 (`martif`); written is TBX-Basic version 3 in DCA. No entity is expanded, and
nothing is fetched.

Of a language's terms the preferred one is meant, else the first; a `variant` is one of its forms,
a synonym an entry of its own, and what is deprecated or superseded is left out. TBX has no category
for two things of ours: a `keep` is a term in the language `mul`, and how a voice says a term is a
note that begins with `say:`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from translator.errors import Fault, SettingsError
from translator.glossary.entries import KEEP, Entry, Glossary, Name
from translator.glossary.tables import Draft, spelled

NAMESPACE = "urn:iso:std:iso:30042:ed-2"
EVERY = "mul"
"""ISO 639's code for several languages."""
SAY = "say:"

_XML = "{http://www.w3.org/XML/1998/namespace}"
_CONCEPTS = {"conceptEntry", "termEntry"}
_LANGUAGES = {"langSec", "langSet"}
_TERMS = {"termSec", "tig", "ntig", "termGrp"}
_OBSOLETE = ("deprecatedTerm", "supersededTerm")
_PREFERRED = "preferredTerm"
_FORM = "variant"


def of_tbx(path: Path, content: bytes) -> Draft:
    """The entries of a TBX file. Raises SettingsError with what is wrong, by line."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _refused(path, error.lineno, f"is no XML: {error.msg}") from None
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is not None and any(True for _ in document_type.iterentities()):
        raise _refused(path, 1, "defines entities of its own, which are not expanded; delete them")
    draft = Draft(path)
    concepts = list(_within(root, _CONCEPTS))
    if not concepts:
        raise _refused(path, 1, "has no concepts; is it TBX?")
    for concept in concepts:
        for names in _entries(concept, path):
            draft.add(names, _line(concept))
    return draft


def _entries(concept: etree._Element, path: Path) -> Iterator[dict[str, Any]]:
    """What a concept says: an entry of its terms, and one for each synonym."""
    spoken: dict[str, list[Name]] = {}
    for section in _within(concept, _LANGUAGES):
        code = section.get(f"{_XML}lang") or section.get("lang")
        if code is None:
            raise _refused(path, _line(section), "a language section has no xml:lang")
        spoken.setdefault(code, []).extend(_names(section))
    spoken = {code: names for code, names in spoken.items() if names}
    if EVERY in spoken:
        yield _kept(spoken)
        return
    first = {code: names[0] for code, names in spoken.items()}
    yield {code: _spelled(name) for code, name in first.items()}
    for code, names in spoken.items():
        for synonym in names[1:]:
            yield {one: _spelled(name) for one, name in {**first, code: synonym}.items()}


def _kept(spoken: dict[str, list[Name]]) -> dict[str, Any]:
    name = spoken[EVERY][0]
    said = {code: list(names[0].say) for code, names in spoken.items() if names[0].say}
    say = said.get(EVERY) or said
    return {KEEP: spelled(name.term, list(name.forms), say)}


def _names(section: etree._Element) -> list[Name]:
    """The terms of a language: the preferred first, its forms with it, then its synonyms."""
    terms: list[tuple[bool, str, tuple[str, ...]]] = []
    forms: list[str] = []
    for group in _within(section, _TERMS):
        term = next((one for one in _within(group, {"term"})), None)
        text = "" if term is None else " ".join("".join(term.itertext()).split())
        status = _category(group, "administrativeStatus")
        if not text or status.startswith(_OBSOLETE):
            continue
        if _category(group, "termType") == _FORM and terms:
            forms.append(text)
        else:
            terms.append((status.startswith(_PREFERRED), text, _said(group)))
    terms.sort(key=lambda term: not term[0])
    return [
        Name(term=text, forms=() if at else tuple(forms), say=say)
        for at, (_, text, say) in enumerate(terms)
    ]


def _category(group: etree._Element, name: str) -> str:
    """The value of a data category, in either style; empty without one."""
    for element in group.iter(etree.Element):
        if _local(element) == name or element.get("type") == name:
            return (element.text or "").strip()
    return ""


def _said(group: etree._Element) -> tuple[str, ...]:
    notes = [" ".join("".join(note.itertext()).split()) for note in _within(group, {"note"})]
    return tuple(note.removeprefix(SAY).strip() for note in notes if note.startswith(SAY))


def _within(element: etree._Element, names: set[str]) -> Iterator[etree._Element]:
    """The outermost elements of these names, whatever their namespace."""
    for child in element.iterchildren(etree.Element):
        if _local(child) in names:
            yield child
        else:
            yield from _within(child, names)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _line(element: etree._Element) -> int:
    return element.sourceline or 1


def _spelled(name: Name) -> object:
    return spelled(name.term, list(name.forms), list(name.say))


def _refused(path: Path, line: int | None, text: str) -> SettingsError:
    return SettingsError(Fault(file=path, line=line, key="", text=text))


def to_tbx(glossary: Glossary) -> bytes:
    """The glossary as TBX-Basic, version 3, DCA."""
    root = etree.Element(
        "tbx",
        {"style": "dca", "type": "TBX-Basic", f"{_XML}lang": "en"},
        nsmap={None: NAMESPACE},
    )
    description = etree.SubElement(etree.SubElement(root, "tbxHeader"), "fileDesc")
    source = etree.SubElement(etree.SubElement(description, "sourceDesc"), "p")
    source.text = "The glossary of a meeting"
    body = etree.SubElement(etree.SubElement(root, "text"), "body")
    for number, entry in enumerate(glossary.entries, 1):
        _add_concept(body, entry, f"c{number}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add_concept(body: etree._Element, entry: Entry, identity: str) -> None:
    concept = etree.SubElement(body, "conceptEntry", {"id": identity})
    for code, name in entry.names.items():
        language = EVERY if code == KEEP else code
        section = etree.SubElement(concept, "langSec", {f"{_XML}lang": language})
        _add_term(section, name.term, say=name.say)
        for form in name.forms:
            _add_term(section, form, kind=_FORM)


def _add_term(
    section: etree._Element, text: str, *, kind: str = "", say: Sequence[str] = ()
) -> None:
    group = etree.SubElement(section, "termSec")
    etree.SubElement(group, "term").text = text
    if kind:
        etree.SubElement(group, "termNote", {"type": "termType"}).text = kind
    for one in say:
        etree.SubElement(group, "note").text = f"{SAY} {one}"
