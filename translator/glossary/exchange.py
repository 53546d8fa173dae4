"""Glossaries in and out of other people's formats, by the ending of a file's name."""

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from translator import document
from translator.errors import Fault, InputError, SettingsError
from translator.glossary.entries import KEEP, Entry, Glossary, Name
from translator.glossary.file import GlossaryFile, load_glossary
from translator.glossary.tables import Draft, of_table, spelled, to_table
from translator.glossary.tbx import of_tbx, to_tbx

LARGEST = 32 * 2**20
"""Bytes of a file that is imported."""


def imported(path: Path) -> tuple[Glossary, tuple[str, ...]]:
    """The glossary of a .csv or .tbx file, and what of it is left out.

    Raises InputError for another kind of file, SettingsError with what is wrong, by line.
    """
    read = {".csv": _of_csv, ".tbx": of_tbx}.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path} is no .csv and no .tbx file")
    draft = read(path, _content(path))
    file = document.validated(draft.document(), GlossaryFile)
    return file.glossary(), tuple(draft.notes)


def write(glossary: Glossary, path: Path, *, over: bool = False) -> None:
    """Write a .yaml, .csv or .tbx file whole, or not at all.

    Raises InputError where the file exists, unless `over`, or cannot be written.
    """
    spell = _KINDS.get(path.suffix.lower())
    if spell is None:
        raise InputError(f"{path}: the name must end in {', '.join(_KINDS)}")
    if not over and os.path.lexists(path):
        raise InputError(f"{path} is there already; give another name, or --force to replace it")
    content = spell(glossary)
    try:
        _replace(path, content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def exported(source: Path, path: Path, *, over: bool = False) -> None:
    """Write a glossary's file as another kind. Raises SettingsError, InputError."""
    write(load_glossary(source), path, over=over)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST // 2**20} MB; is it the right file?")
    return content


def _of_csv(path: Path, content: bytes) -> Draft:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "here is a letter that is not UTF-8; save the table as CSV UTF-8"
        raise SettingsError(Fault(file=path, line=line, key="", text=what)) from None
    return of_table(path, text)


def _csv(glossary: Glossary) -> bytes:
    return to_table(glossary).encode("utf-8-sig")  # spreadsheets take it for Latin-1 without


def _yaml(glossary: Glossary) -> bytes:
    lines = [f"  - {_flow(_spelled(entry))}\n" for entry in glossary.entries]
    content = "".join(["version: 1\n", "terms:\n", *lines]).encode()
    if len(content) > document.LARGEST:
        raise InputError(f"the glossary is larger than {document.LARGEST // 2**20} MB; part it")
    return content


def _flow(value: object) -> str:
    """YAML on one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return text.strip()


def _spelled(entry: Entry) -> dict[str, Any]:
    kept = entry.names.get(KEEP)
    if kept is None:
        return {code: _name(name, _said(name)) for code, name in entry.names.items()}
    said = {code: _said(name) for code, name in entry.names.items() if code != KEEP}
    return {KEEP: _name(kept, said or _said(kept))}


def _name(name: Name, say: object) -> object:
    return spelled(name.term, list(name.forms), say)


def _said(name: Name) -> object:
    return name.say[0] if len(name.say) == 1 else list(name.say)


_KINDS: Mapping[str, Callable[[Glossary], bytes]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".tbx": to_tbx,
}
