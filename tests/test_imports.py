"""Imports point one way: along the line, and from what people see to what everything rests on."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

PACKAGE = Path(__file__).parents[1] / "translator"

LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(layer.split())
    for layer in (
        "ahead beside errors leaving redaction state types stretch usage wording",
        "languages lag access children detection health",
        "document",
        "glossary prompt record captions turns",
        "settings",
        "current announcement",
        "hear segment render speak interpret",  # the stages
        "lookups",
        "summary",
        "ears guards demand backchannels cast condition",
        "cost engines",  # of the stages: what they use, and what implements them
        "channel floor floors participant outbox",
        "persons microphones sender",
        "interpreters",
        "channels",
        "meeting",
        "server agent dispatch web",  # the doors
        "house",  # all that a meeting needs
        "rehearsal",  # a whole meeting, played from recordings
        "evaluation",  # of many rehearsals
        "commands",  # about the configuration
        "__main__",
    )
)
"""A part may import parts of its own layer, without a circle, and of those above it here."""

STAGES = frozenset({"hear", "segment", "render", "speak", "interpret"})
ENGINE_USERS = frozenset({"agent", "commands", "evaluation", "house", "rehearsal", "__main__"})
"""Who may name an engine: whoever puts a meeting together. All else knows its protocol."""
INTERPRETER_KINDS = frozenset({"cascade", "end_to_end", "booth"})
KIND_CHOOSERS = frozenset({"interpreters.machine"})
"""Who may name kinds: whoever gives each its segments."""


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name below it; `` is the package itself."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        .removesuffix("__init__")
        .strip("."): path
        for path in PACKAGE.rglob("*.py")
    }


def imported(path: Path) -> Iterator[str]:
    """Dotted names below the package that the module at `path` imports, at any place in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: write the package's name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("translator.") for name in names if _ours(name))


def _ours(name: str) -> bool:
    return name.startswith("translator.")


def part(name: str) -> str:
    """`engines.host` belongs to the part `engines`."""
    return name.split(".")[0]


def edges() -> Iterator[tuple[str, str]]:
    """(module, imported module), for imports between two parts."""
    for module, path in modules().items():
        for name in imported(path):
            if part(module) != part(name):
                yield module, name


def layer(name: str) -> int:
    return next((i for i, names in enumerate(LAYERS) if part(name) in names), len(LAYERS))


def test_every_part_has_a_layer() -> None:
    parts = {part(name) for name in modules() if name}
    unknown = parts - frozenset().union(*LAYERS)
    assert not unknown, f"give these a layer in {Path(__file__).name}"


def test_the_package_itself_imports_nothing() -> None:
    assert not list(imported(PACKAGE / "__init__.py"))


def test_no_part_imports_a_later_layer() -> None:
    assert [f"{a} -> {b}" for a, b in edges() if layer(b) > layer(a)] == []


def test_parts_import_in_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, name in edges():
        graph.setdefault(part(module), set()).add(part(name))
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_stages_know_nothing_of_each_other() -> None:
    assert [f"{a} -> {b}" for a, b in edges() if {part(a), part(b)} <= STAGES] == []


def test_only_the_doors_name_an_engine() -> None:
    users = {part(a) for a, b in edges() if part(b) == "engines"}
    assert users <= ENGINE_USERS


def test_kinds_of_interpreter_know_nothing_of_each_other() -> None:
    for kind, path in modules().items():
        if kind.startswith("interpreters.") and kind not in KIND_CHOOSERS:
            others = INTERPRETER_KINDS - {kind.removeprefix("interpreters.")}
            named = {n for name in imported(path) for n in name.split(".")[1:]}
            assert not named & others, kind
