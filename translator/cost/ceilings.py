"""What is saved when a ceiling is reached, and in which order. Pure.

Between a ceiling and FULL times as much one thing after the other is no longer paid for: summaries,
then voices, the language with the fewest listeners first, until all have captions only; then the
languages themselves, the least read first; and at FULL the ears. What is built in costs nothing:
where the settings name such an engine for the same work, it does the work.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from translator.cost.meter import is_free
from translator.demand import Demand
from translator.settings import Language, Reaches, Route, Settings

NEAR = 0.8
"""Part of a ceiling at which organizers are told."""
FULL = 1.1
"""Part of a ceiling at which nothing is paid for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed:
    """What is not paid for any more."""

    summary: bool = False
    voices: tuple[str, ...] = ()
    """Of these languages."""
    languages: tuple[str, ...] = ()
    hearing: bool = False


NOTHING = Shed()


def shed(share: float, demand: Demand, settings: Settings) -> Shed:
    """What goes when `share` of a ceiling is spent: the more above 1, the more."""
    if share < 1:
        return NOTHING
    steps = list(_steps(demand, settings))
    part = min((share - 1) / (FULL - 1), 1.0) + 1e-9  # what is exact in decimals is not in binary
    gone = steps[: math.floor(len(steps) * part) + 1]
    return Shed(
        summary=("summary", "") in gone,
        voices=tuple(code for what, code in gone if what == "voice"),
        languages=tuple(code for what, code in gone if what == "language"),
        hearing=part >= 1 and not _free(settings, settings.heard_by),
    )


def _steps(demand: Demand, settings: Settings) -> Iterator[tuple[str, str]]:
    """All but the ears that costs something now, first what can be missed most easily."""
    if settings.summarize is not None and not _free(settings, (settings.summarize,)):
        yield "summary", ""
    for code in sorted(demand.listeners, key=lambda code: (demand.listeners[code], code)):
        if not is_spoken_free(settings, code):
            yield "voice", code
    wanted = {
        code: demand.listeners.get(code, 0) + demand.readers.get(code, 0)
        for code in {*demand.listeners, *demand.readers}
    }
    for code in sorted(wanted, key=lambda code: (wanted[code], code)):
        if not is_rendered_free(settings, code):
            yield "language", code


def thrifty(settings: Settings, gone: Shed, reaches: Reaches) -> Settings:
    """`settings` with free engines, or none, for what is not paid for any more."""
    if gone == NOTHING:
        return settings
    changes: dict[str, object] = {}
    if gone.summary:
        changes["summarize"] = None
    if gone.hearing:
        changes["heard_by"] = free(settings, settings.heard_by)
    silent = {*gone.voices, *gone.languages}
    changes["languages"] = {
        code: _quieter(settings, one) if code in silent else one
        for code, one in settings.languages.items()
    }
    named = []
    for route in sorted(settings.routes(), key=_length, reverse=True):
        update: dict[str, object] = {"source": route.source, "target": route.target}
        if route.target in silent:
            update |= {"end_to_end": None, "hybrid": None}
        if route.target in gone.languages:
            update["rendered_by"] = free(settings, route.renderers(reaches))
        named.append(route.pair.model_copy(update=update))
    changes["pairs"] = (*named, *settings.pairs)
    return settings.model_copy(update=changes)


def _quieter(settings: Settings, language: Language) -> Language:
    """Spoken by free engines, each with the voices that it had."""
    names = free(settings, language.spoken_by)
    voices = {engine or language.speak: one for engine, one in language.voices.items()}
    kept = {engine: one for engine, one in voices.items() if engine in names}
    return language.model_copy(update={"spoken_by": names, "voices": kept})


def stopped(settings: Settings, gone: Shed, reaches: Reaches) -> frozenset[str]:
    """The languages that no free engine renders, of those that are not paid for any more."""
    return frozenset(
        code
        for code in gone.languages
        if not any(free(settings, route.renderers(reaches)) for route in settings.routes(code))
    )


def is_spoken_free(settings: Settings, code: str) -> bool:
    """Whether its voice costs nothing; also where it has none."""
    speaking = settings.engines_for("speak", code)
    return _free(settings, (*speaking, *settings.engines_for("interpret", code)))


def is_rendered_free(settings: Settings, code: str) -> bool:
    """Whether its text costs nothing."""
    return _free(settings, settings.engines_for("render", code))


def free(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the engines `names` that cost nothing."""
    return tuple(name for name in names if _free(settings, (name,)))


def _free(settings: Settings, names: Sequence[str]) -> bool:
    return all(name in settings.engines and is_free(settings.engines[name]) for name in names)


def _length(route: Route) -> tuple[int, int]:
    """es-MX comes before es, which fits it, too."""
    return len(route.target), len(route.source)
