"""What an adapter with the real plugin makes of a fault: one cell of the fault table."""

from dataclasses import dataclass
from typing import Literal

from translator.errors import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one call ended."""

    error: Kind | None
    """The kind of its StageError; None where it went well all the same."""
    given: Literal["nothing", "part", "all"]
    """What had come until then; `all` is never more than what was to come."""
    within: float
    """Seconds in which the caller knew it, at most, with the engine's usual deadlines; tests
    may shorten those, and check the outcome alone."""
    note: str = ""
    """What a reader of the table should know."""
