"""Two files as one snapshot, or every fault in them."""

import re
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError

from translator.errors import Fault, SettingsError
from translator.settings import Language, Settings, diff, load

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
ANYTHING = PAIRS["pairs"][1]
COMMITTEE = [{"en": "committee", "es": "comité"}]
TERMS = {"version": 1, "terms": COMMITTEE}


ENGINES_TEXT = yaml.safe_dump(ENGINES, sort_keys=False)


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
    assert settings.languages["fr"].voice_of("espeak") == "fr"
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
        assert pair.render == render


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
    assert "max_wait: is too small; allowed: 0 to 10" in fault
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
    assert (settings.heard_by, settings.hear) == (("whisper", "llm"), "whisper")
    assert (spanish.spoken_by, spanish.speak) == (("llm", "espeak"), "llm")
    assert (settings.pairs[0].rendered_by, settings.pairs[0].render) == (("llm", "apertium"), "llm")
    assert settings.languages["de"].spoken_by == ()


def test_a_voice_is_one_of_the_first_engine(folder: Folder) -> None:
    languages = {"es": {"speak": ["llm", "espeak"], "voice": "nova"}}
    spanish = folder.load(changed(PAIRS, languages=languages)).languages["es"]
    assert (spanish.voice_of("llm"), spanish.voice_of("espeak")) == ("nova", None)
    assert "`voice` without `speak`" in folder.fault(
        changed(PAIRS, languages={"es": {"voice": "nova"}})
    )


def test_each_engine_may_have_a_voice(folder: Folder) -> None:
    language = {"speak": ["llm", "espeak"], "voice": {"llm": "nova", "espeak": "es-419"}}
    spanish = folder.load(changed(PAIRS, languages={"es": language})).languages["es"]
    assert (spanish.voice_of("llm"), spanish.voice_of("espeak")) == ("nova", "es-419")
    stray = {"speak": "espeak", "voice": {"llm": "nova"}}
    fault = folder.fault(changed(PAIRS, languages={"es": stray}))
    assert "languages.es: `voice` names 'llm', but `speak` only: espeak" in fault


def test_an_engine_may_have_several_voices_for_as_many_speakers(folder: Folder) -> None:
    language = {"speak": ["llm", "espeak"], "voice": ["nova", "echo"]}
    spanish = folder.load(changed(PAIRS, languages={"es": language})).languages["es"]
    assert spanish.voices_of("llm") == ("nova", "echo")
    assert spanish.voices_of("espeak") == ()
    both = {**language, "voice": {"llm": ["nova", "echo"], "espeak": "es+f3"}}
    spanish = folder.load(changed(PAIRS, languages={"es": both})).languages["es"]
    assert (spanish.voices_of("llm"), spanish.voices_of("espeak")) == (("nova", "echo"), ("es+f3",))


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ([], "must not be empty"),
        (["nova", "nova"], "'nova' is given twice"),
        ({"llm": []}, "must not be empty"),
        ([""], "languages.es.voice"),
    ],
)
def test_what_is_no_list_of_voices_is_told(folder: Folder, voice: Any, said: str) -> None:
    language = {"speak": "llm", "voice": voice}
    assert said in folder.fault(changed(PAIRS, languages={"es": language}))


VOICES = [
    "nova",
    "es-ES-ElviraNeural",
    "en-US-Ava:DragonHDLatestNeural",
    "Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)",
    "EXAVITQu4vr4xnSDxMaL",
    "a0e99841-438c-4a64-b679-ae501e7d6091",
    "fnlp/MOSS-TTSD-v0.5:alex",
    "af_heart+af_sky",
    "roa/fr",
    "en-gb+m3",
    "usual+f5",
    "Zoë",
    "小晓",
]


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_has_the_name_that_its_engine_has_for_it(folder: Folder, voice: str) -> None:
    language = {"speak": "llm", "voice": voice}
    pairs = changed(PAIRS, languages={"es": language})
    assert folder.load(pairs).languages["es"].voice_of("llm") == voice


NO_VOICES = [
    'es-ES-ElviraNeural"><audio src="https://audio.example/x.wav"/><voice name="es-ES-ElviraNeural',
    "../voices?x=",
    "..",
    "a/../b",
    "a/",
    "a//b",
    "/v1/voices",
    "nova#x",
    "nova?x=1",
    "nova&amp;",
    "%2e%2e",
    "a\\b",
    "it's",
    "nova\n",
    " nova",
    "-v",
]


@pytest.mark.parametrize("voice", NO_VOICES)
def test_what_could_be_more_than_a_name_is_no_voice(folder: Folder, voice: str) -> None:
    for speaking in (voice, ["nova", voice], {"llm": voice}):
        language = {"speak": "llm", "voice": speaking}
        fault = folder.fault(changed(PAIRS, languages={"es": language}))
        assert "is no name of a voice" in fault
        assert "languages.es.voice" in fault


def test_the_operators_voices_are_names_too(folder: Folder) -> None:
    engines = changed(ENGINES, engines={"llm": {"plugin": "openai", "voices": {"es": "../x"}}})
    assert "is no name of a voice" in folder.fault(engines=engines)


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


# --- a meeting's own folder ---------------------------------------------------------------------


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


# --- what is different --------------------------------------------------------------------------


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


# --- what anybody may write ---------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        *("version", "hear", "spoken", "languages", "pairs", "segments", "max_wait", "from", "to"),
        *("render", "speak", "voice", "glossaries", "engines", "plugin", "key", "options", "en"),
        "*",
    ]
)
WORDS = st.one_of(
    KEYS, st.sampled_from(["1", "", "~", "!!int", "&a", "*a", "- ", "\t", "#"]), st.text(max_size=8)
)
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)
FILES = st.one_of(
    st.text(),
    st.lists(WORDS).map("".join),
    VALUES.map(lambda value: yaml.safe_dump(value, allow_unicode=True)),
    st.dictionaries(KEYS, VALUES).map(lambda some: yaml.safe_dump({**PAIRS, **some})),
    st.dictionaries(KEYS, VALUES).map(lambda some: yaml.safe_dump({**ENGINES, **some})),
)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pairs=FILES, engines=FILES, terms=FILES)
def test_whatever_is_written_is_settings_or_faults(
    folder: Folder, pairs: str, engines: str, terms: str
) -> None:
    for name, text in (("terms.yaml", terms), ("p.yaml", pairs), ("e.yaml", engines)):
        (folder.path / name).write_text(text, encoding="utf-8", errors="replace", newline="")
    for organizers, operators in product(("p.yaml", "right.yaml"), ("e.yaml", "engines.yaml")):
        folder.write("right.yaml", PAIRS)
        folder.write("engines.yaml", ENGINES)
        with suppress(SettingsError):
            load(folder.path / organizers, folder.path / operators)
