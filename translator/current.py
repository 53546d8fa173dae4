"""The settings of a running meeting, which an edit may change."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from translator.errors import SettingsError
from translator.record import Record, SettingsChanged, SettingsRefused
from translator.settings import Settings, diff

log = logging.getLogger(__name__)

Edits = AsyncGenerator[Settings | SettingsError]
"""The settings after each edit, or why it cannot be used."""

KEPT = 16
"""Snapshots that are kept: a segment finishes under the one it began with."""
LINES, WIDTH = 50, 200
"""Of what organizers are told of an edit: a message has room for no more."""


class Current:
    """The newest snapshot, and those that segments may still be under."""

    def __init__(self, first: Settings) -> None:
        self._kept = {first.number: first}

    @property
    def newest(self) -> Settings:
        """What segments begin with now."""
        return self._kept[max(self._kept)]

    def of(self, number: int) -> Settings:
        """The snapshot of that number; the oldest kept where it is gone."""
        return self._kept.get(number, self._kept[min(self._kept)])

    def take(self, settings: Settings) -> None:
        """Make `settings` the newest; their number is greater than all before."""
        self._kept[settings.number] = settings
        while len(self._kept) > KEPT:
            del self._kept[min(self._kept)]

    async def follow(
        self, edits: Edits, *, record: Record, taken: Callable[[Settings], None]
    ) -> None:
        """Take every edit that can be used, and keep in the record what became of it; `taken` is
        told what the settings were before."""
        async with aclosing(edits):
            async for edit in edits:
                if isinstance(edit, SettingsError):
                    log.warning("the edited settings are not taken over: %s", edit)
                    faults = shortened(map(str, edit.faults))
                    record.emit(SettingsRefused(at=record.clock(), faults=faults))
                    continue
                before = self.newest
                changes = diff(before, edit)
                for line in changes:
                    log.warning("settings %d: %s", edit.number, line)
                self.take(edit)
                taken(before)
                record.emit(
                    SettingsChanged(
                        at=record.clock(), number=edit.number, changes=shortened(changes)
                    )
                )


async def unedited() -> Edits:
    """No edit ever."""
    await asyncio.Event().wait()
    yield SettingsError("nobody edits")


def shortened(lines: Iterable[str]) -> tuple[str, ...]:
    """The first LINES of them, WIDTH characters each, and how many more there are."""
    every = [line[:WIDTH] for line in lines]
    more = [f"and {len(every) - LINES} more"] if len(every) > LINES else []
    return (*every[:LINES], *more)
