"""Finds out, before anything starts, whether a meeting's engines serve its languages."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from translator import languages
from translator.engines.apertium import installed_modes, missing
from translator.engines.mcp import McpSource
from translator.engines.plugins import REALTIME
from translator.engines.registry import Engines, servers
from translator.errors import Fault, SettingsError, UnableError
from translator.health import Stage
from translator.settings import Settings

PAIRS = Path("language_pairs.yaml")
ENGINES = Path("engines.yaml")
BUILT_IN = {"hear": "whisper", "render": "apertium", "speak": "espeak"}
"""The engine that is always there for a stage."""


def check(settings: Settings, *, spoken: Collection[str], targets: Collection[str]) -> None:
    """Whether the engines serve these languages.

    Raises SettingsError that names every engine that cannot be had and every pair that none
    reaches, each with what to do about it. A fault's file is a bare name, without a line.
    """
    heard = {code: settings.languages[code] for code in targets}
    asked = settings.model_copy(update={"spoken": tuple(spoken), "languages": heard})
    faults = [*_unusable(asked, settings.spoken), *_gaps(asked)]
    if faults:
        raise SettingsError(*dict.fromkeys(faults))


def _unusable(settings: Settings, spoken: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with the engines themselves: their role, their model, their key."""
    for stage, name, make in _wanted(settings, spoken):
        try:
            make()
        except UnableError as error:
            yield _misplaced(settings, stage, name, error)
        except SettingsError as error:
            for fault in error.faults:
                option, text = _parted(_bare(name, fault))
                yield Fault(file=ENGINES, line=None, key=f"engines.{name}{option}", text=text)
    for name, server in servers(settings):
        try:
            McpSource(name, server)
        except SettingsError as error:
            text = str(error).removeprefix(f"tool {name!r}: ")
            yield Fault(file=ENGINES, line=None, key=f"tools.{name}", text=text)


def _misplaced(settings: Settings, stage: Stage, name: str, error: UnableError) -> Fault:
    """What is wrong is where the engine is named, and not the engine."""
    text = f"{name} {error.what}"
    if stage in BUILT_IN:
        text += f"; {BUILT_IN[stage]} can, which is built in"
    elif stage == "interpret":
        text += f"; an engine of one of these plugins can: {', '.join(REALTIME)}"
    if settings.engine_set is None:
        key = _named(settings, stage, name)
        return Fault(file=PAIRS, line=None, key=key, text=text)
    return Fault(file=ENGINES, line=None, key=f"sets.{settings.engine_set}.{stage}", text=text)


def _named(settings: Settings, stage: Stage, name: str) -> str:
    """Where language_pairs.yaml first names an engine for a stage."""
    match stage:
        case "render":
            at = _first(name in pair.rendered_by for pair in settings.pairs)
            return f"pairs[{at}].render"
        case "interpret":
            at = _first(name == pair.realtime for pair in settings.pairs)
            kind = "hybrid" if settings.pairs[at].end_to_end is None else "end_to_end"
            return f"pairs[{at}].{kind}"
        case "speak":
            spoken = (code for code, one in settings.languages.items() if name in one.spoken_by)
            return f"languages.{next(spoken)}.speak"
    return stage


def _first(fits: Iterable[bool]) -> int:
    return next(index for index, one in enumerate(fits) if one)


def _parted(text: str) -> tuple[str, str]:
    """The option that a fault is about, as the end of a key, and what is wrong with it."""
    option, separator, rest = text.partition(": ")
    return (f".{option}", rest) if separator and option.startswith("options.") else ("", text)


def _bare(name: str, fault: Fault | str) -> str:
    return str(fault).removeprefix(f"engine {name!r}: ")


def _wanted(
    settings: Settings, spoken: Sequence[str]
) -> Iterator[tuple[Stage, str, Callable[[], object]]]:
    """Every engine that may be called, and what makes it as it will be made; the ears for all
    languages `spoken`."""
    engines = Engines(settings.engines)
    for name in settings.engines_for("hear"):
        yield "hear", name, partial(engines.try_ear, name, spoken)
    for name in settings.engines_for("render"):
        yield "render", name, partial(engines.renderer, name)
    for name in settings.engines_for("interpret"):
        yield "interpret", name, partial(engines.try_realtime, name)
    for code, language in settings.languages.items():
        for name in settings.engines_for("speak", code):
            for voice in language.voices_of(name) or (None,):
                yield "speak", name, partial(engines.try_voice, name, code, voice)
    for name in settings.engines_for("summarize"):
        yield "summarize", name, partial(engines.summarizer, name)


def _gaps(settings: Settings) -> Iterator[Fault]:
    """The pairs that nothing renders."""
    reaches = Engines(settings.engines).reaches
    for source, target in product(settings.spoken, settings.languages):
        if languages.same(source, target):
            continue
        route = settings.route(source, target)
        if route is None:
            text = f"{source} -> {target}: no line of `pairs` fits; add one"
            yield Fault(file=PAIRS, line=None, key="pairs", text=text)
        elif not route.renderers(reaches):
            by = ", ".join(route.pair.rendered_by)
            why = missing(source, target, installed_modes())
            yield Fault(
                file=PAIRS,
                line=None,
                key=f"pairs[{settings.pairs.index(route.pair)}].render",
                text=f"{source} -> {target} by {by}: {why}",
            )
