"""`translator init` and `translator schema`: files to begin with, and what editors read."""

import os
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from translator.errors import InputError
from translator.settings.schemas import schemas

STARTER = ("language_pairs.yaml", "engines.yaml", "glossaries/example.yaml")


def init(folder: Path) -> None:
    """Write a starting set into `folder`, which may be absent. Raises InputError; then nothing
    is written over."""
    starter = resources.files("translator") / "starter"
    files = {name: starter.joinpath(name).read_text(encoding="utf-8") for name in STARTER}
    files |= {f"schemas/{name}": text for name, text in schemas().items()}
    there = [name for name in files if os.path.lexists(folder / name)]
    if there:
        raise InputError(
            f"{folder} has {', '.join(there)} already, and nothing is written over;"
            " give an empty folder: translator init DIR"
        )
    _write(folder, files)
    pairs = folder / STARTER[0]
    sys.stdout.write(
        f"{folder} now has {', '.join(STARTER)}, and schemas/ for your editor.\n"
        f"Next: translator check {pairs}   says what will run; then edit {pairs}\n"
    )


def write_schemas(folder: Path) -> None:
    """Write the JSON Schemas into `folder`, over those of before. Raises InputError."""
    files = schemas()
    _write(folder, files)
    sys.stdout.write(f"{folder} now has {', '.join(files)}\n")


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{error.filename or folder} cannot be written: {error.strerror}"
        ) from None
