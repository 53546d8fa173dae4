"""Speech between two pauses: its audio, its text, and what of both is settled."""

from translator.engines.identification import Identification
from translator.engines.whisper.audio import Audio, Heard
from translator.engines.whisper.text import Text
from translator.engines.whisper.window import Transcript
from translator.hear import blocks
from translator.segment import words_of
from translator.types import Pauses

LASTING = (60.0, 90.0)
"""Seconds of an utterance from which on it ends without a pause: with a sentence, with any word.
All of it is in each hypothesis, and whoever reads those would be slower from minute to minute."""
BRIEF = 1.0
"""Seconds of voice of which the decoder makes what it was shown, whatever the voice said."""


class Utterance:
    """What is known of one utterance while it is spoken."""

    def __init__(
        self,
        *,
        id: str,
        audio: Audio,
        text: Text,
        identification: Identification,
        pauses: Pauses,
    ) -> None:
        self.id = id
        self.audio = audio
        self.text = text
        self.identification = identification
        self.told = False
        """Whether a hypothesis of it was given."""
        self._pauses = pauses

    @property
    def language(self) -> str | None:
        """Whisper's code, once it is settled."""
        return self.identification.language

    @property
    def brief(self) -> bool:
        """Whether the window has too little voice for the decoder to be shown what may be said."""
        return not self.text.kept and self.audio.voice < BRIEF

    @property
    def lasts(self) -> bool:
        """Whether it had better end with what is frozen, although nobody paused.

        Only where no word that follows may be in a segment already, or before a reader's eyes.
        """
        until = self.text.frozen_until
        if until is None or not self.text.rest_is_new:
            return False
        return until - self.audio.onset >= LASTING[0 if self.text.ends_sentence else 1]

    def ended(self, *, finished: bool) -> bool:
        """Whether it is over; `finished` says that no more sounds come."""
        audio = self.audio
        if not audio.may_be_words:
            return finished or audio.silent(self._pauses.finished)
        if not audio.covered(finished=finished):
            return False
        if finished or audio.silent(self._pauses.longest):
            return True
        words = words_of(self.text.rest)
        looks_finished = not words or len(words) >= 4 or words[-1].ends_sentence
        return audio.silent(self._pauses.finished) and looks_finished

    def learn(self, transcript: Transcript, said: str) -> None:
        """Take the transcript of the window; `said` is what it has behind the prefix."""
        audio, text = self.audio, self.text
        stable = text.learn(
            said,
            transcript.language,
            tuple(audio.placed(word) for word in transcript.words),
            start=audio.onset,
            end=audio.voiced_until,
        )
        if self.language is not None and text.rest_words:
            text.freeze(stable, self.language)
            while text.kept and (text.kept[-1].ends_sentence or audio.long):
                self._leave()
        self.shorten()

    def shorten(self) -> None:
        """Bound the window when too little freezes: the decoder would not hear the end of it."""
        audio, text = self.audio, self.text
        if not audio.too_long:
            return
        late = audio.late
        past = sum(blocks(word.end) <= late for word in text.rest_words)
        text.keep(max(past, len(text.rest_words) - 2))
        while text.kept:
            self._leave()
        if audio.too_long:
            audio.drop(late)
        if not text.left:
            audio.begin_here()

    def divide(self, id: str) -> "Utterance":
        """End with what is frozen, of which there is some; gives the rest as one of its own."""
        until = self.text.frozen_until
        assert until is not None
        return Utterance(
            id=id,
            audio=self.audio.divide(until),
            text=self.text.divide(),
            identification=self.identification,
            pauses=self._pauses,
        )

    def end(self) -> list[Heard]:
        """End with what is frozen; gives the sounds after it."""
        self.text.forget_rest()
        until = self.text.frozen_until
        return self.audio.sounds if until is None else self.audio.divide(until).sounds

    def _leave(self) -> None:
        """Let the audio of the oldest kept words leave the window."""
        self.audio.leave(self.text.leave())
