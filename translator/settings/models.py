"""What both files may say, and the snapshot that comes of them.

What is written here for each key is also what editors show: the JSON Schemas are made of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationInfo,
    model_validator,
)

from translator import languages
from translator.document import Version, language_code, nearest
from translator.glossary import Glossary
from translator.settings.keys import Variable
from translator.settings.prices import Ceilings, Price
from translator.settings.tools import AGENDA, LOCAL, ToolServer, ToolServers
from translator.types import USUAL, Gender, Limits, Pauses, Register

ANY = "*"
MEETINGS = "meetings"
"""Folder beside language_pairs.yaml: in it a folder for each meeting with settings of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the organizer's file is checked against."""

    folder: Path
    engines: Collection[str] | None
    """Their names; None where engines.yaml cannot tell."""
    sets: Collection[str] | None = None
    """The same of its sets."""
    tools: Collection[str] | None = None
    """The same of its servers for look-ups."""
    texts: dict[str, Path] = field(default_factory=dict)
    """As `glossaries`, for what is read as it is."""
    glossaries: dict[str, Path] = field(default_factory=dict)
    """Those that the file names, by that name: filled by the check."""
    languages: set[str] = field(default_factory=set)
    """Those that the file has so far."""


def _code_or_any(value: str) -> str:
    return value if value == ANY else language_code(value)


def _listed(value: object) -> object:
    """A single name is a list of one, and nothing an empty list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _by_engine(voice: object) -> object:
    """Voices without an engine are those of the first."""
    if voice is None:
        return {}
    return voice if isinstance(voice, dict) else {"": voice}


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("must not be empty: name an engine, or leave the whole line out")
    return names


def _engine(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(engines=engines) if engines is not None and name not in engines:
            raise ValueError(
                f"unknown engine {name!r}{nearest(name, list(engines))};"
                f" engines.yaml has: {', '.join(engines)}"
            )
    return name


def _set(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(sets=sets) if sets is not None and name not in sets:
            raise ValueError(unknown_set(name, sets))
    return name


def unknown_set(name: str, sets: Collection[str]) -> str:
    """Why no set can be had by that name."""
    known = ", ".join(sets) or "none"
    return f"unknown set {name!r}{nearest(name, list(sets))}; `sets` of engines.yaml has: {known}"


def _by_language(engines: object) -> object:
    """Engines without a language are for all."""
    return engines if isinstance(engines, dict) else {ANY: engines}


def _for_any(engines: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if ANY not in engines:
        raise ValueError(f'"{ANY}" is missing: the engines for all other languages')
    return engines


def _inside(name: str, around: Surroundings) -> Path:
    """The file of that name in the meeting's folder. Raises ValueError."""
    folder = around.folder.resolve()
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):
        raise ValueError(f"{name!r} is no file name") from None
    if not path.is_relative_to(folder) or path.is_relative_to(folder / MEETINGS):
        raise ValueError(f"{name!r} lies outside the folder of the meeting; put it inside")
    return path


def _glossary(name: str, info: ValidationInfo) -> str:
    if not isinstance(info.context, Surroundings):
        return name
    path = _inside(name, info.context)
    if path.suffix not in (".yaml", ".yml"):
        raise ValueError(f"{name!r} is no glossary; its name must end in .yaml")
    info.context.glossaries[name] = path
    return name


def _text_file(name: str, info: ValidationInfo) -> str:
    if not isinstance(info.context, Surroundings):
        return name
    path = _inside(name, info.context)
    if path.suffix not in (".md", ".txt"):
        raise ValueError(f"{name!r} is no text; its name must end in .md or .txt")
    info.context.texts[name] = path
    return name


def _lookup(name: str, info: ValidationInfo) -> str:
    match info.context:
        case Surroundings(tools=tools) if tools is not None and name not in (*LOCAL, *tools):
            known = [*LOCAL, *tools]
            raise ValueError(
                f"unknown look-up {name!r}{nearest(name, known)}; there are: {', '.join(known)}"
            )
    return name


def _once(code: str, info: ValidationInfo) -> str:
    """Two spellings of one language would silently become one."""
    if isinstance(info.context, Surroundings):
        if code in info.context.languages:
            raise ValueError(f"{code} is given twice; keep one of the two")
        info.context.languages.add(code)
    return code


