"""Vendors' real plugins, made from engines.yaml without a network."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import livekit.plugins
import pytest
from livekit.agents import Plugin

from translator.engines.constructor import NO_KEY
from translator.engines.livekit import LiveKitEar, LiveKitRenderer, LiveKitVoice
from translator.engines.plugins import Vendor
from translator.engines.registry import Engines, reach
from translator.errors import SettingsError
from translator.settings import Engine, ToolServer

pytestmark = pytest.mark.vendor

TOY = """
from livekit.agents import Plugin
Plugin.register_plugin(Plugin("toy", "1", "toy"))
"""
SECRET = "a-key-that-nobody-may-see"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", SECRET)
    for name in ("OPENAI_API_KEY", "ELEVEN_API_KEY", "AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION"):
        monkeypatch.delenv(name, raising=False)


def vendor(plugin: str, **more: Any) -> Vendor:
    return Vendor("mine", Engine(plugin=plugin, **{"key": "A_KEY", **more}))


def hears(one: Vendor, languages: Sequence[str], terms: Sequence[str] = ()) -> dict[str, Any]:
    """What the plugin has made of its arguments."""
    return _options(one.hearing()(languages, terms))


def speaks(one: Vendor, language: str, voice: str | None = None) -> dict[str, Any]:
    return _options(one.speaking()(language, voice))


def _options(made: Any) -> dict[str, Any]:
    options = getattr(made, "_opts", None) or made._config
    return {name: getattr(options, name) for name in options.__dataclass_fields__}


def test_assemblyai_hears() -> None:
    made = hears(vendor("assemblyai"), ["en", "es"], ["LiveKit"])
    assert (made["language_codes"], made["keyterms_prompt"]) == (["en", "es"], ["LiveKit"])
    assert made["language_detection"] is True


def test_key_terms_go_to_the_models_that_take_them() -> None:
    assert hears(vendor("openai", model="gpt-transcribe"), ["en"], ["LiveKit"])["keywords"] == [
        "LiveKit"
    ]
    assert hears(vendor("openai", model="gpt-4o-transcribe"), ["en"], ["LiveKit"])["keywords"] == []


def test_no_more_key_terms_are_given_than_the_vendor_takes() -> None:
    terms = ["a term of more than twenty letters", *(f"term {number}" for number in range(60))]
    scribe = vendor("elevenlabs", model="scribe_v2_realtime", options={"server_vad": {}})
    assert hears(scribe, ["en"], terms)["keyterms"] == terms[1:51]
    assert len(hears(vendor("assemblyai"), ["en"], terms * 3)["keyterms_prompt"]) == 61


def test_azure_hears_and_speaks_with_regions() -> None:
    azure = vendor("azure", options={"speech_region": "westeurope"})
    heard = hears(azure, ["en", "es", "zh", "ca"], ["LiveKit"])
    assert heard["language"] == ["en-US", "es-ES", "zh-CN", "ca-ES"]
    assert (heard["phrase_list"], heard["speech_key"]) == (["LiveKit"], SECRET)
    spoken = speaks(azure, "es-MX", "es-MX-DaliaNeural")
    assert (spoken["language"], spoken["voice"]) == ("es-MX", "es-MX-DaliaNeural")
    assert (spoken["region"], spoken["subscription_key"]) == ("westeurope", SECRET)


def test_elevenlabs_hears_and_speaks() -> None:
    scribe = vendor("elevenlabs", model="scribe_v2_realtime", options={"server_vad": {}})
    assert hears(scribe, ["en", "es"])["language_code"] is None  # it finds out
    assert hears(scribe, ["es"])["language_code"] == "es"
    spoken = speaks(
        vendor(
            "elevenlabs",
            options={"voice_settings": {"stability": 0.5, "similarity_boost": 0.7}},
        ),
        "es",
        "some-voice",
    )
    assert (spoken["voice_id"], spoken["language"]) == ("some-voice", "es")
    assert spoken["voice_settings"].stability == 0.5


def test_openai_hears_renders_and_speaks() -> None:
    assert isinstance(vendor("openai", model="gpt-4.1").renderer(), LiveKitRenderer)
    assert speaks(vendor("openai"), "es", "nova")["voice"] == "nova"
    transcribes = vendor("openai", model="gpt-transcribe")
    assert isinstance(transcribes.ear(), LiveKitEar)
    assert transcribes.hearing()(["en", "es"], ["LiveKit"]).capabilities.streaming


@pytest.mark.parametrize(
    ("engine", "paced"),
    [
        ({"plugin": "openai", "model": "tts-1"}, True),
        ({"plugin": "openai", "model": "tts-1", "base_url": "http://127.0.0.1:1/v1"}, False),
        ({"plugin": "openai", "model": "gpt-4o-mini-tts"}, False),
        ({"plugin": "openai"}, False),
        ({"plugin": "elevenlabs"}, False),
    ],
)
def test_a_pace_is_left_to_those_that_are_known_to_follow_it(
    engine: dict[str, Any], paced: bool
) -> None:
    assert vendor(**engine).voice().paced == paced


def test_the_registry_knows_plugins_by_their_name() -> None:
    options = {"speech_region": "westeurope"}
    engines = Engines({"mine": Engine(plugin="azure", key="A_KEY", options=options)})
    assert isinstance(engines.ear("mine"), LiveKitEar)
    assert engines.ear("mine") is not engines.ear("mine")
    assert isinstance(engines.voice("mine"), LiveKitVoice)
    with pytest.raises(SettingsError, match="cannot render"):
        engines.renderer("mine")


def test_an_edit_makes_anew_what_it_changes_and_nothing_else() -> None:
    gpt = Engine(plugin="openai", key="A_KEY", model="gpt-4.1")
    engines = Engines({"mine": gpt, "other": gpt, "robot": Engine(plugin="espeak")})
    mine, other, robot = engines.renderer("mine"), engines.renderer("other"), engines.voice("robot")
    assert engines.renderer("mine") is mine
    engines.take({"mine": gpt.model_copy(update={"model": "gpt-5"}), "new": gpt})
    assert engines.renderer("mine") is not mine
    assert engines.renderer("new") is not other
    # A segment finishes under the settings that it began with: these names are gone since.
    assert engines.renderer("other") is other
    assert engines.voice("robot") is robot


def test_an_edit_that_comes_while_an_engine_is_made_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = Engine(plugin="openai", key="A_KEY", model="gpt-4.1")
    after = before.model_copy(update={"model": "gpt-5"})
    engines = Engines({"mine": before})
    made: list[str] = []

    class Slow:
        """A plugin's model; the edit comes while it is made."""

        def __init__(self, *, model: str, api_key: str) -> None:
            made.append(model)
            engines.take({"mine": after})

    monkeypatch.setattr("livekit.plugins.openai.LLM", Slow)
    for _ in range(3):
        engines.renderer("mine")
    assert made == ["gpt-4.1", "gpt-5"]


