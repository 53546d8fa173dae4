"""`translator glossary`: glossaries from and for spreadsheets and terminologists."""

import argparse
import sys
from pathlib import Path
from typing import Any

FOLDER = Path("glossaries")


def add(commands: Any) -> None:
    """Add it to `commands`, the subparsers of the command line."""
    glossary = commands.add_parser("glossary", help="import and export glossaries: CSV, TBX")
    kinds = glossary.add_subparsers(required=True, metavar="COMMAND")

    importing = kinds.add_parser("import", help="make a glossary of a .csv or .tbx file")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument(
        "--to", type=Path, metavar="YAML", help="the glossary; glossaries/ and FILE's name"
    )
    _add_force(importing)
    importing.set_defaults(command=_import)

    exporting = kinds.add_parser("export", help="write a glossary as .csv or .tbx")
    exporting.add_argument("file", type=Path, metavar="YAML")
    exporting.add_argument("--to", type=Path, metavar="FILE", required=True)
    _add_force(exporting)
    exporting.set_defaults(command=_export)


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace the file that is there")


def _import(arguments: argparse.Namespace) -> int:
    from translator.errors import InputError
    from translator.glossary.exchange import imported, write

    path = arguments.to or FOLDER / f"{arguments.file.stem}.yaml"
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: the name of a glossary must end in .yaml")
    glossary, notes = imported(arguments.file)
    write(glossary, path, over=arguments.force)
    count = len(glossary.entries)
    _tell(*notes, f"{path} now has {count} term{'' if count == 1 else 's'}.")
    _tell(f"Next: name it under `glossaries` of a pair in language_pairs.yaml: [{path}]")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from translator.glossary.exchange import exported

    exported(arguments.file, arguments.to, over=arguments.force)
    _tell(f"{arguments.to} now has the terms of {arguments.file}.")
    return 0


def _tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
