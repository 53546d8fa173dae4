"""The audio of one utterance, as far as it has not left the window, and when to transcribe it."""

from dataclasses import dataclass, replace

import numpy as np

from translator.hear import Sound, blocks, seconds
from translator.types import Word

STEP = 0.3
"""Seconds of new sound that are worth another transcript."""
LEAST = 0.8
"""Seconds of a window that is worth its first transcript."""
WORD = 0.22
"""Seconds of voice in a row that may be a word: less is a click, a cough, half a sound."""
HUSH = 0.2
"""Seconds of silence after which the transcript is made that a pause would need."""
LONGEST = 7.0
"""Seconds of a window from which on frozen words leave it, wherever they end."""
TOO_LONG = 12.0
"""Seconds of a window from which on it is shortened, even by what no transcript has made out."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound, and whether a voice is in it."""

    sound: Sound
    voiced: bool


class Audio:
    """The window of an utterance as it grows. Positions count sounds since the listen began."""

    def __init__(self, sounds: list[Heard], *, read: int) -> None:
        """`sounds` are the last of the `read` ones."""
        self.sounds = sounds
        self._read = read
        self._first = read - len(sounds)
        self._asked = self._first  # up to where the last window reached
        marks = [n for n, heard in enumerate(sounds, self._first) if heard.voiced]
        self.onset = seconds(marks[0] if marks else self._first)
        """Where speech begins, in seconds."""
        self._voiced_until = marks[-1] + 1 if marks else self._first
        self._run = 0
        self._longest_run = 0
        for heard in sounds:
            self._count(heard)

    @property
    def duration(self) -> float:
        """Seconds of the window."""
        return seconds(len(self.sounds))

    @property
    def voice(self) -> float:
        """Seconds of voice in the window."""
        return seconds(sum(heard.voiced for heard in self.sounds))

    @property
    def start(self) -> float:
        """Where the window begins, in seconds."""
        return seconds(self._first)

    @property
    def voiced_until(self) -> float:
        """Where the voice ends, in seconds."""
        return seconds(self._voiced_until)

    @property
    def covered_until(self) -> float:
        """Where the voice in the last window ends, in seconds."""
        return seconds(min(self._asked, self._voiced_until))

    @property
    def may_be_words(self) -> bool:
        """Whether anything in the utterance is long enough for a word."""
        return self._longest_run >= blocks(WORD)

    @property
    def long(self) -> bool:
        """Whether what is frozen had better leave the window."""
        return len(self.sounds) > blocks(LONGEST)

    @property
    def too_long(self) -> bool:
        """Whether something must leave the window."""
        return len(self.sounds) > blocks(TOO_LONG)

    @property
    def hushed(self) -> bool:
        """Whether the utterance may be about to end."""
        return self.silent(HUSH)

    def silent(self, duration: float) -> bool:
        """Whether the last `duration` seconds were silent."""
        return self._read - self._voiced_until >= blocks(duration)

    def push(self, heard: Heard) -> None:
        """Take the next sound."""
        self.sounds.append(heard)
        self._read += 1
        self._count(heard)
        if heard.voiced:
            self._voiced_until = self._read

    def due(self, *, finished: bool) -> bool:
        """Whether a transcript of the window as it is now is worth its cost."""
        if not self.may_be_words:
            return False
        if finished or self.hushed:
            return not self.covered(finished=finished)
        return self._read - self._asked >= blocks(STEP) and len(self.sounds) >= blocks(LEAST)

    def ask(self) -> bytes:
        """The samples of the window, to be transcribed now."""
        self._asked = self._read
        return np.concatenate([heard.sound.samples for heard in self.sounds]).tobytes()

    def covered(self, *, finished: bool) -> bool:
        """Whether the last window had all that was said."""
        if finished:
            return self._asked >= min(self._voiced_until, self._read)
        return self._asked >= self._voiced_until + blocks(HUSH)

    def placed(self, word: Word) -> Word:
        """A word of the window in seconds of the listen, kept to where there is voice."""
        start = min(max(self.start + word.start, self.onset), self.voiced_until)
        end = min(max(self.start + word.end, start), self.voiced_until)
        return replace(word, start=start, end=end)

    def divide(self, moment: float) -> "Audio":
        """End at `moment`; gives what comes after it, which the last window had as well."""
        rest = Audio(self.sounds[max(0, blocks(moment) - self._first) :], read=self._read)
        rest.onset = max(rest.onset, moment)
        rest._asked = self._asked
        rest._longest_run = self._longest_run
        self._voiced_until = min(self._voiced_until, blocks(moment))
        return rest

    @property
    def late(self) -> int:
        """The position before which sounds leave a window that is too long."""
        return self._read - blocks(TOO_LONG / 2)

    def leave(self, until: float) -> None:
        """Let what is frozen up to `until` leave the window, but for the last sound."""
        self.drop(min(blocks(until), self._read - 1))

    def drop(self, until: int) -> None:
        """Let the sounds before the position `until` leave the window."""
        count = max(0, until - self._first)
        del self.sounds[:count]
        self._first += count

    def begin_here(self) -> None:
        """Speech begins in the window: no word was before it."""
        self.onset = max(self.onset, self.start)

    def _count(self, heard: Heard) -> None:
        self._run = self._run + 1 if heard.voiced else 0
        self._longest_run = max(self._longest_run, self._run)
