"""What an STT says, as hypotheses, against the speech that it was sent."""

import asyncio
from dataclasses import replace

from livekit.agents import stt

from translator.engines.livekit.identifier import Identifier
from translator.hear import SAMPLE_RATE, Sound, Voicing
from translator.segment import alike
from translator.types import Hypothesis, Word

LATENCY = 0.3
"""Seconds of speech that a partial does not cover yet, where its vendor does not say: these are
heard again where it breaks off. A word that comes twice is better than one that is lost."""


STEADY, APART = 2.0, 1.5
"""Seconds of speech for which partials of one utterance have to come, no further apart than so
many, until its STT is known to tell each word: others tell all at once, behind an utterance."""


class Speech:
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


class Utterances:
    """The events of one stream as hypotheses: one utterance is open at a time."""

    _SLACK = 0.2  # how far a vendor's clock may be ahead of ours

    def __init__(self, identifier: Identifier) -> None:
        self.speech = Speech()
        self._identifier = identifier
        self._number = 1
        self._last: Hypothesis | None = None
        self._done = 0.0  # end of the last final
        self._said = ""  # its letters
        self._answered = 0.0  # seconds of speech when words last came
        self.answered_at = 0.0
        """When that was, on the event loop's clock; 0 before the first."""
        self.tells_each_word = False
        """Whether it has shown that its words come while somebody speaks."""
        self._steady_since = 0.0  # seconds of speech when partials began to come steadily

    @property
    def pending(self) -> bool:
        """Whether speech was pushed that no final covers."""
        return self._last is not None or self.speech.after(self._done) is not None

    @property
    def is_open(self) -> bool:
        """Whether words came that are not final."""
        return self._last is not None

    @property
    def unanswered(self) -> float:
        """Seconds of speech since words last came."""
        return self.speech.voiced - self._answered

    def push(self, event: stt.SpeechEvent) -> Hypothesis | None:
        """What `event` says that was not said yet."""
        if event.type not in _TRANSCRIPTS or not event.alternatives:
            return None
        self._note_pace(event)
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
        return self._open(text, data, stable=alike(self._stable, text))

    def _note_pace(self, event: stt.SpeechEvent) -> None:
        opens = self._last is None or event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
        if opens or self.unanswered > APART:
            self._steady_since = self.speech.voiced
        self.tells_each_word |= self.speech.voiced - self._steady_since >= STEADY

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
