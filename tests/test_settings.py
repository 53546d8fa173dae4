"""Two files as one snapshot, or every fault in them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from tests.folders import ANYTHING, ENGINES, PAIRS, TERMS, Folder, changed
from translator.errors import Fault, SettingsError
from translator.settings import Language, load

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]

ENGINES_TEXT = yaml.safe_dump(ENGINES, sort_keys=False)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_both_files_become_one_snapshot(folder: Folder) -> None:
    settings = folder.load(number=7)
    assert settings.number == 7
    assert (settings.heard_by, settings.spoken) == (("whisper",), ("en", "es"))
    assert settings.languages["fr"].voices_of("espeak") == ("fr",)
    assert settings.languages["de"].speak is None
    assert settings.engines["llm"].key == "SOME_KEY"
    assert (settings.max_wait, settings.grace, settings.max_languages) == (2.0, 10.0, 10)
    assert (settings.segments.min_words, settings.segments.max_seconds) == (4, 2.0)


@pytest.mark.parametrize(
    ("segments", "values"),
    [
        ("fast", (3, 1.2, 0.35, 0.6)),
        ("careful", (6, 5.0, 0.6, 1.2)),
        ({"max_seconds": 3.0}, (4, 3.0, 0.45, 0.8)),
        ({"preset": "fast", "min_words": 5}, (5, 1.2, 0.35, 0.6)),
        ({"endpointing": 1.4}, (4, 2.0, 0.45, 1.4)),
    ],
)
def test_a_preset_says_how_soon_speech_is_cut_and_single_values_change_it(
    folder: Folder, segments: object, values: tuple[int, float, float, float]
) -> None:
    found = folder.load(changed(PAIRS, segments=segments)).segments
    assert (found.min_words, found.max_seconds, found.pause, found.endpointing) == values
    assert found.limits.anywhere == (found.preset == "fast")
    assert (found.pauses.finished, found.pauses.longest) == values[2:]


@pytest.mark.parametrize(
    ("segments", "said"),
    [("quick", "fast"), ({"pause": 1.0}, "`endpointing` (0.8) is shorter than `pause` (1)")],
)
def test_a_preset_that_does_not_exist_and_pauses_that_cannot_be_are_refused(
    folder: Folder, segments: object, said: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        folder.load(changed(PAIRS, segments=segments))


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
        assert pair.rendered_by == (render,)


def test_where_no_pair_fits_there_is_none(folder: Folder) -> None:
    settings = folder.load(changed(PAIRS, pairs=[PAIRS["pairs"][0]]))
    assert settings.pair("fr", "es") is None
    assert settings.glossary("fr", "es").entries == ()


def test_a_pair_has_its_glossaries(folder: Folder) -> None:
    settings = folder.load()
    glossary = settings.glossary("en", "es")
    assert [term.target for term in glossary.terms("the committee", "en", "es")] == ["comité"]
    assert settings.glossary("en", "fr").entries == ()


def test_a_pair_has_a_register_and_a_gender_or_none(folder: Folder) -> None:
    formal = {**PAIRS["pairs"][0], "register": "formal", "gender": "feminine"}
    told, untold = folder.load(changed(PAIRS, pairs=[formal, ANYTHING])).pairs
    assert (told.register_, told.gender) == ("formal", "feminine")
    assert (untold.register_, untold.gender) == (None, None)


@pytest.mark.parametrize(
    ("key", "value", "known"),
    [
        ("register", "polite", "allowed: formal, informal"),
        ("gender", "female", "allowed: feminine, masculine, neutral"),
    ],
)
def test_another_register_or_gender_is_refused_with_those_there_are(
    folder: Folder, key: str, value: str, known: str
) -> None:
    fault = folder.fault(changed(PAIRS, pairs=[{**ANYTHING, key: value}]))
    assert f"pairs[0].{key}" in fault
    assert known in fault


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
    for place in ("hear: unknown engine 'wisper'", "languages.es.speak", "pairs[0].render"):
        assert place in fault
    assert "did you mean 'whisper'?; engines.yaml has: apertium, espeak, llm, whisper" in fault


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"spoken": []}, "spoken"),
        ({"spoken": ["klingonish"]}, "spoken[0]"),
        ({"languages": {}}, "languages"),
        ({"languages": {"es": {"speek": "espeak"}}}, "languages.es.speek"),
        ({"version": 2}, "version"),
        ({"max_wait": -1}, "max_wait"),
        ({"max_wait": "long"}, "max_wait"),
        ({"max_languages": 0}, "max_languages"),
        ({"segments": {"min_words": 0}}, "segments.min_words"),
        ({"pairs": [{"to": "es", "render": "llm"}]}, "pairs[0].from"),
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
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: is missing"):
        load(folder.path / "nowhere.yaml", folder.write("engines.yaml", ENGINES))


def test_a_fault_in_a_broken_file_hides_none_in_the_others(folder: Folder) -> None:
    folder.write("terms.yaml", {"version": 1, "terms": [{"en": "committee"}]})
    engines = changed(ENGINES, engines={"whisper": {"plugin": "whisper", "modell": "base"}})
    fault = folder.fault(changed(PAIRS, max_wait=-1), engines)
    assert "engines.yaml:" in fault
    assert "engines.whisper.modell: there is no such key; did you mean 'model'?" in fault
    assert "max_wait: must be 0 or more; allowed: 0 to 10" in fault
    assert "unknown engine 'llm'" in fault
    assert "terms.yaml:2: terms[0]: two languages at least" in fault


def test_engines_that_cannot_be_read_leave_names_unchecked(folder: Folder) -> None:
    fault = folder.fault(changed(PAIRS, grace=-1), "version: [")
    assert "engines.yaml" in fault
    assert "grace" in fault
    assert "unknown engine" not in fault


def test_each_fault_has_the_line_of_its_key(folder: Folder) -> None:
    text = """\
