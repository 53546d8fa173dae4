"""What the organizer's file may say.

What is written here for each key is also what editors show: the JSON Schemas are made of it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from translator.document import Version
from translator.settings.names import (
    Code,
    CodeOrAny,
    EngineName,
    EngineNames,
    GlossaryNames,
    LookupNames,
    Model,
    NewCode,
    SetName,
    TextName,
    VoiceNames,
)
from translator.settings.tools import AGENDA
from translator.types import USUAL, Gender, Limits, Pauses, Register


def _by_engine(voice: object) -> object:
    """Voices without an engine are those of the first."""
    if voice is None:
        return {}
    return voice if isinstance(voice, dict) else {"": voice}


def _nothing(value: object) -> object:
    """`de:` with nothing behind it is a language with captions only."""
    return {} if value is None else value


class Language(Model):
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


class Pair(Model):
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
    """An end-to-end model that interprets by itself; the engines of `render` and `speak` help
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
        """The end-to-end model whose voice is heard; None: the cascade's is."""
        return self.end_to_end or self.hybrid


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


class Segmenting(Model):
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


class Choices(Model):
    """What the organizer decides."""

    heard_by: EngineNames = Field(alias="hear", examples=["whisper"])
    """The engine that hears, or several: the next one hears where one fails."""
    spoken: tuple[Code, ...] = Field(min_length=1, examples=[["en", "es"]])
    """The languages that people speak here: only these are identified."""
    languages: dict[
        NewCode,
        Annotated[Language, BeforeValidator(_nothing, json_schema_input_type=Language | None)],
    ] = Field(min_length=1)
    """The languages that people can listen to or read."""
    pairs: tuple[Pair, ...] = ()
    """How one language becomes another; the first that fits is taken."""
    summarize: EngineName | None = Field(default=None, examples=["openai"])
    """The engine, a language model, that keeps a summary of the meeting for those that render;
    none without it."""
    lookups: LookupNames = Field(default=(), examples=[["glossary", "agenda"]])
    """What the engine of `summarize` may look up meanwhile: glossary, agenda, and the servers that
    `tools` of engines.yaml names; nothing without it."""
    agenda: TextName | None = Field(default=None, examples=["agenda.md"])
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
    def _has_its_agenda(self) -> "Choices":
        if AGENDA in self.lookups and self.agenda is None:
            raise ValueError("`lookups` names the agenda: name its file with `agenda`")
        return self


class PairsFile(Choices):
    """The organizer's file: which languages meet, and how."""

    version: Version
    """Of this file's format."""
    engine_set: SetName | None = Field(default=None, alias="engines", examples=["cloud"])
    """A set of engines.yaml that takes the place of every engine named here."""
