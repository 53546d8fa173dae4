"""Any installed LiveKit plugin as an engine: `livekit.plugins.<plugin>` and its STT, LLM or TTS.

`inference` stands for LiveKit Inference, whose classes are those of a plugin, but not in one.
"""

import importlib
import pkgutil
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import langcodes
import livekit.plugins
from livekit.agents import Plugin, inference, llm, stt, tts

from translator.engines.constructor import INFERENCE, Constructor
from translator.engines.livekit import (
    LiveKitEar,
    LiveKitRealtime,
    LiveKitRenderer,
    LiveKitSummarizer,
    LiveKitVoice,
)
from translator.engines.livekit.feed import PACE, UNKNOWN
from translator.engines.livekit.plugin import once
from translator.errors import SettingsError, UnableError
from translator.hear import HOLD
from translator.prompt import Prompt, SpeechPrompt, SummaryPrompt
from translator.settings import EMBEDDED, Engine
from translator.settings.names import voice_name
from translator.types import USUAL as PAUSES
from translator.wording import nearest

if TYPE_CHECKING:
    from livekit.plugins.openai.realtime import RealtimeModel

TERMS = ("keyterms", "phrase_list")
"""Where plugins take key terms that do not implement LiveKit's hook for them."""
VOICES = ("voice", "voice_id")

MOST_LANGUAGES = {"azure": 10}
"""Languages that can be told apart at once, where the constructor does not say it itself."""
MOST_TERMS: Mapping[str, tuple[int, int]] = {"elevenlabs": (50, 20)}
"""Key terms that a vendor takes, and characters of one; it refuses all where one is too long."""
USUAL_TERMS = (100, 50)
NEEDS_VOICE = frozenset({"azure"})
"""Plugins whose usual voice speaks one language, and murmurs the others."""
REGIONAL = frozenset({"azure"})
"""Plugins that want `es-ES` where all others understand `es`."""
USUAL: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("openai", "STT"): {"use_realtime": True},  # else it hears nothing before the end
    ("openai", "RealtimeModel"): {"input_audio_transcription": None},  # paid for, and ours is used
    ("openai", "TTS"): {"response_format": "pcm"},  # else it is MP3, which must be decoded
    ("assemblyai", "STT"): {
        "language_detection": True,  # else everything is English
        "min_turn_silence": round(1000 * PAUSES.finished),  # else each breath ends an utterance
        "max_turn_silence": round(1000 * PAUSES.longest),
    },
    ("elevenlabs", "STT"): {"server_vad": {}},  # else no utterance ends before its audio
    ("elevenlabs", "TTS"): {"encoding": "pcm_24000"},  # else it is MP3
    ("inference", "LLM"): {"extra_kwargs": {"temperature": 0.0}},  # it has no argument for it
}
"""Arguments by plugin and class, unless `options` say otherwise."""
TURNS = frozenset({"mode", "min_turn_silence", "max_turn_silence"})
"""Options that say together where an utterance ends: none is usual where one is given."""
PACED = frozenset({("openai", "tts-1"), ("openai", "tts-1-hd")})
"""Plugins and models that follow `speed`. Many take it and speak as before, which nobody would
notice but the listeners who fall behind: the channel hastens all others itself."""
PATHS: Mapping[tuple[str, str], str] = {("azure", "TTS"): "/cognitiveservices/v1"}
"""What comes after an address that names a server alone, where the plugin does not add it."""
SSML = frozenset({"azure"})
"""Plugins that put a text into their SSML as it is."""
UNSTEERED = frozenset(
    {
        ("assemblyai", "universal-streaming-english"),
        ("assemblyai", "universal-streaming-multilingual"),
    }
)
"""Plugins and models that refuse to be told languages, which the plugin's others take."""
PATIENCE: Mapping[tuple[str, str | None], float] = {
    ("azure", None): 2.0,
    ("elevenlabs", None): 2.0,
    ("assemblyai", None): 4.5,  # while somebody speaks on, it tells what was said every 3 s
    **dict.fromkeys(UNSTEERED, 2.0),
}
"""Seconds of speech without a word after which an STT has failed, by plugin and model, None for
any other. Of other plugins, words may come at the end of an utterance only, and it is 8 s."""
HELD: Mapping[str, float] = {"assemblyai": 10.0}
"""Seconds of a pause through which a stream is kept: AssemblyAI takes a few new ones a minute."""
FASTER: Mapping[str, float] = {"azure": 2.0}
"""Times real time at which plugins may be sent what has waited: Azure's SDK sends it so itself."""
REALTIME = frozenset({"openai"})
"""Plugins with realtime models that speak OpenAI's protocol."""
CHECKED_ENGLISH = frozenset({"openai", "azure"})
"""Plugins whose "en" means English, and not that they know no language, as it does in ElevenLabs's
partials."""


