"""A meeting's own folder: its settings and its glossaries, and no other meeting's."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.folders import ENGINES, PAIRS, TERMS, Folder, changed
from translator.errors import SettingsError
from translator.settings import Settings, load

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def own(folder: Folder, room: str, **changes: Any) -> Path:
    """Give `room` settings of its own."""
    path = folder.path / "meetings" / room
    path.mkdir(parents=True)
    text = yaml.safe_dump(changed(PAIRS, pairs=[], **changes))
    (path / "language_pairs.yaml").write_text(text)
    return path


def of(folder: Folder, meeting: str) -> Settings:
    return load(
        folder.write("language_pairs.yaml", PAIRS),
        folder.write("engines.yaml", ENGINES),
        meeting=meeting,
    )


def test_a_meeting_has_its_own_settings_where_it_has_a_folder(folder: Folder) -> None:
    own(folder, "board", spoken=["de"])
    assert of(folder, "board").spoken == ("de",)
    assert of(folder, "Board").spoken == ("en", "es")
    assert of(folder, "other").spoken == ("en", "es")


def test_a_meetings_glossaries_are_those_of_its_folder(folder: Folder) -> None:
    path = own(folder, "board")
    pairs = [{"from": "*", "to": "*", "render": "llm", "glossaries": ["terms.yaml"]}]
    (path / "language_pairs.yaml").write_text(yaml.safe_dump(changed(PAIRS, pairs=pairs)))
    with pytest.raises(SettingsError, match=r"meetings/board/terms\.yaml: is missing"):
        of(folder, "board")
    (path / "terms.yaml").write_text("version: 1\nterms:\n  - keep: Board\n")
    glossary = of(folder, "board").glossary("en", "es")
    assert glossary.key_terms("en") == ("Board",)


@pytest.mark.parametrize("name", ["../terms.yaml", "../../terms.yaml", "../other/terms.yaml"])
def test_a_meeting_reads_no_terms_of_another(folder: Folder, name: str) -> None:
    other = own(folder, "other")
    (other / "terms.yaml").write_text(yaml.safe_dump(TERMS))
    path = own(folder, "board")
    pairs = [{"from": "*", "to": "*", "render": "llm", "glossaries": [name]}]
    (path / "language_pairs.yaml").write_text(yaml.safe_dump(changed(PAIRS, pairs=pairs)))
    with pytest.raises(SettingsError, match="outside the folder"):
        of(folder, "board")


def test_all_meetings_read_no_terms_of_one(folder: Folder) -> None:
    (own(folder, "board") / "terms.yaml").write_text(yaml.safe_dump(TERMS))
    name = "meetings/board/terms.yaml"
    pairs = [{"from": "*", "to": "*", "render": "llm", "glossaries": [name]}]
    assert "outside the folder" in folder.fault(changed(PAIRS, pairs=pairs))


@pytest.mark.parametrize(
    "room",
    [
        *("..", ".", "", "../outside", "/etc", "a/b", "a\\b", "a\0b", "board/"),
        *("../meetings/board", "x" * 10_000, "é" * 200, "\ud800", "a\nb", ".hidden", "~", "*"),
    ],
)
def test_a_hostile_name_of_a_room_has_no_folder(folder: Folder, room: str) -> None:
    own(folder, "board", spoken=["de"])
    own(folder, "a/b", spoken=["de"])
    own(folder, ".hidden", spoken=["de"])
    outside = folder.path.parent / "outside"
    outside.mkdir()
    (outside / "language_pairs.yaml").write_text(yaml.safe_dump(PAIRS))
    assert of(folder, room).spoken == ("en", "es")


def test_a_link_leads_into_no_other_meeting(folder: Folder) -> None:
    path = own(folder, "board", spoken=["de"])
    (path.parent / "spy").symlink_to(path)
    thief = path.parent / "thief"
    thief.mkdir()
    (thief / "language_pairs.yaml").symlink_to(path / "language_pairs.yaml")
    assert of(folder, "spy").spoken == ("en", "es")
    assert of(folder, "thief").spoken == ("en", "es")


def test_links_in_a_circle_are_no_folder(folder: Folder) -> None:
    (folder.path / "meetings").mkdir()
    (folder.path / "meetings" / "board").symlink_to("board")
    assert of(folder, "board").spoken == ("en", "es")


def test_a_file_that_is_missing_is_told_with_the_line_that_names_it(folder: Folder) -> None:
    pair = {"from": "*", "to": "*", "render": "llm", "glossaries": ["terms.yaml", "tersm.yaml"]}
    said = folder.fault(changed(PAIRS, pairs=[pair], agenda="agneda.md"))
    file = folder.path / "language_pairs.yaml"
    lines = file.read_text("utf-8").splitlines()
    line = next(n for n, one in enumerate(lines, 1) if "tersm.yaml" in one)
    assert (
        f"{folder.path}/tersm.yaml: is missing, but {file}:{line} names it; did you mean"
        " 'terms.yaml'?" in said
    )
    line = next(n for n, one in enumerate(lines, 1) if "agneda.md" in one)
    assert f"agneda.md: is missing, but {file}:{line} names it" in said


def test_a_key_given_twice_keeps_no_missing_file_from_being_told(folder: Folder) -> None:
    pairs = yaml.safe_dump(changed(PAIRS, agenda="gone.md")) + "spoken: {a: [b]}\n"
    said = folder.fault(pairs)
    assert "gone.md: is missing" in said
    assert "spoken: is given twice" in said
