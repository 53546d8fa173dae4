"""The engines by the names that `engines.yaml` gives them; each is built when first called for."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from pathlib import Path
from typing import Generic, TypeVar

from translator import languages
from translator.engines.apertium import ApertiumRenderer, installed_modes, missing, route
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.mcp import McpSource
from translator.engines.plugins import Vendor, imported
from translator.engines.trial import Timing, trial
from translator.engines.whisper import WhisperEar
from translator.errors import Fault, SettingsError
from translator.health import Stage
from translator.hear import Ear
from translator.interpret import Realtime
from translator.lookups import Source
from translator.render import Renderer
from translator.settings import EMBEDDED, Engine, Settings, ToolServer
from translator.speak import Voice
from translator.summary import Summarizer
from translator.types import USUAL, Pauses

PAIRS = Path("language_pairs.yaml")
ENGINES = Path("engines.yaml")


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
                raise _cannot(name, engine, "hear")
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
                raise _cannot(name, engine, "render")
        return Vendor(name, engine).renderer()

    def voice(self, name: str) -> Voice:
        """One for all who call it. Raises SettingsError for an engine that cannot speak."""
        return self._voices.get(name, self._configured[name])

    def _voice(self, name: str, engine: Engine) -> Voice:
        match engine.plugin:
            case "espeak":
                return EspeakVoice(self._host)
            case plugin if plugin in EMBEDDED:
                raise _cannot(name, engine, "speak")
        return Vendor(name, engine).voice()

    def summarizer(self, name: str) -> Summarizer:
        """One for all who call it. Raises SettingsError for an engine that cannot sum up."""
        return self._summarizers.get(name, self._configured[name])

    def _summarizer(self, name: str, engine: Engine) -> Summarizer:
        if engine.plugin in EMBEDDED:
            raise _cannot(name, engine, "summarize")
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


def _cannot(name: str, engine: Engine, verb: str) -> SettingsError:
    return SettingsError(f"engine {name!r} (plugin {engine.plugin!r}) cannot {verb}")


def preload(settings: Settings) -> None:
    """Import what these settings use, which takes a second, before a meeting waits for it."""
    plugins = {settings.engines[name].plugin for _, name in settings.uses}
    for plugin in plugins.difference(EMBEDDED):
        with suppress(Exception):  # whatever it is, whoever calls for it is told
            imported(plugin)
    for name, server in _servers(settings):
        with suppress(SettingsError):
            McpSource(name, server)


def check(settings: Settings, *, spoken: Collection[str], targets: Collection[str]) -> None:
    """Find out, before anything starts, whether the engines serve these languages.

    Raises SettingsError that names every engine that cannot be had and every pair that none
    reaches, each with what to do about it. A fault's file is a bare name, without a line.
    """
    heard = {code: settings.languages[code] for code in targets}
    asked = settings.model_copy(update={"spoken": tuple(spoken), "languages": heard})
    faults = [*_unusable(asked, settings.spoken), *_gaps(asked)]
    if faults:
        raise SettingsError(*dict.fromkeys(faults))


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


def _unusable(settings: Settings, spoken: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with the engines themselves: their verb, their model, their key."""
    for name, make in _wanted(settings, spoken):
        try:
            make()
        except SettingsError as error:
            for fault in error.faults:
                option, text = _parted(_bare(name, fault))
                yield Fault(file=ENGINES, line=None, key=f"engines.{name}{option}", text=text)
    for name, server in _servers(settings):
        try:
            McpSource(name, server)
        except SettingsError as error:
            text = str(error).removeprefix(f"tool {name!r}: ")
            yield Fault(file=ENGINES, line=None, key=f"tools.{name}", text=text)


def _servers(settings: Settings) -> Iterator[tuple[str, ToolServer]]:
    """Those that are looked things up in."""
    return ((name, one) for name, one in settings.tools.items() if name in settings.lookups)


def _parted(text: str) -> tuple[str, str]:
    """The option that a fault is about, as the end of a key, and what is wrong with it."""
    option, separator, rest = text.partition(": ")
    return (f".{option}", rest) if separator and option.startswith("options.") else ("", text)


def _bare(name: str, fault: Fault | str) -> str:
    return str(fault).removeprefix(f"engine {name!r}: ")


def _wanted(
    settings: Settings, spoken: Sequence[str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every engine that may be called, and what makes it as it will be made; the ears for all
    languages `spoken`."""
    engines = Engines(settings.engines)
    for name in settings.engines_for("hear"):
        yield name, partial(engines.try_ear, name, spoken)
    for name in settings.engines_for("render"):
        yield name, partial(engines.renderer, name)
    for name in settings.engines_for("interpret"):
        yield name, partial(engines.try_realtime, name)
    for code, language in settings.languages.items():
        for name in settings.engines_for("speak", code):
            for voice in language.voices_of(name) or (None,):
                yield name, partial(engines.try_voice, name, code, voice)
    for name in settings.engines_for("summarize"):
        yield name, partial(engines.summarizer, name)


def _gaps(settings: Settings) -> Iterator[Fault]:
    """The pairs that nothing renders."""
    reaches = Engines(settings.engines).reaches
    for source, target in product(settings.spoken, settings.languages):
        if languages.same(source, target):
            continue
        route = settings.route(source, target)
        if route is None:
            text = f"{source} -> {target}: no line of `pairs` fits; add one"
            yield Fault(file=PAIRS, line=None, key="pairs", text=text)
        elif not route.renderers(reaches):
            by = ", ".join(route.pair.rendered_by)
            why = missing(source, target, installed_modes())
            yield Fault(
                file=PAIRS,
                line=None,
                key=f"pairs[{settings.pairs.index(route.pair)}].render",
                text=f"{source} -> {target} by {by}: {why}",
            )
