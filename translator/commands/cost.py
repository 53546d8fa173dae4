"""`translator cost`: what a meeting would cost, by engine, and with other engines."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from translator.commands.files import paths
from translator.commands.tables import printer, titled
from translator.cost.estimate import (
    ASSUMPTIONS,
    VOICE_AGENTS,
    Line,
    Plan,
    end_to_end,
    estimate,
    total,
    unpriced,
    with_languages,
)
from translator.document import language_code
from translator.engines import registry
from translator.errors import InputError
from translator.settings import Engine, Price, Settings, engine_sets, load
from translator.usage import Sum

UNITS = {
    "audio_seconds": ("minutes heard", 60),
    "session_seconds": ("minutes connected", 60),
    "spoken_seconds": ("minutes spoken", 60),
    "characters": ("characters", 1),
    "input_tokens": ("tokens read", 1),
    "output_tokens": ("tokens written", 1),
    "audio_input_tokens": ("tokens heard", 1),
    "audio_output_tokens": ("tokens spoken", 1),
}
"""What amounts are called, and how many make one."""
SHOWN = {
    "hear": ("audio_seconds",),
    "render": ("input_tokens", "output_tokens"),
    "speak": ("characters",),
    "summarize": ("input_tokens", "output_tokens"),
    "interpret": ("audio_input_tokens", "audio_output_tokens"),
}
"""Of what an engine uses, that which is shown where nothing of it has a price; characters, where it
uses nothing of that."""


def add(commands: Any) -> None:
    """Add it to `commands`, the subparsers of the command line."""
    parser = commands.add_parser("cost", help="reckon what a meeting costs, and compare engines")
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="language_pairs.yaml, or its folder"
    )
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N")
    parser.add_argument("--speakers", type=int, default=1, metavar="N")
    parser.add_argument(
        "--languages", metavar="es,fr", help="that are listened to; all of language_pairs.yaml"
    )
    parser.add_argument("--listeners", type=int, metavar="N", help="also tell it for each of N")
    parser.set_defaults(command=_cost)


def _cost(arguments: argparse.Namespace) -> int:
    pairs_path, engines_path = paths(arguments.file)
    configured = load(pairs_path, engines_path)
    plan = _plan(arguments, configured)
    every = {configured.engine_set or "language_pairs.yaml": configured} | {
        name: load(pairs_path, engines_path, engine_set=name) for name in engine_sets(engines_path)
    }
    _print(plan, every, listeners=arguments.listeners)
    return 0


def _plan(arguments: argparse.Namespace, configured: Settings) -> Plan:
    if not 0 < arguments.minutes < float("inf"):
        raise InputError("--minutes must be more than 0")
    if arguments.speakers < 1 or (arguments.listeners is not None and arguments.listeners < 1):
        raise InputError("--speakers and --listeners must be at least 1")
    if arguments.languages is None:
        codes = list(configured.languages)
    else:
        named = (code.strip() for code in arguments.languages.split(","))
        try:
            codes = list(dict.fromkeys(language_code(code) for code in named if code))
        except ValueError as error:
            raise InputError(f"--languages: {error}") from None
    if not codes:
        raise InputError("--languages: name a language, such as es")
    return Plan(minutes=arguments.minutes, speakers=arguments.speakers, languages=codes)


def _print(plan: Plan, every: dict[str, Settings], *, listeners: int | None) -> None:
    console = printer()
    ways = {
        name: estimate(with_languages(settings, plan.languages), plan)
        for name, settings in every.items()
    }
    first, configured = next(iter(every.items()))
    currency = configured.currency
    said = f"{plan.minutes:g} minutes, {_many(plan.speakers, 'speaker')}"
    console.print(f"{said}, heard in {', '.join(plan.languages)}; in {currency}", "")
    for name, lines in ways.items():
        if name == first or (total(lines) and not total(ways[first])):
            console.print(_by_engine(name, lines, every[name].engines), "")
    for model in _models(configured):
        sessions = plan.speakers * len(plan.languages)
        title = (
            f"{model}, end to end: {plan.speakers} x {len(plan.languages)} = {sessions} sessions"
        )
        ways[title] = end_to_end(configured, model, plan)
    console.print(_comparison(ways, plan, listeners), "")
    low, high = VOICE_AGENTS
    console.print(
        f"Published for voice agents, one person and one language: {low} to {high} USD a minute.",
        "",
    )
    for code in plan.languages:
        if code not in configured.languages:
            console.print(f"{code} is not in language_pairs.yaml: reckoned as the others are.", "")
    for name, settings in every.items():
        missing = _unreached(with_languages(settings, plan.languages), plan)
        if missing:
            console.print(
                f"With {name} nothing renders into {', '.join(missing)}: nobody would get it.", ""
            )
    console.print(_assumptions())


def _unreached(settings: Settings, plan: Plan) -> list[str]:
    """The languages that nothing of what is spoken becomes."""
    reaches = registry.Engines(settings.engines).reaches
    routed = {code: settings.routes(code) for code in plan.languages}
    return [
        code
        for code, routes in routed.items()
        if routes and not any(route.renderers(reaches) for route in routes)
    ]


def _models(settings: Settings) -> Iterator[str]:
    """The end-to-end models whose price is known."""
    for name, engine in settings.engines.items():
        if engine.price is not None and engine.price.audio_output_tokens is not None:
            yield name


def _by_engine(name: str, lines: Sequence[Line], engines: Mapping[str, Engine]) -> Table:
    table = titled(f"With {name}", "engine", "to", "is sent", "cost")
    amounts: dict[tuple[str, str], Sum] = {}
    costs: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        key = (line.engine, line.stage)
        amounts.setdefault(key, Sum()).add(line.amounts)
        costs.setdefault(key, []).append(line)
    for (engine, stage), sent in amounts.items():
        table.add_row(
            engine, stage, _sent(stage, sent, engines[engine].price), _money(costs[engine, stage])
        )
    table.add_row("", "", "altogether", _money(lines))
    return table


def _sent(stage: str, amounts: Sum, price: Price | None) -> str:
    """What is paid for, so that the row adds up; what is usual where nothing of it is."""
    usual = SHOWN[stage] if amounts.keys() & SHOWN[stage] else ("characters",)
    paid = [one for one in UNITS if one in amounts and price is not None and price.of({one: 1.0})]
    units = paid or usual
    shown = ((UNITS[unit], amounts.get(unit, 0.0)) for unit in units)
    return ", ".join(f"{amount / size:,.0f} {name}" for (name, size), amount in shown)


def _comparison(ways: dict[str, list[Line]], plan: Plan, listeners: int | None) -> Table:
    each = () if listeners is None else (f"each of {_many(listeners, 'listener')}",)
    table = titled("Compared", "engines", "altogether", "a minute", "a minute and language", *each)
    for name, lines in ways.items():
        minutes = plan.minutes * len(plan.languages)
        parts = [plan.minutes, minutes, *([] if listeners is None else [listeners])]
        table.add_row(name, _money(lines), *(_money(lines, part) for part in parts))
    return table


def _money(lines: Sequence[Line], parts: float = 1.0) -> str:
    """The sum, a part of it, and which engines are missing in it."""
    missing = unpriced(lines)
    spent = total(lines) / parts
    if len(missing) == len({line.engine for line in lines}):
        return "unknown: no price"
    digits = 2 if parts == 1.0 else 4
    unknown = f" + {', '.join(missing)} (no price)" if missing and parts == 1.0 else ""
    return f"{spent:,.{digits}f}{unknown}"


def _assumptions() -> Table:
    table = titled("Reckoned with", "", "", "")
    for one in ASSUMPTIONS.values():
        table.add_row(f"{one.value:g}", one.what, one.source)
    return table


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
