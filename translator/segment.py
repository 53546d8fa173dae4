"""Hypotheses -> segments.

A hypothesis may still change; a segment is never revised. So words are committed where
successive hypotheses agree, and cut where a translation can stand on its own: after clause
punctuation, before a conjunction, at a pause, and at the latest when they have grown long.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import Levenshtein

from translator.languages import primary
from translator.types import Hypothesis, Limits, Segment, Word

STUB = 3
"""Words below which a clause is a stub: nothing is cut so short while there is a choice."""
HELD_BACK = 1
"""Agreed words at the end that readers are not shown yet: the next word settles how a word ends,
and its punctuation."""

_CLAUSE_END = re.compile(r"[.,;:?!…。，、；：？！]['\"”’»)\]]*$")
_SENTENCE_END = re.compile(r"[.?!…。？！]['\"”’»)\]]*$")
# A script without spaces counts by character.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][^\w\s]*"
    r"|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)

_CONJUNCTIONS = {
    "ca": "i però perquè quan que si o on mentre",
    "de": "und aber oder weil dass wenn denn sondern als ob während",
    "en": "and but or because that when which if so where while who",
    "es": "y e pero o porque que cuando si donde mientras aunque sino",
    "fr": "et mais ou parce que quand qui si où car lorsque donc",
    "it": "e ed ma o perché che quando se dove mentre",
    "pt": "e mas ou porque que quando se onde enquanto pois",
}
_OPENERS = {
    "ca": "el la els les un una de del dels a al als en amb per i que l d",
    "de": "der die das den dem des ein eine einen einem einer in im von vom zu zum zur mit und",
    "en": "the a an of to in on at for with from by and or that my your his her its our their",
    "es": "el la los las un una de del a al en con por para y e que su sus mi",
    "fr": "le la les un une des du de à au aux en dans par pour avec et que ce sa son ses l d",
    "it": "il lo la i gli le un una uno di del della a al in con per e che da l d",
    "pt": "o a os as um uma de do da dos das em no na nos nas com por para e que ao à",
}


def _by_language(words: dict[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(text.split()) for language, text in words.items()}


CONJUNCTIONS = _by_language(_CONJUNCTIONS)
"""Words that begin a clause, by language."""
OPENERS = _by_language(_OPENERS)
"""Words that belong to what follows them, by language: no segment should end in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWord:
    """One word of a text, without its times."""

    key: str
    """Lower case, letters and digits only; never empty."""
    start: int
    """Where it begins in the text, punctuation included."""
    end: int
    """Where it ends in the text, punctuation included."""
    ends_clause: bool
    ends_sentence: bool


def words_of(text: str) -> list[TextWord]:
    """The words of `text`; signs that stand alone belong to the word before them."""
    found: list[TextWord] = []
    for match in _WORD.finditer(text):
        piece = match.group()
        key = "".join(c for c in unicodedata.normalize("NFC", piece).lower() if c.isalnum())
        start = match.start() if found else 0
        if not key:
            if not found:
                continue
            key, start = found[-1].key, found[-1].start
            found.pop()
        found.append(
            TextWord(
                key=key,
                start=start,
                end=match.end(),
                ends_clause=bool(_CLAUSE_END.search(piece)),
                ends_sentence=bool(_SENTENCE_END.search(piece)),
            )
        )
    return found


def agreed(one: Sequence[TextWord], other: Sequence[TextWord]) -> int:
    """How many words both begin with, whatever their case and punctuation."""
    return alike([word.key for word in one], [word.key for word in other])


def alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def cut(
    words: Sequence[TextWord],
    stable: int,
    *,
    language: str,
    long: bool,
    min_words: int,
    anywhere: bool = False,
) -> int:
    """How many of `words` make a segment now, 0 for none.

    The first `stable` of them will not change; `long` says that they have lasted so long that
    a worse place to cut is better than none; `anywhere` allows even one in the middle of a
    phrase, after an article or a preposition.
    """
    code = primary(language)
    conjunctions = CONJUNCTIONS.get(code, frozenset())
    after_clause = [n for n in range(1, stable + 1) if words[n - 1].ends_clause and n < len(words)]
    joins = [word.key in conjunctions for word in words[:stable]]
    before_conjunction = [n for n in range(1, stable - 1) if joins[n] and not joins[n - 1]]
    for least in (min_words, min(STUB, min_words)) if long else (min_words,):
        for places in (after_clause, before_conjunction):
            if places and places[-1] >= least:
                return places[-1]
    if not long:
        return 0
    if anywhere:
        return stable if stable >= min_words else 0
    loose = conjunctions | OPENERS.get(code, frozenset())
    while stable and words[stable - 1].key in loose:
        stable -= 1
    return stable if stable >= min_words else 0


