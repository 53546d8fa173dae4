"""Sentences and what their rendition must keep, tried on the configured renderers without audio.

    version: 1
    scenarios:
      - id: en-es-budget
        from: en
        to: es
        text: Did the committee approve 1,250 euros?
        terms: {committee: comisión}
        numbers: true
        question: true
        must_not: [comité]

Patterns are regular expressions, found anywhere in the rendition, in any case.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from translator.document import Version, language_code, read, validated
from translator.engines.host import running
from translator.engines.registry import Engines
from translator.errors import RenderError
from translator.evaluation.offline import brief, first_renderer, opened
from translator.evaluation.words import words
from translator.settings import Settings
from translator.types import Brief, Term

SHIPPED = Path(__file__).with_name("scenarios.yaml")
KINDS = ("rendered", "terms", "numbers", "question", "register", "meaning")
"""What a check is about."""
MEASURES: Mapping[str, str] = {
    "scenarios": "scenarios",
    "scenarios_passed": "scenarios with every check passed, share",
    **{f"scenarios_{kind}": f"checks of {kind} passed, share" for kind in KINDS},
}
"""What each measure is called. A figure is a number in a text here."""
QUESTION = re.compile(r"[?？؟;]\s*[\"'”’»)]*\s*$")


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


Code = Annotated[str, AfterValidator(language_code)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Patterns(_Model):
    """What must be found, and what must not."""

    must: tuple[Pattern, ...] = ()
    must_not: tuple[Pattern, ...] = ()

    def checked(self, text: str) -> Iterator[tuple[str, bool]]:
        """(what is asked, whether it is so) for each pattern."""
        for one in self.must:
            yield one, re.search(one, text, re.IGNORECASE) is not None
        for one in self.must_not:
            yield f"not {one}", re.search(one, text, re.IGNORECASE) is None


class Scenario(Patterns):
    """One sentence with its rubric."""

    id: Annotated[str, Field(pattern=r"^[\w-]+$")]
    source: Code = Field(alias="from")
    target: Code = Field(alias="to")
    text: Annotated[str, Field(min_length=1)]
    terms: Mapping[str, str] = {}
    """Of a glossary, which the renderer is given: each target must be in the rendition."""
    numbers: bool = False
    """Whether every figure written in digits must be there."""
    question: bool = False
    """Whether it must still be a question, which nobody has answered."""
    register_: Patterns = Field(default=Patterns(), alias="register")
    """How people are addressed."""

    def brief(self, settings: Settings) -> Brief:
        """What the renderer is told."""
        told = brief(0, self.text, self.source, self.target, settings)
        own = tuple(Term(source=here, target=there) for here, there in self.terms.items())
        others = (one for one in told.terms if one.source not in self.terms)
        return Brief(segment=told.segment, target=told.target, terms=(*own, *others))


class ScenariosFile(_Model):
    """Many of them."""

    version: Version
    scenarios: tuple[Scenario, ...]

    @model_validator(mode="after")
    def _each_has_its_name(self) -> "ScenariosFile":
        twice = [
            name for name, count in Counter(one.id for one in self.scenarios).items() if count > 1
        ]
        if twice:
            raise ValueError(f"an id is given twice: {', '.join(twice)}")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One point of a rubric."""

    kind: str
    asked: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a scenario."""

    scenario: Scenario
    rendition: str
    seconds: float
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(one.passed for one in self.checks)

    def to_json(self) -> dict[str, Any]:
        """For comparison with another run."""
        return {
            "id": self.scenario.id,
            "text": self.scenario.text,
            "rendition": self.rendition,
            "seconds": round(self.seconds, 3),
            "failed": [f"{one.kind}: {one.asked}" for one in self.checks if not one.passed],
            "checks": [[one.kind, one.passed] for one in self.checks],
        }


def load(path: Path = SHIPPED) -> Sequence[Scenario]:
    """Read a file. Raises SettingsError with all that is wrong, by line."""
    return validated(read(path), ScenariosFile).scenarios


async def tried(scenarios: Sequence[Scenario], settings: Settings) -> list[Outcome]:
    """Every scenario through the first engine that knows its pair, one after the other.

    Raises ServiceError where the engine host does not start.
    """
    async with running(["apertium"]), opened(settings) as engines:
        return [await _tried(one, settings, engines) for one in scenarios]


async def _tried(scenario: Scenario, settings: Settings, engines: Engines) -> Outcome:
    began = time.monotonic()
    try:
        rendition = await _rendered(scenario, settings, engines)
        checks = tuple(checked(scenario, rendition))
    except RenderError as error:
        rendition, checks = "", (Check(kind="rendered", asked=str(error), passed=False),)
    seconds = time.monotonic() - began
    return Outcome(scenario=scenario, rendition=rendition, seconds=seconds, checks=checks)


async def _rendered(scenario: Scenario, settings: Settings, engines: Engines) -> str:
    renderer = first_renderer(scenario.source, scenario.target, settings=settings, engines=engines)
    async with aclosing(renderer.render(scenario.brief(settings))) as pieces:
        return "".join([piece async for piece in pieces]).strip()


def checked(scenario: Scenario, rendition: str) -> Iterator[Check]:
    """The rubric of a scenario, point by point."""
    said = f" {' '.join(words(rendition))} "
    yield Check(kind="rendered", asked="a rendition", passed=bool(said.strip()))
    for term in scenario.terms.values():
        found = f" {' '.join(words(term))} " in said
        yield Check(kind="terms", asked=term, passed=found)
    if scenario.numbers:
        due, there = figures(scenario.text), figures(rendition)
        for number in due:
            yield Check(kind="numbers", asked=number, passed=there[number] >= due[number])
    if scenario.question:
        asks = QUESTION.search(rendition) is not None
        yield Check(kind="question", asked="a question", passed=asks)
    for kind, patterns in (("register", scenario.register_), ("meaning", scenario)):
        for asked, passed in patterns.checked(rendition):
            yield Check(kind=kind, asked=asked, passed=passed)


def figures(text: str) -> Counter[str]:
    """The numbers in digits, without the signs that languages group digits and decimals by."""
    joined = re.sub(r"(?<=\d)[.,'\u00a0\u202f ](?=\d)", "", text)
    return Counter(re.findall(r"\d+", joined))


def summed(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """All of them, by MEASURES."""
    by_kind: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for one in outcomes:
        for check in one.checks:
            by_kind[check.kind].append(check.passed)
    return {
        "scenarios": len(outcomes),
        "scenarios_passed": _share([one.passed for one in outcomes]),
        **{f"scenarios_{kind}": _share(passed) for kind, passed in by_kind.items()},
    }


def by_direction(outcomes: Sequence[Outcome]) -> dict[str, tuple[int, int]]:
    """(passed, all) for each pair of languages."""
    ordered = sorted(outcomes, key=_direction)
    found = {name: list(ones) for name, ones in groupby(ordered, key=_direction)}
    return {name: (sum(one.passed for one in ones), len(ones)) for name, ones in found.items()}


def _direction(outcome: Outcome) -> str:
    return f"{outcome.scenario.source}-{outcome.scenario.target}"


def _share(passed: Sequence[bool]) -> float | None:
    return round(sum(passed) / len(passed), 4) if passed else None
