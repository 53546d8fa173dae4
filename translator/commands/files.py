"""The two files of the configuration: where they are, and where in them a fault is."""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from translator import agent
from translator.document import path_of, read
from translator.engines import registry
from translator.errors import Fault, SettingsError
from translator.health import Stage
from translator.settings import Settings, load
from translator.wording import Place

BUILT_IN = {"hear": "whisper", "render": "apertium", "speak": "espeak"}
"""The engine that is always there for a stage."""


def paths(file: Path | None) -> tuple[Path, Path]:
    """language_pairs.yaml, which is `file` or in it, and engines.yaml; the usual ones for None.

    engines.yaml is the usual one, too, where there is none beside `file`.
    """
    pairs_path, engines_path = agent.paths()
    if file is None:
        return pairs_path, engines_path
    path = file / pairs_path.name if file.is_dir() else file
    beside = path.with_name(registry.ENGINES.name)
    use_beside = agent.ENGINES not in os.environ and beside.exists()
    return path, beside if use_beside else engines_path


def located(error: SettingsError, pairs_path: Path, engines_path: Path) -> SettingsError:
    """What the engines say of settings that can be read, each with the line that it is about."""
    try:
        loaded = load(pairs_path, engines_path)
    except SettingsError:
        return error
    found = (_located(fault, loaded, pairs_path, engines_path) for fault in error.faults)
    return SettingsError(*found)


def _located(
    fault: Fault | str, loaded: Settings, pairs_path: Path, engines_path: Path
) -> Fault | str:
    if isinstance(fault, str) or fault.line is not None:
        return fault
    if fault.file not in (registry.ENGINES, registry.PAIRS):
        return fault
    path = engines_path if fault.file == registry.ENGINES else pairs_path
    place, text = _place(fault.key), fault.text
    for stage, name in loaded.uses:
        if fault.key == f"engines.{name}" and (cannot := f"cannot {stage}") in text:
            path = pairs_path if loaded.engine_set is None else engines_path
            place = _named(loaded, stage, name)
            text = f"{name} {text[text.index(cannot) :]}"
            if stage in BUILT_IN:
                text += f"; {BUILT_IN[stage]} can, which is built in"
            break
    return replace(read(path).fault(place, text), key=path_of(place))


def _named(loaded: Settings, stage: Stage, name: str) -> Place:
    """Where the settings first name an engine for a stage."""
    if loaded.engine_set is not None:
        return "sets", loaded.engine_set, stage
    match stage:
        case "render":
            return "pairs", _first(name in pair.rendered_by for pair in loaded.pairs), "render"
        case "interpret":
            at = _first(name == pair.realtime for pair in loaded.pairs)
            key = "end_to_end" if loaded.pairs[at].end_to_end is not None else "hybrid"
            return "pairs", at, key
        case "speak":
            spoken = (code for code, one in loaded.languages.items() if name in one.spoken_by)
            return "languages", next(spoken), "speak"
    return (stage,)


def _first(fits: Iterable[bool]) -> int:
    return next(index for index, one in enumerate(fits) if one)


def _place(key: str) -> Place:
    """`pairs[0].render` -> `("pairs", 0, "render")`."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    return tuple(int(index) if index else name for index, name in parts)
