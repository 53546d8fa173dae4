"""Which language an utterance is in, from what an engine hears in it bit by bit.

Pure: no engine, no I/O. Codes are whatever the engine calls its languages.
"""

from collections.abc import Mapping, Sequence

from translator.hear import ONSET

STAYS = 0.8
"""How probable it is that a speaker goes on in the same language."""
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

    def __init__(self, codes: Sequence[str], expected: str | None) -> None:
        self._codes = codes
        self._prior = self._going_on(expected)
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
                self._prior = self._going_on(code)
            return True
        self._contrary = self._contrary + 1 if sure and code != self.language else 0
        return self._contrary < 2

    def _going_on(self, language: str | None) -> dict[str, float]:
        """How probable each language is after speech in `language`."""
        if language not in self._codes or len(self._codes) == 1:
            return dict.fromkeys(self._codes, 1 / len(self._codes))
        other = (1 - STAYS) / (len(self._codes) - 1)
        return {code: STAYS if code == language else other for code in self._codes}


def _trust(voice: float) -> float:
    """How much of Whisper's opinion to take, from a window with so many seconds of voice."""
    return min(1.0, max(voice, ONSET) / BELIEVED_AFTER)
