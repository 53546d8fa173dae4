"""An ear by a plugin's STT."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt
from livekit import rtc
from livekit.agents import stt

from translator.beside import beside
from translator.engines.livekit.identifier import Identifier
from translator.engines.livekit.plugin import leave, made, once, received
from translator.errors import HearError, UnansweredError
from translator.hear import SAMPLE_RATE, Sound, Voicing
from translator.types import Hypothesis, Prior, Word

PACE = 1.2
"""Times real time at which what has waited is sent: AssemblyAI closes a session that is sent more,
and none needs it sooner."""
BURST = 0.8
"""Seconds of audio that are sent at once: no vendor minds a network's jitter."""
RENEWED = 1500.0
"""Seconds after which a stream ends at the next pause, and another begins: before the shortest
session of any vendor is over (OpenAI's is 30 minutes)."""
PAUSE = 0.3
"""Seconds of silence that are such a pause."""
LATENCY = 0.3
"""Seconds of speech that a partial does not cover yet, where its vendor does not say: these are
heard again where it breaks off. A word that comes twice is better than one that is lost."""
UNHEARD = 0.5
"""Seconds of speech without a word that a vendor cannot leave unanswered at the end."""


class LiveKitEar:
    """Hears with an stt.STT that streams. An object serves one floor at a time."""

    def __init__(
        self,
        make: Callable[[Sequence[str], Sequence[str]], stt.STT[Any]],
        *,
        knows_english: bool = False,
        patience: float = 8.0,
        grace: float = 2.0,
    ) -> None:
        """`make` gives a new STT for languages (BCP-47) and terms; it is called in a thread.

        `knows_english` says that its "en" means English, and not that it knows no language.
        After `patience` seconds of speech without a word it has failed: of a silent vendor, or a
        half-open connection, nothing else is ever heard. After the end of the audio it has
        `grace` seconds for its last words.
        """
        self._make = make
        self._knows_english = knows_english
        self._patience = patience
        self._grace = grace

    async def listen(
        self, audio: AsyncIterator[Sound], prior: Prior
    ) -> AsyncGenerator[Hypothesis, None]:
        """See translator.hear.Ear."""
        identifier = Identifier(prior, knows_english=self._knows_english)
        await asyncio.to_thread(identifier.load)
        utterances = _Utterances(identifier)
        engine = await asyncio.to_thread(
            made, lambda: self._make(prior.languages, prior.terms), HearError
        )
        async with engine, _left(engine.stream(conn_options=once(self._patience))) as stream:
            feed = _Feed(audio, stream, utterances, patience=self._patience, grace=self._grace)
            async with (
                beside(feed.run()),
                aclosing(received(stream, engine, HearError)) as events,
            ):
                async for event in events:
                    hypothesis = utterances.push(event)
                    if hypothesis is not None:
                        yield hypothesis
                    if feed.complete and not utterances.pending:
                        break
            if feed.failure is not None:
                raise feed.failure
            if feed.is_unanswered:
                raise UnansweredError(
                    f"{engine.provider} says nothing of what it hears",
                    retryable=True,
                    kind="silent",
                )
            if not feed.complete:
                raise HearError(
                    f"{engine.provider} has stopped listening", retryable=True, kind="broken off"
                )
        rest = utterances.rest()
        if rest is not None:
            yield rest


@asynccontextmanager
async def _left(stream: stt.RecognizeStream) -> AsyncGenerator[stt.RecognizeStream, None]:
    try:
        yield stream
    finally:
        await leave(stream)


