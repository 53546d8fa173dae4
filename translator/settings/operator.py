"""What the operator's file may say: which engines there are, and how they are reached."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from translator import languages
from translator.document import Version
from translator.settings.keys import Address, Variable
from translator.settings.names import (
    ANY,
    CodeOrAny,
    EngineName,
    EngineNames,
    Model,
    VoiceNames,
)
from translator.settings.prices import Ceilings, Price
from translator.settings.tools import ToolServers


def _by_language(engines: object) -> object:
    """Engines without a language are for all."""
    return engines if isinstance(engines, dict) else {ANY: engines}


def _for_any(engines: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if ANY not in engines:
        raise ValueError(f'"{ANY}" is missing: the engines for all other languages')
    return engines


class Engine(Model):
    """One engine as the operator has set it up."""

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_]*$", examples=["openai"])
    """whisper, apertium or espeak, which are built in, the name of a LiveKit plugin, or inference:
    LiveKit Inference."""
    model: str | None = Field(default=None, min_length=1)
    """The vendor's name of the model; its usual one without it."""
    base_url: Address | None = Field(default=None, examples=["http://127.0.0.1:11434/v1"])
    """Where the engine is reached; the vendor's own address without it."""
    key: Variable | None = None
    """NAME of the environment variable that holds the key; never the key itself."""
    options: Mapping[str, Any] = {}
    """More arguments of the LiveKit plugin's class, as its documentation names them."""
    voices: Mapping[CodeOrAny, VoiceNames] = {}
    """Its voices by language, "*" for all others, for languages that name none; several for as many
    speakers."""
    price: Price | None = Field(default=None, examples=[{"audio_hour": 0.15}])
    """What the vendor asks, by its own units: look it up on its page. Unknown without it, and then
    no ceiling counts it; what is built in is free."""

    def usual_voices(self, code: str) -> tuple[str, ...]:
        """Its voices for a language that names none; none: the one that the plugin takes."""
        return self.voices.get(languages.lookup(code, self.voices) or ANY, ())


class EngineSet(Model):
    """Engines for a whole meeting, in the place of those that language_pairs.yaml names."""

    hear: EngineNames = Field(examples=["whisper"])
    """The engine that hears, or several: the next one hears where one fails."""
    render: EngineNames = Field(examples=["apertium"])
    """The same for every pair."""
    speak: Annotated[
        Mapping[CodeOrAny, EngineNames],
        AfterValidator(_for_any),
        BeforeValidator(
            _by_language, json_schema_input_type=str | list[str] | dict[str, str | list[str]]
        ),
    ] = Field(examples=["espeak", {"ca": "azure", "*": "elevenlabs"}])
    """The same for every language that is spoken at all; by language where not all have the same,
    with "*" for all others."""
    summarize: EngineName | None = None
    """The engine that keeps a summary of the meeting; none without it."""

    def speaking(self, code: str) -> tuple[str, ...]:
        """The engines that speak a language."""
        return self.speak[languages.lookup(code, self.speak) or ANY]


class EnginesFile(Model):
    """The operator's file: which engines exist, and how they are reached."""

    version: Version
    """Of this file's format."""
    currency: str = Field(default="USD", min_length=1, max_length=8)
    """Of all prices and ceilings."""
    ceilings: Ceilings = Ceilings()
    """How much may be spent for a person, in a meeting, in a day."""
    engines: dict[Annotated[str, Field(min_length=1)], Engine] = Field(min_length=1)
    """By the name that language_pairs.yaml uses."""
    sets: dict[Annotated[str, Field(min_length=1)], EngineSet] = Field(default={})
    """Sets of them for a whole meeting: `make run ENGINES=name` puts one to use."""
    tools: ToolServers = Field(default={})
    """MCP servers by the name that `lookups` of language_pairs.yaml uses."""
