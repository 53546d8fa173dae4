"""What an edit changes, in short lines for organizers."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from tests.folders import ANYTHING, COMMITTEE, ENGINES, PAIRS, Folder, changed
from tests.glossaries import entry, glossary
from translator.settings import (
    Ceilings,
    Engine,
    Language,
    Pair,
    Price,
    Segmenting,
    Settings,
    ToolServer,
    diff,
)
from translator.settings.models import BALANCED, PRESETS

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


def test_a_preset_is_told_with_what_it_changes(folder: Folder) -> None:
    changes = PRESETS["careful"].items()
    assert edited(folder, changed(PAIRS, segments="careful")) == (
        "segments.preset: balanced -> careful",
        *(f"segments.{key}: {BALANCED[key]} -> {value}" for key, value in changes),
    )


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


# --- every key ----------------------------------------------------------------------------------

SPANISH = Language(speak="espeak")
PAIR = Pair.model_validate({"from": "en", "to": "es", "render": "llm"})
LLM = Engine.model_validate({"plugin": "openai", "price": {"input_tokens": 1}})
DB = ToolServer(mcp="http://127.0.0.1:1/mcp", allow=("search",))
SETTINGS = Settings.model_validate(
    {
        "number": 1,
        "hear": "whisper",
        "spoken": ("en", "es"),
        "languages": {"es": SPANISH},
        "pairs": (PAIR,),
        "agenda": "agenda.md",
        "engines": {"llm": LLM},
        "glossaries": {"terms.yaml": glossary(entry(en="committee", es="comité"))},
        "tools": {"db": DB},
    }
)
EDITS: Mapping[type[BaseModel], Mapping[str, tuple[object, tuple[str, ...]]]] = {
    Settings: {
        "heard_by": (("whisper", "llm"), ("hear: whisper -> whisper, then llm",)),
        "spoken": (("en",), ("spoken: - es",)),
        "languages": (
            {"es": SPANISH, "it": Language()},
            ("languages: + it (captions only)",),
        ),
        "pairs": ((), ("pairs: - en -> es",)),
        "summarize": ("llm", ("summarize: none -> llm",)),
        "lookups": (("agenda",), ("lookups: + agenda",)),
        "agenda": ("other.md", ("agenda: agenda.md -> other.md",)),
        "segments": (Segmenting(min_words=6), ("segments.min_words: 4 -> 6",)),
        "max_wait": (3.0, ("max_wait: 2.0 -> 3.0",)),
        "grace": (3.0, ("grace: 10.0 -> 3.0",)),
        "max_languages": (3, ("max_languages: 10 -> 3",)),
        "number": (2, ()),
        "engines": ({"llm": LLM, "gpt": LLM}, ("engines: + gpt",)),
        "currency": ("EUR", ("currency: USD -> EUR",)),
        "ceilings": (Ceilings(day=5.0), ("ceilings.day: none -> 5.0",)),
        "engine_set": ("cloud", ("set of engines: none -> cloud",)),
        "glossaries": ({"terms.yaml": glossary()}, ("glossary terms.yaml: 1 term removed",)),
        "tools": ({}, ("tools: - db",)),
        "agenda_text": ("Ada reports.", ("agenda: another text",)),
    },
    Segmenting: {
        "preset": ("fast", ("segments.preset: balanced -> fast",)),
        "min_words": (6, ("segments.min_words: 4 -> 6",)),
        "max_seconds": (3.0, ("segments.max_seconds: 2.0 -> 3.0",)),
        "anywhere": (True, ("segments.anywhere: false -> true",)),
        "pause": (0.5, (f"segments.pause: {BALANCED['pause']} -> 0.5",)),
        "endpointing": (1.0, (f"segments.endpointing: {BALANCED['endpointing']} -> 1.0",)),
    },
    Language: {
        "spoken_by": (
            ("llm", "espeak"),
            ("languages.es.speak: espeak -> llm, then espeak",),
        ),
        "voices": ({"": ("es",)}, ("languages.es.voice: none -> es of espeak",)),
    },
    Pair: {
        "source": ("fr", ("pairs: + fr -> es by llm", "pairs: - en -> es")),
        "target": ("fr", ("pairs: + en -> fr by llm", "pairs: - en -> es")),
        "rendered_by": (("rules",), ("pairs[0].render: llm -> rules",)),
        "glossaries": (("terms.yaml",), ("pairs[0].glossaries: + terms.yaml",)),
        "register_": ("formal", ("pairs[0].register: none -> formal",)),
        "gender": ("neutral", ("pairs[0].gender: none -> neutral",)),
        "guard": (False, ("pairs[0].guard: true -> false",)),
        "end_to_end": ("live", ("pairs[0].end_to_end: none -> live",)),
        "hybrid": ("live", ("pairs[0].hybrid: none -> live",)),
    },
    Ceilings: {
        name: (5.0, (f"ceilings.{name}: none -> 5.0",)) for name in ("person", "meeting", "day")
    },
    Engine: {
        name: (value, (f"engine llm: other {name}",))
        for name, value in (
            *(("plugin", "groq"), ("model", "large"), ("base_url", "http://127.0.0.1:1")),
            *(("key", "SOME_KEY"), ("options", {"a": 1}), ("voices", {"es": ("nova",)})),
            ("price", None),
        )
    },
    Price: dict.fromkeys(Price.model_fields, (2.0, ("engine llm: other price",))),
    ToolServer: {
        name: (value, (f"tool db: other {name}",))
        for name, value in (
            *(("mcp", "http://127.0.0.1:2/mcp"), ("key", "SOME_KEY")),
            *(("allow", ("search", "get")), ("read_only", True)),
        )
    },
}


def with_one(model: type[BaseModel], update: Mapping[str, object]) -> Settings:
    """SETTINGS with another value in the `model` that they have."""
    old = SETTINGS
    parts: Mapping[type[BaseModel], dict[str, object]] = {
        Settings: dict(update),
        Segmenting: {"segments": old.segments.model_copy(update=update)},
        Language: {"languages": {"es": SPANISH.model_copy(update=update)}},
        Pair: {"pairs": (PAIR.model_copy(update=update),)},
        Ceilings: {"ceilings": old.ceilings.model_copy(update=update)},
        Engine: {"engines": {"llm": LLM.model_copy(update=update)}},
        Price: {"engines": {"llm": _dearer(update)}},
        ToolServer: {"tools": {"db": DB.model_copy(update=update)}},
    }
    return old.model_copy(update=parts[model])


def _dearer(update: Mapping[str, object]) -> Engine:
    assert LLM.price is not None
    return LLM.model_copy(update={"price": LLM.price.model_copy(update=update)})


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The settings models that a value of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


def test_there_is_an_edit_of_every_key() -> None:
    assert {one: set(EDITS[one]) for one in EDITS} == {
        one: set(one.model_fields) for one in models(Settings)
    }


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model, edits in EDITS.items() for name in edits]
)
def test_an_edit_of_any_key_is_told(model: type[BaseModel], name: str) -> None:
    value, lines = EDITS[model][name]
    edited = with_one(model, {name: value})
    assert edited != SETTINGS
    assert diff(SETTINGS, edited) == lines
