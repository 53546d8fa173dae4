"""What people say in a meeting of which every word is known, and brains that read along.

The words are real speech by espeak-ng. A vendor that hears finds the place in the score by the
sound itself, so that what it is sent a second time is heard a second time; one that speaks says
each word as a tone of its own, so that a listener's recording tells which words were heard, and
when. What got lost, doubled or out of order on the way is counted word by word.
"""

import asyncio
import random
import re
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.vendors.brains import HEARD_RATE, SPOKEN_RATE
from translator.engines.espeak import NORMAL_RATE, parse_wav, trim
from translator.engines.trial import sentence
from translator.types import Hypothesis, Word

VOCABULARY = tuple(
    re.findall(
        r"\w+",
        "amber bridge candle dolphin engine falcon garden harbor island jacket kettle lemon "
        "magnet needle orange pepper quarry ribbon saddle temple umbrella velvet window yellow "
        "zipper anchor butter copper dragon eagle feather guitar",
    )
)
UNKNOWN = "unknown"
"""What is in no score, such as what an engine is tried with."""
GAP = 0.06
"""Seconds between two words."""
REST = 0.55
"""Seconds between two sentences."""
SENTENCE = 7
"""Words of a sentence, on the average."""
KNOWN = 0.25
"""Seconds after its end in which a word is known."""
ENDS = 0.4
"""Seconds of silence that end an utterance."""
PLACED = 1.0
"""Seconds of sound by which a place is found."""
BACK = 14.0
"""Seconds back from now in which it is looked for."""
FIRST = 20.0
"""Seconds of a score in which somebody is heard for the first time."""
DRIFT = 2.0
"""Seconds by which sound may drift from the score in one second."""
CLEAR = 0.3
"""Likeness by which it is found."""
SURE = 0.7
"""Likeness by which it is found anew."""
COARSE = 4
"""Samples that are one for finding a place."""
LETTER, PAUSE = 0.03, 0.05
"""Seconds of a letter, and of the silence behind a word, which is as long as it is written: where a
voice breaks off is told by the letters."""
LOWEST, STEP = 500.0, 45.0
"""Hz of the first word's tone, and between two."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one person says."""

    words: Sequence[Word]
    """On the score's clock, whose 0 is the first sample."""
    samples: Samples
    """Mono, at HEARD_RATE."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / HEARD_RATE

    def between(self, start: float, end: float) -> Sequence[Word]:
        """The words of which more than half lies there."""
        return [word for word in self.words if start < (word.start + word.end) / 2 <= end]


def compose(
    turns: Sequence[tuple[float, float]], *, seconds: float, voice: str, seed: int
) -> Score:
    """Words at random in each of `turns` (start and end in seconds), by a voice of espeak-ng."""
    chance = random.Random(seed)
    samples = np.zeros(round(seconds * HEARD_RATE), np.int16)
    words: list[Word] = []
    recent: list[str] = []
    for start, end in turns:
        at = start
        while True:
            name = chance.choice([one for one in VOCABULARY if one not in recent])
            sound = _spoken(name, voice)
            if at + len(sound) / HEARD_RATE > end:
                break
            recent = [*recent[-15:], name]
            first = round(at * HEARD_RATE)
            samples[first : first + len(sound)] = sound
            until = at + len(sound) / HEARD_RATE
            ends = chance.random() < 1 / SENTENCE
            words.append(Word(text=f"{name}." if ends else name, start=at, end=until))
            at = until + (REST if ends else GAP)
    return Score(words=words, samples=samples)


@cache
def tried() -> Score:
    """What an ear is tried with, its words evenly over the sound: no score has it, and an ear that
    knew it by none would never be said to be back."""
    text = sentence("en")
    samples = _spoken(text, "gmw/en", NORMAL_RATE)
    size = len(samples) / HEARD_RATE / len(text.split())
    words = [
        Word(text=word, start=at * size, end=(at + 1) * size)
        for at, word in enumerate(text.split())
    ]
    return Score(words=words, samples=samples)


@cache
def _spoken(text: str, voice: str, rate: int = 170) -> Samples:
    command = ["espeak-ng", "-v", voice, "-s", str(rate), "--stdout", text]
    sound, rate = parse_wav(subprocess.run(command, check=True, capture_output=True).stdout)
    sound = trim(sound, rate)
    count = round(len(sound) / rate * HEARD_RATE)
    at = np.linspace(0, len(sound) - 1, count)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.int16)


@dataclass(slots=True, kw_only=True)
class Reading:
    """Where several people are in their scores; all vendors that hear share one."""

    scores: Sequence[Score]
    begun: float | None = None
    """When the scores' clock was 0, on the event loop's; None until somebody was heard."""
    found: asyncio.Event = field(default_factory=asyncio.Event)

    def place(self, sound: Samples) -> tuple[Score, float] | None:
        """Who says `sound`, and the time of its first sample; None where it is not clear."""
        now = _now()
        best = (CLEAR, self.scores[0], 0.0)
        for score in self.scores:
            high = FIRST if self.begun is None else now - self.begun + 1.0
            low = 0.0 if self.begun is None else max(high - BACK, 0.0)
            likeness, at = _found(sound, score, low, min(high, score.seconds))
            best = max(best, (likeness, score, at), key=lambda one: one[0])
        likeness, score, at = best
        trial, begins = _found(sound, tried(), 0.0, tried().seconds)
        if trial > max(likeness, CLEAR):
            return tried(), begins
        if likeness <= CLEAR:
            return None
        if self.begun is None:
            self.begun = now - at - len(sound) / HEARD_RATE
            self.found.set()
        return score, at


def _found(sound: Samples, score: Score, low: float, high: float) -> tuple[float, float]:
    """How like `sound` the likest part of `score` is, from 0 to 1, and when it begins."""
    before = len(sound)  # the sound may have begun before the score, or before what is looked at
    first = round(low * HEARD_RATE) - before
    part = score.samples[max(first, 0) : round(high * HEARD_RATE)]
    part = np.pad(part, (max(-first, 0), 0))[::COARSE].astype(np.float64)
    wanted = sound[::COARSE].astype(np.float64)
    if len(part) <= len(wanted):
        return 0.0, 0.0
    size = len(part) + len(wanted)
    product = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(wanted, size)), size)
    product = product[: len(part) - len(wanted) + 1]
    energy = np.concatenate(([0.0], np.cumsum(part**2)))
    there = np.sqrt(np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], 1e4))
    likeness = product / (there * max(np.sqrt((wanted**2).sum()), 1.0))
    at = int(likeness.argmax())
    return float(likeness[at]), (first + at * COARSE) / HEARD_RATE


class ReadsAlong:
    """Hears the words that the sound it is sent has in the score."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def hear(
        self, audio: AsyncIterator[bytes], languages: Sequence[str]
    ) -> AsyncGenerator[Hypothesis, None]:
        """See Hears."""
        follower = _Follower(self._reading)
        known, done = 0, 0.0  # words of the utterance so far, and up to where the others are final
        found: tuple[Score, float] | None = None
        async for piece in audio:
            fresh = found is None
            found, heard = follower.push(piece), follower.heard
            if found is None:
                continue
            score, begun = found
            done = begun if fresh else done
            words = score.between(done, begun + heard - KNOWN)
            words = [word for word in words if word.end <= begun + heard - KNOWN]
            if len(words) > known:
                known = len(words)
                yield _hypothesis(words, begun, final=False)
            if (
                words
                and begun + heard - words[-1].end > ENDS
                and not score.between(words[-1].end, words[-1].end + ENDS)
            ):
                yield _hypothesis(words, begun, final=True)
                known, done = 0, words[-1].end
        if found is None:
            if follower.heard > PLACED:
                word = Word(text=UNKNOWN, start=0.0, end=follower.heard)
                yield _hypothesis([word], 0.0, final=True)
        else:
            score, begun = found
            if words := score.between(done, begun + follower.heard):
                yield _hypothesis(words, begun, final=True)


