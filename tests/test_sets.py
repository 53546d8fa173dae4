"""A set of engines in the place of those that an organizer names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from translator.__main__ import main
from translator.errors import SettingsError
from translator.settings import Settings, diff, load
from translator.settings.sets import SET

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
ENGINES: dict[str, Any] = {
    "version": 1,
    "engines": {
        "whisper": {"plugin": "whisper"},
        "apertium": {"plugin": "apertium"},
        "espeak": {"plugin": "espeak"},
        "ears": {"plugin": "assemblyai", "key": "EARS_KEY"},
        "llm": {"plugin": "openai", "key": "LLM_KEY"},
        "robot": {
            "plugin": "azure",
            "key": "ROBOT_KEY",
            "voices": {"es": ["elvira", "alvaro"], "es-MX": "dalia", "fr": "denise"},
        },
        "realtime": {"plugin": "openai", "key": "LLM_KEY"},
    },
    "sets": {
        "cloud": {
            "hear": ["ears", "whisper"],
            "render": ["llm", "apertium"],
            "speak": {"ca": "espeak", "*": ["robot", "espeak"]},
            "summarize": "llm",
        },
        "embedded": {"hear": "whisper", "render": "apertium", "speak": "espeak"},
    },
}
PAIRS: dict[str, Any] = {
    "version": 1,
    "hear": "whisper",
    "spoken": ["en", "es"],
    "languages": {
        "es": {"speak": "espeak"},
        "fr": {"speak": "espeak", "voice": "fr+f3"},
        "ca": {"speak": ["robot", "espeak"], "voice": "joana"},
        "de": {},
    },
    "pairs": [
        {"from": "en", "to": "es", "render": "llm", "register": "formal", "end_to_end": "realtime"},
        {"from": "*", "to": "*", "render": "apertium", "guard": False},
    ],
}


@pytest.fixture(autouse=True)
def no_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SET, raising=False)


def loaded(folder: Path, pairs: Any = PAIRS, engines: Any = ENGINES) -> Settings:
    for name, content in (("language_pairs.yaml", pairs), ("engines.yaml", engines)):
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load(folder / "language_pairs.yaml", folder / "engines.yaml")


def test_a_set_takes_the_place_of_every_engine_that_is_named(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PAIRS | {"engines": "cloud"})
    assert settings.heard_by == ("ears", "whisper")
    assert [pair.rendered_by for pair in settings.pairs] == [("llm", "apertium")] * 2
    assert [pair.realtime for pair in settings.pairs] == [None, None]
    spoken = {code: language.spoken_by for code, language in settings.languages.items()}
    both = ("robot", "espeak")
    assert spoken == {"es": both, "fr": both, "ca": ("espeak",), "de": ()}
    assert settings.summarize == "llm"
    assert settings.engine_set == "cloud"


def test_all_else_stays_as_the_organizer_has_it(tmp_path: Path) -> None:
    before, after = loaded(tmp_path), loaded(tmp_path, PAIRS | {"engines": "cloud"})
    assert before.engine_set is None
    assert before.heard_by == ("whisper",)
    assert [(one.register_, one.guard) for one in after.pairs] == [("formal", True), (None, False)]
    assert after.spoken == before.spoken
    assert list(after.languages) == list(before.languages)
    assert "hear: whisper -> ears, then whisper" in diff(before, after)


def test_a_voice_stays_where_its_engine_does(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PAIRS | {"engines": "cloud"})
    french, catalan = settings.languages["fr"], settings.languages["ca"]
    assert french.voices_of("espeak") == ("fr+f3",)
    assert french.voices_of("robot") == ("denise",)
    assert catalan.voices_of("espeak") == ()  # joana is no voice of its


def test_an_engine_has_voices_for_languages_that_name_none(tmp_path: Path) -> None:
    named = {
        "es-AR": {"speak": "robot"},
        "es-MX": {"speak": ["espeak", "robot"]},
        "fr": {"speak": "robot", "voice": "henri"},
        "it": {"speak": "robot"},
    }
    languages = loaded(tmp_path, PAIRS | {"languages": named}).languages
    assert languages["es-AR"].voices_of("robot") == ("elvira", "alvaro")
    assert languages["es-MX"].voices_of("robot") == ("dalia",)
    assert languages["es-MX"].voices_of("espeak") == ()
    assert languages["fr"].voices_of("robot") == ("henri",)
    assert languages["it"].voices_of("robot") == ()


def test_a_voice_that_speaks_every_language_is_named_once(tmp_path: Path) -> None:
    robot = ENGINES["engines"]["robot"] | {"voices": {"es": "elvira", "*": ["sarah", "george"]}}
    engines = ENGINES | {"engines": ENGINES["engines"] | {"robot": robot}}
    named = {code: {"speak": "robot"} for code in ("es-AR", "it")}
    languages = loaded(tmp_path, PAIRS | {"languages": named}, engines).languages
    assert languages["es-AR"].voices_of("robot") == ("elvira",)
    assert languages["it"].voices_of("robot") == ("sarah", "george")


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SET, "embedded")
    settings = loaded(tmp_path, PAIRS | {"engines": "cloud", "summarize": "llm"})
    assert (settings.engine_set, settings.heard_by) == ("embedded", ("whisper",))
    assert settings.summarize is None


def test_a_set_that_does_not_exist_is_told_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "unknown set 'clod'; did you mean 'cloud'?; `sets` of engines.yaml has: cloud, embedded"
    with pytest.raises(SettingsError) as wrong:
        loaded(tmp_path, PAIRS | {"engines": "clod"})
    line = len((tmp_path / "language_pairs.yaml").read_text(encoding="utf-8").splitlines())
    assert str(wrong.value) == f"{tmp_path}/language_pairs.yaml:{line}: engines: {said}"
    monkeypatch.setenv(SET, "clod")
    with pytest.raises(SettingsError) as wrong:
        loaded(tmp_path)
    assert str(wrong.value) == f"--engines or {SET}: {said}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("clod", "unknown set 'clod'; did you mean 'cloud'?; "),
        ("llm", "'llm' is an engine, not a set of engines; "),
        (
            "loopback-azure",
            "unknown set 'loopback-azure': only make plays it (`make run",
        ),
    ],
)
def test_an_unknown_set_is_told_once_by_what_names_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    said: str,
) -> None:
    monkeypatch.setenv(SET, "")
    monkeypatch.delenv("TRANSLATOR_ENGINES", raising=False)
    loaded(tmp_path)
    assert main(["check", str(tmp_path), "--engines", name]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"translator: --engines or {SET}: {said}")
    assert "`sets` of engines.yaml has: cloud, embedded" in errors
    assert "engines.yaml:" not in errors


def test_an_engine_in_place_of_a_set_is_told_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="engines: 'llm' is an engine, not a set of engines;"):
        loaded(tmp_path, PAIRS | {"engines": "llm"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hear": "eras"}, "sets.mine.hear: unknown engine 'eras'; did you mean 'ears'?"),
        ({"speak": {"ca": "espeak"}}, 'sets.mine.speak: "*" is missing'),
        ({"speak": {"*": "robo"}}, "unknown engine 'robo'; did you mean 'robot'?"),
        ({"render": []}, "sets.mine.render: must not be empty"),
        ({"listen": "ears"}, "sets.mine.listen: there is no such key"),
    ],
)
def test_what_a_set_names_must_be_there(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    mine = {**ENGINES["sets"]["embedded"], **change}
    with pytest.raises(SettingsError) as wrong:
        loaded(tmp_path, engines={**ENGINES, "sets": {"mine": mine}})
    assert said in str(wrong.value)
    assert f"{tmp_path}/engines.yaml:" in str(wrong.value)


@pytest.mark.parametrize("name", ["embedded", "cloud", "cloud-fast", "cloud-azure"])
def test_the_shipped_sets_end_with_engines_that_need_no_key(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SET, name)
    settings = load(ROOT / "language_pairs.yaml", ROOT / "engines.yaml")
    assert settings.heard_by[-1] == "whisper"
    assert all(pair.rendered_by[-1] == "apertium" for pair in settings.pairs)
    assert all(language.spoken_by[-1] == "espeak" for language in settings.languages.values())
