"""What is asked of Whisper, and what it answers: values that travel to the engine host and back."""

import json
from dataclasses import asdict, dataclass

from translator.languages import primary
from translator.types import Word

PATH = "/whisper/transcribe"
"""Where the engine host takes a Window and answers with a Transcript."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of speech, and all that the host must know to transcribe it."""

    pcm: bytes
    """int16 samples at SAMPLE_RATE, mono."""
    languages: dict[str, float]
    """Whisper's codes of the languages that it may be, with their weights."""
    language: str | None
    """The one that it is, once that is settled."""
    prefix: str
    """What the transcript must begin with."""
    before: str
    """What was said before the window."""
    before_language: str | None
    """Whisper's code of its language; it would mislead the decoder in another one."""
    terms: str
    """What may occur, spelled as it should be."""
    clear: float
    """How probable a transcript must be, or it is made without the terms (see Transcript)."""
    tokens: int
    """The most that a transcript may have, the prefix not counted."""
    beam: int
    """Transcripts that the decoder follows at a time: more are better and slower."""
    align: bool
    """Whether to say when each word was said."""
    model: str

    def to_bytes(self) -> bytes:
        """One line of JSON, then the samples."""
        header = {name: value for name, value in asdict(self).items() if name != "pcm"}
        return json.dumps(header).encode() + b"\n" + self.pcm

    @classmethod
    def from_bytes(cls, data: bytes) -> "Window":
        """What to_bytes made."""
        header, _, pcm = data.partition(b"\n")
        return cls(pcm=pcm, **json.loads(header))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What Whisper makes of a window."""

    text: str
    """What follows the prefix, with its leading space."""
    language: str
    """Whisper's code of the language that it was taken for."""
    probabilities: dict[str, float]
    """Of each language that it may be; they add up to 1."""
    no_speech: float
    logprob: float
    """Mean over the tokens of the log of how probable each is."""
    complete: bool
    """False: the limit of tokens cut it off."""
    words: tuple[Word, ...]
    """All words, those of the prefix included, in seconds of the window; or none."""

    def to_bytes(self) -> bytes:
        """JSON."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Transcript":
        """What to_bytes made."""
        found = json.loads(data)
        found["words"] = tuple(Word(**word) for word in found["words"])
        return cls(**found)


def whisper_code(language: str) -> str:
    """Whisper's code of a BCP-47 language: `pt-BR` -> `pt`."""
    code = primary(language)
    return {"nb": "no", "fil": "tl", "jv": "jw"}.get(code, code)