class _Follower:
    """Where the sound of one session is in a score.

    It is looked at again each second: a network loses some sound, and a jitter buffer makes some
    up.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._held = bytearray()
        self._tried = 0.0
        self._found: tuple[Score, float] | None = None

    @property
    def heard(self) -> float:
        """Seconds of sound."""
        return len(self._held) / 2 / HEARD_RATE

    def push(self, piece: bytes) -> tuple[Score, float] | None:
        """The score, and the time in it of the first sample, as if all sound since had come; None
        while it is not clear."""
        self._held += piece
        if self.heard - self._tried >= PLACED:
            self._tried = self.heard
            if self._found is None:
                self._found = self._reading.place(np.frombuffer(bytes(self._held), np.int16))
            else:
                score, begun = self._found
                self._found = score, begun + self._drift(score, begun)
        return self._found

    def _drift(self, score: Score, begun: float) -> float:
        """By how many seconds the last sound is later in the score than it should be."""
        sound = np.frombuffer(bytes(self._held[-2 * round(PLACED * HEARD_RATE) :]), np.int16)
        due = begun + self.heard - PLACED
        likeness, at = _found(sound, score, due - DRIFT, due + PLACED + DRIFT)
        return at - due if likeness > SURE and abs(at - due) < DRIFT else 0.0


def _hypothesis(words: Sequence[Word], begun: float, *, final: bool) -> Hypothesis:
    timed = tuple(
        Word(text=word.text, start=max(word.start - begun, 0.0), end=word.end - begun)
        for word in words
    )
    text = " ".join(word.text for word in words)
    return Hypothesis(
        utterance="1",
        text=text,
        language="en",
        final=final,
        start=timed[0].start,
        end=timed[-1].end,
        stable=len(text),
        words=timed,
    )


class SaysItBack:
    """Renders every word as itself, with the language's first letters before it."""

    async def render(self, messages: Sequence[Mapping[str, Any]]) -> AsyncGenerator[str, None]:
        """See Renders."""
        told = re.search(r"interpret from .+? into (\w\w)", str(messages[0]["content"]))
        prefix = told[1].lower() if told else "xx"
        await asyncio.sleep(0.15)
        for at, word in enumerate(str(messages[-1]["content"]).split()):
            yield f"{' ' if at else ''}{prefix}{word}"
            await asyncio.sleep(0.01)


