"""What can go wrong, by stage.

    TranslatorError
    ├── SettingsError          the configuration cannot be used: stops at the door
    │   └── UnableError
    ├── InputError             what a person handed over cannot be used (a recording, a language)
    ├── ServiceError           something that must run does not: livekit-server, the engine host
    └── StageError             one utterance or one segment is lost, the rest goes on
        ├── HearError
        │   └── UnansweredError
        ├── RenderError
        ├── SpeakError
        ├── InterpretError
        └── SummarizeError

The text of an error says what is wrong and what to do. It never holds a key.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SHOWN = 100
"""Faults of a configuration that are told at once: more would hide the first."""

Kind = Literal[
    "unreachable",  # nothing answers at the address
    "broken off",  # it answered, and then the connection was gone, or the answer cut short
    "silent",  # it did not answer in time, or no more
    "garbled",  # what it answered is not what it should be
    "wrong key",
    "rate limited",
    "quota",  # the account is used up
    "empty",  # a whole answer, with nothing in it
    "refused",  # this request, or its settings: the same call fails again
    "fault",  # anything else: the engine's fault, or ours
]
"""How an engine failed: what is done about it follows from it."""
NOT_BILLED: Collection[Kind] = ("unreachable", "wrong key", "rate limited", "quota", "refused")
"""Failures of calls that no vendor began to work on, and none bills."""


class TranslatorError(Exception):
    """Root of every error that this package raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in a file of the configuration."""

    file: Path
    line: int | None
    """From 1; None where it is the whole file."""
    key: str
    """Where in the file, such as `pairs[0].render`; empty where it is no single key."""
    text: str
    """What is wrong, what is allowed, what to do."""

    def __str__(self) -> str:
        place = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.key, self.text) if part)


class SettingsError(TranslatorError):
    """The configuration cannot be used."""

    def __init__(self, *faults: Fault | str) -> None:
        """All that is wrong; a fault that is in no file is a sentence."""
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        """A line for each fault, for the first SHOWN of them."""
        if len(self.faults) == 1:
            return str(self.faults[0])
        lines = [f"{len(self.faults)} faults in the configuration:", *map(str, self.faults[:SHOWN])]
        if len(self.faults) > SHOWN:
            lines.append(f"and {len(self.faults) - SHOWN} more")
        return "\n  ".join(lines)


class UnableError(SettingsError):
    """An engine is named for a stage that it cannot do, whatever its settings."""

    def __init__(self, name: str, plugin: str, verb: str) -> None:
        super().__init__(f"engine {name!r} (plugin {plugin!r}) cannot {verb}")
        self.what = f"cannot {verb}"


class InputError(TranslatorError):
    """What a person handed over cannot be used."""


class ServiceError(TranslatorError):
    """A program that must run does not run, or refuses us."""


class StageError(TranslatorError):
    """A stage failed on one piece of work.

    `retryable` is true where the same call may go through at once.
    """

    final = False
    """Whether nobody else may try: some of the work is out already."""
    blameless = False
    """Whether it says nothing of the engine: what failed is what was asked of it."""

    def __init__(self, message: str, *, retryable: bool = False, kind: Kind = "fault") -> None:
        super().__init__(message)
        self.retryable = retryable
        self.kind: Kind = kind


class HearError(StageError):
    """An ear failed."""


class UnansweredError(HearError):
    """An ear had no word for speech: it has fallen silent, or there was none to be heard, as in a
    hum. Who hears the same again finds out."""

    blameless = True


class RenderError(StageError):
    """A renderer failed."""


class SpeakError(StageError):
    """A voice failed."""


class InterpretError(StageError):
    """An end-to-end model failed."""


class SummarizeError(StageError):
    """A summarizer failed: no segment is lost."""


def first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group of groups."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
