"""Which language somebody speaks, by what a plugin's STT says of it and by its words."""

from collections.abc import Sequence

from livekit.agents import stt

from translator import detection
from translator.engines.identification import prior
from translator.languages import lookup, same
from translator.types import Prior

SURE = 0.9
"""Probability from which on the words tell a language."""


class Identifier:
    """Which of some languages is spoken: as the STT says, as the text looks, as expected."""

    def __init__(self, prior: Prior, *, knows_english: bool) -> None:
        languages = prior.languages
        self.expected = _among(prior.expected or "", languages)
        self._declared = _among(prior.declared or "", languages)
        self._languages = tuple(languages)
        self._knows_english = knows_english
        one_each = {detection.profile(code): code for code in reversed(languages)}
        self._detectable = tuple(one_each.values())

    def load(self) -> None:
        """Read what detection needs; takes some time."""
        if self._detects:
            detection.load(self._detectable)

    def language(self, text: str, data: stt.SpeechData) -> str | None:
        """BCP-47, one of the given languages; None while nothing tells."""
        if len(self._languages) == 1:
            return self._languages[0]
        return self._told(data) or self._detected(text) or self._declared or self.expected

    def _told(self, data: stt.SpeechData) -> str | None:
        confidence = (data.metadata or {}).get("language_confidence")
        if confidence is not None:
            return _among(data.language, self._languages) if confidence >= 0.5 else None
        if same(data.language, "en") and not self._knows_english:
            return None
        return _among(data.language, self._languages)

    @property
    def _detects(self) -> bool:
        return len(self._detectable) > 1 and detection.known(self._detectable)

    def _detected(self, text: str) -> str | None:
        if detection.letters(text) < detection.LETTERS or not self._detects:
            return None
        probabilities = detection.probabilities(text, self._detectable)
        known = prior(
            self._detectable, last=self._meant(self.expected), declared=self._meant(self._declared)
        )
        shares = {code: known[code] * share for code, share in probabilities.items()}
        found = max(shares, key=lambda code: shares[code])
        if shares[found] < SURE * sum(shares.values()) or not shares[found]:
            return None
        varieties = (self._declared, self.expected)
        return next((code for code in varieties if code and same(code, found)), found)

    def _meant(self, code: str | None) -> str | None:
        """The detectable one that `code` is a variety of."""
        return next((one for one in self._detectable if same(code or "", one)), None)


def _among(code: str, languages: Sequence[str]) -> str | None:
    """The one of `languages` that `code` means."""
    found = lookup(code, languages)
    return found or next((language for language in languages if same(code, language)), None)
