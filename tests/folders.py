"""A folder with both files and a glossary, right or with the faults that a test wants."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from translator.errors import SettingsError
from translator.settings import Settings, load

ENGINES: dict[str, Any] = {
    "version": 1,
    "engines": {
        "whisper": {"plugin": "whisper", "model": "base"},
        "apertium": {"plugin": "apertium"},
        "llm": {"plugin": "openai", "base_url": "http://127.0.0.1:1/v1", "key": "SOME_KEY"},
        "espeak": {"plugin": "espeak"},
    },
}
PAIRS: dict[str, Any] = {
    "version": 1,
    "hear": "whisper",
    "spoken": ["en", "es"],
    "languages": {"es": {"speak": "espeak"}, "fr": {"speak": "espeak", "voice": "fr"}, "de": {}},
    "pairs": [
        {"from": "en", "to": "es", "render": "llm", "glossaries": ["terms.yaml"]},
        {"from": "*", "to": "*", "render": "apertium"},
    ],
}
ANYTHING = PAIRS["pairs"][1]
COMMITTEE = [{"en": "committee", "es": "comité"}]
TERMS = {"version": 1, "terms": COMMITTEE}


class Folder:
    """A folder of a meeting with both files."""

    def __init__(self, path: Path) -> None:
        self.path = path / "meeting"
        self.path.mkdir()
        self.write("terms.yaml", TERMS)

    def write(self, name: str, content: Any) -> Path:
        path = self.path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    def load(self, pairs: Any = PAIRS, engines: Any = ENGINES, *, number: int = 1) -> Settings:
        return load(
            self.write("language_pairs.yaml", pairs),
            self.write("engines.yaml", engines),
            number=number,
        )

    def fault(self, pairs: Any = PAIRS, engines: Any = ENGINES) -> str:
        with pytest.raises(SettingsError) as caught:
            self.load(pairs, engines)
        return str(caught.value)


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**base, **changes}
