"""One meeting's settings, and which engines they use: for which stage, between which languages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import get_args

from pydantic import InstanceOf

from translator import languages
from translator.glossary import Glossary
from translator.health import Stage
from translator.settings.models import Choices, Language, Pair
from translator.settings.names import ANY
from translator.settings.operator import Engine
from translator.settings.prices import Ceilings
from translator.settings.tools import ToolServer

STAGES: tuple[Stage, ...] = get_args(Stage)
Reaches = Callable[[str, str, str], bool]
"""Whether an engine, by its name, renders a source into a target at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one language becomes another, and is heard and read there."""

    source: str
    target: str
    pair: Pair
    """The line of `pairs` that is taken."""
    language: Language
    """How `target` is spoken."""

    @property
    def realtime(self) -> str | None:
        """The end-to-end model that is heard; None where the cascade is, or captions only."""
        return self.pair.realtime if self.language.spoken_by else None

    @property
    def end_to_end(self) -> str | None:
        """The one of these whose own words are read, too."""
        return self.pair.end_to_end if self.language.spoken_by else None

    def by(self, stage: Stage) -> tuple[str, ...]:
        """The engines that do a stage of it, in the order in which they are called; none hears or
        sums up for one route alone."""
        match stage:
            case "render":
                return self.pair.rendered_by
            case "interpret" if self.realtime is not None:
                return (self.realtime,)
            case "speak":
                return self.language.spoken_by
        return ()

    def renderers(self, reaches: Reaches) -> tuple[str, ...]:
        """The engines that render it, in the order in which they are called."""
        return tuple(
            name for name in self.pair.rendered_by if reaches(name, self.source, self.target)
        )


def engines_of(routes: Iterable[Route], stage: Stage) -> tuple[str, ...]:
    """The engines that do a stage of `routes`, each once."""
    return tuple(dict.fromkeys(name for route in routes for name in route.by(stage)))


class Settings(Choices):
    """A frozen, numbered snapshot of both files."""

    number: int
    engines: Mapping[str, Engine]
    currency: str = "USD"
    ceilings: Ceilings = Ceilings()
    engine_set: str | None = None
    """The set that took the place of the engines that the organizer names."""
    glossaries: Mapping[str, InstanceOf[Glossary]]
    """By the file name that a pair uses."""
    tools: Mapping[str, ToolServer] = {}
    agenda_text: str = ""

    def pair(self, source: str, target: str) -> Pair | None:
        """The first pair that fits, or None where nothing renders `source` into `target`."""
        for pair in self.pairs:
            if _fits(pair.source, source) and _fits(pair.target, target):
                return pair
        return None

    def route(self, source: str, target: str) -> Route | None:
        """How `source` becomes `target`; None where no pair fits, and where who understands one
        understands the other."""
        pair = None if languages.same(source, target) else self.pair(source, target)
        if pair is None:
            return None
        language = self.languages.get(target) or Language()
        return Route(source=source, target=target, pair=pair, language=language)

    def routes(self, target: str | None = None) -> tuple[Route, ...]:
        """How each language that is spoken becomes each other one, or `target` alone."""
        targets = self.languages if target is None else (target,)
        found = (self.route(*one) for one in product(self.spoken, targets))
        return tuple(route for route in found if route is not None)

    def engines_for(self, stage: Stage, target: str | None = None) -> tuple[str, ...]:
        """The engines that are called for a stage, each once; for `target` alone where given."""
        return self._engines(stage, self.routes(target))

    @property
    def uses(self) -> Sequence[tuple[Stage, str]]:
        """Which engines are called, and for what: each use once."""
        routes = self.routes()
        return tuple((stage, name) for stage in STAGES for name in self._engines(stage, routes))

    def _engines(self, stage: Stage, routes: Iterable[Route]) -> tuple[str, ...]:
        match stage:
            case "hear":
                return self.heard_by
            case "summarize":
                return () if self.summarize is None else (self.summarize,)
        return engines_of(routes, stage)

    @property
    def needs_sound(self) -> bool:
        """Whether a pair needs the speech itself, and not its text alone."""
        return any(pair.realtime is not None for pair in self.pairs)

    def glossary(self, source: str, target: str) -> Glossary:
        """The glossaries of the pair as one, first come first served; empty without any."""
        pair = self.pair(source, target)
        names = pair.glossaries if pair else ()
        first, *others = [self.glossaries[name] for name in names] or [Glossary()]
        return first.followed_by(*others)


def _fits(pattern: str, code: str) -> bool:
    if pattern == ANY:
        return True
    # Most fit not even as a language, which a large meeting finds out ten thousands of times.
    return languages.same(code, pattern) and languages.lookup(code, [pattern]) is not None