version: 1
hear: whisper
spoken: [en,
         spanish]
languages:
  es: {speak: espeak}
  fr:
    speek: espeak
pairs:
  - from: en
    to: es
    render: llm
  - {from: "*", render: apertium}
segments: {min_words: few}
"""
    with pytest.raises(SettingsError) as caught:
        folder.load(text)
    places = [(one.line, one.key) for one in caught.value.faults if isinstance(one, Fault)]
    assert places == [
        (4, "spoken[1]"),
        (8, "languages.fr.speek"),
        (13, "pairs[1].to"),
        (14, "segments.min_words"),
    ]


def test_a_language_by_its_name_is_understood_and_refused(folder: Folder) -> None:
    fault = folder.fault(changed(PAIRS, spoken=["Spanish"]))
    assert "did you mean es (Spanish)?" in fault


def test_a_key_in_the_place_of_its_name_is_not_shown(folder: Folder) -> None:
    engine = {"plugin": "openai", "key": "sk-1234567890"}
    fault = folder.fault(engines=changed(ENGINES, engines={"llm": engine}))
    assert "must be the NAME of an environment variable" in fault
    assert "1234567890" not in fault


@pytest.mark.parametrize(
    "url",
    [
        "https://u:sekretpw@host.example/v1",
        "https://sekretpw@host.example/v1",
        "https://u:sekret/pw@host.example/v1",
        "https://host.example/v1?api-version=1&api-key=sekretpw",
        "https://host.example/v1?key=sekretpw",
        "wss://host.example/v1?Token=sekretpw",
    ],
)
def test_a_key_in_an_address_is_refused_and_not_shown(folder: Folder, url: str) -> None:
    engine = {"plugin": "openai", "base_url": url}
    fault = folder.fault(engines=changed(ENGINES, engines={"llm": engine}))
    assert "engines.llm.base_url: " in fault
    assert "sekret" not in fault
    assert "the key itself is never written into a file" in fault


def test_what_is_no_address_is_refused(folder: Folder) -> None:
    engine = {"plugin": "openai", "base_url": "https://[host/v1"}
    fault = folder.fault(engines=changed(ENGINES, engines={"llm": engine}))
    assert "engines.llm.base_url: is no address; write one such as https://host/v1" in fault


def test_an_address_may_have_a_query(folder: Folder) -> None:
    url = "https://host.example:8443/v1?api-version=2024-10-21"
    engines = {**ENGINES["engines"], "llm": {"plugin": "openai", "base_url": url}}
    assert folder.load(engines=changed(ENGINES, engines=engines)).engines["llm"].base_url == url


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"price": {"session_hour": -0.45}}, "price.session_hour: must be 0 or more"),
        ({"price": {"session_hour": "dear"}}, "price.session_hour: must be a number"),
        ({"options": [1]}, "options: must be lines of `key: value`"),
        ({"model": 4}, "model: must be a word; put it into quotes"),
    ],
)
def test_a_value_that_an_engine_cannot_have_is_told_with_what_it_can(
    folder: Folder, change: dict[str, Any], told: str
) -> None:
    engine = {**ENGINES["engines"]["llm"], **change}
    assert f"engines.llm.{told}" in folder.fault(engines=changed(ENGINES, engines={"llm": engine}))


def test_a_ceiling_of_less_than_nothing_is_told_with_what_can_be(folder: Folder) -> None:
    fault = folder.fault(engines=changed(ENGINES, ceilings={"person": -2}))
    assert "ceilings.person: must be more than 0" in fault


def test_norwegian_is_a_language(folder: Folder) -> None:
    text = yaml.safe_dump(changed(PAIRS, spoken=["en"])).replace("- en", "- no")
    assert folder.load(text).spoken == ("no",)


def test_a_language_with_nothing_behind_it_has_captions_only(folder: Folder) -> None:
    settings = folder.load(changed(PAIRS, languages={"de": None}))
    assert settings.languages["de"] == Language()


def test_two_spellings_of_one_language_are_one_too_many(folder: Folder) -> None:
    fault = folder.fault(changed(PAIRS, languages={"es": {}, "ES": {}}))
    assert "es is given twice" in fault


def test_engines_are_a_name_or_several_in_order(folder: Folder) -> None:
    pairs = changed(
        PAIRS,
        hear=["whisper", "llm"],
        languages={"es": {"speak": ["llm", "espeak"], "voice": "nova"}, "de": {}},
        pairs=[{"from": "*", "to": "*", "render": ["llm", "apertium"]}],
    )
    settings = folder.load(pairs)
    spanish = settings.languages["es"]
    assert settings.heard_by == ("whisper", "llm")
    assert (spanish.spoken_by, spanish.speak) == (("llm", "espeak"), "llm")
    assert settings.pairs[0].rendered_by == ("llm", "apertium")
    assert settings.languages["de"].spoken_by == ()


@pytest.mark.parametrize("names", [[], None, [""], {"llm": 1}])
def test_no_engine_is_no_list_of_engines(folder: Folder, names: Any) -> None:
    pairs = [{"from": "*", "to": "*", "render": names}]
    assert "pairs[0].render" in folder.fault(changed(PAIRS, pairs=pairs))


def test_every_unknown_engine_of_a_list_is_named(folder: Folder) -> None:
    pairs = [{"from": "*", "to": "*", "render": ["gpt", "apertium", "deepl"]}]
    fault = folder.fault(changed(PAIRS, pairs=pairs))
    assert "pairs[0].render[0]: unknown engine 'gpt'" in fault
    assert "pairs[0].render[2]: unknown engine 'deepl'" in fault


def test_options_keep_the_types_that_they_are_written_in(folder: Folder) -> None:
    engine = "{plugin: openai, options: {speed: 1.2, level: 3, on: true, name: '3', word: no}}"
    settings = folder.load(engines=ENGINES_TEXT + f"  tuned: {engine}\n")
    options = {"speed": 1.2, "level": 3, "on": True, "name": "3", "word": "no"}
    assert settings.engines["tuned"].options == options
