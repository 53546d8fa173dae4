"""An organizer edits the files while people meet: taken over, or refused, and nobody else's."""

import asyncio
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.rooms.attendees import Attendee, attending, speaking, until
from tests.rooms.rooms import ROOT, children, fitting, is_worker
from translator.access import Role
from translator.agent import ENGINES, PAIRS
from translator.house import house

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]

ROOM = "town hall"
PAIRS_OF_ALL = """
version: 1
hear: whisper
spoken: [en, es]
languages: {es: {speak: espeak}, fr: {speak: espeak}, it: }
pairs: [{from: "*", to: "*", render: apertium, glossaries: [terms.yaml]}]
"""
PAIRS_OF_ONE = """
version: 1
hear: whisper
spoken: [en]
languages: {ca: {speak: espeak}}
pairs: [{from: "*", to: "*", render: apertium}]
"""
TERMS = """
version: 1
terms:
  - {en: printing, es: TIPOGRAFÍA}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that is edited."""
    shutil.copy(ROOT / "engines.yaml", tmp_path)
    (tmp_path / "language_pairs.yaml").write_text(PAIRS_OF_ALL, encoding="utf-8")
    (tmp_path / "terms.yaml").write_text("version: 1\nterms: []\n", encoding="utf-8")
    monkeypatch.setenv(PAIRS, str(tmp_path / "language_pairs.yaml"))
    monkeypatch.setenv(ENGINES, str(tmp_path / "engines.yaml"))
    return tmp_path


async def told(person: Attendee, fact: str) -> dict[str, Any]:
    """The next fact of that kind that an organizer gets."""
    async with asyncio.timeout(60.0):
        while (found := await person.facts.get())["fact"] != fact:
            pass
    return found


def edit(path: Path, text: str) -> None:
    """Write a file anew, at one stroke: half of it is a bad edit, which is told."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def languages(person: Attendee) -> list[str]:
    metadata = json.loads(person.room.metadata or "{}")
    return list(metadata.get("translator", {}).get("languages", ()))


async def test_an_edit_is_taken_over_and_a_bad_one_is_refused(folder: Path) -> None:
    pairs = folder / "language_pairs.yaml"
    async with (
        house(rooms="*", observers=[]) as home,
        attending(home.access, ROOM, "p-boss", read="es", role=Role.ORGANIZER) as boss,
        speaking(home.access, ROOM),
    ):
        await until(lambda: len(boss.texts("es")) > 1)
        assert languages(boss) == ["es", "fr", "it"]
        assert "tipografía" not in " ".join(boss.texts("es")).lower()

        edit(folder / "terms.yaml", TERMS)
        changed = await told(boss, "SettingsChanged")
        assert changed["number"] == 2
        assert "terms.yaml" in changed["changes"][0]
        await until(lambda: "tipografía" in " ".join(boss.texts("es")).lower(), within=90.0)

        edit(pairs, PAIRS_OF_ALL.replace(", it: ", ", xx-klingon: "))
        refused = await told(boss, "SettingsRefused")
        assert "language_pairs.yaml:5" in refused["faults"][0]
        assert languages(boss) == ["es", "fr", "it"]
        known = len(boss.texts("es"))
        await until(lambda: len(boss.texts("es")) > known)

        edit(pairs, PAIRS_OF_ALL.replace(", it: ", ""))
        changed = await told(boss, "SettingsChanged")
        assert "languages: - it" in changed["changes"]
        await until(lambda: languages(boss) == ["es", "fr"])


async def test_a_meeting_of_its_own_settings_is_not_touched_by_those_of_others(
    folder: Path,
) -> None:
    own = folder / "meetings" / "village"
    own.mkdir(parents=True)
    (own / "language_pairs.yaml").write_text(PAIRS_OF_ONE, encoding="utf-8")
    async with (
        house(rooms="*", observers=[]) as home,
        attending(home.access, ROOM, "p-boss", read="es", role=Role.ORGANIZER) as town,
        attending(home.access, "village", "p-boss", read="ca", role=Role.ORGANIZER) as village,
    ):
        await until(lambda: languages(town) == ["es", "fr", "it"], within=60.0)
        await until(lambda: languages(village) == ["ca"], within=60.0)

        edit(folder / "language_pairs.yaml", PAIRS_OF_ALL.replace(", it: ", ""))
        await until(lambda: languages(town) == ["es", "fr"])
        assert languages(village) == ["ca"]

        edit(own / "language_pairs.yaml", PAIRS_OF_ONE.replace("{ca:", "{it: , ca:"))
        await until(lambda: languages(village) == ["it", "ca"])
        assert languages(town) == ["es", "fr"]


@pytest.mark.parametrize(
    ("bad", "why"), [("spoken: [spanish]", "no language code"), ("hear: deaf", "cannot hear")]
)
async def test_a_bad_edit_stops_no_meeting_that_opens_after_it(
    folder: Path, bad: str, why: str
) -> None:
    engines = folder / "engines.yaml"
    text = engines.read_text(encoding="utf-8")
    engines.write_text(
        text.replace("\nengines:\n", "\nengines:\n  deaf: {plugin: espeak}\n"), "utf-8"
    )
    good = PAIRS_OF_ALL.splitlines()
    edited = [bad if line.startswith(bad.split(":")[0]) else line for line in good]
    async with house(rooms="*", observers=[]) as home:
        edit(folder / "language_pairs.yaml", "\n".join(edited))
        for room in ("first", "second"):  # a process was ready for the first before the edit
            async with (
                attending(home.access, room, "p-boss", read="es", role=Role.ORGANIZER) as boss,
                speaking(home.access, room),
            ):
                refused = await told(boss, "SettingsRefused")
                assert why in refused["faults"][0]
                await until(partial(reads, boss, 2), within=60.0)
                assert languages(boss) == ["es", "fr", "it"]
        await stays_one(within=60.0)


def reads(person: Attendee, count: int) -> bool:
    return len(person.texts("es")) >= count


async def stays_one(*, within: float) -> None:
    """Wait until one process has been ready for the next meeting for a while, the meetings' own
    have ended, and none takes its place again and again. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            await until(lambda: len(workers()) == 1)
            one = workers()
            await asyncio.sleep(3.0)
            if workers() == one:
                return


def workers() -> set[int]:
    """The processes for meetings that this test's worker runs."""
    return {one.pid for one in fitting(children(), is_worker)}
