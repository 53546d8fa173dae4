"""The command `translator eval`."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from translator.evaluation.gate import GateFile, Limits, Verdict
    from translator.evaluation.run import Plan, Result, Task
    from translator.settings import Settings

SECTIONS = ("whole", "subset", "terms")
"""Of the gate, for recordings."""


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
    command.add_argument(
        "--glossary", type=Path, metavar="YAML", help="terms besides those of the pairs"
    )
    command.add_argument("--again", action="store_true", help="do again what is done")
    command.add_argument("--gate", type=Path, metavar="FILE", help="gate.yaml, if it is there")
    command.add_argument("--limits", choices=SECTIONS, default="whole", help="which of the gate's")
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
    from translator.glossary import load_glossary

    try:
        import jiwer  # noqa: F401
        import sacrebleu  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name} is missing: pip install 'translator[eval]', or make setup"
        ) from None
    if arguments.scenarios is not None:
        return _try_scenarios(arguments)
    # Before anything runs: nobody waits an hour to learn that a name is wrong.
    gate = _gate(arguments.gate)
    limits: Limits = getattr(gate, arguments.limits) if gate else {}
    before = _kept("--compare", arguments.compare) if arguments.compare else None
    if arguments.glossary:
        load_glossary(arguments.glossary)
    for folder in (arguments.out, *([arguments.picture.parent] if arguments.picture else [])):
        _make(folder)
    content = _run(arguments) if arguments.manifest else _again("--out", arguments.out)
    return _tell(arguments, content, limits, before)


def _gate(path: Path | None) -> "GateFile | None":
    """The named gate, else this folder's, if it has one."""
    from translator.evaluation import gate

    path = path or (gate.GATE if gate.GATE.exists() else None)
    return gate.load(path) if path else None


