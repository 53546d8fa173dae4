"""The two files of the configuration: where they are, and where in them a fault is."""

import os
from dataclasses import replace
from pathlib import Path

from translator import agent
from translator.document import path_of, read
from translator.engines import preflight
from translator.errors import Fault, SettingsError


def paths(file: Path | None) -> tuple[Path, Path]:
    """language_pairs.yaml, which is `file` or in it, and engines.yaml; the usual ones for None.

    engines.yaml is the usual one, too, where there is none beside `file`.
    """
    pairs_path, engines_path = agent.paths()
    if file is None:
        return pairs_path, engines_path
    path = file / pairs_path.name if file.is_dir() else file
    beside = path.with_name(preflight.ENGINES.name)
    use_beside = agent.ENGINES not in os.environ and beside.exists()
    return path, beside if use_beside else engines_path


def located(error: SettingsError, pairs_path: Path, engines_path: Path) -> SettingsError:
    """What the engines say of settings that can be read, each with the line that it is about."""
    try:
        found = [_located(fault, pairs_path, engines_path) for fault in error.faults]
    except SettingsError:  # a file has gone since
        return error
    return SettingsError(*found)


def _located(fault: Fault | str, pairs_path: Path, engines_path: Path) -> Fault | str:
    if isinstance(fault, str) or fault.line is not None:
        return fault
    if fault.file not in (preflight.ENGINES, preflight.PAIRS):
        return fault
    document = read(engines_path if fault.file == preflight.ENGINES else pairs_path)
    keys = {path_of(place): place for place in document.lines}
    key = fault.key
    inside = (one for one in keys if key == one or key.startswith((f"{one}.", f"{one}[")))
    return replace(document.fault(keys[max(inside, key=len, default="")], fault.text), key=key)
