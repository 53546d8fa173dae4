"""What an edit changes, in short lines for organizers."""

from pathlib import Path
from typing import Any

import pytest

from tests.folders import ANYTHING, COMMITTEE, ENGINES, PAIRS, Folder, changed
from translator.settings import diff

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def edited(folder: Folder, pairs: Any = PAIRS, engines: Any = ENGINES) -> tuple[str, ...]:
    """The difference that an edit of the usual files makes."""
    before = folder.load()
    return diff(before, folder.load(pairs, engines, number=2))


def test_nothing_is_different_after_no_edit(folder: Folder) -> None:
    assert edited(folder) == ()


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"hear": ["whisper", "llm"]}, ["hear: whisper -> whisper, then llm"]),
        ({"spoken": ["en", "fr"]}, ["spoken: + fr, - es"]),
        ({"spoken": ["es", "en"]}, ["spoken: now in the order es, en"]),
        ({"summarize": "llm"}, ["summarize: none -> llm"]),
        ({"max_wait": 3}, ["max_wait: 2.0 -> 3.0"]),
        ({"segments": {"min_words": 6}}, ["segments.min_words: 4 -> 6"]),
        (
            {"languages": {"es": {}, "fr": {"speak": ["llm"]}, "it": {}, "pt": {"speak": "llm"}}},
            [
                "languages.es.speak: espeak -> none",
                "languages.fr.speak: espeak -> llm",
                "languages.fr.voice: fr of espeak -> none",
                "languages: + it (captions only)",
                "languages: + pt (spoken by llm)",
                "languages: - de",
            ],
        ),
        (
            {
                "pairs": [
                    {"from": "en", "to": "fr", "render": "apertium"},
                    {"from": "en", "to": "es", "render": ["llm", "apertium"]},
                ]
            },
            [
                "pairs: + en -> fr by apertium",
                "pairs[1].render: llm -> llm, then apertium",
                "pairs[1].glossaries: - terms.yaml",
                "pairs: - * -> *",
            ],
        ),
        ({"pairs": PAIRS["pairs"][::-1]}, ["pairs: in another order"]),
        (
            {"pairs": [{**PAIRS["pairs"][0], "register": "formal", "gender": "neutral"}, ANYTHING]},
            ["pairs[0].register: none -> formal", "pairs[0].gender: none -> neutral"],
        ),
    ],
)
def test_a_difference_is_told_in_short_lines(
    folder: Folder, change: dict[str, Any], lines: list[str]
) -> None:
    assert list(edited(folder, changed(PAIRS, **change))) == lines


def test_of_the_operators_engines_no_value_is_told(folder: Folder) -> None:
    engines = {**ENGINES["engines"], "llm": {"plugin": "openai", "model": "m", "key": "OTHER_KEY"}}
    assert edited(
        folder, engines=changed(ENGINES, engines={**engines, "gpt": {"plugin": "x"}})
    ) == (
        "engines: + gpt",
        "engine llm: other model, base_url, key",
    )


@pytest.mark.parametrize(
    ("terms", "line"),
    [
        ([{"en": "committee", "es": "comisión"}], "1 term changed"),
        ([*COMMITTEE, {"keep": "LiveKit"}, {"keep": "Opus"}], "2 terms added"),
        ([{"keep": "LiveKit"}], "1 term added, 1 removed"),
        ([{"en": "committee", "es": "junta"}, {"keep": "Opus"}], "1 term added, 1 changed"),
        ([], "1 term removed"),
    ],
)
def test_terms_are_counted(folder: Folder, terms: list[dict[str, str]], line: str) -> None:
    before = folder.load()
    folder.write("terms.yaml", {"version": 1, "terms": terms})
    assert diff(before, folder.load()) == (f"glossary terms.yaml: {line}",)