class _Feed:
    """Pushes a floor's audio, beside the task that reads what the STT makes of it."""

    _CHUNK = SAMPLE_RATE // 20  # vendors want 50 ms at a time, and some refuse a shorter rest

    def __init__(
        self,
        audio: AsyncIterator[Sound],
        stream: stt.RecognizeStream,
        utterances: "_Utterances",
        *,
        patience: float,
        grace: float,
    ) -> None:
        self.complete = False
        """The audio has ended, or the stream is old; all that was taken was pushed."""
        self.is_unanswered = False
        """The STT said nothing of speech for too long."""
        self.failure: Exception | None = None
        """What the audio itself raised."""
        self._audio = audio
        self._stream = stream
        self._utterances = utterances
        self._patience = patience
        self._grace = grace
        self._begun = self._paced = 0.0

    async def run(self) -> None:
        """Push all, wait for the last words, and end the stream. Never raises."""
        try:
            self.complete = await self._push_all()
        except Exception as error:  # the reader raises it, in its own task
            self.failure = error
        if self.complete and self._utterances.pending:
            await asyncio.sleep(self._grace)
            self.is_unanswered = self._utterances.unanswered > UNHEARD
        await leave(self._stream)  # an STT may ignore the end of its input

    async def _push_all(self) -> bool:
        """False when the STT has ended before, or says nothing of much speech."""
        speech = self._utterances.speech
        async for sound in self._audio:
            await self._wait()
            speech.push(sound)
            self.is_unanswered = self._is_too_late()
            if self.is_unanswered or not self._push(sound.samples):
                return False
            if speech.pushed > RENEWED and speech.silence > PAUSE:
                break
        self._push(np.zeros(-speech.samples % self._CHUNK, np.int16))
        with suppress(RuntimeError):
            self._stream.end_input()
        return True

    def _is_too_late(self) -> bool:
        """Whether words are overdue: by the speech that was sent, and by the time since, because
        what is replayed is sent faster than it was said."""
        since = max(self._begun, self._utterances.answered_at)
        waited = asyncio.get_running_loop().time() - since
        return min(self._utterances.unanswered, waited) > self._patience

    async def _wait(self) -> None:
        """Until no more than BURST is sent ahead of PACE, of which nothing can be saved up."""
        now = asyncio.get_running_loop().time()
        pushed = self._utterances.speech.pushed
        if pushed == 0:
            self._begun = self._paced = now
        self._paced = max(self._paced, now - pushed / PACE)
        ahead = pushed - BURST - PACE * (now - self._paced)
        if ahead > 0:
            await asyncio.sleep(ahead / PACE)

    def _push(self, samples: npt.NDArray[np.int16]) -> bool:
        """False when the STT has ended: who reads it is told why."""
        try:
            self._stream.push_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, len(samples)))
        except RuntimeError:
            return False
        return True


class _Speech:
    """Where somebody spoke in the audio pushed so far, in seconds from its first sample."""

    _GAP = 0.3  # a shorter silence parts no speech
    _LEAST = 0.2  # a shorter rest is the echo of a word, not another one

    def __init__(self) -> None:
        self.samples = 0
        self.voiced = 0.0
        """Seconds of speech altogether."""
        self._voicing = Voicing()
        self._runs: list[tuple[float, float]] = []

    @property
    def pushed(self) -> float:
        return self.samples / SAMPLE_RATE

    @property
    def silence(self) -> float:
        """Seconds since the last of it."""
        return self.pushed - (self._runs[-1][1] if self._runs else 0.0)

    def push(self, sound: Sound) -> None:
        start = self.pushed
        self.samples += len(sound.samples)
        if not self._voicing.push(sound):
            return
        self.voiced += self.pushed - start
        if self._runs and start - self._runs[-1][1] <= self._GAP:
            start, _ = self._runs.pop()
        self._runs.append((start, self.pushed))

    def after(self, instant: float) -> tuple[float, float] | None:
        """Onset of the first speech after `instant` and end of the last; None without any."""
        starts = [max(start, instant) for start, end in self._runs if end - instant > self._LEAST]
        return (starts[0], self._runs[-1][1]) if starts else None


