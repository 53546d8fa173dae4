"""Real recordings, which lie beside the repository: they are not ours to hand on."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "speech"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What the manifest says of one recording."""

    id: str
    path: Path
    """Mono FLAC."""
    language: str
    """BCP-47, of most of it."""
    seconds: float
    transcript: str
    references: dict[str, str]
    """Translations of the whole transcript, by language."""
    segments: tuple[dict[str, Any], ...] = ()
    """Of long ones: `start` and `end` in seconds, `text`, translations by language code."""


def manifest() -> dict[str, Recording]:
    """All recordings by id. Skips the test where there are none."""
    entries = json.loads((_folder() / "manifest.json").read_text(encoding="utf-8"))
    return {entry["id"]: _recording(entry) for entry in entries}


def speech(name: str) -> Path:
    """The recording with the id `name`. Skips the test where there are no recordings at all."""
    return manifest()[name].path


def _recording(entry: dict[str, Any]) -> Recording:
    return Recording(
        id=entry["id"],
        path=FOLDER / entry["file"],
        language=entry["language"],
        seconds=entry["seconds"],
        transcript=entry["transcript"],
        references=entry["references"],
        segments=tuple(entry.get("segments", ())),
    )


def _folder() -> Path:
    if FOLDER.is_dir():
        return FOLDER
    missing = "the recordings are missing: they belong into shared/speech beside the repository"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)  # a run that proves nothing must not look like one that does
    pytest.skip(missing)
