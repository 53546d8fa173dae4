"""Edits of real files, as editors make them, become new settings or are refused."""

import asyncio
import math
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from watchfiles import awatch
from watchfiles.main import FileChange

from translator.errors import SettingsError
from translator.settings import Settings, changes, diff, load, watch
from translator.settings.watch import PATIENCE, QUIET_MS

pytestmark = pytest.mark.engine

SOON = 6.0
"""Seconds in which an edit must be told, on a busy machine."""
LONG = 2.5
"""Seconds in which an edit that is no edit would have been told."""

ENGINES = """\
version: 1
engines:
  ear: {plugin: whisper}
  machine: {plugin: apertium}
  voice: {plugin: espeak}
"""
PAIRS = """\
version: 1
hear: ear
spoken: [en, es]
languages:
  es: {speak: voice}
pairs:
  - {from: "*", to: "*", render: machine, glossaries: [glossaries/terms.yaml]}
"""
TERMS = "version: 1\nterms:\n  - keep: LiveKit\n"

Edit = Settings | SettingsError
Write = Callable[[Path, str], None]


class Files:
    """The files of an organizer."""

    def __init__(self, folder: Path) -> None:
        self.pairs = folder / "language_pairs.yaml"
        self.engines = folder / "engines.yaml"
        self.terms = folder / "glossaries" / "terms.yaml"
        self.terms.parent.mkdir()
        for path, text in ((self.pairs, PAIRS), (self.engines, ENGINES), (self.terms, TERMS)):
            path.write_text(text)
        self.news = asyncio.Event()
        """Something was told of the folder."""

    async def _seen(self) -> None:
        """Until the kernel watches: it tells of a file that is touched again and again."""
        self.news.clear()
        while not self.news.is_set():
            self.pairs.with_name("touched.txt").touch()
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * QUIET_MS / 1000):
                    await self.news.wait()

    @asynccontextmanager
    async def watched(self, meeting: str | None = None) -> AsyncGenerator["Edits", None]:
        current = load(self.pairs, self.engines, meeting=meeting, number=7)
        generator = changes(self.pairs, self.engines, meeting=meeting, current=current)
        async with aclosing(generator), asyncio.TaskGroup() as group:
            edits = Edits(current)
            task = group.create_task(edits.collect(generator))
            await self._seen()
            yield edits
            task.cancel()


class Edits:
    """What was told, and how it differs from what was before."""

    def __init__(self, current: Settings) -> None:
        self._current = current
        self._told: asyncio.Queue[Edit] = asyncio.Queue()

    async def collect(self, generator: AsyncGenerator[Edit, None]) -> None:
        async for edit in generator:
            self._told.put_nowait(edit)

    async def next(self) -> tuple[str, ...]:
        """The difference that the next edit makes."""
        async with asyncio.timeout(SOON):
            edit = await self._told.get()
        assert isinstance(edit, Settings), edit
        assert edit.number == self._current.number + 1
        lines = diff(self._current, edit)
        self._current = edit
        return lines

    async def refused(self) -> str:
        """Why the next edit cannot be used."""
        async with asyncio.timeout(SOON):
            edit = await self._told.get()
        assert isinstance(edit, SettingsError), edit
        return str(edit)

    async def no_more(self) -> None:
        """Nothing is told for a while."""
        await asyncio.sleep(LONG)
        assert self._told.empty(), self._told.get_nowait()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    files = Files(tmp_path)

    async def watching(*folders: Path, **options: Any) -> AsyncGenerator[set[FileChange], None]:
        async with aclosing(awatch(*folders, **options)) as told:
            async for changed in told:
                yield changed
                if changed:  # and looked at; else nothing has happened for a while
                    files.news.set()

    monkeypatch.setattr(watch, "awatch", watching)
    return files


def in_place(path: Path, text: str) -> None:
    path.write_text(text)


