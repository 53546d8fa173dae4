"""The engines by the names that `engines.yaml` gives them; each is built when first called for."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from translator import languages
from translator.engines.apertium import ApertiumRenderer, installed_modes, missing, route
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.whisper import WhisperEar
from translator.errors import SettingsError
from translator.hear import Ear
from translator.render import Renderer
from translator.settings import Engine, Settings
from translator.speak import Voice


class Engines:
    """What a meeting calls; must be used in one event loop."""

    def __init__(self, configured: Mapping[str, Engine]) -> None:
        self._configured = configured
        self._host = Host()
        self.renderer = lru_cache(self._renderer)
        self.voice = lru_cache(self._voice)

    def ear(self, name: str) -> Ear:
        """An ear of its own for one floor. Raises SettingsError for an engine that cannot hear."""
        engine = self._configured[name]
        match engine.plugin:
            case "whisper":
                return WhisperEar(self._host, model=engine.model or "base")
        raise self._cannot(name, "hear")

    def _renderer(self, name: str) -> Renderer:
        engine = self._configured[name]
        match engine.plugin:
            case "apertium":
                return ApertiumRenderer(self._host)
            case "openai":
                return _openai_renderer(name, engine)
        raise self._cannot(name, "render")

    def _voice(self, name: str) -> Voice:
        match self._configured[name].plugin:
            case "espeak":
                return EspeakVoice(self._host)
        raise self._cannot(name, "speak")

    def _cannot(self, name: str, verb: str) -> SettingsError:
        plugin = self._configured[name].plugin
        return SettingsError(f"engine {name!r} (plugin {plugin!r}) cannot {verb}")


def _openai_renderer(name: str, engine: Engine) -> Renderer:
    from livekit.agents import NOT_GIVEN
    from livekit.plugins import openai

    from translator.engines.livekit import LiveKitRenderer
    from translator.prompt import Prompt

    if engine.model is None:
        raise SettingsError(f"engine {name!r} in engines.yaml: `model` is missing")
    model = openai.LLM(
        model=engine.model,
        api_key=_key(name, engine),
        base_url=engine.base_url or NOT_GIVEN,
        temperature=0.0,
        max_retries=0,
    )
    return LiveKitRenderer(model, Prompt.load())


def _key(name: str, engine: Engine) -> str:
    """The key of an engine, from the variable that `engines.yaml` names."""
    variable = engine.key
    value = os.environ.get(variable or "")
    if not variable or not value:
        raise SettingsError(
            f"engine {name!r} needs a key: put it into the environment as "
            + (variable or "the variable that `key` in engines.yaml names")
        )
    return value


def check(settings: Settings, *, spoken: Collection[str], targets: Collection[str]) -> None:
    """Find out, before anything starts, whether the engines serve these languages.

    Raises SettingsError that names every engine that cannot be had and every pair that none
    reaches, each with what to do about it.
    """
    faults = dict.fromkeys([*_unusable(settings, targets), *_gaps(settings, spoken, targets)])
    if faults:
        raise SettingsError("\n  ".join(["the engines cannot do what is asked of them:", *faults]))


def _unusable(settings: Settings, targets: Collection[str]) -> Iterator[str]:
    """What is wrong with the engines themselves: their verb, their model, their key."""
    engines = Engines(settings.engines)
    voices = [settings.languages[code].speak for code in targets]
    wanted: list[tuple[Callable[[str], object], str]] = [
        (engines.ear, settings.hear),
        *((engines.renderer, pair.render) for pair in settings.pairs),
        *((engines.voice, name) for name in voices if name is not None),
    ]
    for make, name in wanted:
        try:
            make(name)
        except SettingsError as error:
            yield str(error)


def _gaps(settings: Settings, spoken: Collection[str], targets: Collection[str]) -> Iterator[str]:
    """The pairs that nothing renders."""
    for source in spoken:
        for target in targets:
            if languages.same(source, target):
                continue
            pair = settings.pair(source, target)
            if pair is None:
                yield f"{source} -> {target}: no line of `pairs` fits; add one"
            elif (why := _gap(settings.engines[pair.render], source, target)) is not None:
                yield f"{source} -> {target} by {pair.render}: {why}"


def _gap(engine: Engine, source: str, target: str) -> str | None:
    """Why `engine` does not render `source` as `target`, and what would help; else None."""
    if engine.plugin != "apertium":
        return None  # a language model knows languages by degrees
    modes = installed_modes()
    return None if route(source, target, modes) is not None else str(missing(source, target, modes))
