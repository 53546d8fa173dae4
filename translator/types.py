"""What travels along the line. Times are seconds of meeting time unless said otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word with its place in time."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds of silence that end an utterance."""

    finished: float = 0.45
    """One that looks finished."""
    longest: float = 0.8
    """Any."""


USUAL = Pauses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where speech is cut into segments."""

    min_words: int
    """A shorter clause waits for the next one."""
    max_seconds: float
    """Longer speech is cut without waiting for the end of a clause."""
    anywhere: bool = False
    """Then also in the middle of a phrase: after an article, a preposition, a conjunction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """All that an ear is told of what it will hear."""

    languages: Sequence[str]
    """The only ones that may be identified, BCP-47."""
    expected: str | None = None
    """The one that the speaker spoke last."""
    declared: str | None = None
    """The one that the speaker says to speak: counts for more."""
    terms: Sequence[str] = ()
    """To be spelled as given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What STT says now of one utterance, from the utterance's beginning.

    An ear gives times in seconds of the audio that it was fed; the floor turns them into
    meeting time.
    """

    utterance: str
    """Unique within its floor."""
    text: str
    """The whole utterance so far; a later hypothesis of the same utterance replaces it."""
    language: str | None
    """BCP-47; None while the engine does not know yet."""
    final: bool
    """True: nothing of this utterance will change, and no hypothesis of it follows."""
    start: float
    """Onset of the utterance's speech."""
    end: float
    """End of the speech that `text` covers."""
    stable: int = 0
    """Characters at the beginning of `text` that the engine itself will not change again."""
    words: tuple[Word, ...] = ()
    """Timed words from the beginning of `text`; may cover only a part, or nothing."""

    def later(self, seconds: float) -> "Hypothesis":
        """The same with all its times `seconds` later."""
        return replace(
            self,
            start=self.start + seconds,
            end=self.end + seconds,
            words=tuple(
                replace(word, start=word.start + seconds, end=word.end + seconds)
                for word in self.words
            ),
        )

    def broken_off(self) -> "Hypothesis":
        """What stays of it, as final, where the engine stopped in the middle.

        Of its last word only half may have been heard: that one stays out, to be heard again,
        where it is known when the one before it ended.
        """
        text, words = self.text, self.words
        if len(words) > 1 and len(words) == len(text.split()):
            sure = text.rsplit(maxsplit=1)[0]
            if len(sure) >= self.stable:
                text, words = sure, words[:-1]
        end = self.end if text == self.text else words[-1].end
        return replace(self, text=text, words=words, end=end, final=True, stable=len(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Source text that will not be revised: the unit of translation."""

    id: str
    """Unique within the meeting."""
    speaker: str
    """Identity of the participant whose floor it is."""
    speaker_name: str
    language: str
    """BCP-47 of `text`."""
    text: str
    start: float
    end: float
    committed: float
    """When it became a segment."""
    settings: int
    """Number of the settings that it was committed under, and is finished under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """A segment in a target language."""

    segment: Segment
    language: str
    text: str
    prompt: str | None = None
    """The instructions that it follows, by name and version; None from an engine that takes
    none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One form of a glossary's entry, for one pair of languages."""

    source: str
    target: str
    """Equal to `source` for a term that must not be translated."""
    forms: tuple[str, ...] = ()
    """Other forms of `target`, which a sentence may need in its place."""


Register = Literal["formal", "informal"]
"""How people are addressed."""
Gender = Literal["feminine", "masculine", "neutral"]
"""The speaker's, where the grammar of a language asks for one; neutral avoids it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that a renderer is told of one segment."""

    segment: Segment
    target: str
    """BCP-47."""
    terms: tuple[Term, ...] = ()
    """Those of the glossary that occur in the segment."""
    context: tuple[Rendition, ...] = ()
    """The last renditions into `target`, oldest first."""
    summary: str = ""
    """Of the meeting so far; empty while there is none."""
    register: Register | None = None
    """None: as the speaker does."""
    gender: Gender | None = None
    """None: not known."""
    terse: bool = False
    """In fewer words than usual, since the channel is behind."""
    begun: str = ""
    """The beginning of the rendition, where an engine broke off behind it: it has been heard, and
    only what follows it is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The uncommitted text of one speaker that is steady enough to be read: may still change, or
    vanish. Empty does not mean that nothing more was said."""

    speaker: str
    speaker_name: str
    language: str | None
    """BCP-47 of the speech; None while it is not known."""
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What a floor gives at one instant: the segments it committed, if any, and its new tail."""

    segments: tuple[Segment, ...]
    tail: Tail
    ended: bool = False
    """Whether the utterance is over."""
