"""How late a text is: LAAL and LongYAAL, over sentences that a whole talk is cut into again.

The definitions are those of OmniSTEval 0.1.10 at word level without a tokenizer, with which these
figures agree. All times are milliseconds there and here. A word's delay is when a reader had it,
on the recording's clock, so these figures are computation-aware and hold the network, too.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

PUNCTUATION = frozenset(".!?,;:-()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """One word as it came."""

    text: str
    delay: float
    """Milliseconds on the recording's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference sentence and where its source was said, in milliseconds."""

    text: str
    start: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """A reference sentence with the words that stand for it; delays are counted from its start."""

    reference: Reference
    delays: tuple[float, ...]
    end: float
    """Of the whole recording's speech, counted from the sentence's start."""

    @property
    def pace(self) -> float:
        """Words in a millisecond of an ideal that never lags."""
        expected = len(self.reference.text.split(" "))
        return max(len(self.delays), expected) / self.reference.length


def laal(sentences: Sequence[Aligned]) -> float | None:
    """Length-adaptive average lagging, the mean over sentences with any word."""
    return _mean(_laal(one) for one in sentences if one.delays)


def long_yaal(sentences: Sequence[Aligned]) -> float | None:
    """LongYAAL: as LAAL, but words go on counting after the sentence, until the recording ends."""
    return _mean(value for one in sentences if (value := _yaal(one)) is not None)


def _laal(one: Aligned) -> float:
    length = one.reference.length
    if one.delays[0] > length:
        return one.delays[0]
    inside = next((i for i, delay in enumerate(one.delays) if delay >= length), len(one.delays) - 1)
    return _lagging(one.delays[: inside + 1], one.pace)


def _yaal(one: Aligned) -> float | None:
    count = next((i for i, delay in enumerate(one.delays) if delay >= one.end), len(one.delays))
    return _lagging(one.delays[:count], one.pace) if count else None


def _lagging(delays: Sequence[float], pace: float) -> float:
    return fmean(delay - number / pace for number, delay in enumerate(delays))


def _mean(values: Iterator[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


# --- a talk, cut into the sentences of its reference ------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A word of the reference."""

    text: str
    sentence: int


def resegmented(words: Sequence[Emitted], references: Sequence[Reference]) -> list[Aligned]:
    """The words of a whole talk, each with the reference sentence that it stands for.

    The alignment gains the likeness of letters of every pair of words that it joins; words
    between two joined ones go with the neighbour that they are more like. A word without any
    neighbour, such as a dash at the beginning, is left out.
    """
    marks = [
        _Mark(text=word, sentence=number)
        for number, one in enumerate(references)
        for word in unicodedata.normalize("NFKC", one.text).lower().split()
    ]
    texts = [unicodedata.normalize("NFKC", word.text).lower() for word in words]
    delays: list[list[float]] = [[] for _ in references]
    if marks:
        for word, sentence in _assigned(texts, marks):
            delays[sentence].append(words[word].delay)
    end = max((one.start + one.length for one in references), default=0.0)
    return [
        Aligned(
            reference=one,
            delays=tuple(delay - one.start for delay in found),
            end=end - one.start,
        )
        for one, found in zip(references, delays, strict=True)
    ]


def _assigned(words: Sequence[str], marks: Sequence[_Mark]) -> Iterator[tuple[int, int]]:
    """(word, sentence) for every word."""
    steps = _path(words, marks)
    last: _Mark | None = None
    drawn: _Mark | None = None  # to whom the rest of a gap goes, or the order would be lost
    for (word, mark), following in zip(steps, _following(steps), strict=True):
        if mark is not None:
            last, drawn = mark, None
        elif drawn is None and word is not None:
            ahead, behind = (_like(words[word], one) for one in (following, last))
            drawn = following if ahead > behind else None
        owner = drawn or last
        if word is not None and owner is not None:
            yield word, owner.sentence


_Step = tuple[int | None, _Mark | None]


def _following(steps: Sequence[_Step]) -> list[_Mark | None]:
    """For every step the first mark from there on."""
    found: list[_Mark | None] = []
    following: _Mark | None = None
    for _, mark in reversed(steps):
        following = mark or following
        found.append(following)
    return found[::-1]


def _like(word: str, mark: _Mark | None) -> float:
    return -np.inf if mark is None else likeness(word, mark.text)


def _path(words: Sequence[str], marks: Sequence[_Mark]) -> list[_Step]:
    """The best alignment, as pairs of a word and a mark, of which one may be missing."""
    gains, back = np.zeros(len(words) + 1), np.zeros((len(marks) + 1, len(words) + 1), np.int8)
    back[0, :], back[:, 0] = 2, 1
    for row, mark in enumerate(marks, 1):
        before, gains = gains, np.zeros(len(words) + 1)
        for column, word in enumerate(words, 1):
            join = before[column - 1] + likeness(mark.text, word)
            skip, insert = before[column], gains[column - 1]
            if join >= skip and join >= insert:
                gains[column], back[row, column] = join, 0
            else:
                gains[column], back[row, column] = (skip, 1) if skip >= insert else (insert, 2)
    steps: list[_Step] = []
    row, column = len(marks), len(words)
    while row or column:
        move = back[row, column]
        row, column = row - (move != 2), column - (move != 1)
        steps.append((None if move == 1 else column, None if move == 2 else marks[row]))
    return steps[::-1]


def likeness(one: str, other: str) -> float:
    """Jaccard index of the letters; punctuation is like punctuation only."""
    if (one in PUNCTUATION) != (other in PUNCTUATION):
        return -np.inf
    here, there = set(one), set(other)
    return len(here & there) / len(here | there)