class _Utterances:
    """The events of one stream as hypotheses: one utterance is open at a time."""

    _SLACK = 0.2  # how far a vendor's clock may be ahead of ours

    def __init__(self, identifier: Identifier) -> None:
        self.speech = _Speech()
        self._identifier = identifier
        self._number = 1
        self._last: Hypothesis | None = None
        self._done = 0.0  # end of the last final
        self._said = ""  # its letters
        self._answered = 0.0  # seconds of speech when words last came
        self.answered_at = 0.0
        """When that was, on the event loop's clock; 0 before the first."""

    @property
    def pending(self) -> bool:
        """Whether speech was pushed that no final covers."""
        return self._last is not None or self.speech.after(self._done) is not None

    @property
    def unanswered(self) -> float:
        """Seconds of speech since words last came."""
        return self.speech.voiced - self._answered

    def push(self, event: stt.SpeechEvent) -> Hypothesis | None:
        """What `event` says that was not said yet."""
        if event.type not in _TRANSCRIPTS or not event.alternatives:
            return None
        self._answered = self.speech.voiced
        self.answered_at = asyncio.get_running_loop().time()
        data = event.alternatives[0]
        text = data.text.strip()
        if self._is_repeat(text):
            return None
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT:
            return self._final(text, data) if text or self._last else None
        if not text:
            return None
        if event.type is stt.SpeechEventType.PREFLIGHT_TRANSCRIPT:
            return self._preflight(text, data)
        return self._open(text, data, stable=_common(self._stable, text))

    def _is_repeat(self, text: str) -> bool:
        """Whether it is the last final again: nobody has spoken since."""
        spoken = self._last is not None or self.speech.after(self._done) is not None
        return not spoken and _letters(text) == self._said

    def rest(self) -> Hypothesis | None:
        """The utterance that got no final, as final."""
        last = self._last
        return None if last is None else replace(last, final=True, stable=len(last.text))

    @property
    def _stable(self) -> str:
        return self._last.text[: self._last.stable] if self._last else ""

    def _final(self, text: str, data: stt.SpeechData) -> Hypothesis:
        final = replace(self._hypothesis(text, data, stable=len(text), latency=0.0), final=True)
        self._number += 1
        self._last = None
        self._done = final.end
        self._said = _letters(text)
        if final.language is not None:
            self._identifier.expected = final.language
        return final

    def _preflight(self, text: str, data: stt.SpeechData) -> Hypothesis | None:
        """Some vendors confirm all of the utterance, some only what came since the last time."""
        last = self._last
        if last is None or _letters(text).startswith(_letters(last.text)):
            return self._open(text, data, stable=len(text))
        if not _letters(last.text).endswith(_letters(text)):
            return None
        self._last = replace(last, stable=len(last.text))
        return self._last

    def _open(self, text: str, data: stt.SpeechData, *, stable: int) -> Hypothesis:
        self._last = self._hypothesis(text, data, stable=stable)
        return self._last

    def _hypothesis(
        self, text: str, data: stt.SpeechData, *, stable: int, latency: float = LATENCY
    ) -> Hypothesis:
        start, end = self._span(data, latency)
        return Hypothesis(
            utterance=str(self._number),
            text=text,
            language=self._identifier.language(text, data),
            final=False,
            start=start,
            end=end,
            stable=stable,
            words=self._words(text, data),
        )

    def _span(self, data: stt.SpeechData, latency: float) -> tuple[float, float]:
        """The vendor's times where they can be true, else those of the speech that was pushed,
        without what came less than `latency` seconds ago."""
        pushed = self.speech.pushed
        if self._plausible(data.start_time, data.end_time):
            return max(data.start_time, self._done), min(data.end_time, pushed)
        start, end = self.speech.after(self._done) or (self._done, pushed)
        return start, max(min(end, pushed - latency), start)

    def _plausible(self, start: float, end: float) -> bool:
        return self._done - self._SLACK <= start < end <= self.speech.pushed + self._SLACK

    def _words(self, text: str, data: stt.SpeechData) -> tuple[Word, ...]:
        """The vendor's timed words, where they are those of `text`."""
        words: list[Word] = []
        for word in data.words or ():
            start, end = word.start_time, word.end_time
            if not isinstance(start, float) or not isinstance(end, float):
                return ()
            if not self._plausible(start, end):
                return ()
            words.append(Word(text=str(word), start=start, end=end))
        spelled = _letters("".join(word.text for word in words))
        return tuple(words) if _letters(text).startswith(spelled) else ()


_TRANSCRIPTS = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _common(one: str, other: str) -> int:
    """Length of the beginning that both share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
