"""Which language an utterance is in, from what an engine hears in it bit by bit.

Pure: no engine, no I/O. Codes are whatever the engine calls its languages.
"""

from collections.abc import Mapping, Sequence

from translator.hear import ONSET

STAYS = 0.8
"""How probable it is that a speaker goes on in the same language."""
DECLARED = 0.9
"""How probable it is that a speaker speaks the declared language."""
BELIEVED_AFTER = 2.0
"""Seconds of voice of which Whisper's opinion counts in full; of one second it counts by half,
because it is often sure and wrong."""
SETTLED_AFTER = 3.0
"""Seconds of voice after which the most probable language is taken."""
SURE_AFTER = 1.0
"""Seconds of voice before which no language is settled."""
SURE = 0.9
"""How probable a language must be to be settled earlier, or to replace the settled one."""


class Identification:
    """Which language an utterance is in, as far as its windows tell."""

    def __init__(self, codes: Sequence[str], *, last: str | None, declared: str | None) -> None:
        """`last` is what the speaker spoke last, `declared` what it says that it speaks."""
        self._codes = codes
        self._declared = declared
        self._prior = prior(codes, last=last, declared=declared)
        self._contrary = 0
        self.language = codes[0] if len(codes) == 1 else None
        """Once it is settled."""

    def weights(self, voice: float) -> dict[str, float]:
        """What to multiply Whisper's probabilities with, for a window with so much voice."""
        return {code: share ** (1 / _trust(voice)) for code, share in self._prior.items()}

    def learn(self, probabilities: Mapping[str, float], voice: float) -> bool:
        """Take what Whisper says of a window; False where the language is not the settled one."""
        shares = {
            code: self._prior[code] * probability ** _trust(voice)
            for code, probability in probabilities.items()
        }
        code = max(shares, key=lambda code: shares[code])
        sure = shares[code] >= SURE * sum(shares.values())
        if self.language is None:
            if voice >= SETTLED_AFTER or (sure and voice >= SURE_AFTER):
                self.language = code
                self._prior = prior(self._codes, last=code, declared=self._declared)
            return True
        self._contrary = self._contrary + 1 if sure and code != self.language else 0
        return self._contrary < 2


def prior(codes: Sequence[str], *, last: str | None, declared: str | None) -> dict[str, float]:
    """How probable each language is before anything is heard; they add up to 1.

    Who speaks the declared language is no surer to go on in it than who only declared it: else
    nobody who changes could be followed.
    """
    said = _favoured(codes, declared, DECLARED)
    if last != declared:
        went_on = _favoured(codes, last, STAYS)
        said = {code: said[code] * went_on[code] for code in codes}
    total = sum(said.values())
    return {code: share / total for code, share in said.items()}


def _favoured(codes: Sequence[str], language: str | None, share: float) -> dict[str, float]:
    if language not in codes or len(codes) == 1:
        return dict.fromkeys(codes, 1 / len(codes))
    other = (1 - share) / (len(codes) - 1)
    return {code: share if code == language else other for code in codes}


def _trust(voice: float) -> float:
    """How much of Whisper's opinion to take, from a window with so many seconds of voice."""
    return min(1.0, max(voice, ONSET) / BELIEVED_AFTER)
