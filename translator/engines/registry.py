"""The engines by the names that `engines.yaml` gives them; each is built when first called for."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from translator import languages
from translator.engines.apertium import ApertiumRenderer, installed_modes, route
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.mcp import McpSource
from translator.engines.plugins import Vendor, imported
from translator.engines.trial import Timing, trial
from translator.engines.whisper import WhisperEar
from translator.errors import SettingsError, UnableError
from translator.health import Stage
from translator.hear import Ear
from translator.interpret import Realtime
from translator.lookups import Source
from translator.render import Renderer
from translator.settings import EMBEDDED, Engine, Settings, ToolServer
from translator.speak import Voice
from translator.summary import Summarizer
from translator.types import USUAL, Pauses

T = TypeVar("T")


class _Made(Generic[T]):
    """Engines of one kind, each made once for as long as it is configured so; for any thread."""

    def __init__(self, make: Callable[[str, Engine], T]) -> None:
        self._make = make
        self._made: dict[str, tuple[Engine, T]] = {}
        self._making = threading.Lock()

    def get(self, name: str, engine: Engine) -> T:
        """The one that is made of `engine`."""
        with self._making:
            known = self._made.get(name)
            if known is None or known[0] != engine:
                known = self._made[name] = engine, self._make(name, engine)
            return known[1]


class Engines:
    """What a meeting calls, and what it calls for is used in one event loop.

    A vendor's client takes up to half a second to make, so ears, renderers, voices and summarizers
    are asked for in a thread.
    """

    def __init__(self, configured: Mapping[str, Engine]) -> None:
        self._configured = dict(configured)
        self._host = Host()
        self._renderers = _Made[Renderer](self._renderer)
        self._voices = _Made[Voice](self._voice)
        self._summarizers = _Made[Summarizer](self._summarizer)
        self._reached: dict[tuple[str, str, str], bool] = {}

    def take(self, configured: Mapping[str, Engine]) -> None:
        """Make engines as they are configured now; who holds one goes on with it.

        Names that are gone can still be called: a segment finishes under the settings it began
        with. Nothing that is replaced is closed: nobody tells when its last segment is done, and
        all it keeps is a few idle connections, until the meeting ends.
        """
        known, self._configured = self._configured, {**self._configured, **configured}
        for name in (name for name in known if known[name] != self._configured[name]):
            self._reached = {one: is_so for one, is_so in self._reached.items() if one[0] != name}

    async def close(self) -> None:
        """Let go of the engine host, for who does not end with its process."""
        await self._host.close()

    @property
    def robot(self) -> Voice:
        """Speaks any language, whatever is configured: to try an ear."""
        return EspeakVoice(self._host)

    async def trial(self, stage: Stage, name: str, settings: Settings) -> Timing:
        """Call the engine `name` once, as the meeting of `settings` would: how soon it answers.

        Raises StageError where it does not work.
        """
        return await trial(self, stage, name, settings)

    def ear(self, name: str, pauses: Pauses = USUAL) -> Ear:
        """An ear of its own for one floor. Raises SettingsError for an engine that cannot hear.

        A vendor's engine has its own `pauses`, by its options.
        """
        engine = self._configured[name]
        match engine.plugin:
            case "whisper":
                return WhisperEar(self._host, model=engine.model or "base", pauses=pauses)
            case plugin if plugin in EMBEDDED:
                raise UnableError(name, engine.plugin, "hear")
        return Vendor(name, engine).ear()

    def try_ear(self, name: str, languages: Sequence[str]) -> None:
        """Raises SettingsError where no ear for these languages can be made."""
        if self._configured[name].plugin in EMBEDDED:
            self.ear(name)
        else:
            Vendor(name, self._configured[name]).hearing()(languages, ())

    def renderer(self, name: str) -> Renderer:
        """One for all who call it. Raises SettingsError for an engine that cannot render."""
        return self._renderers.get(name, self._configured[name])

    def reaches(self, name: str, source: str, target: str) -> bool:
        """Whether it renders `source` into `target` at all."""
        one = (name, source, target)
        if one not in self._reached:
            self._reached[one] = reach(self._configured[name], source, target) is not None
        return self._reached[one]

    def _renderer(self, name: str, engine: Engine) -> Renderer:
        match engine.plugin:
            case "apertium":
                return ApertiumRenderer(self._host)
            case plugin if plugin in EMBEDDED:
                raise UnableError(name, engine.plugin, "render")
        return Vendor(name, engine).renderer()

    def voice(self, name: str) -> Voice:
        """One for all who call it. Raises SettingsError for an engine that cannot speak."""
        return self._voices.get(name, self._configured[name])

    def _voice(self, name: str, engine: Engine) -> Voice:
        match engine.plugin:
            case "espeak":
                return EspeakVoice(self._host)
            case plugin if plugin in EMBEDDED:
                raise UnableError(name, engine.plugin, "speak")
        return Vendor(name, engine).voice()

    def summarizer(self, name: str) -> Summarizer:
        """One for all who call it. Raises SettingsError for an engine that cannot sum up."""
        return self._summarizers.get(name, self._configured[name])

    def _summarizer(self, name: str, engine: Engine) -> Summarizer:
        if engine.plugin in EMBEDDED:
            raise UnableError(name, engine.plugin, "summarize")
        return Vendor(name, engine).summarizer()

    def realtime(self, name: str) -> Realtime:
        """One of its own for a speaker and a channel. Raises SettingsError for an engine that
        cannot interpret from speech to speech."""
        return Vendor(name, self._configured[name]).realtime()

    def try_realtime(self, name: str) -> None:
        """Raises SettingsError where no model can be made."""
        Vendor(name, self._configured[name]).interpreting()()

    def source(self, name: str, server: ToolServer) -> Source:
        """An MCP server to look things up in. Raises SettingsError where it cannot be asked."""
        return McpSource(name, server)

    def try_voice(self, name: str, language: str, voice: str | None) -> None:
        """Raises SettingsError where nothing can be made that speaks so."""
        if self._configured[name].plugin in EMBEDDED:
            self.voice(name)
        else:
            Vendor(name, self._configured[name]).speaking()(language, voice)


def preload(settings: Settings) -> None:
    """Import what these settings use, which takes a second, before a meeting waits for it."""
    plugins = {settings.engines[name].plugin for _, name in settings.uses}
    for plugin in plugins.difference(EMBEDDED):
        with suppress(Exception):  # whatever it is, whoever calls for it is told
            imported(plugin)
    for name, server in servers(settings):
        with suppress(SettingsError):
            McpSource(name, server)


def servers(settings: Settings) -> Iterator[tuple[str, ToolServer]]:
    """Those that are looked things up in."""
    return ((name, one) for name, one in settings.tools.items() if name in settings.lookups)


def reach(engine: Engine, source: str, target: str) -> tuple[str, ...] | None:
    """The languages that `engine` renders through, from `source` to `target`; None for no way.

    A language model knows languages by degrees: it is believed.
    """
    if engine.plugin != "apertium":
        return ()
    modes = route(source, target, installed_modes())
    if modes is None:
        return None
    return tuple(languages.normalize(mode.split("-")[1]) for mode in modes[:-1])


def instructed(engine: Engine) -> bool:
    """Whether `engine` renders as it is told: register, gender, context, the summary."""
    return engine.plugin not in EMBEDDED
