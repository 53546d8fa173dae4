"""The file that an organizer writes, in YAML."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from translator.document import Version, language_code, read, validated
from translator.glossary.entries import KEEP, Entry, Glossary, Name
from translator.glossary.words import words

LONGEST = 100
"""Characters of a name."""
MOST_FORMS = 30
"""Of one name."""
MOST_TERMS = 5000
"""In one file."""


def _speakable(name: str) -> str:
    if not words(name) or not name.isprintable():
        raise ValueError("a term is written on one line")
    return name


def _listed(value: object) -> object:
    """A single text is a list of one."""
    return (value,) if isinstance(value, str) else value


_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"], "maxLength": LONGEST}
"""Unquoted words are words, whatever YAML takes them for."""
_TEXTS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}

_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    AfterValidator(_speakable),
]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(_listed)]
_TERM: TypeAdapter[str] = TypeAdapter(_Text)


class _Written(BaseModel):
    """A name as the file has it."""

    model_config = ConfigDict(extra="forbid")

    term: _Text
    forms: Annotated[_Texts, Field(max_length=MOST_FORMS)] = ()
    say: _Texts = ()
    said_in: Mapping[str, _Texts] = Field(default={}, init=False)
    """`say` by language."""

    @model_validator(mode="before")
    @classmethod
    def _by_language(cls, value: Any) -> Any:
        match value:
            case {"say": dict(say), **rest}:
                return {**rest, "said_in": say}
        return value

    @model_validator(mode="after")
    def _says_no_more(self) -> "_Written":
        for say in (self.say, *self.said_in.values()):
            if len(say) > 1 + len(self.forms):
                raise ValueError("`say` has more than the term and its forms")
        return self

    def name(self, say: tuple[str, ...]) -> Name:
        return Name(term=self.term, forms=self.forms, say=say)


def _name(value: object, inflected: ValidatorFunctionWrapHandler) -> _Written:
    """A plain text is a name without more."""
    if isinstance(value, dict):
        written: _Written = inflected(value)
        return written
    return _Written.model_construct(term=_TERM.validate_python(value))


_Name = Annotated[
    _Written,
    WrapValidator(_name),
    WithJsonSchema(
        {
            "type": [*_TEXT["type"], "object"],
            "maxLength": LONGEST,
            "properties": {
                "term": {**_TEXT, "description": "What it is called."},
                "forms": {
                    **_TEXTS,
                    "description": "Its inflected forms, in the same order in each language.",
                },
                "say": {
                    "anyOf": [*_TEXTS["anyOf"], {"type": "object", "additionalProperties": _TEXTS}],
                    "description": "How a voice says it, and then its forms; nobody reads this. "
                    "For a `keep` also by language.",
                },
            },
            "required": ["term"],
            "additionalProperties": False,
        }
    ),
]


def _checked(names: dict[str, _Written]) -> dict[str, _Written]:
    if KEEP in names:
        if len(names) > 1:
            raise ValueError("`keep` stands alone: the term is the same in every language")
        kept = names[KEEP]
        kept.said_in = {language_code(code): say for code, say in kept.said_in.items()}
        return names
    by_code: dict[str, _Written] = {}
    for code, name in names.items():
        language = language_code(code)
        if language in by_code:
            raise ValueError(f"{language} is given twice")
        if name.said_in:
            raise ValueError(f"{language}.say: is by language only for a `keep`")
        by_code[language] = name
    if len(by_code) < 2:
        raise ValueError("two languages at least, or `keep` for a name that stays as it is")
    return by_code


class GlossaryFile(BaseModel):
    """The meeting's own words in each language, and names that no language translates."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    version: Version
    """Of this file's format."""
    terms: list[
        Annotated[
            dict[str, _Name],
            Field(examples=[{"en": "committee", "es": "comité"}, {"keep": "LiveKit"}]),
            AfterValidator(_checked),
        ]
    ] = Field(max_length=MOST_TERMS, examples=[[{"en": "committee", "es": "comité"}]])
    """One thing a line, by language codes; `keep` for what is the same in every language."""

    def glossary(self) -> Glossary:
        """The entries, in order."""
        return Glossary(entries=tuple(map(_entry, self.terms)))


def _entry(names: Mapping[str, _Written]) -> Entry:
    kept = names.get(KEEP)
    if kept is None:
        return Entry(names={code: name.name(name.say) for code, name in names.items()})
    said = {code: kept.name(say) for code, say in kept.said_in.items()}
    return Entry(names={KEEP: kept.name(kept.say), **said})


def load_glossary(path: Path) -> Glossary:
    """Read one file. Raises SettingsError with all that is wrong, by line."""
    return validated(read(path), GlossaryFile).glossary()
