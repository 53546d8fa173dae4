"""What the documents say of names, keys and values is so."""

import re
from pathlib import Path

import pytest

from translator.settings import Pair, PairsFile, Segmenting, ToolServer
from translator.settings.models import PRESETS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_files_that_the_readme_tells_of_are_there() -> None:
    table = text("README.md").split("| file | what it does |")[1].split("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in row.split("|")[1].split("`")[1::2]]
    assert len(named) > 20
    for name in named:
        assert (ROOT / "translator" / name).exists() or (ROOT / name).exists(), name


def test_each_key_of_the_organizers_file_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", text("docs/configuration.md")))
    keys = {
        field.alias or name
        for model in (PairsFile, Pair, Segmenting, ToolServer)
        for name, field in model.model_fields.items()
    }
    assert keys - explained == {"version", "preset"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_the_values_that_are_told(preset: str) -> None:
    meant = Segmenting.model_validate({"preset": preset})
    values = (meant.min_words, meant.max_seconds, meant.anywhere, meant.pause, meant.endpointing)
    cells = " | ".join(str(value).lower() for value in values)
    assert f"| `{preset}` | {cells} |" in text("docs/configuration.md")


GUIDES = sorted(
    ["README.md", "CONTRIBUTING.md", *(f"docs/{one.name}" for one in ROOT.glob("docs/*.md"))]
)


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_leads_to_is_there(guide: str) -> None:
    content = text(guide)
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", content)
    files = re.findall(r"`((?:translator|tests|bench|docs|scripts)/[\w./-]+\.\w+)`", content)
    modules = [name.replace(".", "/") for name in re.findall(r"python -m ([\w.]+)", content)]
    places = [(ROOT / guide).parent / link for link in links]
    places += [ROOT / file for file in files if "pirate" not in file]  # whoever adds one writes it
    assert [str(place) for place in places if not place.exists()] == []
    runnable = [(ROOT / f"{one}.py", ROOT / one / "__main__.py") for one in modules]
    assert [file for file, package in runnable if not file.exists() and not package.exists()] == []
