"""Voices by the names that engines have for them, and nothing that could be more than a name."""

from pathlib import Path
from typing import Any

import pytest

from tests.folders import ENGINES, PAIRS, Folder, changed

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_voice_is_one_of_the_first_engine(folder: Folder) -> None:
    languages = {"es": {"speak": ["llm", "espeak"], "voice": "nova"}}
    spanish = folder.load(changed(PAIRS, languages=languages)).languages["es"]
    assert (spanish.voices_of("llm"), spanish.voices_of("espeak")) == (("nova",), ())
    assert "`voice` without `speak`" in folder.fault(
        changed(PAIRS, languages={"es": {"voice": "nova"}})
    )


def test_each_engine_may_have_a_voice(folder: Folder) -> None:
    language = {"speak": ["llm", "espeak"], "voice": {"llm": "nova", "espeak": "es-419"}}
    spanish = folder.load(changed(PAIRS, languages={"es": language})).languages["es"]
    assert (spanish.voices_of("llm"), spanish.voices_of("espeak")) == (("nova",), ("es-419",))
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
    assert folder.load(pairs).languages["es"].voices_of("llm")[:1] == (voice,)


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
