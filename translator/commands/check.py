"""`translator check`: what will run, or all that is wrong, by file and line."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from translator import languages
from translator.commands.files import located, paths
from translator.commands.live import Call, Use, called
from translator.commands.tables import printer, titled
from translator.cost.estimate import Plan, estimate, total, unpriced
from translator.engines import preflight, registry
from translator.engines.plugins import steered
from translator.engines.trial import Timing
from translator.errors import SHOWN, SettingsError, StageError
from translator.settings import GLOSSARY, Language, Pair, Route, Settings, load

SAYS = {
    "hear": "hears",
    "render": "renders",
    "speak": "speaks",
    "interpret": "interprets",
    "summarize": "sums up",
}


def check(file: Path | None, *, live: bool = False) -> bool:
    """Print what `file` makes run: language_pairs.yaml, or its folder; the usual one for None.

    engines.yaml is the usual one, or the one beside `file` where there is one. With `live`, each
    engine is called once; the result is whether all of them work. Raises SettingsError with every
    fault, and ServiceError where the engine host does not start.
    """
    pairs_path, engines_path = paths(file)
    loaded = load(pairs_path, engines_path)
    try:
        preflight.check(loaded, spoken=loaded.spoken, targets=loaded.languages)
    except SettingsError as error:
        raise located(error, pairs_path, engines_path) from None
    console = printer()
    if loaded.engine_set is not None:
        console.print(
            f"The set {loaded.engine_set} takes the place of the engines that {pairs_path} names.\n"
        )
    tables = [_hearing(loaded), _rendering(loaded), _speaking(loaded)]
    if loaded.summarize is not None:
        tables.append(_summing_up(loaded, loaded.summarize))
    if loaded.lookups:
        tables.append(_looking_up(loaded))
    for table in tables:
        console.print(table, "")
    notes = [*_untold(loaded), *_models(loaded), *_conflicts(loaded)]
    for note in notes[:SHOWN]:
        console.print(note, markup=False, soft_wrap=True)
    if len(notes) > SHOWN:
        console.print(f"and {len(notes) - SHOWN} more")
    return not live or _works(loaded, console)


def _works(loaded: Settings, console: Console) -> bool:
    """Call each engine and each voice, and print how that went."""
    console.print("Calling each engine once, and each voice ...", "")
    calls = asyncio.run(called(loaded))
    table = titled("Called", "engine", "", "first ms", "whole ms", "")
    for (engine, stage), group in groupby(calls, lambda call: (call.use.engine, call.use.stage)):
        for row in _went(list(group)):
            table.add_row(engine, SAYS[stage], *row)
    console.print(table)
    return all(isinstance(call.went, Timing) for call in calls)


def _went(calls: Sequence[Call]) -> Iterator[tuple[str, str, str]]:
    """Of the calls of one engine for one stage: how soon the slowest came, and what was wrong."""
    timings = [call.went for call in calls if isinstance(call.went, Timing)]
    if timings:
        first, whole = (max(one.first for one in timings), max(one.whole for one in timings))
        slowest = f"the slowest of {len(timings)} calls" if len(timings) > 1 else ""
        yield f"{1000 * first:.0f}", f"{1000 * whole:.0f}", slowest
    wrong: dict[str, list[Use]] = {}
    for call in calls:
        if isinstance(call.went, StageError):
            wrong.setdefault(f"{call.went.kind}: {call.went}", []).append(call.use)
    for what, uses in wrong.items():
        some = "" if len(uses) == len(calls) else f"{', '.join(map(_voice, uses))}: "
        yield "", "", some + what
    uncalled = sum(call.went is None for call in calls)
    if uncalled:
        yield "", "", f"its other voices ({uncalled}) were not called"


def _voice(use: Use) -> str:
    return f"{use.language} by {use.voice}" if use.voice else f"{use.language}"


def _hearing(loaded: Settings) -> Table:
    table = titled("Heard", "engine", "then", "languages")
    first, *others = loaded.heard_by
    table.add_row(first, ", ".join(others), ", ".join(loaded.spoken))
    return table


def _rendering(loaded: Settings) -> Table:
    """The pairs; those that run alike share a row. Models have a column where there is one."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for target in loaded.languages:
        for sources, way in _ways(loaded, target):
            rows.setdefault((sources, *way), []).append(target)
    columns = ("engine", "then", "relay", "glossaries", "manner")
    any_model = any(model for _, model, *_ in rows)
    table = titled("Rendered", "from", "to", *(["model"] if any_model else []), *columns)
    for (sources, model, *rest), targets in rows.items():
        table.add_row(sources, ", ".join(targets), *([model] if any_model else []), *rest)
    return table


