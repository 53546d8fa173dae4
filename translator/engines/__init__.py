"""The engines by the names that `engines.yaml` gives them: one file per engine."""

from collections.abc import Mapping
from functools import lru_cache

from translator.engines.apertium import ApertiumRenderer
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.whisper import WhisperEar
from translator.errors import SettingsError
from translator.hear import Ear
from translator.render import Renderer
from translator.settings import Engine
from translator.speak import Voice


class Engines:
    """Builds each engine when it is first called for."""

    def __init__(self, configured: Mapping[str, Engine]) -> None:
        self._configured = configured
        self._host = Host()
        self.renderer = lru_cache(self._renderer)
        self.voice = lru_cache(self._voice)

    def ear(self, name: str) -> Ear:
        """An ear of its own for one floor."""
        match self._configured[name]:
            case Engine(plugin="whisper"):
                return WhisperEar(self._host)
        raise self._cannot(name, "hear")

    def _renderer(self, name: str) -> Renderer:
        match self._configured[name]:
            case Engine(plugin="apertium"):
                return ApertiumRenderer(self._host)
        raise self._cannot(name, "render")

    def _voice(self, name: str) -> Voice:
        match self._configured[name]:
            case Engine(plugin="espeak"):
                return EspeakVoice(self._host)
        raise self._cannot(name, "speak")

    def _cannot(self, name: str, verb: str) -> SettingsError:
        plugin = self._configured[name].plugin
        return SettingsError(f"engine {name!r} (plugin {plugin!r}) cannot {verb}")
