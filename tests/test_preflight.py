"""What can be told of a meeting's engines before anything starts."""

from pathlib import Path
from typing import Any

import livekit.plugins
import pytest

from translator.engines.preflight import check
from translator.engines.registry import preload
from translator.errors import SettingsError
from translator.settings import Engine, Language, Pair, Segmenting, Settings

pytestmark = pytest.mark.vendor


def settings(**more: Any) -> Settings:
    engines = {
        "ear": Engine(plugin="whisper"),
        "machine": Engine(plugin="apertium"),
        "robot": Engine(plugin="espeak"),
        "gpt": Engine(plugin="openai", key="NOT_SET_1"),
        "human": Engine(plugin="elevenlabs", key="NOT_SET_2"),
    }
    return Settings(
        **{
            "number": 1,
            "engines": engines,
            "hear": "ear",
            "spoken": ("en", "es"),
            "languages": {"es": Language(speak="robot"), "it": Language()},
            "pairs": (Pair.model_validate({"from": "*", "to": "*", "render": "machine"}),),
            "glossaries": {},
            "segments": Segmenting(),
            **more,
        }
    )


def faults(loaded: Settings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        check(loaded, spoken=loaded.spoken, targets=loaded.languages)
    return [str(fault) for fault in caught.value.faults]


def pairs(*some: tuple[str, str, str | list[str]]) -> tuple[Pair, ...]:
    return tuple(
        Pair.model_validate({"from": source, "to": target, "render": render})
        for source, target, render in some
    )


def test_an_engine_that_nobody_uses_needs_no_key() -> None:
    loaded = settings(pairs=pairs(("ja", "*", "gpt"), ("*", "*", "machine"), ("*", "*", "gpt")))
    check(loaded, spoken=loaded.spoken, targets=loaded.languages)


def test_each_engine_that_is_used_needs_its_key_also_as_the_second() -> None:
    loaded = settings(
        pairs=pairs(("*", "*", ["machine", "gpt"])),
        languages={"es": Language(speak=["robot", "human"])},
    )
    assert faults(loaded) == [
        "engines.yaml: engines.gpt: needs a key; run: export NOT_SET_1=...",
        "engines.yaml: engines.human: needs a key; run: export NOT_SET_2=...",
    ]


def test_an_engine_cannot_do_what_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOT_SET_1", "x")
    wrong = settings(
        hear=["robot", "ear"],
        pairs=pairs(("*", "*", ["gpt", "ear"])),
        languages={"es": Language(speak=["machine", "gpt"])},
    )
    assert faults(wrong) == [
        "language_pairs.yaml: hear: robot cannot hear; whisper can, which is built in",
        "language_pairs.yaml: pairs[0].render: ear cannot render; apertium can, which is built in",
        "language_pairs.yaml: languages.es.speak: machine cannot speak; espeak can,"
        " which is built in",
    ]


@pytest.mark.parametrize("kind", ["end_to_end", "hybrid"])
def test_what_cannot_interpret_is_told_where_it_is_named(kind: str) -> None:
    line = Pair.model_validate({"from": "*", "to": "*", "render": "machine", kind: "machine"})
    (only,) = faults(settings(pairs=(line,)))
    where = f"language_pairs.yaml: pairs[0].{kind}: "
    assert only.startswith(
        f"{where}machine cannot interpret from speech to speech; an engine of one"
    )


def test_a_pair_needs_one_engine_that_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOT_SET_1", "x")
    monkeypatch.setattr("translator.engines.registry.installed_modes", lambda: {"eng-spa"})
    (only,) = faults(settings(pairs=pairs(("en", "*", ["machine"]), ("*", "*", "gpt"))))
    assert only.startswith("language_pairs.yaml: pairs[0].render: en -> it by machine: Apertium")
    loaded = settings(pairs=pairs(("en", "*", ["machine", "gpt"]), ("*", "*", "gpt")))
    check(loaded, spoken=loaded.spoken, targets=loaded.languages)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nothing_of_that_name", "No module named 'nothing_of_that_name'"),
        ("from livekit.agents import nothing", "cannot import name 'nothing'"),
        ("raise RuntimeError('no licence')", "no licence"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_said_so_and_stops_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text(text)
    monkeypatch.setattr("livekit.plugins.__path__", [*livekit.plugins.__path__, str(tmp_path)])
    loaded = settings(hear="mine")
    loaded = loaded.model_copy(
        update={"engines": {**loaded.engines, "mine": Engine(plugin="broken")}}
    )
    preload(loaded)
    (told,) = faults(loaded)
    assert "'broken' cannot be imported" in told
    assert why in told
