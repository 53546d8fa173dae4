"""The manifest of recordings: what was said, and how people rendered it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)

from translator.document import path_of
from translator.errors import InputError

SPOKEN_BY_PEOPLE = ("dataset", "human")
"""How the kinds of transcript begin that a word error rate may be measured against; the others
are what some recognizer wrote, or nothing."""

NO_MANIFEST = "this is no manifest of recordings, a JSON list (docs/evaluation.md)"
SHOWN = 10
"""Faults that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A stretch of a recording with its text, and how people rendered it."""

    start: float
    end: float
    text: str
    references: Mapping[str, str]
    """By language."""


class _Timed(BaseModel):
    """What a segment has besides its translations."""

    start: FiniteFloat
    end: FiniteFloat
    text: str


def _timed(segment: Mapping[str, Any]) -> Mapping[str, Any]:
    _Timed.model_validate(segment)
    return segment


class Entry(BaseModel):
    """One recording of a manifest; what else the file says of it is not read."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    """Names the recording's results, too."""
    file: Path
    """Beside the manifest, or absolute."""
    language: str
    """BCP-47, of most of it."""
    languages: tuple[str, ...] = ()
    """All of them, where the speakers change."""
    style: str = ""
    transcript: str = ""
    transcript_kind: str = "dataset"
    references: Mapping[str, str] | None = None
    """Translations of the whole transcript, by language."""
    segments: tuple[Annotated[Mapping[str, Any], AfterValidator(_timed)], ...] = ()
    """Of long recordings: `start`, `end`, `text`, and translations by language."""

    @property
    def spoken(self) -> tuple[str, ...]:
        """The languages that are heard in it."""
        return self.languages or (self.language,)

    @property
    def no_errors_because(self) -> str | None:
        """Why no word error rate is measured; None where it is."""
        if not self.transcript:
            return "it has no transcript"
        if not self.transcript_kind.startswith(SPOKEN_BY_PEOPLE):
            return f"its transcript is no person's: {self.transcript_kind}"
        return None

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages that it has a reference in, and somebody in it does not speak."""
        return tuple(code for code in self.references or () if set(self.spoken) != {code})

    def sentences(self, target: str, seconds: float) -> list[Sentence]:
        """Timed stretches with a reference in `target`: its segments, else the whole of it."""
        timed = [
            Sentence(
                start=float(one["start"]),
                end=float(one["end"]),
                text=str(one["text"]),
                references={target: str(one[target])},
            )
            for one in self.segments
            if target in one
        ]
        whole = (self.references or {}).get(target)
        if timed or whole is None:
            return timed
        return [Sentence(start=0.0, end=seconds, text=self.transcript, references={target: whole})]


def read(path: Path) -> list[Entry]:
    """The recordings of a manifest, a JSON list. Raises InputError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the manifest cannot be read ({error.strerror})") from None
    try:
        entries = TypeAdapter(list[Entry]).validate_python(json.loads(content))
    except ValidationError as error:
        faults = [f"{path_of(one['loc'])}: {one['msg']}" for one in error.errors()[:SHOWN]]
        raise InputError("\n  ".join([f"{path}: {NO_MANIFEST}", *faults])) from None
    except ValueError as error:  # no JSON, or no text at all, such as a recording
        raise InputError(f"{path}: {NO_MANIFEST}: {error}") from None
    if not entries:
        raise InputError(f"{path}: the manifest has no recordings")
    twice = {one.id for one in entries if sum(one.id == other.id for other in entries) > 1}
    if twice:
        raise InputError(f"{path}: two recordings have one id: {', '.join(sorted(twice))}")
    return [one.model_copy(update={"file": path.parent / one.file}) for one in entries]


def chosen(entries: list[Entry], only: str | None) -> list[Entry]:
    """Those whose id begins with one of the comma-separated words. Raises InputError for none."""
    if not only:
        return entries
    beginnings = tuple(word.strip() for word in only.split(",") if word.strip())
    found = [one for one in entries if one.id.startswith(beginnings)]
    if not found:
        raise InputError(f"--only {only}: no recording's id begins so")
    return found
