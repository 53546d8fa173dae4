"""Glossaries as CSV: what a spreadsheet can hold.

A column for each language, headed by its code, and `keep` for what stays the same in all. Forms
follow their term in the cell, parted by `|`. A column `es say` holds how a voice says what stands
in `es`; beside a `keep` it is how that is said in Spanish. All other columns are notes.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translator import languages
from translator.document import Document
from translator.errors import Fault, InputError, SettingsError
from translator.glossary.entries import KEEP, Entry, Glossary
from translator.wording import Place

BETWEEN = "|"
"""Between a term and its forms."""
_SAY = " say"
_DELIMITERS = (",", ";", "\t")


@dataclass(slots=True)
class Draft:
    """Entries as a glossary's file has them, with the line that each is from."""

    path: Path
    terms: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[Place, int] = field(default_factory=lambda: {(): 1})
    notes: list[str] = field(default_factory=list)
    """What is left out, and why."""

    def add(self, names: dict[str, Any], line: int) -> None:
        """Take an entry; one that says a thing in one language only is left out."""
        if KEEP not in names and len(names) < 2:
            only = f"only {next(iter(names))}" if names else "no term"
            self.notes.append(f"{self.path}:{line}: {only}; left out")
            return
        place: Place = ("terms", len(self.terms))
        self.lines |= {place: line} | {(*place, code): line for code in names}
        self.terms.append(names)

    def document(self) -> Document:
        """The same as a glossary's file would give it. Raises SettingsError without any term."""
        if not self.terms:
            raise SettingsError(Fault(file=self.path, line=None, key="", text="has no terms"))
        return Document(
            path=self.path, data={"version": "1", "terms": self.terms}, lines=self.lines
        )


def spelled(term: str, forms: list[str], say: object) -> object:
    """A name as a glossary's file has it: a text where there is no more to say of it."""
    if not forms and not say:
        return term
    more = {"forms": forms} if forms else {}
    return {"term": term, **more, **({"say": say} if say else {})}


def of_table(path: Path, text: str) -> Draft:
    """The entries of a CSV file. Raises SettingsError with all that is wrong, by line."""
    rows = list(_rows(path, text))
    if not rows:
        raise SettingsError(Fault(file=path, line=None, key="", text="is empty"))
    (line, header), *rows = rows
    draft = Draft(path)
    columns = _columns(header, draft, line)
    for line, row in rows:
        cells = {name: row[at].strip() for at, name in columns.items() if at < len(row)}
        names = _names({name: cell for name, cell in cells.items() if cell}, path, line)
        if names or any(cells.values()):
            draft.add(names, line)
    return draft


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, each with its first line."""
    first = next(iter(text.splitlines()), "")
    delimiter = max(_DELIMITERS, key=lambda one: _known(first.split(one)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        what = f"is no CSV: {error}; look at the quotes around here"
        raise SettingsError(Fault(file=path, line=line, key="", text=what)) from None


def _known(header: list[str]) -> int:
    return sum(_column(name) is not None for name in header)


def _column(name: str) -> str | None:
    """`ES ` -> `es`, `es Say` -> `es say`; None for a column of notes."""
    name = name.strip().strip('"').strip()
    said = re.fullmatch(r"(.*\S) say", name, re.IGNORECASE)
    code = said[1] if said else name
    if code.lower() != KEEP:
        try:
            code = languages.normalize(code)
        except InputError:
            return None
    return (code.lower() if code.lower() == KEEP else code) + (_SAY if said else "")


def _columns(header: list[str], draft: Draft, line: int) -> Mapping[int, str]:
    """The columns that are no notes, by their place."""
    columns: dict[int, str] = {}
    for at, name in enumerate(header):
        column = _column(name)
        if column is None:
            code = languages.named(name)
            meant = f"; did you mean {code} ({name.strip()})?" if code else ""
            if name.strip():
                draft.notes.append(
                    f"{draft.path}:{line}: column {name.strip()!r} is not used{meant}"
                )
        elif column in columns.values():
            text = "is given twice; keep one of the two"
            raise SettingsError(Fault(file=draft.path, line=line, key=column, text=text))
        else:
            columns[at] = column
    if not any(not column.endswith(_SAY) for column in columns.values()):
        text = "no column is headed by a language code; the first line must be like: en,es,fr,keep"
        raise SettingsError(Fault(file=draft.path, line=line, key="", text=text))
    return columns


def _names(cells: Mapping[str, str], path: Path, line: int) -> dict[str, Any]:
    said = {name.removesuffix(_SAY): cell for name, cell in cells.items() if name.endswith(_SAY)}
    named = {name: cell for name, cell in cells.items() if not name.endswith(_SAY)}
    if KEEP in named:
        by_language = {code: _parts(cell) for code, cell in said.items() if code != KEEP}
        if by_language and KEEP in said:
            text = "a keep is said in one way in all languages, or by language"
            raise SettingsError(Fault(file=path, line=line, key=f"{KEEP}{_SAY}", text=text))
        kept = _parts(said[KEEP]) if KEEP in said else []
        return {**named, KEEP: _name(named[KEEP], kept or by_language)}
    for code in said:
        if code not in named:
            text = f"says how, but `{code}` has no term"
            raise SettingsError(Fault(file=path, line=line, key=f"{code}{_SAY}", text=text))
    return {code: _name(cell, _parts(said.get(code, ""))) for code, cell in named.items()}


def _name(cell: str, say: object) -> object:
    term, *forms = _parts(cell) or [""]
    return spelled(term, forms, say)


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(BETWEEN)] if cell.strip() else []


def to_table(glossary: Glossary) -> str:
    """The glossary as CSV with commas. Raises InputError for what a cell cannot hold."""
    rows = list(map(_row, glossary.entries))
    found = dict.fromkeys(column for row in rows for column in row)
    columns = sorted(found, key=lambda one: (one.startswith(KEEP), one.endswith(_SAY)))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(entry: Entry) -> dict[str, str]:
    row: dict[str, str] = {}
    kept = KEEP in entry.names
    for code, name in entry.names.items():
        if not kept or code == KEEP:
            row[code] = _cell(name.written)
        if name.say:
            row[code + _SAY] = _cell(name.say)
    return row


def _cell(parts: tuple[str, ...]) -> str:
    for part in parts:
        if BETWEEN in part:
            raise InputError(f"{part!r} has a {BETWEEN}, which parts forms in CSV; export to .tbx")
    return BETWEEN.join(parts)