def _nothing(value: object) -> object:
    """`de:` with nothing behind it is a language with captions only."""
    return {} if value is None else value


def _voices(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("must not be empty: name a voice, or leave `voice` out")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is given twice; keep one of the two")
    return names


Code = Annotated[str, AfterValidator(language_code), Field(examples=["es", "pt-BR"])]
CodeOrAny = Annotated[str, AfterValidator(_code_or_any), Field(examples=["es", ANY])]
EngineName = Annotated[str, Field(min_length=1), AfterValidator(_engine)]
EngineNames = Annotated[
    tuple[EngineName, ...],
    AfterValidator(_some),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
VoiceNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    AfterValidator(_voices),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
GlossaryNames = Annotated[
    tuple[Annotated[str, AfterValidator(_glossary)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(examples=[["glossaries/example.yaml"]]),
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Engine(_Model):
    """One engine as the operator has set it up."""

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_]*$", examples=["openai"])
    """whisper, apertium or espeak, which are built in, the name of a LiveKit plugin, or inference:
    LiveKit Inference."""
    model: str | None = Field(default=None, min_length=1)
    """The vendor's name of the model; its usual one without it."""
    base_url: str | None = Field(
        default=None, pattern=r"^(https?|wss?)://", examples=["http://127.0.0.1:11434/v1"]
    )
    """Where the engine is reached; the vendor's own address without it."""
    key: Variable | None = None
    """NAME of the environment variable that holds the key; never the key itself."""
    options: Mapping[str, Any] = {}
    """More arguments of the LiveKit plugin's class, as its documentation names them."""
    voices: Mapping[Code, VoiceNames] = {}
    """Its voices by language, for languages that name none; several for as many speakers."""
    price: Price | None = Field(default=None, examples=[{"audio_hour": 0.15}])
    """What the vendor asks, by its own units: look it up on its page. Unknown without it, and then
    no ceiling counts it; what is built in is free."""


class EngineSet(_Model):
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


class EnginesFile(_Model):
    """The operator's file: which engines exist, and how they are reached."""

    version: Version
    """Of this file's format."""
    currency: str = Field(default="USD", min_length=1, max_length=8)
    """Of all prices and ceilings."""
    ceilings: Ceilings = Ceilings()
    """How much may be spent for a person, in a meeting, in a day."""
    engines: dict[Annotated[str, Field(min_length=1)], Engine] = Field(min_length=1)
    """By the name that language_pairs.yaml uses."""
    sets: dict[Annotated[str, Field(min_length=1)], EngineSet] = {}
    """Sets of them for a whole meeting: `make run ENGINES=name` puts one to use."""
    tools: ToolServers = {}
    """MCP servers by the name that `lookups` of language_pairs.yaml uses."""


class Language(_Model):
    """One language that people can listen to or read."""

    spoken_by: EngineNames = Field(default=(), alias="speak", examples=["espeak"])
    """The engine that speaks it, or several: the next one speaks where one fails. Captions only
    without it."""
    voices: Annotated[
        Mapping[str, VoiceNames],
        BeforeValidator(
            _by_engine, json_schema_input_type=str | list[str] | dict[str, str | list[str]] | None
        ),
    ] = Field(
        default={},
        alias="voice",
        examples=["nova", ["nova", "echo"], {"azure": "ca-ES-JoanaNeural"}],
    )
    """A voice of the first of these engines, several for as many speakers, or either by engine; an
    engine's usual one for the language without it."""

    @model_validator(mode="after")
    def _has_a_voice_to_choose(self) -> "Language":
        if self.voices and not self.spoken_by:
            raise ValueError("`voice` without `speak`: name the engine that has the voice")
        for engine in self.voices:
            if engine not in ("", *self.spoken_by):
                known = ", ".join(self.spoken_by)
                raise ValueError(f"`voice` names {engine!r}, but `speak` only: {known}")
        return self

    @property
    def speak(self) -> str | None:
        """The engine that speaks first; None: captions only."""
        return next(iter(self.spoken_by), None)

    def voices_of(self, engine: str) -> tuple[str, ...]:
        """The voices to ask `engine` for; none: its usual one for the language."""
        named = self.voices.get("", ()) if engine == self.speak else ()
        return self.voices.get(engine, named)

    def voice_of(self, engine: str) -> str | None:
        """The first of them; None: its usual one for the language."""
        return next(iter(self.voices_of(engine)), None)


class Pair(_Model):
    """How one language is rendered into another; the first that fits is taken."""

    source: CodeOrAny = Field(alias="from")
    """The language that is spoken, or "*" for any."""
    target: CodeOrAny = Field(alias="to")
    """The language that it becomes, or "*" for any."""
    rendered_by: EngineNames = Field(alias="render", examples=["apertium"])
    """The engine that renders, or several: the next one renders where one fails."""
    glossaries: GlossaryNames = ()
    """Files with the meeting's own terms, in the folder of this file; the first wins."""
    register_: Register | None = Field(default=None, alias="register")
    """How people are addressed: formal or informal; as the speaker does without it. For engines
    that take instructions: language models."""
    gender: Gender | None = None
    """Of who speaks, where the grammar of the language asks for one: feminine, masculine, or
    neutral to avoid it. For engines that take instructions: language models."""
    guard: bool = True
    """Whether a rendition is checked before it is heard: language, figures, and that it is no
    answer. Turn it off where it keeps good renditions back."""
    end_to_end: EngineName | None = Field(default=None, examples=["realtime"])
    """A speech-to-speech model that interprets by itself; the engines of `render` and `speak` help
    where it fails. It knows no glossaries, and has its own voice."""
    hybrid: EngineName | None = Field(default=None, examples=["realtime"])
    """The same for what is heard alone: captions come from `render`."""

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "Pair":
        if self.end_to_end is not None and self.hybrid is not None:
            raise ValueError("`end_to_end` and `hybrid` exclude each other; keep one of the two")
        return self

    @property
    def realtime(self) -> str | None:
        """The speech-to-speech model whose voice is heard; None: the cascade's is."""
        return self.end_to_end or self.hybrid

    @property
    def render(self) -> str:
        """The engine that renders first."""
        return self.rendered_by[0]


PRESETS: Mapping[str, Mapping[str, float]] = {
    "fast": {
        "min_words": 3,
        "max_seconds": 1.2,
        "anywhere": True,
        "pause": 0.35,
        "endpointing": 0.6,
    },
    "balanced": {
        "min_words": 4,
        "max_seconds": 2.0,
        "pause": USUAL.finished,
        "endpointing": USUAL.longest,
    },
    "careful": {"min_words": 6, "max_seconds": 5.0, "pause": 0.6, "endpointing": 1.2},
}
BALANCED = PRESETS["balanced"]


class Segmenting(_Model):
    """Where speech is cut into segments: by a preset, and by what is said beside it."""

    preset: Literal["fast", "balanced", "careful"] = "balanced"
    """fast is heard soonest; careful cuts where sentences do, and is heard two seconds later."""
    min_words: int = Field(default=int(BALANCED["min_words"]), ge=1, le=20)
    """Fewer are not cut off at a comma; more are calmer."""
    max_seconds: float = Field(default=BALANCED["max_seconds"], ge=1.0, le=20.0)
    """A longer segment is cut anyway; less is faster."""
    anywhere: bool = False
    """Then also in the middle of a phrase, as in "the | house": faster still."""
    pause: float = Field(default=BALANCED["pause"], ge=0.25, le=1.5)
    """Seconds of silence that end a sentence which looks finished. whisper follows it; a vendor's
    engine has options of its own in engines.yaml."""
    endpointing: float = Field(default=BALANCED["endpointing"], ge=0.25, le=1.5)
    """Seconds of silence that end whatever was said, as for `pause`."""

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: object) -> object:
        """With the preset's values, where no other is given."""
        given = value if isinstance(value, dict) else {}
        preset = PRESETS.get(str(given.get("preset", "balanced")), {})
        return {**preset, **given} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _ends_what_is_finished_first(self) -> "Segmenting":
        if self.endpointing < self.pause:
            raise ValueError(
                f"`endpointing` ({self.endpointing:g}) is shorter than `pause` ({self.pause:g});"
                " what looks finished cannot wait longer than all else"
            )
        return self

    @property
    def limits(self) -> Limits:
        """For a segmenter."""
        return Limits(
            min_words=self.min_words, max_seconds=self.max_seconds, anywhere=self.anywhere
        )

    @property
    def pauses(self) -> Pauses:
        """For an ear."""
        return Pauses(finished=self.pause, longest=self.endpointing)


def _preset(value: object) -> object:
    """A preset's name alone is enough."""
    return {"preset": value} if isinstance(value, str) else value


class _Choices(_Model):
    """What the organizer decides."""

    heard_by: EngineNames = Field(alias="hear", examples=["whisper"])
    """The engine that hears, or several: the next one hears where one fails."""
    spoken: tuple[Code, ...] = Field(min_length=1, examples=[["en", "es"]])
    """The languages that people speak here: only these are identified."""
    languages: dict[
        Annotated[Code, AfterValidator(_once)],
        Annotated[Language, BeforeValidator(_nothing, json_schema_input_type=Language | None)],
    ] = Field(min_length=1)
    """The languages that people can listen to or read."""
    pairs: tuple[Pair, ...] = ()
    """How one language becomes another; the first that fits is taken."""
    summarize: EngineName | None = Field(default=None, examples=["openai"])
    """The engine, a language model, that keeps a summary of the meeting for those that render;
    none without it."""
    lookups: Annotated[
        tuple[Annotated[str, AfterValidator(_lookup)], ...],
        BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    ] = Field(default=(), examples=[["glossary", "agenda"]])
    """What the engine of `summarize` may look up meanwhile: glossary, agenda, and the servers that
    `tools` of engines.yaml names; nothing without it."""
    agenda: Annotated[str, AfterValidator(_text_file)] | None = Field(
        default=None, examples=["agenda.md"]
    )
    """A text about the meeting, in the folder of this file: subjects, speakers, papers."""
    segments: Annotated[
        Segmenting,
        BeforeValidator(
            _preset, json_schema_input_type=Segmenting | Literal["fast", "balanced", "careful"]
        ),
    ] = Segmenting()
    """Where speech is cut into segments: a preset's name, or a preset and its changes."""
    max_wait: float = Field(default=2.0, ge=0.0, le=10.0)
    """Seconds that an earlier segment which is not ready may hold a channel."""
    grace: float = Field(default=10.0, ge=0.0, le=600.0)
    """Seconds that a language goes on after its last listener."""
    max_languages: int = Field(default=10, ge=1, le=100)
    """Languages that may run at once."""

    @model_validator(mode="after")
    def _has_its_agenda(self) -> "_Choices":
        if AGENDA in self.lookups and self.agenda is None:
            raise ValueError("`lookups` names the agenda: name its file with `agenda`")
        return self


class PairsFile(_Choices):
    """The organizer's file: which languages meet, and how."""

    version: Version
    """Of this file's format."""
    engine_set: Annotated[str, AfterValidator(_set)] | None = Field(
        default=None, alias="engines", examples=["cloud"]
    )
    """A set of engines.yaml that takes the place of every engine named here."""


class Settings(_Choices):
    """One meeting's settings: a frozen, numbered snapshot of both files."""

    number: int
    engines: Mapping[str, Engine]
    currency: str = "USD"
    ceilings: Ceilings = Ceilings()
    engine_set: str | None = None
    """The set that took the place of the engines that the organizer names."""
    glossaries: Mapping[str, InstanceOf[Glossary]]
    """By the file name that a pair uses."""
    tools: Mapping[str, ToolServer] = {}
    agenda_text: str = ""

    @property
    def hear(self) -> str:
        """The engine that hears first."""
        return self.heard_by[0]

    def pair(self, source: str, target: str) -> Pair | None:
        """The first pair that fits, or None where nothing renders `source` into `target`."""
        for pair in self.pairs:
            if _fits(pair.source, source) and _fits(pair.target, target):
                return pair
        return None

    @property
    def needs_sound(self) -> bool:
        """Whether a pair needs the speech itself, and not its text alone."""
        return any(pair.realtime is not None for pair in self.pairs)

    def glossary(self, source: str, target: str) -> Glossary:
        """The glossaries of the pair as one, first come first served; empty without any."""
        pair = self.pair(source, target)
        names = pair.glossaries if pair else ()
        first, *others = [self.glossaries[name] for name in names] or [Glossary()]
        return first.followed_by(*others)


def _fits(pattern: str, code: str) -> bool:
    return pattern == ANY or languages.lookup(code, [pattern]) is not None
