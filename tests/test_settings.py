"""Two files as one snapshot, or every fault in them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from translator.errors import SettingsError
from translator.settings import Settings, load

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]

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
TERMS = {"version": 1, "terms": [{"en": "committee", "es": "comité"}]}


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


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**base, **changes}


def test_both_files_become_one_snapshot(folder: Folder) -> None:
    settings = folder.load(number=7)
    assert settings.number == 7
    assert (settings.hear, settings.spoken) == ("whisper", ("en", "es"))
    assert settings.languages["fr"].voice == "fr"
    assert settings.languages["de"].speak is None
    assert settings.engines["llm"].key == "SOME_KEY"
    assert (settings.max_wait, settings.grace, settings.max_languages) == (2.0, 10.0, 10)
    assert (settings.segments.min_words, settings.segments.max_seconds) == (4, 3.0)


def test_a_snapshot_does_not_change(folder: Folder) -> None:
    settings = folder.load()
    with pytest.raises(ValidationError):
        settings.max_wait = 5.0  # type: ignore[misc]


def test_the_files_that_come_with_the_project_can_be_used() -> None:
    settings = load(ROOT / "language_pairs.yaml", ROOT / "engines.yaml")
    for source in settings.spoken:
        for target in settings.languages:
            assert settings.pair(source, target) is not None


def test_the_first_pair_that_fits_is_taken(folder: Folder) -> None:
    settings = folder.load()
    for source, target, render in (
        ("en", "es", "llm"),
        ("en-GB", "es-MX", "llm"),
        ("en", "fr", "apertium"),
        ("es", "en", "apertium"),
    ):
        pair = settings.pair(source, target)
        assert pair is not None
        assert pair.render == render


def test_where_no_pair_fits_there_is_none(folder: Folder) -> None:
    settings = folder.load(changed(PAIRS, pairs=[PAIRS["pairs"][0]]))
    assert settings.pair("fr", "es") is None
    assert settings.glossary("fr", "es") == ()


def test_a_pair_has_its_glossaries(folder: Folder) -> None:
    settings = folder.load()
    (glossary,) = settings.glossary("en", "es")
    assert [term.target for term in glossary.terms("the committee", "en", "es")] == ["comité"]
    assert settings.glossary("en", "fr") == ()


def test_codes_are_written_in_one_way(folder: Folder) -> None:
    languages: dict[str, Any] = {"ES": {}, "pt_br": {}}
    pairs = [{"from": "ENG", "to": "PT-br", "render": "llm"}]
    settings = folder.load(changed(PAIRS, spoken=["EN-us"], languages=languages, pairs=pairs))
    assert settings.spoken == ("en-US",)
    assert set(settings.languages) == {"es", "pt-BR"}
    assert settings.pairs[0].source == "en"


def test_every_unknown_engine_is_named_with_those_there_are(folder: Folder) -> None:
    pairs = changed(
        PAIRS,
        hear="wisper",
        languages={"es": {"speak": "espeek"}},
        pairs=[{"from": "*", "to": "*", "render": "gpt"}],
    )
    fault = folder.fault(pairs)
    for place in ("hear: unknown engine 'wisper'", "languages.es.speak", "pairs.0.render"):
        assert place in fault
    assert "engines.yaml has: apertium, espeak, llm, whisper" in fault


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"spoken": []}, "spoken"),
        ({"spoken": ["klingonish"]}, "spoken.0"),
        ({"languages": {}}, "languages"),
        ({"languages": {"es": {"speek": "espeak"}}}, "languages.es.speek"),
        ({"version": 2}, "version"),
        ({"max_wait": -1}, "max_wait"),
        ({"max_wait": "long"}, "max_wait"),
        ({"max_languages": 0}, "max_languages"),
        ({"segments": {"min_words": 0}}, "segments.min_words"),
        ({"pairs": [{"to": "es", "render": "llm"}]}, "pairs.0.from"),
        ({"endpoint": "http://somewhere"}, "endpoint"),
    ],
)
def test_a_fault_is_named_with_its_file_and_place(
    folder: Folder, change: dict[str, Any], place: str
) -> None:
    fault = folder.fault(changed(PAIRS, **change))
    assert fault.startswith(str(folder.path / "language_pairs.yaml"))
    assert place in fault


def test_all_faults_are_told_at_once(folder: Folder) -> None:
    fault = folder.fault(changed(PAIRS, spoken=[], max_wait=-1, grace=-1))
    assert all(name in fault for name in ("spoken", "max_wait", "grace"))


@pytest.mark.parametrize(
    "name", ["../secret.yaml", "/etc/passwd", "sub/../../secret.yaml", "link.yaml"]
)
def test_a_glossary_outside_the_folder_is_not_read(folder: Folder, name: str) -> None:
    secret = folder.path.parent / "secret.yaml"
    secret.write_text(yaml.safe_dump(TERMS))
    (folder.path / "link.yaml").symlink_to(secret)
    pairs = [{"from": "*", "to": "*", "render": "llm", "glossaries": [name]}]
    assert "outside the folder" in folder.fault(changed(PAIRS, pairs=pairs))


def test_a_glossary_that_is_missing_is_named(folder: Folder) -> None:
    pairs = [{"from": "*", "to": "*", "render": "llm", "glossaries": ["names.yaml"]}]
    assert "names.yaml" in folder.fault(changed(PAIRS, pairs=pairs))


@pytest.mark.parametrize("content", ["", "[]", "version: 1\nhear: [", "\tversion: 1", "just text"])
def test_what_is_no_settings_file_is_refused(folder: Folder, content: str) -> None:
    assert "language_pairs.yaml" in folder.fault(content)
    assert "engines.yaml" in folder.fault(engines=content)


def test_a_missing_file_is_named(folder: Folder) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml is missing"):
        load(folder.path / "nowhere.yaml", folder.write("engines.yaml", ENGINES))


def test_a_file_that_is_no_text_is_named(folder: Folder) -> None:
    path = folder.path / "language_pairs.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SettingsError, match=r"language_pairs\.yaml cannot be read"):
        load(path, folder.write("engines.yaml", ENGINES))
