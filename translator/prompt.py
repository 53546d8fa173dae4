"""What a language model is told before it interprets a segment, or sums a meeting up.

A template is Jinja, rendered in a sandbox, and begins with its semantic version:

    {# version: 1.0.0 #}
    Interpret from {{ source }} into {{ target }} …

What is worked on is no part of it: that follows as a message of its own. All else that people
said or wrote (names, terms, context, the summary) goes through the filter `quoted`, which keeps
it on one line and inside quotation marks, so that it cannot pass for an instruction.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from translator.errors import RenderError, SettingsError
from translator.languages import english_name
from translator.types import Brief, Gender, Register, Rendition, Segment, Term

FOLDER = Path(__file__).parent / "prompts"

_VERSION = re.compile(r"\{#-?\s*version:\s*(\d+\.\d+\.\d+)\s*-?#\}")


class _Values(Protocol):
    """A slotted dataclass: all that a template can say, by name."""

    __slots__: tuple[str, ...]


V = TypeVar("V", bound=_Values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that the template for a segment can say."""

    source: str
    """English name of the language of the segment."""
    target: str
    """English name of the language to interpret into."""
    speaker: str
    """As participants see it."""
    terms: tuple[Term, ...] = ()
    """Those to be rendered in one way."""
    kept: tuple[str, ...] = ()
    """Terms that must not be translated."""
    summary: str = ""
    """Of the meeting so far."""
    context: tuple[Rendition, ...] = ()
    """The last renditions, oldest first; what was said in `target` is its own."""
    register: Register | None = None
    gender: Gender | None = None
    terse: bool = False
    begun: str = ""
    """The beginning of the rendition, which has been heard."""

    @classmethod
    def of(cls, brief: Brief) -> "Inputs":
        """What a renderer is given, as a template takes it."""
        return cls(
            source=english_name(brief.segment.language),
            target=english_name(brief.target),
            speaker=brief.segment.speaker_name,
            terms=tuple(term for term in brief.terms if term.source != term.target),
            kept=tuple(term.source for term in brief.terms if term.source == term.target),
            summary=brief.summary,
            context=brief.context,
            register=brief.register,
            gender=brief.gender,
            terse=brief.terse,
            begun=brief.begun,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryInputs:
    """All that the template for a summary can say."""

    before: str
    """The last summary; empty where there is none."""
    words: int
    """The most that it may have."""
    lookups: bool = False
    """Whether anything can be looked up."""


_SEGMENT = Segment(
    id="1",
    speaker="p-1",
    speaker_name="Ada",
    language="en",
    text="Good morning.",
    start=0.0,
    end=1.0,
    committed=1.0,
    settings=1,
)
_FULL = Brief(
    segment=_SEGMENT,
    target="es",
    terms=(Term(source="committee", target="comité"), Term(source="Ada", target="Ada")),
    context=tuple(
        Rendition(segment=_SEGMENT, language="es", text=text)
        for text in ("Buenos días.", _SEGMENT.text)
    ),
    summary="Ada opens the meeting.",
    register="formal",
    gender="feminine",
    terse=True,
    begun="Buenos días a todos,",
)
_SAMPLES = (
    Inputs.of(Brief(segment=_SEGMENT, target="es")),
    Inputs.of(_FULL),
    Inputs.of(replace(_FULL, register="informal", gender="masculine")),
    Inputs.of(replace(_FULL, gender="neutral", terse=False)),
)


class _Checked(Generic[V]):
    """One template, checked against samples of what it will be given."""

    BUILT_IN: ClassVar[str]
    """Name of its file."""
    SAMPLES: ClassVar[Sequence[Any]]
    """Inputs with and without what may be absent: a fault in any branch is found at the door."""

    def __init__(self, text: str, *, name: str | None = None) -> None:
        """Raises SettingsError, which begins with `name`, for a template that cannot be used."""
        name = name or self.BUILT_IN
        version = _VERSION.match(text)
        if version is None:
            raise SettingsError(f"{name}: the first line must be like {{# version: 1.0.0 #}}")
        self.title = f"{Path(name).stem} {version.group(1)}"
        """Name and version, such as `interpret 1.0.0`."""
        self._template = _compiled(text, name, self.SAMPLES)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a template file, the built-in one for None. Raises SettingsError."""
        path = path or FOLDER / cls.BUILT_IN
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None
        return cls(text, name=str(path))

    def render(self, inputs: V) -> str:
        """The instructions. Raises RenderError where the template fails."""
        try:
            return self._template.render(_by_name(inputs)).strip()
        except Exception as error:  # a template may do anything that an expression can
            raise RenderError(f"the prompt template failed: {type(error).__name__}") from error


class Prompt(_Checked[Inputs]):
    """The instructions for one segment."""

    BUILT_IN = "interpret.j2"
    SAMPLES = _SAMPLES


class SpeechPrompt(_Checked[Inputs]):
    """The instructions for one segment, to a model that hears it."""

    BUILT_IN = "interpret_speech.j2"
    SAMPLES = _SAMPLES


class SummaryPrompt(_Checked[SummaryInputs]):
    """The instructions for a summary."""

    BUILT_IN = "summary.j2"
    SAMPLES = (
        SummaryInputs(before="", words=9),
        SummaryInputs(before=_FULL.summary, words=9, lookups=True),
    )


_BREAKS = re.compile("[\u0085\u2028\u2029]")  # line breaks that JSON leaves as they are


def quoted(value: object) -> str:
    """JSON, so that neither a quotation mark nor a line break ends it."""
    written = json.dumps(value, ensure_ascii=False)
    return _BREAKS.sub(lambda match: f"\\u{ord(match.group()):04x}", written)


def _by_name(inputs: _Values) -> Mapping[str, object]:
    return {name: getattr(inputs, name) for name in inputs.__slots__}


def _compiled(text: str, name: str, samples: Sequence[_Values]) -> Template:
    try:
        template = _ENVIRONMENT.from_string(text)
        for inputs in samples:
            template.render(_by_name(inputs))
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = name if line is None else f"{name}, line {line}"
        names = ", ".join(samples[0].__slots__)
        raise SettingsError(f"{place}: {error}; a template can use: {names}") from None
    except Exception as error:  # a template may do anything that an expression can
        raise SettingsError(f"{name}: {type(error).__name__}: {error}") from None
    return template


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)
_ENVIRONMENT.filters["quoted"] = quoted
