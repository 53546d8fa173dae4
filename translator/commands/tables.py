"""Tables, as the commands about the configuration print them."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 160
"""Columns where nobody looks at a terminal: a file, a pipe."""


def printer() -> Console:
    """Where they are printed."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def titled(title: str, *columns: str) -> Table:
    """A table without rows yet."""
    table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, padding=(0, 2))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
