"""The command `translator eval`."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translator.evaluation.gate import Section
    from translator.evaluation.run import Result, Task

REST = ("whole", "subset")


def add(commands: Any) -> None:
    """Add it to `commands`, the subparsers of the command line."""
    command = commands.add_parser(
        "eval",
        help="recordings with transcripts and references through the real line: how well, how late",
        description="Without a manifest it looks again at what --out holds.",
    )
    command.add_argument(
        "manifest", nargs="?", type=Path, metavar="MANIFEST", help="JSON list of recordings"
    )
    command.add_argument("--out", type=Path, default=Path("out/eval"), metavar="DIR")
    command.add_argument("--only", metavar="ID,…", help="recordings whose id begins so")
    command.add_argument("--to", default="", metavar="es,fr", help="languages to listen in")
    command.add_argument(
        "--preset", default="", metavar="fast,…", help="presets to run; the settings as they are"
    )
    command.add_argument(
        "--declare", action="store_true", help="speakers say which language they speak"
    )
    command.add_argument(
        "--listen", action="store_true", help="recognize the sound, too, for ASR-BLEU (slow)"
    )
    command.add_argument("--again", action="store_true", help="do again what is done")
    command.add_argument("--gate", type=Path, metavar="FILE", help="gate.yaml, if it is there")
    command.add_argument("--limits", choices=REST, default="whole", help="which of the gate's")
    command.add_argument("--compare", type=Path, metavar="DIR", help="an earlier run's --out")
    command.add_argument(
        "--picture", type=Path, metavar="FILE.svg", help="write the plots as one picture, too"
    )
    command.add_argument(
        "--scenarios",
        nargs="?",
        const="",
        metavar="FILE",
        help="try text scenarios on the renderers, without audio, and nothing else",
    )
    command.set_defaults(command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    from translator.errors import InputError

    try:
        import jiwer  # noqa: F401
        import sacrebleu  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name} is missing: pip install 'translator[eval]', or make setup"
        ) from None
    if arguments.scenarios is not None:
        return _try_scenarios(arguments)
    results = _run(arguments) if arguments.manifest else _kept(arguments.out)
    return _tell(arguments, results)


def _run(arguments: argparse.Namespace) -> "dict[str, list[Result]]":
    from translator.evaluation import manifest
    from translator.evaluation.run import AS_CONFIGURED, Plan, configured, evaluate
    from translator.rehearsal.commands import keep_quiet

    entries = manifest.chosen(manifest.read(arguments.manifest), arguments.only)
    plan = Plan(
        entries=entries,
        out=arguments.out,
        presets=_listed(arguments.preset) or (AS_CONFIGURED,),
        to=_listed(arguments.to),
        declare=arguments.declare,
        listen=arguments.listen,
        again=arguments.again,
    )
    for preset in plan.presets:
        with configured(entries[0], preset):  # or it would fail on every recording
            pass
    print(f"{len(entries)} recordings in real time; what is done is kept in {plan.out}")
    keep_quiet()
    found = asyncio.run(evaluate(plan, _say))
    return {preset: [one for one in found if one["preset"] == preset] for preset in plan.presets}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _say(task: "Task", state: str, result: "Result | None") -> None:
    """A line when a recording begins, and one when it is done."""
    from translator.evaluation.compare import shown
    from translator.evaluation.summary import summed

    head = f"[{task.number}/{task.of}] {task.entry.id}"
    if task.preset != "configured":
        head += f" ({task.preset})"
    if result is None:
        print(f"{head} …", flush=True)
    elif "error" in result:
        print(f"{head}: FAILED: {result['error']}", flush=True)
    else:
        figures = summed([result])
        told = {
            "WER": f"{shown(figures['wer'])} ({shown(figures['wer_offline'])})",
            "chrF": f"{shown(figures['chrf'])} ({shown(figures['chrf_offline'])})",
            "EVS": f"{shown(figures['evs_p50'])} s",
        }
        line = ", ".join(f"{name} {value}" for name, value in told.items())
        kept = " (kept)" if state == "kept" else ""
        print(f"{head}: {line}{kept}", flush=True)


def _kept(out: Path) -> "dict[str, list[Result]]":
    from translator.errors import InputError
    from translator.evaluation.run import read_json

    whole = read_json(out / "results.json")
    if whole is None:
        raise InputError(f"--out {out}: no run was made there; give a manifest of recordings")
    return {preset: list(one["recordings"]) for preset, one in whole["presets"].items()}


def _tell(arguments: argparse.Namespace, results: "dict[str, list[Result]]") -> int:
    """Write the whole and the page, print the tables, and judge."""
    from translator.evaluation.page import written
    from translator.evaluation.run import write_json
    from translator.evaluation.summary import done, summed
    from translator.evaluation.whole import whole

    content = whole(results)
    verdicts = {
        preset: list(_judged(arguments.gate, arguments.limits, summed(ones)))
        for preset, ones in results.items()
    }
    write_json(arguments.out / "results.json", content)
    page = arguments.out / "index.html"
    page.write_text(written(content, verdicts), encoding="utf-8")
    for preset, ones in results.items():
        print(*_report(preset, ones), sep="\n")
    if arguments.picture:
        from translator.evaluation.page import picture

        arguments.picture.write_text(picture(content), encoding="utf-8")
    if arguments.compare:
        print(*_compared(arguments.compare, results), sep="\n")
    print(f"\nThe plots: {page}; all figures: {arguments.out / 'results.json'}")
    failed = [one for ones in verdicts.values() for one in ones if not one.passed]
    print(*_gate_table(verdicts), sep="\n")
    nothing = not any(done(ones) for ones in results.values())
    return 1 if failed or nothing else 0


def _judged(path: Path | None, limits: str, figures: Mapping[str, float | None]) -> Iterator[Any]:
    from translator.evaluation import gate

    path = path or (gate.GATE if gate.GATE.exists() else None)
    if path is not None:
        section: Section = getattr(gate.load(path), limits)
        yield from gate.judged(section, figures)


def _report(preset: str, results: "Sequence[Result]") -> Iterator[str]:
    """The figures as a Markdown table: all recordings, then each pair of languages."""
    from translator.evaluation.compare import shown
    from translator.evaluation.summary import NAMES, by_direction, summed

    columns = {"all": summed(results), **by_direction(results)}
    yield f"\nPreset: {preset}\n" if preset != "configured" else ""
    yield f"| | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for name, called in NAMES.items():
        values = [shown(figures[name]) for figures in columns.values()]
        if any(value != "–" for value in values):
            yield f"| {called} | {' | '.join(values)} |"
    for one in results:
        if "error" in one:
            yield f"\nfailed: {one['id']}: {one['error']}"


def _gate_table(verdicts: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    from translator.evaluation.compare import shown
    from translator.evaluation.scenarios import FIGURES
    from translator.evaluation.summary import NAMES

    called = {**NAMES, **FIGURES}
    for preset, ones in verdicts.items():
        failed = [one for one in ones if not one.passed]
        if not ones:
            continue
        name = "" if preset == "configured" else f" of {preset}"
        yield f"\nThe gate{name}: {len(ones) - len(failed)} of {len(ones)} limits kept"
        for one in failed:
            value, limit = shown(one.value), str(one.limit)
            yield f"  BELOW  {one.figure:20} {value:>8}  {limit:16}  {called[one.figure]}"


def _compared(before: Path, results: "dict[str, list[Result]]") -> Iterator[str]:
    from translator.evaluation.compare import compared, described

    earlier = _kept(before)
    for preset, ones in results.items():
        others = earlier.get(preset) or next(iter(earlier.values()))
        yield f"\n| {preset} | {before} | now | 95 % of the differences | |"
        yield "|---|---|---|---|---|"
        for one in map(described, compared(others, ones)):
            yield f"| {' | '.join(one.values())} |"


def _try_scenarios(arguments: argparse.Namespace) -> int:
    from translator import agent, settings
    from translator.evaluation import gate, scenarios
    from translator.evaluation.compare import shown
    from translator.evaluation.run import write_json

    found = scenarios.load(Path(arguments.scenarios) if arguments.scenarios else scenarios.SHIPPED)
    outcomes = asyncio.run(scenarios.tried(found, settings.load(*agent.paths())))
    for one in outcomes:
        if not one.passed:
            missed = "; ".join(f"{c.kind}: {c.asked}" for c in one.checks if not c.passed)
            print(f"{one.scenario.id}: {one.scenario.text} → {one.rendition}\n    {missed}")
    figures = scenarios.summed(outcomes)
    print("\n| | passed | of |\n|---|---|---|")
    for direction, (passed, count) in scenarios.by_direction(outcomes).items():
        print(f"| {direction} | {passed} | {count} |")
    for name, called in scenarios.FIGURES.items():
        print(f"{called}: {shown(figures[name])}")
    write_json(
        arguments.out / "scenarios.json",
        {"figures": figures, "scenarios": [one.to_json() for one in outcomes]},
    )
    path = arguments.gate or (gate.GATE if gate.GATE.exists() else None)
    verdicts = list(gate.judged(gate.load(path).scenarios, figures)) if path else []
    print(*_gate_table({"configured": verdicts}), sep="\n")
    return 0 if all(one.passed for one in verdicts) else 1
