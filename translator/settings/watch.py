"""Edits of the files, while a meeting runs.

Editors write in many ways: in place and bit by bit, or another file that is then renamed; some
delete first. So folders are watched, not files, and an edit is read when it has been quiet for
QUIET. What cannot be used then is read again after PATIENCE before it is called a bad edit.
"""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

from translator.errors import Fault, SettingsError
from translator.settings.load import load, pairs_path_of
from translator.settings.names import MEETINGS
from translator.settings.snapshot import Settings

logger = logging.getLogger(__name__)

QUIET_MS = 200
"""Milliseconds without a further change after which an edit is read."""
LOOK_MS = 1000
"""Milliseconds after which files are looked at without any news of a change: not every file
system tells, and none tells of what happens while it is asked about another folder."""
PATIENCE = 1.0
"""Seconds that a file which cannot be used is given to be complete."""

Stamp = tuple[int, int, int] | None
"""Inode, time and size of a file; None where there is none."""


async def changes(
    pairs_path: Path, engines_path: Path, *, meeting: str | None = None, current: Settings
) -> AsyncGenerator[Settings | SettingsError, None]:
    """The settings after each edit that changes something, numbered on; or why it cannot be used.

    The arguments are those of `load`, and `current` is what it gave. A bad edit is told once;
    the next good one is given even where it only restores what was before.
    """
    watch = _Watch(pairs_path, engines_path, meeting, current)
    while True:
        folders = await asyncio.to_thread(watch.folders)
        async with aclosing(_news(folders)) as news:
            async for _ in news:
                edit = await watch.look()
                if edit is not None:
                    yield edit
                if await asyncio.to_thread(watch.folders) != folders:
                    break


async def _news(folders: Collection[Path]) -> AsyncGenerator[None, None]:
    """Whenever something may have happened in one of `folders`; ends where that is not known."""
    watching = awatch(
        *folders,
        watch_filter=None,
        step=QUIET_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
    )
    try:
        async with aclosing(watching):
            async for _ in watching:
                yield
    except (OSError, RuntimeError) as error:  # a folder went, or there are too many
        logger.warning("files of the configuration are looked at, not watched: %s", error)
        await asyncio.sleep(LOOK_MS / 1000)
        yield


class _Watch:
    """What was last read, and what was last told."""

    def __init__(
        self, pairs_path: Path, engines_path: Path, meeting: str | None, current: Settings
    ) -> None:
        self._shared = pairs_path
        self._engines = engines_path
        self._meeting = meeting
        self._current = current
        self._told: SettingsError | None = None
        self._stamps: dict[Path, Stamp] | None = None

    def folders(self) -> tuple[Path, ...]:
        """Those that are there, of those in which something may happen."""
        folders = {path.parent for path in self._files()}
        folders.add(self._shared.parent / MEETINGS)
        return tuple(sorted(folder for folder in folders if os.path.isdir(folder)))

    def _files(self) -> set[Path]:
        """All that matters: what settings were read from, and what stopped them."""
        own = pairs_path_of(self._meeting, self._shared)
        files = {self._shared, self._engines, own}
        files |= {own.parent / name for name in self._current.glossaries}
        if self._current.agenda is not None:
            files.add(own.parent / self._current.agenda)
        if self._told is not None:
            files |= {fault.file for fault in self._told.faults if isinstance(fault, Fault)}
        return files

    async def look(self) -> Settings | SettingsError | None:
        """What an edit came to, if there was one."""
        stamps = await asyncio.to_thread(_stamps, self._files())
        if stamps == self._stamps:
            return None
        found = await asyncio.to_thread(self._load)
        if isinstance(found, SettingsError) and not self._is_told(found):
            await asyncio.sleep(PATIENCE)
            stamps = await asyncio.to_thread(_stamps, self._files())
            found = await asyncio.to_thread(self._load)
        self._stamps = stamps
        return self._news(found)

    def _load(self) -> Settings | SettingsError:
        number = self._current.number + 1
        try:
            return load(self._shared, self._engines, meeting=self._meeting, number=number)
        except SettingsError as error:
            return error

    def _is_told(self, error: SettingsError) -> bool:
        return self._told is not None and self._told.faults == error.faults

    def _news(self, found: Settings | SettingsError) -> Settings | SettingsError | None:
        if isinstance(found, SettingsError):
            if self._is_told(found):
                return None
            self._told = found
            return found
        same = found == self._current.model_copy(update={"number": found.number})
        if same and self._told is None:
            return None
        self._told = None
        self._current = found
        return found


def _stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
