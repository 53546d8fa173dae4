"""A YAML file that a person has written, and everything that is wrong with it, by line.

Whoever edits the file needs no knowledge of YAML's corners, and whoever does can do no harm:

- words are the words that are written: `no` is Norwegian, `on` a word, `1.10` not 1.1;
- `&name` and `*name`, tags and a second document are refused, so no file is endless or huge;
- a key given twice is refused, where YAML would silently take the last.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ValidationError
from yaml.reader import Reader

from translator import languages
from translator.errors import Fault, InputError, SettingsError
from translator.wording import Place, refused

LARGEST = 2**20
"""Bytes of a file."""
DEEPEST = 16
"""Levels of nesting."""

M = TypeVar("M", bound=BaseModel)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says: mappings, lists and words."""

    path: Path
    data: Any
    lines: Mapping[Place, int]
    """Where each value stands, from 1."""
    faults: tuple[Fault, ...] = ()
    """What can be told before anybody knows what the file should say: keys given twice."""

    def fault(self, place: Place, text: str) -> Fault:
        """A fault at `place`, or at the nearest part of it that is in the file."""
        inner = max(
            (end for end in range(len(place) + 1) if place[:end] in self.lines), default=None
        )
        line = None if inner is None else self.lines[place[:inner]]
        if place and isinstance(place[-1], int) and inner == len(place) - 1:
            place = place[:-1]  # a single value where a list could be
        return Fault(file=self.path, line=line, key=path_of(place), text=text)


def read(path: Path, *, typed: bool = False) -> Document:
    """Read a file. Raises SettingsError.

    Every value is text, an empty one None; `typed` reads numbers, true, false and null as JSON
    does where they are not in quotes.
    """
    content = text(path)
    document = _Builder(path, content, typed=typed).document()
    if document.data is None:
        raise SettingsError(_whole(path, "is empty; run `translator init` for one to begin with"))
    return document


def validated(document: Document, model: type[M], *, context: object = None) -> M:
    """The document as a model. Raises SettingsError with all that is wrong in the file."""
    faults = list(document.faults)
    try:
        value = model.model_validate(document.data, context=context)
    except ValidationError as error:
        faults += [document.fault(*one) for one in refused(error, model)]
    if faults:
        raise SettingsError(*sorted(faults, key=lambda fault: fault.line or 0))
    return value


def path_of(place: Place) -> str:
    """`("pairs", 0, "render")` -> `pairs[0].render`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def language_code(value: str) -> str:
    """BCP-47 in its usual spelling. Raises ValueError, for a model."""
    try:
        return languages.normalize(value)
    except InputError as error:
        raise ValueError(f"{error}{_meant(value)}") from None


def _meant(name: str) -> str:
    code = languages.named(name)
    return "" if code is None else f"; did you mean {code} ({name})?"


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


Version = Annotated[Literal[1], BeforeValidator(_number, json_schema_input_type=Literal[1])]
"""A file's version: a number, though files are read as text."""


# --- bytes to text ----------------------------------------------------------------------------


