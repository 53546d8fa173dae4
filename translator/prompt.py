"""What a language model is told before it interprets a segment.

A template is Jinja, rendered in a sandbox, and begins with its semantic version:

    {# version: 1.0.0 #}
    Interpret from {{ source }} into {{ target }} …

The segment is no part of it: it follows as a message of its own. All else that people said or
wrote (names, terms, context) goes through the filter `quoted`, which keeps it on one line and
inside quotation marks, so that it cannot pass for an instruction.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from translator.errors import RenderError, SettingsError
from translator.languages import english_name
from translator.types import Brief, Rendition, Segment, Term

BUILT_IN = Path(__file__).parent / "prompts" / "interpret.j2"

_VERSION = re.compile(r"\{#-?\s*version:\s*(\d+\.\d+\.\d+)\s*-?#\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that a template can say."""

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
    context: tuple[Rendition, ...] = ()
    """The last renditions, oldest first."""

    @classmethod
    def of(cls, brief: Brief) -> "Inputs":
        """What a renderer is given, as a template takes it."""
        return cls(
            source=english_name(brief.segment.language),
            target=english_name(brief.target),
            speaker=brief.segment.speaker_name,
            terms=tuple(term for term in brief.terms if term.source != term.target),
            kept=tuple(term.source for term in brief.terms if term.source == term.target),
            context=brief.context,
        )

    def values(self) -> Mapping[str, object]:
        """By the name that a template uses."""
        return {name: getattr(self, name) for name in self.__slots__}


class Prompt:
    """One template, checked."""

    def __init__(self, text: str, *, name: str = "prompt") -> None:
        """Raises SettingsError, which begins with `name`, for a template that cannot be used."""
        version = _VERSION.match(text)
        if version is None:
            raise SettingsError(f"{name}: the first line must be like {{# version: 1.0.0 #}}")
        self.version = version.group(1)
        self._template = _compiled(text, name)

    @classmethod
    def load(cls, path: Path = BUILT_IN) -> "Prompt":
        """Read a template file. Raises SettingsError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from None
        return cls(text, name=str(path))

    def render(self, inputs: Inputs) -> str:
        """The instructions for one segment. Raises RenderError where the template fails."""
        try:
            return self._template.render(inputs.values()).strip()
        except Exception as error:  # a template may do anything that an expression can
            raise RenderError(f"the prompt template failed: {type(error).__name__}") from error


def _quoted(text: str) -> str:
    """JSON, so that neither a quotation mark nor a line break ends it."""
    return json.dumps(text, ensure_ascii=False)


def _compiled(text: str, name: str) -> Template:
    try:
        template = _ENVIRONMENT.from_string(text)
        for inputs in _SAMPLES:
            template.render(inputs.values())
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = name if line is None else f"{name}, line {line}"
        names = ", ".join(Inputs.__slots__)
        raise SettingsError(f"{place}: {error}; a template can use: {names}") from None
    except Exception as error:  # a template may do anything that an expression can
        raise SettingsError(f"{name}: {type(error).__name__}: {error}") from None
    return template


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)
_ENVIRONMENT.filters["quoted"] = _quoted

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
# Without and with what may be absent, so that a fault in either branch is found at the door.
_SAMPLES = (
    Inputs.of(Brief(segment=_SEGMENT, target="es")),
    Inputs.of(
        Brief(
            segment=_SEGMENT,
            target="es",
            terms=(Term(source="committee", target="comité"), Term(source="Ada", target="Ada")),
            context=(Rendition(segment=_SEGMENT, language="es", text="Buenos días."),),
        )
    ),
)
