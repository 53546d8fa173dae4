"""The only reader of configuration: two files, two owners.

`engines.yaml` belongs to the operator: engines by name, with plugin, endpoint and the name of the
variable that holds the key. `language_pairs.yaml` belongs to the organizer and holds engine
*names* only. `load` turns both into one frozen, numbered snapshot; a change is a new snapshot.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from translator import languages
from translator.errors import InputError, SettingsError
from translator.glossary import Glossary, load_glossary

ANY = "*"


def _code(value: str) -> str:
    try:
        return languages.normalize(value)
    except InputError as error:
        raise ValueError(str(error)) from None


def _code_or_any(value: str) -> str:
    return value if value == ANY else _code(value)


Code = Annotated[str, AfterValidator(_code)]
CodeOrAny = Annotated[str, AfterValidator(_code_or_any)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Engine(_Model):
    """One engine as the operator has set it up."""

    plugin: str
    """An embedded engine (whisper, apertium, espeak) or a LiveKit plugin (openai, …)."""
    model: str | None = None
    base_url: str | None = None
    key: str | None = None
    """Name of the environment variable that holds the key; never the key itself."""


class EnginesFile(_Model):
    """`engines.yaml`."""

    version: Literal[1]
    engines: dict[str, Engine]


class Language(_Model):
    """One language that people can listen to or read."""

    speak: str | None = None
    """Name of the engine that speaks it; None: captions only."""
    voice: str | None = None
    """A voice of that engine; None: its usual one for the language."""


class Pair(_Model):
    """How one language is rendered into another; the first that matches is taken."""

    source: CodeOrAny = Field(alias="from")
    target: CodeOrAny = Field(alias="to")
    render: str
    glossaries: tuple[str, ...] = ()


class Segmenting(_Model):
    """Where speech is cut into segments."""

    min_words: int = Field(default=4, ge=1, le=20)
    max_seconds: float = Field(default=3.0, ge=1.0, le=20.0)


class PairsFile(_Model):
    """`language_pairs.yaml`."""

    version: Literal[1]
    hear: str
    spoken: tuple[Code, ...] = Field(min_length=1)
    languages: dict[Code, Language] = Field(min_length=1)
    pairs: tuple[Pair, ...] = ()
    segments: Segmenting = Segmenting()
    max_wait: float = Field(default=2.0, ge=0.0, le=10.0)
    grace: float = Field(default=10.0, ge=0.0, le=600.0)
    max_languages: int = Field(default=10, ge=1, le=100)


class Settings(_Model):
    """One meeting's settings: a frozen, numbered snapshot of both files."""

    number: int
    engines: Mapping[str, Engine]
    hear: str
    """Name of the engine that hears."""
    spoken: tuple[str, ...]
    """The only languages that are identified."""
    languages: Mapping[str, Language]
    """The languages that people can listen to or read."""
    pairs: tuple[Pair, ...]
    glossaries: Mapping[str, Glossary]
    """By the file name that a pair uses."""
    segments: Segmenting
    max_wait: float
    """Seconds that an earlier segment which is not ready may hold a channel."""
    grace: float
    """Seconds that a language goes on after its last listener."""
    max_languages: int

    def pair(self, source: str, target: str) -> Pair | None:
        """The first pair that fits, or None where nothing renders `source` into `target`."""
        for pair in self.pairs:
            if _fits(pair.source, source) and _fits(pair.target, target):
                return pair
        return None

    def glossary(self, source: str, target: str) -> tuple[Glossary, ...]:
        """The glossaries of the pair, first come first served."""
        pair = self.pair(source, target)
        return tuple(self.glossaries[name] for name in pair.glossaries) if pair else ()


def _fits(pattern: str, code: str) -> bool:
    return pattern == ANY or languages.lookup(code, [pattern]) is not None


def load(pairs_path: Path, engines_path: Path, *, number: int = 1) -> Settings:
    """Read both files. Raises SettingsError that names the file and every fault in it."""
    engines = _read(engines_path, EnginesFile)
    pairs = _read(pairs_path, PairsFile)
    faults = [
        f"{where}: unknown engine {name!r}; {engines_path.name} has: {', '.join(engines.engines)}"
        for where, name in _engine_names(pairs)
        if name not in engines.engines
    ]
    glossaries: dict[str, Glossary] = {}
    for name in {name for pair in pairs.pairs for name in pair.glossaries}:
        try:
            glossaries[name] = load_glossary(_inside(pairs_path.parent, name))
        except SettingsError as error:
            faults.append(str(error))
    if faults:
        raise SettingsError(f"{pairs_path}:\n  " + "\n  ".join(faults))
    return Settings(
        number=number,
        engines=engines.engines,
        glossaries=glossaries,
        **{name: getattr(pairs, name) for name in _TAKEN},
    )


_TAKEN = (
    "hear",
    "spoken",
    "languages",
    "pairs",
    "segments",
    "max_wait",
    "grace",
    "max_languages",
)


def _engine_names(pairs: PairsFile) -> list[tuple[str, str]]:
    speaking = [(f"languages.{code}.speak", one.speak) for code, one in pairs.languages.items()]
    return [
        ("hear", pairs.hear),
        *((where, name) for where, name in speaking if name is not None),
        *((f"pairs.{i}.render", pair.render) for i, pair in enumerate(pairs.pairs)),
    ]


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise SettingsError(f"glossary {name!r} lies outside the folder of the meeting")
    return path


M = TypeVar("M", bound=_Model)


def _read(path: Path, model: type[M]) -> M:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is no YAML: {error}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{path}:\n  " + "\n  ".join(faults)) from None