class Chimes:
    """Says each word as its tone, and what is in no score as another one."""

    async def speak(
        self, text: str, *, language: str | None, voice: str
    ) -> AsyncGenerator[bytes, None]:
        """See Speaks."""
        await asyncio.sleep(0.1)
        for word in text.split():
            (name,) = plain(word) or [UNKNOWN]
            yield _tone(name, len(word)).tobytes()
            await asyncio.sleep(0.02)


def _pitch(name: str) -> float:
    """Hz."""
    return LOWEST + STEP * ((*VOCABULARY, UNKNOWN).index(name))


@cache
def _tone(name: str, letters: int) -> Samples:
    seconds = LETTER * (letters + 1) - PAUSE
    at = np.arange(round(seconds * SPOKEN_RATE)) / SPOKEN_RATE
    ramp = np.minimum(1.0, np.minimum(at, seconds - at) / 0.01)
    breath = np.random.default_rng(round(_pitch(name))).normal(0.0, 0.002, len(at))
    tone = 8000 * ramp * (np.sin(2 * np.pi * _pitch(name) * at) + breath)  # no two periods alike
    return np.pad(tone, (0, round(PAUSE * SPOKEN_RATE))).astype(np.int16)


def plain(text: str) -> list[str]:
    """The words of the vocabulary in `text`, in any language of SaysItBack."""
    words = re.findall(r"[a-z]+", text.lower())
    known = [one if one in VOCABULARY else one[2:] for one in words]
    return [one for one in known if one in VOCABULARY]


def chimed(sound: Samples, rate: int) -> list[tuple[str, float, float]]:
    """The words that are heard in `sound`, each with the seconds when it began and ended."""
    size, hop = round(0.04 * rate), round(0.01 * rate)
    window = np.hanning(size)
    names: list[str | None] = []
    for at in range(0, len(sound) - size, hop):
        spectrum = np.abs(np.fft.rfft(sound[at : at + size] * window, 4 * size))
        peak = int(spectrum.argmax())
        index = round((peak * rate / (4 * size) - LOWEST) / STEP)
        loud = spectrum[peak] > 300 * size / 4 and 0 <= index < len(VOCABULARY)
        names.append(VOCABULARY[index] if loud else None)
    found: list[tuple[str, float, float]] = []
    at = 0
    while at < len(names):
        until = at
        while until < len(names) and names[until] == names[at]:
            until += 1
        name = names[at]
        if name is not None and until - at >= 6:
            start, end = at * hop / rate, (until * hop + size) / rate
            if found and found[-1][0] == name and start - found[-1][2] < 0.03:
                start = found.pop()[1]
            found.append((name, start, end))
        at = until
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two lists of words: what was to come, and what came."""

    lost: Sequence[str]
    doubled: Sequence[str]
    """What came without being due."""


def matched(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """The places of the words that both have in the same order."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(block.a + at, block.b + at) for block in blocks for at in range(block.size)]


def compared(due: Sequence[str], came: Sequence[str]) -> Compared:
    """What is missing in `came`, and what is too much."""
    lost: list[str] = []
    doubled: list[str] = []
    matcher = SequenceMatcher(None, due, came, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            lost += due[a:b]
            doubled += came[c:d]
    return Compared(lost=lost, doubled=doubled)


def _now() -> float:
    return asyncio.get_running_loop().time()