class Segmenter:
    """Commits the words of one speaker's hypotheses. Pure: time is an argument."""

    _last: Hypothesis | None
    _words: list[TextWord]
    """Of the last hypothesis."""
    _done: int
    """How many of them are committed."""
    _committed: list[str]
    """Their keys, as the last hypothesis that had more than them spelled them."""
    _until: float
    """End of the last segment of the utterance."""

    def __init__(self, *, speaker: str, speaker_name: str, prefix: str, limits: Limits) -> None:
        """Ids are `prefix` and a number; `prefix` is the segmenter's own in its meeting."""
        self._speaker = speaker
        self._speaker_name = speaker_name
        self._prefix = prefix
        self.limits = limits
        """May be changed at any time."""
        self._count = 0
        self._last: Hypothesis | None = None
        self._shown = _Shown()
        self._forget()

    @property
    def tail(self) -> str:
        """What is said, not committed, and steady enough to be read: two hypotheses agree on it,
        and none that came later has another word in its place."""
        return self._shown.text

    def push(self, hypothesis: Hypothesis, *, now: float, settings: int) -> list[Segment]:
        """The segments that `hypothesis` completes, in order; `now` is their commit time.

        A hypothesis without a language is only the tail: what it says cannot be translated.
        When an utterance was not finished and another begins, its tail is committed first.
        """
        segments: list[Segment] = []
        if self._last is not None and self._last.utterance != hypothesis.utterance:
            segments += self._finish(now, settings)
        previous, self._words = self._words, words_of(hypothesis.text)
        self._last = hypothesis
        self._realign()
        if hypothesis.final:
            return segments + self._finish(now, settings)
        stable = max(agreed(previous, self._words), self._frozen(hypothesis.stable))
        if hypothesis.language is not None:
            segments += self._cut(hypothesis, stable, now, settings)
        self._show(stable - HELD_BACK)
        return segments

    def _cut(self, hypothesis: Hypothesis, stable: int, now: float, settings: int) -> list[Segment]:
        """Commit what can be cut of the first `stable` words."""
        assert hypothesis.language is not None
        segments: list[Segment] = []
        times = self._times(hypothesis)
        while self._done < stable:
            rest = self._words[self._done :]
            duration = times.end(len(self._words) - 1) - times.start(self._done)
            count = cut(
                rest,
                stable - self._done,
                language=hypothesis.language,
                long=duration > self.limits.max_seconds,
                min_words=self.limits.min_words,
                anywhere=self.limits.anywhere,
            )
            if not count:
                break
            segments.append(self._commit(count, times, now, settings))
        return segments

    def _show(self, steady: int) -> None:
        """Let readers see the words up to `steady`."""
        text = self._text
        bounds = [*(word.start for word in self._words), len(text)]
        self._shown.learn(
            [
                (word.key, text[start:end])
                for word, (start, end) in zip(self._words, pairwise(bounds), strict=True)
            ][self._done : max(steady, self._done)]
        )

    @property
    def _text(self) -> str:
        return "" if self._last is None else self._last.text

    def _times(self, said: Hypothesis) -> "Times":
        return Times(self._words, said.words, start=said.start, end=said.end)

    def _frozen(self, stable: int) -> int:
        return sum(word.end <= stable for word in self._words)

    def _finish(self, now: float, settings: int) -> list[Segment]:
        """Commit the tail, sentence by sentence, and forget the utterance."""
        assert self._last is not None
        segments: list[Segment] = []
        if self._last.language is not None:
            times = self._times(self._last)
            for count in self._sentences():
                segments.append(self._commit(count, times, now, settings))
        self._forget()
        return segments

    def _sentences(self) -> list[int]:
        """How many words each sentence of the rest has; short ones go with their neighbours."""
        counts: list[int] = []
        count = 0
        for word in self._words[self._done :]:
            count += 1
            if word.ends_sentence and count >= self.limits.min_words:
                counts.append(count)
                count = 0
        if counts and count < STUB:
            counts[-1] += count
        elif count:
            counts.append(count)
        return counts

    def _forget(self) -> None:
        self._last = None
        self._words = []
        self._done = 0
        self._committed = []
        self._until = 0.0
        self._shown.forget()

    def _realign(self) -> None:
        """Find where in the new words the committed ones end.

        The hypothesis may spell or split committed words otherwise, or drop some for a while.
        """
        keys = [word.key for word in self._words]
        count = len(self._committed)
        if keys[:count] != self._committed:
            committed = "".join(self._committed)
            near = range(max(0, count - 8), min(len(keys), count + 8) + 1)
            count = min(
                near or [len(keys)],
                key=lambda n: (Levenshtein.distance(committed, "".join(keys[:n])), abs(n - count)),
            )
        self._done = min(count, len(keys))
        if self._done < len(keys):
            self._committed = keys[: self._done]

    def _commit(self, count: int, times: "Times", now: float, settings: int) -> Segment:
        assert self._last is not None
        assert self._last.language is not None
        first, after = self._done, self._done + count
        until = self._words[after].start if after < len(self._words) else len(self._last.text)
        # The utterance's own bounds are heard; an engine's times of words are guessed.
        start = max(self._last.start if first == 0 else times.start(first), self._until)
        end = times.end(after - 1)
        if self._last.final and after == len(self._words):
            end = max(end, self._last.end)
        self._until = max(end, start)
        self._done = after
        keys = [word.key for word in self._words[first:after]]
        self._committed += keys
        self._shown.commit(keys)
        self._count += 1
        return Segment(
            id=f"{self._prefix}{self._count}",
            speaker=self._speaker,
            speaker_name=self._speaker_name,
            language=self._last.language,
            text=self._last.text[self._words[first].start : until].strip(),
            start=start,
            end=self._until,
            committed=now,
            settings=settings,
        )


