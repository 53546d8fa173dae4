"""Streaming speech recognition with Whisper, which itself knows only whole windows.

The window of an utterance grows while somebody speaks and is transcribed again and again.
Words on which two transcripts in a row agree are frozen up to a place where a segment can be
cut; the decoder is forced to begin with them, and their audio leaves the window at the end of a
sentence, or when the window has grown long. A pause ends the utterance.
"""

import json
import re
import zlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import numpy as np
from rapidfuzz.distance import Levenshtein

from translator.ahead import reading
from translator.engines.identification import Identification
from translator.errors import HearError, ServiceError, StageError
from translator.hear import Sound, Voicing, blocks, seconds
from translator.segment import Times, Token, agreed, cut, tokens
from translator.types import USUAL, Hypothesis, Pauses, Prior, Word

PATH = "/whisper/transcribe"

PREROLL = 0.35
"""Seconds before the first voiced sound that belong to a window."""
STEP = 0.3
"""Seconds of new sound that are worth another transcript."""
LEAST = 0.8
"""Seconds of a window that is worth its first transcript."""
WORD = 0.22
"""Seconds of voice in a row that may be a word: less is a click, a cough, half a sound."""
BRIEF = 1.0
"""Seconds of voice of which the decoder makes what it was shown, whatever the voice said."""
CLEAR = -0.5
"""Mean of the log probabilities of the tokens from which on terms in brief speech are believed:
"LiveKit" that was said has -0.1 to -0.5, made of a syllable it has less."""
DOUBTFUL = -1.2
"""The same in longer speech."""
GUESSED = (-2.4, -1.5)
"""The same below which a transcript is made up: with a second of voice or less, with two or more.
What people really said, in 98 recordings, had at least -2.2 and -1.3; a murmur has -1.5 to -2."""
MURMUR = (0.5, -1.2)
"""A transcript is made up too where no speech is likelier and its tokens less likely than this."""
HUSH = 0.2
"""Seconds of silence after which the transcript is made that a pause would need."""
BEAM = 5
"""Width of the decoder's search in silence, where there is time for it."""
MEMORY = 160
"""Letters of what was said before that the decoder is shown."""
FROZEN_WORDS = 4
"""Words at least that are frozen at a time, while there is time to wait for more."""
FROZEN_AFTER = 3.0
"""Seconds of what is not frozen from which on any place to freeze is better than none. Where
segments are cut is not decided here: a segmenter takes words on which transcripts agree, frozen or
not, and follows the organizer's `segments`."""
LONGEST = 7.0
"""Seconds of a window from which on frozen words leave it, wherever they end."""
TOO_LONG = 12.0
"""Seconds of a window from which on it is shortened, even by what no transcript has made out."""

SPACELESS = frozenset({"ja", "lo", "my", "th", "yue", "zh"})
"""Languages whose words are not parted by spaces."""


class Response(Protocol):
    """What is read of an answer of the host."""

    async def read(self) -> bytes: ...


class Host(Protocol):
    """The engine host. `post` raises StageError and ServiceError."""

    def post(
        self, path: str, *, data: bytes | None = None, timeout: float = 30.0
    ) -> AbstractAsyncContextManager[Response]: ...


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
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Transcript":
        found = json.loads(data)
        found["words"] = tuple(Word(**word) for word in found["words"])
        return cls(**found)


class WhisperEar:
    """Speech to text by the Whisper of the engine host. See hear.Ear."""

    def __init__(self, host: Host, *, model: str = "base", pauses: Pauses = USUAL) -> None:
        self._host = host
        self._model = model
        self._pauses = pauses

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        listening = Listening(prior, model=self._model, pauses=self._pauses)
        async with reading(audio, ahead=blocks(60.0)) as source:
            async for sound in source:
                listening.push(sound)
                if source.waiting and not listening.hushed:
                    continue  # a transcript had better have the latest
                while (window := listening.window()) is not None:
                    for hypothesis in listening.learn(await self._transcribe(window)):
                        yield hypothesis
                for hypothesis in listening.settle():
                    yield hypothesis
            listening.finish()
            while (window := listening.window()) is not None:
                for hypothesis in listening.learn(await self._transcribe(window)):
                    yield hypothesis
            for hypothesis in listening.settle():
                yield hypothesis

    async def _transcribe(self, window: Window) -> Transcript:
        try:
            async with self._host.post(PATH, data=window.to_bytes()) as response:
                return Transcript.from_bytes(await response.read())
        except StageError as error:
            raise HearError(str(error), retryable=error.retryable) from error
        except ServiceError as error:
            raise HearError(str(error), retryable=True) from error