def text(path: Path, *, largest: int = LARGEST) -> str:
    """The text of a file of at most `largest` bytes. Raises SettingsError for all else."""
    try:
        if path.exists() and not path.is_file():
            raise SettingsError(_whole(path, "is no file"))
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except FileNotFoundError:
        what = "is missing; check the name, or write it (`translator init` shows how)"
        raise SettingsError(_whole(path, what)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(_whole(path, f"cannot be read: {reason}")) from None
    if len(content) > largest:
        size = f"{largest // 2**20} MB" if largest >= 2**20 else f"{largest // 2**10} KB"
        raise SettingsError(_whole(path, f"is larger than {size}; is it the right file?"))
    return _decoded(path, content)


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError(_whole(path, "is UTF-16 text; save it as UTF-8"))
    if b"\0" in content:
        raise SettingsError(_whole(path, "is no text file"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content[: error.start].decode("utf-8", errors="replace")
        what = "here is a letter that is not UTF-8; save the file as UTF-8, not as Latin-1 or ANSI"
        raise SettingsError(_at(path, text, len(text), what)) from None
    strange = Reader.NON_PRINTABLE.search(text)
    if strange is not None:
        what = f"here is a sign that cannot be seen (U+{ord(strange[0]):04X}); delete it"
        raise SettingsError(_at(path, text, strange.start(), what))
    return text


def _whole(path: Path, text: str) -> Fault:
    return Fault(file=path, line=None, key="", text=text)


def _at(path: Path, text: str, position: int, what: str) -> Fault:
    return Fault(file=path, line=text.count("\n", 0, position) + 1, key="", text=what)


# --- text to values ---------------------------------------------------------------------------


class _Builder:
    """Builds values from libyaml's events, which come one by one and never recurse."""

    def __init__(self, path: Path, text: str, *, typed: bool) -> None:
        self._path = path
        self._text = text
        self._typed = typed
        self._lines: dict[Place, int] = {}
        self._faults: list[Fault] = []

    def document(self) -> Document:
        """Raises SettingsError for what is no YAML, or more of it than is used here."""
        try:
            data = self._document(yaml.parse(self._text, Loader=_Loader))
        except yaml.MarkedYAMLError as error:
            raise SettingsError(self._broken(error)) from None
        except yaml.YAMLError as error:
            raise SettingsError(_whole(self._path, f"is no YAML: {error}")) from None
        return Document(path=self._path, data=data, lines=self._lines, faults=tuple(self._faults))

    def _document(self, events: Iterator[yaml.Event]) -> Any:
        data = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "`---` begins a second file; one is all there is")
                data = self._value(next(events), events, ())
        return data

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], place: Place) -> Any:
        self._lines.setdefault(place, _line(event))
        if isinstance(event, yaml.AliasEvent):
            raise self._refused(event, f"`*{event.anchor}` stands for nothing; {_STAR}")
        if event.tag is not None:  # type: ignore[attr-defined]
            raise self._refused(event, f"{event.tag} is not used here; delete it")  # type: ignore[attr-defined]
        if len(place) > DEEPEST:
            raise self._refused(event, f"more than {DEEPEST} levels; is it the right file?")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, place)
        assert isinstance(event, yaml.ScalarEvent)
        return self._scalar(event)

    def _mapping(self, events: Iterator[yaml.Event], place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(event, f"a key must be a word; {_STAR}")
            inner = (*place, event.value)
            if event.value in values:
                before = self._lines[inner]
                what = f"is given twice, first in line {before}; keep one of the two"
                self._faults.append(self._fault(event, what, key=path_of(inner)))
                self._value(next(events), events, (*inner, "again"))
                continue
            self._lines[inner] = _line(event)
            values[event.value] = self._value(next(events), events, inner)
        return values

    def _list(self, events: Iterator[yaml.Event], place: Place) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            values.append(self._value(event, events, (*place, len(values))))
        return values

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if event.style not in (None, ""):  # in quotes, or a block
            return event.value
        if event.value in ("", "~", "null"):
            return None
        if self._typed:
            try:
                return json.loads(event.value, parse_constant=str)
            except ValueError:
                pass
        return event.value

    def _refused(self, event: yaml.Event, text: str) -> SettingsError:
        return SettingsError(*self._faults, self._fault(event, text))

    def _fault(self, event: yaml.Event, text: str, *, key: str = "") -> Fault:
        return Fault(file=self._path, line=_line(event), key=key, text=text)

    def _broken(self, error: yaml.MarkedYAMLError) -> Fault:
        context = error.context or ""
        unended = "flow" in context or "quoted" in context  # noticed far behind where it begins
        mark = (error.context_mark if unended else None) or error.problem_mark
        line = 1 if mark is None else mark.line + 1
        written = [*self._text.splitlines(), ""][min(line, self._text.count("\n") + 1) - 1]
        if re.match(r" *\t", written):
            what = "a tab; indent with spaces"
        elif "alias" in context:
            what = _STAR
        else:
            what = (
                f"{error.problem}; look at the indentation, the colons and the quotes around here"
            )
        return Fault(file=self._path, line=line, key="", text=f"is no YAML: {what}")


_STAR = 'a text that begins with * needs quotes: "*"'


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1
