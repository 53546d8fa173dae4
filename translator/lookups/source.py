"""What can be looked up in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from translator.errors import StageError


class LookUpError(StageError):
    """A look-up failed: the model is told its kind and text, and goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One way to ask, as a language model is told of it."""

    name: str
    """Letters, digits, `_` and `-`, 64 at most; empty where its source has no other."""
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of an object: the arguments."""


class Source(Protocol):
    """Something that can be asked, and is not changed by it."""

    async def tools(self) -> Sequence[Tool]:
        """What it can be asked now. Raises LookUpError."""
        ...

    async def look_up(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """What it says, of any length, to one of its tools. Raises LookUpError."""
        ...
