"""The names that both files use, each checked where it stands."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from translator.document import language_code
from translator.settings.tools import LOCAL
from translator.wording import nearest

ANY = "*"
MEETINGS = "meetings"
"""Folder beside language_pairs.yaml: in it a folder for each meeting with settings of its own."""

_VOICE = re.compile(r"\w[\w .,:()+-]*(/\w[\w .,:()+-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the organizer's file is checked against."""

    folder: Path
    engines: Collection[str] | None
    """Their names; None where engines.yaml cannot tell."""
    sets: Collection[str] | None = None
    """The same of its sets."""
    tools: Collection[str] | None = None
    """The same of its servers for look-ups."""
    texts: dict[str, Path] = field(default_factory=dict)
    """As `glossaries`, for what is read as it is."""
    glossaries: dict[str, Path] = field(default_factory=dict)
    """Those that the file names, by that name: filled by the check."""
    languages: set[str] = field(default_factory=set)
    """Those that the file has so far."""


def _code_or_any(value: str) -> str:
    return value if value == ANY else language_code(value)


def _listed(value: object) -> object:
    """A single name is a list of one, and nothing an empty list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("must not be empty: name an engine, or leave the whole line out")
    return names


def _engine(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(engines=engines) if engines is not None and name not in engines:
            raise ValueError(
                f"unknown engine {name!r}{nearest(name, list(engines))};"
                f" engines.yaml has: {', '.join(engines)}"
            )
    return name


def _set(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(sets=sets, engines=engines) if sets is not None and name not in sets:
            raise ValueError(unknown_set(name, sets, engines or ()))
    return name


def unknown_set(name: str, sets: Collection[str], engines: Collection[str]) -> str:
    """Why no set can be had by that name, which may be one of `engines`."""
    if name in engines:
        why = f"{name!r} is an engine, not a set of engines"
    elif name.startswith("loopback"):  # Makefile makes another set of it, and starts who plays it
        why = (
            f"unknown set {name!r}: only make plays it (`make run ENGINES={name}`), or in a"
            " checkout `python -m tests.vendors COMMAND`"
        )
    else:
        why = f"unknown set {name!r}{nearest(name, list(sets))}"
    return f"{why}; `sets` of engines.yaml has: {', '.join(sets) or 'none'}"


def _inside(name: str, around: Surroundings) -> Path:
    """The file of that name in the meeting's folder. Raises ValueError."""
    folder = around.folder.resolve()
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):
        raise ValueError(f"{name!r} is no file name") from None
    if not path.is_relative_to(folder) or path.is_relative_to(folder / MEETINGS):
        raise ValueError(f"{name!r} lies outside the folder of the meeting; put it inside")
    return path


def _glossary(name: str, info: ValidationInfo) -> str:
    if not isinstance(info.context, Surroundings):
        return name
    path = _inside(name, info.context)
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"{name!r} is no glossary; its name must end in .yaml")
    info.context.glossaries[name] = path
    return name


def _text_file(name: str, info: ValidationInfo) -> str:
    if not isinstance(info.context, Surroundings):
        return name
    path = _inside(name, info.context)
    if path.suffix not in (".md", ".txt"):
        raise ValueError(f"{name!r} is no text; its name must end in .md or .txt")
    info.context.texts[name] = path
    return name


def _lookup(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(tools=tools) if tools is not None and name not in (*LOCAL, *tools):
            known = [*LOCAL, *tools]
            raise ValueError(
                f"unknown look-up {name!r}{nearest(name, known)}; there are: {', '.join(known)}"
            )
    return name


def _once(code: str, info: ValidationInfo) -> str:
    """Two spellings of one language would silently become one."""
    if isinstance(info.context, Surroundings):
        if code in info.context.languages:
            raise ValueError(f"{code} is given twice; keep one of the two")
        info.context.languages.add(code)
    return code


def voice_name(name: str) -> str:
    """What an engine calls a voice: plugins put it into addresses and markup as it is. Raises
    ValueError for what could be more there than a name."""
    if not _VOICE.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a voice: it has letters, digits, spaces and _ . , : ( ) + -"
            " only, in one part or several with a / between, each of which begins with a letter,"
            " a digit or _"
        )
    return name


def _voices(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("must not be empty: name a voice, or leave `voice` out")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is given twice; keep one of the two")
    return names


Code = Annotated[str, AfterValidator(language_code), Field(examples=["es", "pt-BR"])]
CodeOrAny = Annotated[str, AfterValidator(_code_or_any), Field(examples=["es", ANY])]
EngineName = Annotated[str, Field(min_length=1), AfterValidator(_engine)]
EngineNames = Annotated[
    tuple[EngineName, ...],
    AfterValidator(_some),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
VoiceNames = Annotated[
    tuple[Annotated[str, Field(min_length=1), AfterValidator(voice_name)], ...],
    AfterValidator(_voices),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
GlossaryNames = Annotated[
    tuple[Annotated[str, AfterValidator(_glossary)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(examples=[["glossaries/example.yaml"]]),
]
NewCode = Annotated[Code, AfterValidator(_once)]
SetName = Annotated[str, AfterValidator(_set)]
TextName = Annotated[str, AfterValidator(_text_file)]
LookupNames = Annotated[
    tuple[Annotated[str, AfterValidator(_lookup)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]


class Model(BaseModel):
    """Frozen, and no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