def test_whether_an_engine_knows_a_pair_follows_an_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.engines.registry.installed_modes", lambda: {"eng-spa"})
    engines = Engines({"mine": Engine(plugin="apertium")})
    assert engines.reaches("mine", "en", "es")
    assert not engines.reaches("mine", "es", "en")
    engines.take({"mine": Engine(plugin="openai")})
    assert engines.reaches("mine", "es", "en")


@pytest.mark.parametrize(
    ("plugin", "more", "told"),
    [
        ("openai", {"key": "ANOTHER_KEY"}, "needs a key; run: export ANOTHER_KEY="),
        ("openai", {"key": None}, "needs a key: add `key: NAME`"),
        ("opneai", {}, "did you mean 'openai'.; installed: whisper, apertium, espeak"),
        ("deepgram", {}, "pip install livekit-plugins-deepgram"),
        ("openai", {"options": {"temprature": 1}}, "did you mean 'temperature'"),
        ("openai", {"options": {"base_ulr": "x"}}, "options.base_ulr: unknown; known: user, "),
        ("openai", {"options": {"temperature": "hot"}}, "options.temperature: must be a number$"),
        ("openai", {"options": {"parallel_tool_calls": "so"}}, "_calls: must be true or false$"),
        ("openai", {"options": {"metadata": []}}, "metadata: must be lines of `key: value`$"),
        ("openai", {"options": {"client": "x"}}, "options.client: a file cannot hold this; take"),
        ("openai", {"options": {"api_key": "x"}}, "options.api_key: this is what `key` is for"),
        ("openai", {"options": {"model": "x"}}, "options.model: this is what `model` is for"),
        ("openai", {"options": {"secret_token": "x"}}, "this is what `key` is for"),
        ("openai", {"options": {"_strict_tool_schema": False}}, "unknown"),
        ("elevenlabs", {}, r"\(plugin 'elevenlabs'\) cannot render"),
    ],
)
def test_what_cannot_render_says_what_to_do(
    plugin: str, more: Mapping[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        vendor(plugin, **more).renderer()
    assert "'mine'" in str(caught.value)


@pytest.mark.parametrize(
    ("plugin", "more", "told"),
    [
        ("azure", {}, "cannot be used: .*REGION"),
        ("azure", {"model": "x"}, "takes no `model`"),
        ("elevenlabs", {"model": "scribe_v1"}, "choose a `model` that streams"),
        ("assemblyai", {"options": {"mode": "fast"}}, "'min_latency', 'balanced' or 'max"),
        (
            "assemblyai",
            {"options": {"keyterms_prompt": "LiveKit"}},
            "keyterms_prompt: must be a list",
        ),
    ],
)
def test_what_cannot_hear_says_what_to_do(plugin: str, more: Mapping[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        vendor(plugin, **more).hearing()(["en", "es"], ())


@pytest.mark.parametrize("plugin", ["azure", "assemblyai"])
def test_no_vendor_is_asked_to_tell_more_languages_apart_than_it_can(plugin: str) -> None:
    many = ["en", "es", "fr", "de", "it", "pt", "nl", "pl", "sv", "da", "fi"]
    options = {"speech_region": "westeurope"} if plugin == "azure" else {}
    with pytest.raises(SettingsError, match="at most 10"):
        vendor(plugin, options=options).hearing()(many, ())


def test_only_a_language_model_sums_up() -> None:
    configured = {
        "local": Engine(plugin="apertium"),
        "voice": Engine(plugin="elevenlabs", key="A_KEY"),
        "model": Engine(plugin="openai", model="gpt-test", key="A_KEY"),
    }
    engines = Engines(configured)
    for name in ("local", "voice"):
        with pytest.raises(SettingsError, match=f"engine '{name}' .* cannot summarize"):
            engines.summarizer(name)
    assert str(engines.summarizer("model").prompt).startswith("summary ")
    assert engines.summarizer("model") is engines.summarizer("model")


class Talkative:
    """A plugin's model that quotes what it was given."""

    def __init__(self, *, api_key: str) -> None:
        raise ValueError(f"no such key: {api_key}")


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.openai.LLM", Talkative)
    with pytest.raises(SettingsError, match=r"cannot be used: no such key: \(the key\)") as caught:
        vendor("openai").renderer()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "keyless"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("http://gpu:8000/v1", True),
        ("https://models.internal/v1", True),
        ("https://eu.api.openai.com/v1", False),
        ("https://93.184.216.34/v1", False),
        (None, False),
    ],
)
def test_a_server_of_ones_own_needs_no_key_and_is_not_sent_the_vendors(
    url: str | None, keyless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    own = vendor("openai", key=None, base_url=url)
    if keyless:
        assert own.speaking()("es", None)._client.api_key == NO_KEY  # type: ignore[attr-defined]
    else:
        with pytest.raises(SettingsError, match="needs a key"):
            own.speaking()


def test_audio_comes_undecoded_unless_another_format_is_asked_for() -> None:
    assert speaks(vendor("elevenlabs"), "es")["encoding"] == "pcm_24000"
    assert speaks(vendor("openai"), "es")["response_format"] == "pcm"
    chosen = vendor("openai", options={"response_format": "wav"})
    assert speaks(chosen, "es")["response_format"] == "wav"


@pytest.mark.parametrize("plugin", ["azure", "elevenlabs", "openai"])
def test_a_vendor_is_asked_for_no_voice_that_could_be_more_than_a_name(plugin: str) -> None:
    for voice in ("../voices?x=", 'Elvira"><audio src="https://audio.example/x.wav"/>'):
        with pytest.raises(SettingsError, match="is no name of a voice"):
            speaks(vendor(plugin), "es", voice)


def test_a_vendor_whose_voice_speaks_one_language_needs_to_be_told_which() -> None:
    azure = vendor("azure", options={"speech_region": "westeurope"})
    with pytest.raises(SettingsError, match="no usual voice for ca; name one with `voice`"):
        azure.speaking()("ca", None)


async def test_a_plugin_is_imported_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "__init__.py").write_text(TOY)
    monkeypatch.setattr("livekit.plugins.__path__", [*livekit.plugins.__path__, str(tmp_path)])
    usual = Plugin.register_plugin
    engine = Vendor("mine", Engine(plugin="toy"))
    with pytest.raises(SettingsError, match=r"\(plugin 'toy'\) cannot hear"):
        await asyncio.to_thread(engine.hearing)
    assert Plugin.registered_plugins.pop().title == "toy"
    assert Plugin.register_plugin == usual


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_key_is_none(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", blank)
    with pytest.raises(SettingsError, match="needs a key; run: export A_KEY="):
        vendor("openai").renderer()


@pytest.mark.parametrize("value", ["sekrét", "sekret\n", "sek ret", " sekret", "sekret\x7f"])
@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("A_KEY", {"plugin": "openai"}),
        ("LIVEKIT_INFERENCE_API_KEY", {"plugin": "inference", "key": None, "model": "some/model"}),
        (
            "LIVEKIT_INFERENCE_API_SECRET",
            {"plugin": "inference", "key": None, "model": "some/model"},
        ),
    ],
)
def test_a_key_that_none_can_be_is_refused_and_not_shown(
    name: str, engine: Mapping[str, Any], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_KEY", "a-key")
    monkeypatch.setenv("LIVEKIT_INFERENCE_API_SECRET", "a-secret-of-more-than-thirty-two-letters")
    vendor(**engine).renderer()
    monkeypatch.setenv(name, value)
    told = f"{name} holds a character that no key has, such as a space or a line break; set it"
    with pytest.raises(SettingsError, match=told) as caught:
        vendor(**engine).renderer()
    assert value.strip() not in str(caught.value)


@pytest.mark.parametrize("value", ["  ", "sekr\n"])
def test_nor_is_a_tool_asked_with_such_a_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ToolServer(mcp="http://127.0.0.1:1/mcp", key="A_KEY", allow=("search",))
    Engines({}).source("terms", server)
    monkeypatch.setenv("A_KEY", value)
    with pytest.raises(SettingsError, match=r"tool 'terms': .*A_KEY"):
        Engines({}).source("terms", server)


@pytest.mark.parametrize(
    ("make", "usable"),
    [
        (Vendor.renderer, {"temperature", "top_p", "parallel_tool_calls", "extra_body"}),
        (Vendor.ear, {"language", "turn_detection", "use_realtime"}),
        (Vendor.voice, {"speed", "instructions"}),
        (Vendor.realtime, {"voice", "turn_detection", "speed"}),
    ],
)
def test_options_are_told_that_a_file_can_hold(
    make: Callable[[Vendor], object], usable: set[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        make(vendor("openai", options={"clent": 1}))
    told = str(caught.value)
    known = {*told.split("known: ")[1].split(", ")}
    assert usable <= known
    assert not {"api_key", "base_url", "model", "client", "vad", "http_session", "kwargs"} & known
    assert "did you mean" not in told


def test_relays_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = {"eng-spa", "spa-ita", "ita-cat"}
    monkeypatch.setattr("translator.engines.registry.installed_modes", lambda: modes)
    machine = Engine(plugin="apertium")
    assert reach(machine, "en", "es") == ()
    assert reach(machine, "en", "ca") == ("es", "it")
    assert reach(machine, "ca", "en") is None
    assert reach(Engine(plugin="openai"), "ca", "en") == ()