def _ways(loaded: Settings, target: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The languages that become `target` in one way: its model, and the columns of _rendering."""
    routes = loaded.routes(target)
    ways: dict[tuple[str, ...], list[str]] = {}
    for route in routes:
        ways.setdefault(_way(loaded, route), []).append(route.source)
    for way, sources in ways.items():
        yield "any" if len(sources) == len(routes) > 1 else ", ".join(sources), way


def _way(loaded: Settings, route: Route) -> tuple[str, ...]:
    pair = route.pair
    reach = {
        name: registry.reach(loaded.engines[name], route.source, route.target)
        for name in pair.rendered_by
    }
    first, *others = [name for name, relays in reach.items() if relays is not None]
    relays = [f"{name}: {'+'.join(by)}" for name, by in reach.items() if by]
    manner = _manner(
        pair, [name for name in reach if not registry.instructed(loaded.engines[name])]
    )
    return (
        _model(route),
        first,
        ", ".join(others),
        ", ".join(relays),
        ", ".join(pair.glossaries),
        manner,
    )


def _model(route: Route) -> str:
    """The end-to-end model that is heard, and how far it goes."""
    if route.realtime is None:
        return ""
    return f"{route.realtime} ({'hybrid' if route.end_to_end is None else 'end to end'})"


def _untold(loaded: Settings) -> Iterator[str]:
    """What hears without knowing which languages are spoken."""
    for name in loaded.heard_by:
        if not steered(loaded.engines[name]):
            yield (
                f"note: {name} is not told which languages are spoken: it hears those of its model,"
                " and no other."
            )


def _models(loaded: Settings) -> Iterator[str]:
    """What is lost with end-to-end models, and what they cost."""
    targets: dict[str, list[str]] = {}
    for target in loaded.languages:
        for sources, (model, *_) in _ways(loaded, target):
            if model:
                targets.setdefault(model, []).append(f"{sources} -> {target}")
    for model, pairs in targets.items():
        read = "its captions are those of the engine" if "(hybrid)" in model else "it is read, too"
        yield (
            f"note: {model} is heard for {', '.join(pairs)}; {read}. Lost in its voice: glossaries,"
            " pronunciations, the voices of the language. With `guard` the words that it writes are"
            " checked before they are heard; whether it says them is not. The engines after it"
            " help where it fails."
        )
    codes = sorted({pair.split(" -> ")[1] for pairs in targets.values() for pair in pairs})
    if codes:
        meeting = Plan(minutes=60, speakers=3, languages=codes)
        spoken = [one for one in estimate(loaded, meeting) if one.stage == "interpret"]
        spent = "what has no price" if unpriced(spoken) else f"{total(spoken):.2f}"
        yield (
            f"note: each who speaks takes a stream of a model for each of these languages that"
            f" somebody listens to: speakers x languages, with 3 speakers 3 x {len(codes)} ="
            f" {3 * len(codes)}; an hour of them costs about {spent}"
            f"{'' if unpriced(spoken) else ' ' + loaded.currency} (`translator cost` says more)"
        )


def _manner(pair: Pair, deaf: Sequence[str]) -> str:
    """What the pair asks of its engines; `deaf` are those that take no instructions."""
    asked = ", ".join(wish for wish in (pair.register_, pair.gender) if wish is not None)
    return f"{asked} (not {', '.join(deaf)})" if asked and deaf else asked


def _conflicts(loaded: Settings) -> Iterator[str]:
    """The terms that the glossaries of a pair render in two ways."""
    for route in loaded.routes():
        source, target = route.source, route.target
        for conflict in loaded.glossary(source, target).conflicts(source, target):
            meant, other = conflict.first, conflict.other
            first, second = (
                next(
                    name
                    for name in route.pair.glossaries
                    for entry in loaded.glossaries[name].entries
                    if term in entry.terms(source, target)
                )
                for term in (meant, other)
            )
            yield (
                f"note: {meant.source!r} ({source}) is {meant.target!r} ({target}) by {first},"
                f" not {other.target!r} by {second}: the first one counts"
            )


def _speaking(loaded: Settings) -> Table:
    table = titled("Listened to and read", "language", "", "engine", "then", "voice")
    for code, language in loaded.languages.items():
        table.add_row(code, languages.own_name(code), *_spoken(language))
    return table


def _spoken(language: Language) -> Sequence[str]:
    if not language.spoken_by:
        return ("captions only", "", "")
    first, *others = language.spoken_by
    voices = {one: _some(language.voices_of(one)) for one in language.spoken_by}
    more = [f"{one}: {voices[one]}" for one in others if voices[one]]
    return first, ", ".join(others), "; ".join(filter(None, [voices[first], *more]))


def _some(voices: Sequence[str]) -> str:
    """All of a few; else the first ones, and how many there are."""
    if len(voices) <= 3:
        return ", ".join(voices)
    return f"{', '.join(voices[:2])} and {len(voices) - 2} more"


def _summing_up(loaded: Settings, engine: str) -> Table:
    table = titled("Summary", "engine", "told to")
    rendering = loaded.engines_for("render")
    told = [name for name in rendering if registry.instructed(loaded.engines[name])]
    table.add_row(engine, ", ".join(told) or "nobody: no engine of `pairs` takes instructions")
    return table


def _looking_up(loaded: Settings) -> Table:
    """What people say goes there, as far as the model asks for it."""
    table = titled("Looked up", "what", "where", "tools")
    if loaded.summarize is None:
        table.add_row("nothing: `summarize` names no language model that would", "", "")
        return table
    for name in loaded.lookups:
        server = loaded.tools.get(name)
        if server is not None:
            table.add_row(name, server.mcp, ", ".join(server.allow))
        else:
            files = loaded.glossaries if name == GLOSSARY else [loaded.agenda or ""]
            table.add_row(name, ", ".join(files) or "nowhere: no line of `pairs` has one", "")
    return table