class Listening:
    """The policy of one listen: what to transcribe next, and what a transcript means. No I/O."""

    def __init__(self, prior: Prior, *, model: str, pauses: Pauses) -> None:
        self._languages = {
            whisper_code(language): language for language in reversed(prior.languages)
        }
        self._expected = whisper_code(prior.expected) if prior.expected else None
        self._declared = whisper_code(prior.declared) if prior.declared else None
        self._codes = tuple(self._languages)
        self._before = ""  # in the expected language
        self._terms = ", ".join(prior.terms)
        self._model = model
        self._pauses = pauses
        self._voicing = Voicing()
        self._recent: deque[_Heard] = deque(maxlen=blocks(PREROLL))
        self._read = 0
        self._count = 0
        self._finished = False
        self._utterance: _Utterance | None = None

    def push(self, sound: Sound) -> None:
        """Take the next sound."""
        heard = _Heard(sound, self._voicing.push(sound))
        self._read += 1
        if self._utterance is not None:
            self._utterance.push(heard)
            return
        self._recent.append(heard)
        if heard.voiced:
            self._begin(
                list(self._recent),
                Identification(self._codes, last=self._expected, declared=self._declared),
            )

    def finish(self) -> None:
        """There are no more sounds."""
        self._finished = True

    @property
    def hushed(self) -> bool:
        """Whether an utterance may be about to end."""
        return self._utterance is not None and self._utterance.silence >= blocks(HUSH)

    def window(self) -> Window | None:
        """The window to transcribe now, if any is due; `learn` its transcript before the next."""
        utterance = self._utterance
        if utterance is None or not utterance.due(finished=self._finished):
            return None
        utterance.asked = utterance.read
        brief = utterance.brief
        ending = self.hushed or self._finished
        return Window(
            pcm=utterance.pcm(),
            languages=utterance.identification.weights(utterance.voice),
            language=utterance.language,
            prefix=utterance.prefix,
            before=self._shown(utterance),
            before_language=utterance.language or self._expected,
            terms=self._terms if ending or not brief else "",
            clear=CLEAR if brief else DOUBTFUL,
            tokens=8 + round(8 * seconds(len(utterance.sounds))),
            beam=BEAM if ending else 1,
            align=bool(utterance.rest) or utterance.too_long,
            model=self._model,
        )

    def learn(self, transcript: Transcript) -> list[Hypothesis]:
        """What the transcript of the last window says."""
        utterance = self._utterance
        assert utterance is not None
        text = sane(transcript, utterance.voice, utterance.prefix)
        if text is None:
            utterance.shorten()
            return []
        if not utterance.identification.learn(transcript.probabilities, utterance.voice):
            return self._part()
        utterance.learn(transcript, text)
        return [self._hypothesis(utterance, final=False)]

    def settle(self) -> list[Hypothesis]:
        """The final hypothesis of the utterance, if it has ended."""
        utterance = self._utterance
        if utterance is None or not utterance.ended(finished=self._finished):
            return []
        self._recent.extend(utterance.sounds)
        self._utterance = None
        if not utterance.text and not utterance.told:
            return []
        self._remember(utterance)
        return [self._hypothesis(utterance, final=True)]

    def _shown(self, utterance: "_Utterance") -> str:
        """What was said before the window, as far as it is in the same language."""
        changed = utterance.language not in (None, self._expected)
        alone = changed or utterance.brief
        before = utterance.left if alone else f"{self._before} {utterance.left}"
        return before[-MEMORY:].strip()

    def _remember(self, utterance: "_Utterance") -> None:
        """What is said next probably goes on from this."""
        language = utterance.language or utterance.guess
        if language != self._expected:
            self._before = ""
        self._before = f"{self._before} {utterance.text}"[-MEMORY:]
        self._expected = language

    def _begin(self, sounds: "list[_Heard]", identification: Identification) -> None:
        self._count += 1
        self._utterance = _Utterance(
            id=str(self._count),
            sounds=sounds,
            read=self._read,
            identification=identification,
            pauses=self._pauses,
        )

    def _part(self) -> list[Hypothesis]:
        """The language has changed: end the utterance where it is frozen, and begin another."""
        before = self._utterance
        assert before is not None
        before.forget_rest()
        self._begin(before.unfrozen(), Identification(self._codes, last=None, declared=None))
        assert self._utterance is not None
        if before.text:
            self._remember(before)
            return [self._hypothesis(before, final=True)]
        self._utterance.told = before.told
        self._utterance.id = before.id
        return []

    def _hypothesis(self, utterance: "_Utterance", *, final: bool) -> Hypothesis:
        utterance.told = True
        code = utterance.language or (utterance.guess if final else None)
        return Hypothesis(
            utterance=utterance.id,
            text=utterance.text,
            language=self._languages[code] if code else None,
            final=final,
            start=utterance.onset,
            end=seconds(min(utterance.asked, utterance.voiced_until)),
            stable=len(utterance.text) if final else len(utterance.frozen),
            words=utterance.words,
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    sound: Sound
    voiced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Frozen words."""

    text: str
    words: tuple[Word, ...]
    until: float
    """Where its audio ends."""
    ends_sentence: bool


class _Utterance:
    """Speech between two pauses. Positions count sounds since the listen began."""

    def __init__(
        self,
        *,
        id: str,
        sounds: list[_Heard],
        read: int,
        identification: Identification,
        pauses: Pauses,
    ) -> None:
        self.id = id
        self.pauses = pauses
        self.sounds = sounds
        """The window."""
        self.read = read
        self.identification = identification
        self.first = read - len(sounds)
        self.asked = self.first
        """Up to where the last window reached."""
        marks = [n for n, heard in enumerate(sounds, self.first) if heard.voiced]
        self.onset = seconds(marks[0] if marks else self.first)
        self.voiced_until = marks[-1] + 1 if marks else self.first
        self._run = 0
        self._longest_run = 0
        for heard in sounds:
            self._count(heard)
        self.guess: str | None = None
        """The language of `rest`."""
        self.rest = ""
        """What is not frozen."""
        self.told = False
        self._rest_words: tuple[Word, ...] = ()
        self._left: list[_Piece] = []  # their audio has left the window
        self._kept: list[_Piece] = []  # their audio is in it

    @property
    def language(self) -> str | None:
        """Whisper's code, once it is settled."""
        return self.identification.language

    @property
    def voice(self) -> float:
        """Seconds of voice in the window."""
        return seconds(sum(heard.voiced for heard in self.sounds))

    @property
    def may_be_words(self) -> bool:
        """Whether anything in the utterance is long enough for a word."""
        return self._longest_run >= blocks(WORD)

    @property
    def brief(self) -> bool:
        """Whether the window has too little voice for the decoder to be shown what may be said."""
        return not self._kept and self.voice < BRIEF

    @property
    def too_long(self) -> bool:
        return len(self.sounds) > blocks(TOO_LONG)

    @property
    def silence(self) -> int:
        """Sounds since the last voiced one."""
        return self.read - self.voiced_until

    @property
    def frozen(self) -> str:
        return self._join(piece.text for piece in (*self._left, *self._kept))

    @property
    def left(self) -> str:
        """What was said before the window."""
        return self._join(piece.text for piece in self._left)

    @property
    def text(self) -> str:
        return self._join((self.frozen, self.rest))

    @property
    def words(self) -> tuple[Word, ...]:
        frozen = (word for piece in (*self._left, *self._kept) for word in piece.words)
        return (*frozen, *self._rest_words)

    @property
    def prefix(self) -> str:
        # A full stop would tempt the decoder to end there.
        return self._join(piece.text for piece in self._kept).rstrip(".?!…")

    def push(self, heard: _Heard) -> None:
        self.sounds.append(heard)
        self.read += 1
        self._count(heard)
        if heard.voiced:
            self.voiced_until = self.read

    def _count(self, heard: _Heard) -> None:
        self._run = self._run + 1 if heard.voiced else 0
        self._longest_run = max(self._longest_run, self._run)

    def pcm(self) -> bytes:
        return np.concatenate([heard.sound.samples for heard in self.sounds]).tobytes()

    def due(self, *, finished: bool) -> bool:
        """Whether a transcript of the window as it is now is worth its cost."""
        if not self.may_be_words:
            return False
        if finished or self.silence >= blocks(HUSH):
            return not self._covered(finished=finished)
        return self.read - self.asked >= blocks(STEP) and len(self.sounds) >= blocks(LEAST)

    def ended(self, *, finished: bool) -> bool:
        if not self.may_be_words:
            return finished or self.silence >= blocks(self.pauses.finished)
        if not self._covered(finished=finished):
            return False
        if finished or self.silence >= blocks(self.pauses.longest):
            return True
        words = tokens(self.rest)
        looks_finished = not words or len(words) >= 4 or words[-1].ends_sentence
        return self.silence >= blocks(self.pauses.finished) and looks_finished

    def learn(self, transcript: Transcript, text: str) -> None:
        """Take the transcript of the window; `text` is what it says after the prefix."""
        previous = tokens(self.rest) if transcript.language == self.guess else []
        self.guess = transcript.language
        prefix = self.prefix
        whole = prefix + text
        timed = tuple(self._placed(word) for word in transcript.words)
        begun = len(tokens(prefix))
        said = tokens(whole)[begun:]
        self.rest = whole[said[0].start :].strip() if said else ""
        self._rest_words = self._timed(whole, begun, timed) if timed else ()
        if self.language is not None and self._rest_words:
            self._freeze(agreed(previous, said))
        self.shorten()

    def shorten(self) -> None:
        """Bound the window when too little freezes: the decoder would not hear the end of it."""
        if not self.too_long:
            return
        latest = self.read - blocks(TOO_LONG / 2)
        past = sum(blocks(word.end) <= latest for word in self._rest_words)
        self._keep(tokens(self.rest), max(past, len(self._rest_words) - 2))
        while self._kept:
            self._leave()
        if self.too_long:
            self._drop(latest)
        if not self._left:
            self.onset = max(self.onset, seconds(self.first))

    def forget_rest(self) -> None:
        self.rest = ""
        self._rest_words = ()

    def unfrozen(self) -> list[_Heard]:
        """The sounds after the frozen words."""
        pieces = (*self._left, *self._kept)
        return (
            self.sounds[max(0, blocks(pieces[-1].until) - self.first) :] if pieces else self.sounds
        )

    def _covered(self, *, finished: bool) -> bool:
        """Whether the last transcript heard all that was said."""
        if finished:
            return self.asked >= min(self.voiced_until, self.read)
        return self.asked >= self.voiced_until + blocks(HUSH)

    def _placed(self, word: Word) -> Word:
        """A word of the window in seconds of the listen, kept to where there is voice."""
        start = min(max(seconds(self.first) + word.start, self.onset), seconds(self.voiced_until))
        end = min(max(seconds(self.first) + word.end, start), seconds(self.voiced_until))
        return replace(word, start=start, end=end)

    def _timed(self, whole: str, begun: int, timed: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words of `whole` from the word `begun` on, with their times."""
        words = tokens(whole)
        times = Times(words, timed, start=self.onset, end=seconds(self.voiced_until))
        return tuple(
            Word(
                text=whole[word.start : word.end].strip(),
                start=times.start(n),
                end=max(times.start(n), times.end(n)),
            )
            for n, word in enumerate(words[begun:], begun)
        )

    def _freeze(self, stable: int) -> None:
        """Freeze what can be cut of the `stable` words at the beginning of the rest."""
        while self.rest and stable:
            words = tokens(self.rest)
            assert self.language is not None
            count = cut(
                words,
                stable,
                language=self.language,
                long=self._rest_words[-1].end - self._rest_words[0].start > FROZEN_AFTER,
                min_words=FROZEN_WORDS,
            )
            if not count:
                break
            self._keep(words, count)
            stable -= count
        while self._kept and (self._kept[-1].ends_sentence or len(self.sounds) > blocks(LONGEST)):
            self._leave()

    def _keep(self, words: Sequence[Token], count: int) -> None:
        if count <= 0:
            return
        after = words[count].start if count < len(words) else len(self.rest)
        end = self._rest_words[count - 1].end
        begin = self._rest_words[count].start if count < len(words) else end
        self._kept.append(
            _Piece(
                text=self.rest[:after].strip(),
                words=self._rest_words[:count],
                until=(end + max(end, begin)) / 2,
                ends_sentence=words[count - 1].ends_sentence,
            )
        )
        self.rest = self.rest[after:]
        self._rest_words = self._rest_words[count:]

    def _leave(self) -> None:
        """Let the audio of the oldest frozen words leave the window."""
        piece = self._kept.pop(0)
        self._left.append(piece)
        self._drop(min(blocks(piece.until), self.read - 1))

    def _drop(self, until: int) -> None:
        """Let the sounds before `until` leave the window."""
        count = max(0, until - self.first)
        del self.sounds[:count]
        self.first += count

    def _join(self, texts: Iterable[str]) -> str:
        spaceless = (self.language or self.guess) in SPACELESS
        return ("" if spaceless else " ").join(text for text in texts if text)


def whisper_code(language: str) -> str:
    """Whisper's code of a BCP-47 language: `pt-BR` -> `pt`."""
    code = language.split("-")[0].lower()
    return {"nb": "no", "fil": "tl", "jv": "jw"}.get(code, code)


def sane(transcript: Transcript, voice: float, prefix: str = "") -> str | None:
    """The text of `transcript`, of so many seconds of voice, without what Whisper made up; None
    where it ran on without end. It follows `prefix`, and may repeat that, too."""
    if transcript.no_speech > MURMUR[0] and transcript.logprob < MURMUR[1]:
        return ""
    if transcript.logprob < np.interp(voice, (1.0, 2.0), GUESSED):
        return ""
    before = prefix if without_loop(prefix) == prefix else ""  # what is frozen is believed
    text = without_loop(before + transcript.text)[len(before) :]
    if text != transcript.text:
        return text
    data = text.encode()
    if not transcript.complete or len(data) > 2.2 * len(zlib.compress(data)):
        return None
    return text


LONGEST_PHRASE = 12
"""Words of a phrase that Whisper may say again."""
SENTENCE = 6
"""Words from which on nobody says the same again at once, but for a word."""
REPEATED = 0.9
"""How alike two such phrases are."""
_BABBLE = re.compile(r"(?:([^\W\d_]{1,6}?)\1{3,})")
"""A word like "hahahaha", or "la-la-la-la" without its signs."""


def without_loop(text: str) -> str:
    """`text` up to where its words begin to repeat themselves again and again."""
    words = tokens(text)
    keys = [word.key for word in words]
    for n in range(len(keys)):
        if _BABBLE.fullmatch(keys[n]):
            return text[: words[n].start].rstrip()
        for length in range(1, min(LONGEST_PHRASE, (len(keys) - n) // 2) + 1):
            again = 3 if length < 3 else 1  # "no, no, no" is said, and so is "very, very"
            phrases = [keys[n + i * length : n + (i + 1) * length] for i in range(again + 1)]
            if all(_same(phrase, phrases[0]) for phrase in phrases[1:]):
                return text[: words[n + length - 1].end]
    return text


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two phrases are the same; of long ones a word may have come out otherwise."""
    if len(one) < SENTENCE or len(other) < len(one):
        return one == other
    return Levenshtein.normalized_similarity("".join(one), "".join(other)) >= REPEATED
