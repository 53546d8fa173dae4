"""Thresholds that a model, a prompt or an engine must not fall below.

    version: 1
    whole:
      wer_ratio: {at_most: 1.15}
      chrf_ratio: {at_least: 0.93}

A section is for one kind of run; its keys are the names of figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from translator.document import Version, read, validated
from translator.evaluation.scenarios import MEASURES
from translator.evaluation.totals import NAMES
from translator.wording import nearest

GATE = Path("gate.yaml")


def _one_of(known: Mapping[str, str]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"unknown figure {name!r}{nearest(name, known)}")
        return name

    return AfterValidator(check)


class Limit(BaseModel):
    """What one figure must keep to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Limit":
        if self.at_most is None and self.at_least is None:
            raise ValueError("give `at_most` or `at_least`")
        return self

    def __str__(self) -> str:
        limits = {"at most": self.at_most, "at least": self.at_least}
        return ", ".join(f"{name} {value:g}" for name, value in limits.items() if value is not None)

    def holds(self, value: float) -> bool:
        """Whether `value` keeps to it."""
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )


Limits = Mapping[str, Limit]
"""By the names of figures."""
_OfRecordings = Mapping[Annotated[str, _one_of(NAMES)], Limit]


class GateFile(BaseModel):
    """Limits for each kind of run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Version
    whole: _OfRecordings = {}
    """For all recordings of a manifest."""
    subset: _OfRecordings = {}
    """For a few, where a single word weighs more."""
    terms: _OfRecordings = {}
    """For recordings with a glossary of what is said in them."""
    scenarios: Mapping[Annotated[str, _one_of(MEASURES)], Limit] = {}
    """For the text scenarios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one figure stands to its limit."""

    figure: str
    value: float | None
    """None: these recordings cannot tell, which is no fault."""
    limit: Limit

    @property
    def passed(self) -> bool:
        return self.value is None or self.limit.holds(self.value)


def load(path: Path) -> GateFile:
    """Read a gate file. Raises SettingsError with all that is wrong, by line."""
    return validated(read(path), GateFile)


def judged(limits: Limits, figures: Mapping[str, float | None]) -> list[Verdict]:
    """A verdict on each figure that is limited."""
    return [
        Verdict(figure=name, value=figures[name], limit=limit) for name, limit in limits.items()
    ]
