"""The organizer's terms, found in what is said.

    version: 1
    terms:
      - {en: committee, es: comité, fr: comité}
      - en: {term: point of order, forms: [points of order]}
        es: {term: cuestión de orden, forms: [cuestiones de orden]}
      - keep: LiveKit

An entry says one thing in two languages or more, or holds a name that no language translates.
"""

from translator.glossary.entries import (
    KEEP,
    Accuracy,
    Conflict,
    Entry,
    Glossary,
    Name,
    respelled,
)
from translator.glossary.file import GlossaryFile, load_glossary
from translator.glossary.words import Finder, composed

__all__ = [
    "KEEP",
    "Accuracy",
    "Conflict",
    "Entry",
    "Finder",
    "Glossary",
    "GlossaryFile",
    "Name",
    "composed",
    "load_glossary",
    "respelled",
]