def steered(engine: Engine) -> bool:
    """Whether it can be told which languages are spoken; it may, if it hears at all."""
    return (engine.plugin, engine.model) not in UNSTEERED


class Vendor:
    """One engine of engines.yaml that is a LiveKit plugin, or LiveKit Inference.

    What cannot be used raises SettingsError, which names the engine and never holds the key.
    """

    def __init__(self, name: str, engine: Engine) -> None:
        self._name = name
        self._engine = engine

    def ear(self) -> LiveKitEar:
        """An ear of its own for one floor."""
        plugin, model = self._engine.plugin, self._engine.model
        patience = PATIENCE.get((plugin, model), PATIENCE.get((plugin, None), UNKNOWN))
        return LiveKitEar(
            self._name,
            self.hearing(),
            knows_english=plugin in CHECKED_ENGLISH,
            patience=patience,
            hold=HELD.get(plugin, HOLD),
            pace=FASTER.get(plugin, PACE),
        )

    def hearing(self) -> Callable[[Sequence[str], Sequence[str]], stt.STT[Any]]:
        """What makes an STT for languages (BCP-47) and terms."""
        call = self._call("STT", "hear")
        # The constructors differ in name and type, and some models refuse what others take.
        hook = "_update_session_keyterms"
        hooked = getattr(self._module().STT, hook) is not getattr(stt.STT, hook)

        def make(languages: Sequence[str], terms: Sequence[str]) -> stt.STT[Any]:
            most = MOST_LANGUAGES.get(self._engine.plugin, len(languages))
            if len(languages) > most:
                raise self._wrong(f"hears at most {most} languages at once; shorten `spoken`")
            tags = [self._tag(code) for code in languages]
            made: stt.STT[Any] = call.made(
                **(call.languages(tags) if steered(self._engine) else {}),
                **({} if hooked else call.named(TERMS, self._fitting(terms) or None)),
            )
            if hooked and made.capabilities.keyterms:
                made._update_session_keyterms(self._fitting(terms))
            if not made.capabilities.streaming:
                raise self._wrong("hears whole recordings only; choose a `model` that streams")
            return made

        return make

    def _fitting(self, terms: Sequence[str]) -> list[str]:
        """The first of `terms` that the vendor takes."""
        most, longest = MOST_TERMS.get(self._engine.plugin, USUAL_TERMS)
        return [term for term in dict.fromkeys(terms) if len(term) <= longest][:most]

    def renderer(self) -> LiveKitRenderer:
        """Renders with the plugin's LLM."""
        return LiveKitRenderer(self._name, self._model("render"), Prompt.load())

    def summarizer(self) -> LiveKitSummarizer:
        """Sums up with the plugin's LLM."""
        return LiveKitSummarizer(self._name, self._model("summarize"), SummaryPrompt.load())

    def _model(self, verb: str) -> llm.LLM[Any]:
        call = self._call("LLM", verb)
        model: llm.LLM[Any] = call.made(
            **call.named(("temperature",), 0.0), **call.named(("max_retries",), 0)
        )
        return model

    def voice(self) -> LiveKitVoice[tts.TTS[Any]]:
        """Speaks with the plugin's TTS."""
        engine = self._engine
        paced = engine.base_url is None and (engine.plugin, engine.model) in PACED
        return LiveKitVoice(
            self._name,
            self.speaking(),
            set_pace=_set_speed if paced else None,
            spell=ssml if engine.plugin in SSML else None,
        )

    def speaking(self) -> Callable[[str, str | None], tts.TTS[Any]]:
        """What makes a TTS for a language (BCP-47) and a voice, None for the usual one."""
        call = self._call("TTS", "speak")

        def make(language: str, voice: str | None) -> tts.TTS[Any]:
            if voice is None and self._engine.plugin in NEEDS_VOICE:
                raise self._wrong(f"has no usual voice for {language}; name one with `voice`")
            if voice is not None:
                self._check(voice)
            made: tts.TTS[Any] = call.made(
                **call.named(("language",), self._tag(language)), **call.named(VOICES, voice)
            )
            return made

        return make

    def _check(self, voice: str) -> None:
        """The settings have checked theirs; a copy of somebody's comes out of a pass."""
        try:
            voice_name(voice)
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def realtime(self) -> LiveKitRealtime:
        """Interprets with the plugin's realtime model, for one speaker and one channel."""
        return LiveKitRealtime(self._name, self.interpreting(), SpeechPrompt.load())

    def interpreting(self) -> Callable[[], "RealtimeModel"]:
        """What makes a realtime model."""
        if self._engine.plugin not in REALTIME:
            raise UnableError(self._name, self._engine.plugin, "interpret from speech to speech")
        call = Constructor(
            self._module().realtime.RealtimeModel,
            self._engine,
            USUAL.get((self._engine.plugin, "RealtimeModel"), {}),
            self._wrong,
        )

        def make() -> "RealtimeModel":
            # Renewed by us, between two segments; nor is anything tried again behind our back.
            model: RealtimeModel = call.made(conn_options=once(5.0), max_session_duration=None)
            return model

        return make

    def _tag(self, code: str) -> str:
        """`code` as the plugin wants it."""
        if self._engine.plugin not in REGIONAL:
            return code
        likely = langcodes.Language.get(code).maximize()
        return f"{likely.language}-{likely.territory}"

    def _call(self, kind: str, verb: str) -> Constructor:
        made = getattr(self._module(), kind, None)
        if made is None:
            raise UnableError(self._name, self._engine.plugin, verb)
        which = (self._engine.plugin, kind)
        return Constructor(made, self._addressed(which), self._usual(which), self._wrong)

    def _usual(self, which: tuple[str, str]) -> Mapping[str, Any]:
        usual = USUAL.get(which, {})
        if TURNS.isdisjoint(self._engine.options):
            return usual
        return {name: value for name, value in usual.items() if name not in TURNS}

    def _addressed(self, which: tuple[str, str]) -> Engine:
        """The engine with the whole address of what is called."""
        url, path = self._engine.base_url, PATHS.get(which)
        if url is None or path is None or urlsplit(url).path.strip("/"):
            return self._engine
        return self._engine.model_copy(update={"base_url": url.rstrip("/") + path})

    def _module(self) -> ModuleType:
        plugin = self._engine.plugin
        known = [*EMBEDDED, INFERENCE, *_installed()]
        if plugin not in known:
            raise self._wrong(
                f"there is no plugin {plugin!r}{nearest(plugin, known)}; installed: "
                f"{', '.join(known)}; more: pip install livekit-plugins-{plugin}"
            )
        try:
            return imported(plugin)
        except Exception as error:  # what a package that is broken or half installed raises
            reason = str(error) or type(error).__name__
            raise self._wrong(
                f"plugin {plugin!r} cannot be imported: {reason}; "
                f"install it again: pip install --force-reinstall livekit-plugins-{plugin}"
            ) from error

    def _wrong(self, text: str) -> SettingsError:
        return SettingsError(f"engine {self._name!r}: {text}")


