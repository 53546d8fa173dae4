"""Glossaries for tests."""

from translator.glossary import Entry, Glossary, Name


def entry(**names: str) -> Entry:
    """One thing by language codes, without forms."""
    return Entry(names={code: Name(term=term) for code, term in names.items()})


def glossary(*entries: Entry) -> Glossary:
    return Glossary(entries=entries)
