"""The command line; the commands themselves lie with what they start."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from translator import agent, redaction
from translator import commands as configuration
from translator.commands import cost, glossary
from translator.commands import serve as serving
from translator.commands.files import located
from translator.errors import InputError, SettingsError, TranslatorError, first
from translator.evaluation import commands as evaluation
from translator.leaving import leave
from translator.rehearsal import commands as rehearsal
from translator.settings.sets import OPTION, SET
from translator.web import commands as web


def program() -> NoReturn:
    """What the shell calls."""
    # As Ctrl-C: what a command has started is ended, and what it has written is whole.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    leave(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if all went well, 2 for bad input or settings, 1 for the rest."""
    arguments = _parser().parse_args(argv)
    if getattr(arguments, "engines", None):
        os.environ[SET] = arguments.engines  # of this process, and of those that it starts
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    redaction.install()
    try:
        return _run(arguments)
    except SettingsError as error:
        print(f"translator: {located(error, *agent.paths())}", file=sys.stderr)
        return 2
    except InputError as error:
        print(f"translator: {error}", file=sys.stderr)
        return 2
    except TranslatorError as error:
        print(f"translator: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: argparse.Namespace) -> int:
    """The command's result; of errors that came together, the one that says the most."""
    try:
        return int(arguments.command(arguments))
    except BaseExceptionGroup as group:
        ours = group.subgroup(TranslatorError)
        if ours is None:
            raise
        raise first(ours) from None


class _Parser(argparse.ArgumentParser):
    """Each command says its own usage of what it does not know, and what a number is."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.register("type", float, _number)
        self.register("type", int, _whole_number)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Those of a command come here; what is left over would be told by the whole program."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"there is no such argument: {' '.join(unknown)}")
        return known, unknown


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text!r}") from None


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from None


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(prog="translator", description="Live interpretation.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    rehearsal.add(commands)
    evaluation.add(commands)
    serving.add(commands)
    configuration.add(commands)
    cost.add(commands)
    glossary.add(commands)
    web.add(commands)
    for name in ("run", "interpret", "eval", "worker", "check", "cost"):
        commands.choices[name].add_argument(
            OPTION, metavar="SET", help="a set of engines.yaml, in place of all others"
        )
    return parser


if __name__ == "__main__":
    program()
