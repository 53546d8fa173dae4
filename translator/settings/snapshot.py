"""One meeting's settings, and which engines they use: for which stage, between which languages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from pydantic import InstanceOf

from translator import languages
from translator.glossary import Glossary
from translator.health import Stage
from translator.settings.models import Choices, Pair
from translator.settings.names import ANY
from translator.settings.operator import Engine
from translator.settings.prices import Ceilings
from translator.settings.tools import ToolServer

Reaches = Callable[[str, str, str], bool]
"""Whether an engine, by its name, renders a source into a target at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one language becomes another."""

    source: str
    target: str
    pair: Pair
    """The line of `pairs` that is taken."""

    def renderers(self, reaches: Reaches) -> tuple[str, ...]:
        """The engines that render it, in the order in which they are called."""
        return tuple(
            name for name in self.pair.rendered_by if reaches(name, self.source, self.target)
        )


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
        return None if pair is None else Route(source=source, target=target, pair=pair)

    def routes(self, target: str | None = None) -> tuple[Route, ...]:
        """How each language that is spoken becomes each other one, or `target` alone."""
        targets = self.languages if target is None else (target,)
        found = (self.route(*one) for one in product(self.spoken, targets))
        return tuple(route for route in found if route is not None)

    def engines_for(self, stage: Stage, target: str | None = None) -> tuple[str, ...]:
        """The engines that are called for a stage, each once; for `target` alone where given."""
        names: Sequence[str | None]
        match stage:
            case "hear":
                names = self.heard_by
            case "render":
                names = [name for route in self.routes(target) for name in route.pair.rendered_by]
            case "interpret":
                names = [route.pair.realtime for route in self.routes(target)]
            case "speak":
                heard = [self.languages[code] for code in self.languages if target in (None, code)]
                names = [name for language in heard for name in language.spoken_by]
            case "summarize":
                names = [self.summarize]
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def uses(self) -> Sequence[tuple[Stage, str]]:
        """Which engines are named, and for what: each use once."""
        found: list[tuple[Stage, str]] = [("hear", name) for name in self.heard_by]
        found += [("render", name) for pair in self.pairs for name in pair.rendered_by]
        models = [pair.realtime for pair in self.pairs]
        found += [("interpret", name) for name in models if name is not None]
        found += [("speak", name) for one in self.languages.values() for name in one.spoken_by]
        if self.summarize is not None:
            found.append(("summarize", self.summarize))
        return tuple(dict.fromkeys(found))

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
    return pattern == ANY or languages.lookup(code, [pattern]) is not None