_importing = threading.Lock()


def imported(plugin: str) -> ModuleType:
    """The module of a plugin. Raises whatever its import raises.

    Plugins register themselves when they are imported, which LiveKit allows to the main thread
    only. There an import would hold up the event loop for a second, in the middle of a meeting;
    what is registered is needed by LiveKit's own command line alone.
    """
    if plugin == INFERENCE:
        return inference
    with _importing:
        usual = Plugin.__dict__["register_plugin"]
        Plugin.register_plugin = classmethod(_register)  # type: ignore[assignment, method-assign]
        try:
            return importlib.import_module(f"livekit.plugins.{plugin}")
        finally:
            Plugin.register_plugin = usual  # type: ignore[method-assign]


def _register(cls: type[Plugin], plugin: Plugin) -> None:
    cls.registered_plugins.append(plugin)


def _installed() -> Iterator[str]:
    return (module.name for module in pkgutil.iter_modules(livekit.plugins.__path__))


def _set_speed(engine: Any, pace: float) -> None:
    engine.update_options(speed=pace)


_UNSPEAKABLE = frozenset({"Cc", "Cs", "Cn"})


def ssml(text: str) -> str:
    """`text` as the content of an XML element: nobody speaks markup, nor can what is said be any.

    A control character has no place there at all, and one that is no character neither.
    """
    allowed = (" " if unicodedata.category(one) in _UNSPEAKABLE else one for one in text)
    return escape("".join(allowed))
