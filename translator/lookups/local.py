"""What the meeting itself has: its glossaries and its agenda."""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from translator.errors import SettingsError
from translator.glossary import Entry, Glossary
from translator.lookups.source import LookUpError, Source, Tool
from translator.prompt import quoted
from translator.settings import AGENDA, GLOSSARY, Settings, ToolServer

log = logging.getLogger(__name__)

MOST_ENTRIES = 20
"""Of an answer from the glossaries."""
WHOLE = 1500
"""Characters of an agenda that is given whole, whatever is asked."""

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


A = TypeVar("A", bound=_Arguments)


class _Local(ABC, Generic[A]):
    """A source with one tool, which has no name besides that of the source."""

    DESCRIPTION: str
    ARGUMENTS: type[A]

    async def tools(self) -> Sequence[Tool]:
        """See translator.lookups.Source."""
        schema = self.ARGUMENTS.model_json_schema()
        return [Tool(name="", description=self.DESCRIPTION, parameters=schema)]

    async def look_up(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """See translator.lookups.Source."""
        try:
            asked = self.ARGUMENTS.model_validate(arguments)
        except ValidationError as error:
            wrong = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
            told = "; ".join(f"{place}: {what}" for place, what in wrong.items())
            raise LookUpError(f"wrong arguments: {told[:300]}", kind="refused") from None
        return self._answer(asked)

    @abstractmethod
    def _answer(self, asked: A) -> str: ...


class _Term(_Arguments):
    term: Word
    """A name, a word or an abbreviation, in any language, as it was heard."""


class GlossarySource(_Local[_Term]):
    """Looks terms up in the meeting's glossaries."""

    DESCRIPTION = (
        "Finds a term in the meeting's glossary: how it is spelled, and what it is called in"
        " other languages."
    )
    ARGUMENTS = _Term

    def __init__(self, glossaries: Collection[Glossary]) -> None:
        self._entries = [entry for one in glossaries for entry in one.entries]

    def _answer(self, asked: _Term) -> str:
        wanted = asked.term.casefold()
        found = [one for one in self._entries if _is_named(one, wanted)][:MOST_ENTRIES]
        return "\n".join(
            quoted({code: name.term for code, name in one.names.items()}) for one in found
        )


def _is_named(entry: Entry, wanted: str) -> bool:
    names = {text.casefold() for name in entry.names.values() for text in name.written}
    return any(wanted in name or name in wanted for name in names)


class _About(_Arguments):
    about: Word
    """A few words of what is looked for."""


class AgendaSource(_Local[_About]):
    """Looks into what the organizer wrote about the meeting."""

    DESCRIPTION = (
        "Finds what the agenda of this meeting says: its subjects, speakers, papers and times."
    )
    ARGUMENTS = _About

    def __init__(self, text: str) -> None:
        self._text = text
        self._paragraphs = [one.strip() for one in re.split(r"\n\s*\n", text) if one.strip()]

    def _answer(self, asked: _About) -> str:
        if len(self._text) <= WHOLE:
            return self._text.strip()
        wanted = _words(asked.about)
        shared = [len(wanted & _words(one)) for one in self._paragraphs]
        best = sorted(range(len(shared)), key=lambda at: -shared[at])
        return "\n\n".join(self._paragraphs[at] for at in best if shared[at])


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def sources(
    settings: Settings, server: Callable[[str, ToolServer], Source]
) -> Mapping[str, Source]:
    """All that `settings` let be looked up, by name; `server` makes the source of an MCP server,
    or raises SettingsError.

    A server that is not in engines.yaml any more, or cannot be asked, is left out.
    """
    made: dict[str, Source] = {}
    for name in settings.lookups:
        if name == GLOSSARY:
            made[name] = GlossarySource(list(settings.glossaries.values()))
        elif name == AGENDA:
            made[name] = AgendaSource(settings.agenda_text)
        elif name in settings.tools:
            try:
                made[name] = server(name, settings.tools[name])
            except SettingsError as error:
                log.warning("%s is not asked: %s", name, error)
    return made
