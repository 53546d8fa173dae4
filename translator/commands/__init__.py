"""The commands about the configuration: `translator check`, `init` and `schema`."""

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add them to `commands`, the subparsers of the command line."""
    check = commands.add_parser("check", help="say what will run, or all that is wrong")
    check.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="language_pairs.yaml, or its folder"
    )
    check.add_argument(
        "--live", action="store_true", help="and call each engine once, and each voice"
    )
    check.set_defaults(command=_check)

    init = commands.add_parser("init", help="write files to begin with into an empty folder")
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR")
    init.set_defaults(command=_init)

    schema = commands.add_parser("schema", help="write the JSON Schemas that editors use")
    schema.add_argument("folder", nargs="?", type=Path, default=Path("schemas"), metavar="DIR")
    schema.set_defaults(command=_schema)


def _check(arguments: argparse.Namespace) -> int:
    from translator.commands.check import check

    return 0 if check(arguments.file, live=arguments.live) else 2


def _init(arguments: argparse.Namespace) -> int:
    from translator.commands.init import init

    init(arguments.folder)
    return 0


def _schema(arguments: argparse.Namespace) -> int:
    from translator.commands.init import write_schemas

    write_schemas(arguments.folder)
    return 0