def by_renaming(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.swp")
    new.write_text(text)
    new.replace(path)


def with_a_backup(path: Path, text: str) -> None:
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(text)


def move(old: Path, new: Path) -> None:
    old.rename(new)


@pytest.mark.parametrize("write", [in_place, by_renaming, with_a_backup])
async def test_an_edit_is_told_however_the_editor_writes(files: Files, write: Write) -> None:
    async with files.watched() as edits:
        write(files.pairs, PAIRS.replace("es: {speak: voice}", "es: {speak: voice}\n  de:"))
        assert await edits.next() == ("languages: + de (captions only)",)
        write(files.pairs, PAIRS)
        assert await edits.next() == ("languages: - de",)


async def test_glossaries_and_engines_are_watched_too(files: Files) -> None:
    async with files.watched() as edits:
        by_renaming(files.terms, TERMS + "  - keep: Opus\n")
        assert await edits.next() == ("glossary glossaries/terms.yaml: 1 term added",)
        in_place(files.engines, ENGINES.replace("whisper}", "whisper, model: small}"))
        assert await edits.next() == ("engine ear: other model",)


async def test_a_bad_edit_is_told_once_and_the_next_good_one_counts_on(files: Files) -> None:
    async with files.watched() as edits:
        in_place(files.pairs, PAIRS.replace("spoken: [en, es]", "spoken: [spanish]"))
        assert "language_pairs.yaml:3: spoken[0]: 'spanish' is no language code" in (
            await edits.refused()
        )
        await edits.no_more()
        in_place(files.pairs, PAIRS.replace("spoken: [en, es]", "spoken: [en]"))
        assert await edits.next() == ("spoken: - es",)


async def test_taking_a_bad_edit_back_is_told(files: Files) -> None:
    async with files.watched() as edits:
        in_place(files.pairs, PAIRS + "max_wait: soon\n")
        await edits.refused()
        in_place(files.pairs, PAIRS)
        assert await edits.next() == ()


async def test_what_changes_nothing_is_not_told(files: Files) -> None:
    async with files.watched() as edits:
        in_place(files.pairs, PAIRS + "# a comment\n")
        os.utime(files.terms)
        files.pairs.with_name("notes.txt").write_text("by the way")
        await edits.no_more()


async def in_time(write: Coroutine[None, None, None]) -> bool:
    """Whether it took no longer than an edit is waited for; else the machine stood still."""
    begun = time.monotonic()
    await write
    return time.monotonic() - begun < PATIENCE + QUIET_MS / 2000


@pytest.mark.parametrize("parts", [20, 2])
async def test_a_file_that_is_half_written_is_not_told(files: Files, parts: int) -> None:
    text = PAIRS + "max_wait: 4\n"
    size = math.ceil(len(text) / parts)

    async def write() -> None:
        begun = time.monotonic()
        with files.pairs.open("w") as file:
            for number in range(parts):
                await asyncio.sleep(begun + number * PATIENCE / parts - time.monotonic())
                file.write(text[number * size : (number + 1) * size])
                file.flush()

    while True:
        in_place(files.pairs, PAIRS)
        async with files.watched() as edits:
            if await in_time(write()):
                assert await edits.next() == ("max_wait: 2.0 -> 4.0",)
                return


async def test_a_file_that_is_away_for_a_moment_is_not_told(files: Files) -> None:
    async def write() -> None:
        files.pairs.unlink()
        await asyncio.sleep(PATIENCE / 2)
        in_place(files.pairs, PAIRS)

    while True:
        async with files.watched() as edits:
            if await in_time(write()):
                await edits.no_more()
                return


async def test_a_file_that_is_gone_is_told_and_so_is_its_return(files: Files) -> None:
    async with files.watched() as edits:
        files.terms.unlink()
        assert "terms.yaml: is missing" in await edits.refused()
        in_place(files.terms, TERMS + "  - keep: Opus\n")
        assert await edits.next() == ("glossary glossaries/terms.yaml: 1 term added",)


async def test_a_folder_that_comes_later_is_watched(files: Files) -> None:
    new = files.pairs.parent / "more" / "medical.yaml"
    async with files.watched() as edits:
        in_place(files.pairs, PAIRS.replace("terms.yaml]", "terms.yaml, more/medical.yaml]"))
        assert "more/medical.yaml: is missing" in await edits.refused()
        new.parent.mkdir()
        in_place(new, TERMS)
        assert await edits.next() == ("pairs[0].glossaries: + more/medical.yaml",)
        in_place(new, TERMS.replace("LiveKit", "Opus"))
        assert await edits.next() == ("glossary more/medical.yaml: 1 term added, 1 removed",)


async def test_a_meeting_gets_settings_of_its_own_while_it_runs(files: Files) -> None:
    own = files.pairs.parent / "meetings" / "board" / "language_pairs.yaml"
    alone = PAIRS.replace(", glossaries: [glossaries/terms.yaml]", "")
    async with files.watched("board") as board, files.watched("other") as other:
        own.parent.mkdir(parents=True)
        in_place(own, alone)
        assert await board.next() == ("pairs[0].glossaries: - glossaries/terms.yaml",)
        in_place(own, alone + "grace: 20\n")
        assert await board.next() == ("grace: 10.0 -> 20.0",)
        in_place(files.pairs, PAIRS + "grace: 30\n")
        assert await other.next() == ("grace: 10.0 -> 30.0",)
        await board.no_more()
        own.unlink()
        own.parent.rmdir()
        assert await board.next() == (
            "pairs[0].glossaries: + glossaries/terms.yaml",
            "grace: 20.0 -> 30.0",
        )


async def test_an_edit_from_before_the_watch_is_told(files: Files) -> None:
    current = load(files.pairs, files.engines)
    in_place(files.pairs, PAIRS + "grace: 30\n")
    async with (
        asyncio.timeout(SOON),
        aclosing(changes(files.pairs, files.engines, current=current)) as edits,
    ):
        edit = await anext(edits)
    assert isinstance(edit, Settings)
    assert diff(current, edit) == ("grace: 10.0 -> 30.0",)


async def test_a_folder_that_is_gone_ends_nothing(files: Files, tmp_path: Path) -> None:
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    async with files.watched() as edits:
        move(tmp_path, away)
        assert "language_pairs.yaml: is missing" in await edits.refused()
        move(away, tmp_path)
        assert await edits.next() == ()


async def test_watching_ends_when_it_is_cancelled(files: Files) -> None:
    async with asyncio.timeout(2.0), files.watched():
        await asyncio.sleep(0)
