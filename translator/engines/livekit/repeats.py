"""Audio that comes a second time."""

import re
from typing import Final

_BLOCK: Final = 0.02
_LEAST: Final = 0.1


_PHRASE: Final = re.compile(r"[^\W_][^.,;:!?…—。、，；：！？]*")


def distinct(text: str) -> bool:
    """Whether no two phrases of `text` begin with the same word.

    Where they do, a voice that makes phrase after phrase of it, and the same of the same words,
    says something twice that is no repeat.
    """
    firsts = [phrase.group().split()[0].casefold() for phrase in _PHRASE.finditer(text)]
    return len(set(firsts)) == len(firsts)


class Repeats:
    """Takes repeats out of one answer's 16-bit mono PCM.

    A vendor that sends a piece again, or a proxy that sends the whole answer again, would be heard
    twice. A repeat is 0.1 s or more that is bit for bit what came before, and at one place only:
    silence and steady tones are the same at many. What was synthesized anew differs in its bits,
    unless the voice is a simple one and the words are the same: see `distinct`.
    """

    def __init__(self, sample_rate: int) -> None:
        self.seconds = 0.0
        """How much was taken out."""
        self._rate = 2 * sample_rate
        self._block = 2 * round(_BLOCK * sample_rate)
        self._least = 2 * round(_LEAST * sample_rate)
        self._said = bytearray()
        self._held = bytearray()
        self._at: int | None = None
        """Where what is held begins in what was said, while it may be a repeat."""
        self._sure = False

    def push(self, pcm: bytes) -> bytes:
        """What can be let through now: up to 40 ms are held, and 0.1 s of what may be a repeat."""
        self._held += pcm
        passed = bytearray()
        while len(self._held) >= 2 * self._block:
            if self._at is None:
                passed += self._search()
            elif not self._compare(passed):
                break
        return bytes(passed)

    def rest(self) -> bytes:
        """What is still held when the answer has ended."""
        if self._at is not None:
            same = self._same(self._at)
            if self._sure or same >= self._least:
                self._drop(same)
        return bytes(self._held)

    def _search(self) -> bytes:
        """Look for the second block held in what was said, and let what is before it through."""
        block = bytes(self._held[self._block : 2 * self._block])
        at = self._said.find(block)
        if at < 0 or at % 2 or self._said.find(block, at + 1) >= 0:
            return self._pass(self._block)
        back = 0  # a repeat begins anywhere
        while (
            back < min(at, self._block)
            and self._said[at - back - 1] == self._held[self._block - back - 1]
        ):
            back += 1
        back -= back % 2
        before = self._pass(self._block - back)
        self._at = at - back
        return before

    def _compare(self, passed: bytearray) -> bool:
        """Go on with what may be a repeat; False where more must come first."""
        assert self._at is not None
        same = self._same(self._at)
        ended = same < len(self._held)
        if self._sure or same >= self._least:
            self._sure = not ended
            self._drop(same)
            self._at = None if ended else self._at + same
        elif ended:
            self._at = None
            passed += self._pass(self._block)
        return ended

    def _same(self, at: int) -> int:
        """Bytes held, in whole samples, that are what was said at `at`."""
        said = self._said[at : at + len(self._held)]
        if self._held.startswith(said):
            return len(said)
        return next(i for i, byte in enumerate(said) if byte != self._held[i]) // 2 * 2

    def _pass(self, size: int) -> bytes:
        piece = bytes(self._held[:size])
        self._said += piece
        del self._held[:size]
        return piece

    def _drop(self, size: int) -> None:
        del self._held[:size]
        self.seconds += size / self._rate
