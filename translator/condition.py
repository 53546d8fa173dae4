"""What of each language can be had now, and what takes the place of an engine that is down. Pure.

Listeners and readers are told by the attribute CONDITIONS of the bridge, since a language that has
no voice has no participant to tell them.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from translator.health import Down, Stage
from translator.record import Availability
from translator.settings import Reaches, Route, Settings, engines_of

CONDITIONS = "translator.conditions"
"""Attribute of the bridge: the languages of which not all can be had, as JSON."""
UNHEARD = "Nobody is heard at the moment, because the engine that hears does not work."
UNPAID = "Nobody is heard any more: the meeting has spent what it may."

APART: Collection[Stage] = ("interpret", "render", "speak")
"""What engines do for one language apart from the others."""

Why = Literal["engine", "cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What of one language can be had now; what it never had is not missed."""

    voice: Literal["on", "captions", "off"] = "on"
    """captions: renditions are written and not spoken; off: there are none."""
    as_said: tuple[str, ...] = ()
    """Languages in which what is said stands in the captions as it was said."""
    why: Why | None = None
    """None while nothing is missing."""
    down: tuple[str, ...] = ()
    """Engines of this language that are not called, also where others do their work."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in an attribute."""
        return {
            "voice": self.voice,
            "as_said": list(self.as_said),
            "why": self.why,
            "down": list(self.down),
        }


WELL = Condition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What conditions follow from."""

    settings: Settings
    down: Callable[[Stage, str], object]
    """Why an engine is not called for a stage, or None."""
    reaches: Reaches
    unspoken: Collection[str] = ()
    """Languages whose voice costs too much now."""
    stopped: Collection[str] = ()
    """Languages that cost too much altogether."""
    heard_by: Collection[str]
    """Engines that may hear: of those that are configured, what does not cost too much."""

    def of(self, code: str) -> Condition:
        """The condition of a language; of one that is in the settings no more, nothing is
        missed."""
        if code not in self.settings.languages:
            return WELL
        routes = self.settings.routes(code)
        used = {stage: engines_of(routes, stage) for stage in APART}
        down = [
            name for stage, names in used.items() for name in names if self._is_down(stage, name)
        ]
        as_said = tuple(route.source for route in routes if not self._renders(route))
        heard = self._any("interpret", used["interpret"]) or self._any("speak", used["speak"])
        dumb = bool(used["speak"]) and not heard
        costly = code in self.unspoken or code in self.stopped
        why: Why | None = "cost" if costly else "engine" if dumb or as_said else None
        return Condition(
            voice="off" if code in self.stopped else "captions" if dumb or costly else "on",
            as_said=as_said,
            why=why,
            down=tuple(dict.fromkeys(down)),
        )

    def to_json(self) -> str:
        """Of every language that is not WELL, by its code: the attribute CONDITIONS."""
        every = {code: self.of(code) for code in self.settings.languages}
        return json.dumps({code: one.to_json() for code, one in every.items() if one != WELL})

    @property
    def problem(self) -> str | None:
        """Why nobody is heard, for people; None where somebody may be."""
        if not self.heard_by:
            return UNPAID
        return None if self._any("hear", self.heard_by) else UNHEARD

    def availability(
        self, stage: Stage, engine: str, down: Down | None, *, at: float
    ) -> Availability:
        """That an engine is called no more, or, with None, again; `at` in seconds."""
        return Availability(
            at=at,
            engine=engine,
            stage=stage,
            available=down is None,
            why="" if down is None else down.why,
            instead=self.instead(stage, engine),
        )

    def instead(self, stage: Stage, engine: str) -> tuple[str, ...]:
        """The engines that do the work of `engine` now; none where nothing does."""
        routes = self.settings.routes()
        doing, lines = stage, [route.by(stage) for route in routes]
        match stage:
            case "hear":
                lines = [tuple(self.heard_by)]
            case "render":
                lines = [route.renderers(self.reaches) for route in routes]
            case "interpret":  # the cascade helps
                doing = "render"
                lines = [
                    (engine, *route.renderers(self.reaches))
                    for route in routes
                    if route.realtime == engine
                ]
        others = (
            next((name for name in line if name != engine and not self._is_down(doing, name)), None)
            for line in lines
            if engine in line
        )
        return tuple(dict.fromkeys(name for name in others if name is not None))

    def _renders(self, route: Route) -> bool:
        if route.end_to_end is not None and not self._is_down("interpret", route.end_to_end):
            return True
        reaching = route.renderers(self.reaches)
        return not reaching or self._any("render", reaching)

    def _any(self, stage: Stage, names: Collection[str]) -> bool:
        return any(not self._is_down(stage, name) for name in names)

    def _is_down(self, stage: Stage, name: str) -> bool:
        return self.down(stage, name) is not None