class _Shown:
    """The words that readers see and that are not committed.

    A word stays as it was shown, whatever its case and punctuation in a later hypothesis and even
    if it is missing there for a while, until another is in its place.
    """

    def __init__(self) -> None:
        self._words: list[tuple[str, str]] = []

    @property
    def text(self) -> str:
        return "".join(text for _, text in self._words).strip()

    def learn(self, words: Sequence[tuple[str, str]]) -> None:
        """Take the steady words, each with its key."""
        same = alike([key for key, _ in self._words], [key for key, _ in words])
        if len(words) > same:
            self._words[same:] = words[same:]

    def commit(self, keys: Sequence[str]) -> None:
        """The first words are committed, as `keys`."""
        same = alike([key for key, _ in self._words], keys)
        self._words = self._words[same:] if same == len(keys) else []

    def forget(self) -> None:
        self._words = []


class Times:
    """When each word was said: as the engine says, else in proportion to its letters."""

    def __init__(
        self, words: Sequence[TextWord], timed: Sequence[Word], *, start: float, end: float
    ) -> None:
        """`timed` may split the text otherwise than `words`, and covers its beginning; what it
        does not cover was said until `end`, all of it from `start` if it is empty."""
        self._letters = [0]
        for one in words:
            self._letters.append(self._letters[-1] + len(one.key))
        self._spans: list[Word] = []
        self._ends: list[int] = []  # letters up to the end of each span
        for word in timed:
            self._add(word, sum(c.isalnum() for c in word.text))
        timed_until = self._spans[-1].end if self._spans else start
        untimed = self._letters[-1] - (self._ends[-1] if self._ends else 0)
        self._add(Word(text="", start=timed_until, end=max(end, timed_until)), untimed)

    def _add(self, span: Word, letters: int) -> None:
        if letters > 0:
            self._spans.append(span)
            self._ends.append((self._ends[-1] if self._ends else 0) + letters)

    def start(self, index: int) -> float:
        """Onset of the word `index`."""
        letters = self._letters[index]
        return self._at(letters, bisect_right(self._ends, letters))

    def end(self, index: int) -> float:
        """End of the word `index`."""
        letters = self._letters[index + 1]
        return self._at(letters, bisect_left(self._ends, letters))

    def _at(self, letters: int, index: int) -> float:
        index = min(index, len(self._spans) - 1)
        span = self._spans[index]
        before = self._ends[index - 1] if index else 0
        share = (letters - before) / (self._ends[index] - before)
        return span.start + min(share, 1.0) * (span.end - span.start)