def _make(folder: Path) -> None:
    from translator.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from None


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The whole of a run over the manifest."""
    from translator.evaluation import manifest
    from translator.evaluation.run import AS_CONFIGURED, Plan, configured, evaluate
    from translator.evaluation.whole import made, whole
    from translator.rehearsal.commands import keep_quiet

    entries = manifest.chosen(manifest.read(arguments.manifest), arguments.only)
    plan = Plan(
        entries=entries,
        out=arguments.out,
        presets=_listed(arguments.preset) or (AS_CONFIGURED,),
        to=_listed(arguments.to),
        declare=arguments.declare,
        listen=arguments.listen,
        glossary=arguments.glossary,
        again=arguments.again,
    )
    with configured((), AS_CONFIGURED) as loaded:
        _check(plan, loaded)
    print(f"{len(entries)} recordings in real time; what is done is kept in {plan.out}")
    keep_quiet()
    found = asyncio.run(evaluate(plan, _say))
    by_preset = {
        preset: [one for one in found if one["preset"] == preset] for preset in plan.presets
    }
    return whole(by_preset, made(plan.glossary))


def _check(plan: "Plan", loaded: "Settings") -> None:
    """Raises InputError for what would be wrong with every recording."""
    from translator import languages
    from translator.errors import InputError
    from translator.evaluation.run import AS_CONFIGURED
    from translator.settings.models import PRESETS
    from translator.wording import nearest

    for preset in plan.presets:
        if preset not in (AS_CONFIGURED, *PRESETS):
            known = ", ".join(PRESETS)
            raise InputError(f"--preset {preset}: there are {known}{nearest(preset, PRESETS)}")
    for code in plan.to:
        if languages.lookup(languages.normalize(code), loaded.languages) is None:
            known = ", ".join(loaded.languages)
            raise InputError(f"--to {code}: language_pairs.yaml has {known}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _say(task: "Task", state: str, result: "Result | None") -> None:
    """A line when a recording begins, and one when it is done."""
    from translator.evaluation.compare import shown
    from translator.evaluation.run import AS_CONFIGURED
    from translator.evaluation.totals import summed

    head = f"[{task.number}/{task.of}] {task.entry.id}"
    if task.preset != AS_CONFIGURED:
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


def _kept(option: str, out: Path) -> dict[str, Any]:
    """What an earlier run left in `out`, which the user gave as `option`."""
    from translator.errors import InputError
    from translator.evaluation.run import VERSION, read_json

    content = read_json(out / "results.json")
    if content is None:
        raise InputError(f"{option} {out}: no run was made there; give a manifest of recordings")
    if content.get("version") != VERSION:
        raise InputError(f"{option} {out}: another version of translator left this; run it again")
    return content


def _again(option: str, out: Path) -> dict[str, Any]:
    """An earlier run, added up as is done now."""
    from translator.evaluation.whole import whole

    content = _kept(option, out)
    return whole(_recordings(content), content["method"])


def _recordings(content: Mapping[str, Any]) -> "dict[str, list[Result]]":
    return {preset: one["recordings"] for preset, one in content["presets"].items()}


def _tell(
    arguments: argparse.Namespace,
    content: Mapping[str, Any],
    limits: "Limits",
    before: Mapping[str, Any] | None,
) -> int:
    """Write the whole and the page, print the tables, and judge."""
    from translator.evaluation.gate import judged
    from translator.evaluation.page import picture, written
    from translator.evaluation.run import write_json
    from translator.evaluation.totals import done

    presets = content["presets"]
    verdicts = {preset: judged(limits, one["figures"]) for preset, one in presets.items()}
    write_json(arguments.out / "results.json", content)
    page = arguments.out / "index.html"
    page.write_text(written(content, verdicts), encoding="utf-8")
    for preset, one in presets.items():
        print(*_report(preset, one), sep="\n")
    if arguments.picture:
        arguments.picture.write_text(picture(content), encoding="utf-8")
    if before is not None:
        print(*_compared(arguments.compare, _recordings(before), _recordings(content)), sep="\n")
    print(f"\nThe plots: {page}; all figures: {arguments.out / 'results.json'}")
    failed = [one for ones in verdicts.values() for one in ones if not one.passed]
    print(*_gate_table(verdicts), sep="\n")
    nothing = not any(done(one["recordings"]) for one in presets.values())
    return 1 if failed or nothing else 0


def _report(preset: str, whole: Mapping[str, Any]) -> Iterator[str]:
    """The figures as a Markdown table: all recordings, then each pair of languages."""
    from translator.evaluation.compare import shown
    from translator.evaluation.run import AS_CONFIGURED
    from translator.evaluation.totals import NAMES

    columns = {"all": whole["figures"], **whole["directions"]}
    yield f"\nPreset: {preset}\n" if preset != AS_CONFIGURED else ""
    yield f"| | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for name, called in NAMES.items():
        values = [shown(figures[name]) for figures in columns.values()]
        if any(value != "–" for value in values):
            yield f"| {called} | {' | '.join(values)} |"
    for one in whole["recordings"]:
        if "error" in one:
            yield f"\nfailed: {one['id']}: {one['error']}"


def _gate_table(verdicts: "Mapping[str, Sequence[Verdict]]") -> Iterator[str]:
    from translator.evaluation.compare import shown
    from translator.evaluation.run import AS_CONFIGURED
    from translator.evaluation.scenarios import MEASURES
    from translator.evaluation.totals import NAMES

    called = {**NAMES, **MEASURES}
    for preset, ones in verdicts.items():
        failed = [one for one in ones if not one.passed]
        untold = [one.figure for one in ones if one.value is None]
        if not ones:
            continue
        name = "" if preset == AS_CONFIGURED else f" of {preset}"
        kept = len(ones) - len(failed) - len(untold)
        besides = f"; not to be told from these recordings: {', '.join(untold)}" if untold else ""
        yield f"\nThe gate{name}: {kept} of {len(ones)} limits kept{besides}"
        for one in failed:
            value, limit = shown(one.value), str(one.limit)
            yield f"  BELOW  {one.figure:20} {value:>8}  {limit:16}  {called[one.figure]}"


def _compared(
    folder: Path,
    before: "Mapping[str, Sequence[Result]]",
    results: "Mapping[str, Sequence[Result]]",
) -> Iterator[str]:
    """A table for each preset, against the same one of before, or else its first."""
    from translator.evaluation.compare import FEWEST, compared, described, paired

    for preset, ones in results.items():
        other = preset if preset in before else next(iter(before))
        yield f"\n| | {folder}, {other} | now, {preset} | 95 % of the differences | |"
        yield "|---|---|---|---|---|"
        for one in map(described, compared(before[other], ones)):
            yield f"| {' | '.join(one.values())} |"
        common = len(paired(before[other], ones)[0])
        if common < FEWEST:
            yield f"\n{common} recordings in common: from {FEWEST} on, chance can be told apart."


def _try_scenarios(arguments: argparse.Namespace) -> int:
    from translator import agent, settings
    from translator.evaluation import scenarios
    from translator.evaluation.compare import shown
    from translator.evaluation.gate import judged
    from translator.evaluation.run import AS_CONFIGURED, write_json

    gate = _gate(arguments.gate)
    _make(arguments.out)
    found = scenarios.load(Path(arguments.scenarios) if arguments.scenarios else scenarios.SHIPPED)
    outcomes = asyncio.run(scenarios.tried(found, settings.load(*agent.paths())))
    for one in outcomes:
        if not one.passed:
            missed = "; ".join(f"{c.kind}: {c.asked}" for c in one.checks if not c.passed)
            print(f"{one.scenario.id}: {one.scenario.text} → {one.rendition}\n    {missed}")
    measures = scenarios.summed(outcomes)
    print("\n| | passed | of |\n|---|---|---|")
    for direction, (passed, count) in scenarios.by_direction(outcomes).items():
        print(f"| {direction} | {passed} | {count} |")
    for name, called in scenarios.MEASURES.items():
        print(f"{called}: {shown(measures[name])}")
    write_json(
        arguments.out / "scenarios.json",
        {"figures": measures, "scenarios": [one.to_json() for one in outcomes]},
    )
    verdicts = judged(gate.scenarios if gate else {}, measures)
    print(*_gate_table({AS_CONFIGURED: verdicts}), sep="\n")
    return 0 if all(one.passed for one in verdicts) else 1
