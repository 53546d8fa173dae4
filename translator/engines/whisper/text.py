"""What one utterance says: frozen words, piece by piece, and the rest, which may still change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from translator.engines.identification import Identification
from translator.segment import TextWord, Times, agreed, cut, words_of
from translator.types import Word

FROZEN_WORDS = 4
"""Words at least that are frozen at a time, while there is time to wait for more."""
FROZEN_AFTER = 3.0
"""Seconds of what is not frozen from which on any place to freeze is better than none. Where
segments are cut is not decided here: a segmenter takes words on which transcripts agree, frozen or
not, and follows the organizer's `segments`."""
SPACELESS = frozenset({"ja", "lo", "my", "th", "yue", "zh"})
"""Languages whose words are not parted by spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Frozen words."""

    text: str
    words: tuple[Word, ...]
    until: float
    """Where its audio ends, in seconds of the listen."""
    ends_sentence: bool


class Text:
    """The words of one utterance, with their times in seconds of the listen."""

    def __init__(self, identification: Identification) -> None:
        """`identification` is that of the utterance, which learns as it goes on."""
        self._identification = identification
        self.guess: str | None = None
        """Whisper's code of the language of `rest`."""
        self.rest = ""
        """What is not frozen."""
        self.rest_words: tuple[Word, ...] = ()
        """Its words; none where their times are not known."""
        self.kept: list[Piece] = []
        """What is frozen while its audio is in the window."""
        self._left: list[Piece] = []  # their audio has left the window
        # Letters at the beginning of the rest on which two transcripts have agreed: its words may
        # be spelled otherwise, or parted otherwise, in a later one.
        self._agreed = 0
        self._agreed_before = 0  # the last one left aside

    @property
    def frozen(self) -> str:
        """What will not change."""
        return self._join(piece.text for piece in self._pieces)

    @property
    def left(self) -> str:
        """What was said before the window."""
        return self._join(piece.text for piece in self._left)

    @property
    def whole(self) -> str:
        """All that was said."""
        return self._join((self.frozen, self.rest))

    @property
    def words(self) -> tuple[Word, ...]:
        """All words whose times are known, from the beginning."""
        frozen = (word for piece in self._pieces for word in piece.words)
        return (*frozen, *self.rest_words)

    @property
    def prefix(self) -> str:
        """What is frozen of the window: its next transcript begins with this."""
        # A full stop would tempt the decoder to end there.
        return self._join(piece.text for piece in self.kept).rstrip(".?!…")

    @property
    def ends_sentence(self) -> bool:
        """Whether what is frozen ends with a sentence."""
        return bool(self._pieces) and self._pieces[-1].ends_sentence

    @property
    def rest_is_new(self) -> bool:
        """Whether no two transcripts agreed on any of the rest, but for the last one."""
        return not self._agreed_before

    @property
    def frozen_until(self) -> float | None:
        """Where the audio of the frozen words ends; None where there are none."""
        return self._pieces[-1].until if self._pieces else None

    def learn(
        self, said: str, guess: str, timed: tuple[Word, ...], *, start: float, end: float
    ) -> int:
        """Take what a transcript in the language `guess` has behind the prefix as the new rest.

        `timed` are all its words, or none; speech is from `start` to `end`. Gives how many of the
        words at the beginning of the rest are as they were before.
        """
        before = words_of(self.rest) if guess == self.guess else []
        self.guess = guess
        prefix = self.prefix
        whole = prefix + said
        words, begun = words_of(whole), len(words_of(prefix))
        rest = words[begun:]
        self.rest = whole[rest[0].start :].strip() if rest else ""
        times = Times(words, timed, start=start, end=end)
        self.rest_words = tuple(
            Word(
                text=whole[word.start : word.end].strip(),
                start=times.start(n),
                end=max(times.start(n), times.end(n)),
            )
            for n, word in enumerate(rest if timed else (), begun)
        )
        stable = agreed(before, rest)
        self._agreed_before = self._agreed
        self._agreed = max(self._agreed, _letters(rest[:stable]))
        return stable

    def freeze(self, stable: int, language: str) -> None:
        """Freeze what can be cut of the `stable` words at the beginning of the rest."""
        while self.rest and stable:
            words = words_of(self.rest)
            count = cut(
                words,
                stable,
                language=language,
                long=self.rest_words[-1].end - self.rest_words[0].start > FROZEN_AFTER,
                min_words=FROZEN_WORDS,
            )
            if not count:
                break
            self._keep(words, count)
            stable -= count

    def keep(self, count: int) -> None:
        """Freeze the first `count` words of the rest."""
        if count > 0:
            self._keep(words_of(self.rest), count)

    def leave(self) -> float:
        """The audio of the oldest kept words leaves the window; up to where, in seconds."""
        self._left.append(self.kept.pop(0))
        return self._left[-1].until

    def divide(self) -> "Text":
        """End with what is frozen; gives the rest as the text of another utterance."""
        other = Text(self._identification)
        other.guess, other.rest, other.rest_words = self.guess, self.rest, self.rest_words
        self.forget_rest()
        return other

    def forget_rest(self) -> None:
        """Only what is frozen was said."""
        self.rest = ""
        self.rest_words = ()

    @property
    def _pieces(self) -> tuple[Piece, ...]:
        return (*self._left, *self.kept)

    def _keep(self, words: Sequence[TextWord], count: int) -> None:
        after = words[count].start if count < len(words) else len(self.rest)
        end = self.rest_words[count - 1].end
        begin = self.rest_words[count].start if count < len(words) else end
        self.kept.append(
            Piece(
                text=self.rest[:after].strip(),
                words=self.rest_words[:count],
                until=(end + max(end, begin)) / 2,
                ends_sentence=words[count - 1].ends_sentence,
            )
        )
        self.rest = self.rest[after:]
        self.rest_words = self.rest_words[count:]
        letters = _letters(words[:count])
        self._agreed = max(0, self._agreed - letters)
        self._agreed_before = max(0, self._agreed_before - letters)

    def _join(self, texts: Iterable[str]) -> str:
        spaceless = (self._identification.language or self.guess) in SPACELESS
        return ("" if spaceless else " ").join(text for text in texts if text)


def _letters(words: Sequence[TextWord]) -> int:
    return sum(len(word.key) for word in words)
