"""What of a transcript was said, and what Whisper made up."""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from translator.engines.whisper.window import Transcript
from translator.segment import words_of

GUESSED = (-2.4, -1.5)
"""Mean of the log probabilities of the tokens below which a transcript is made up: with a second
of voice or less, with two or more. What people really said, in 98 recordings, had at least -2.2
and -1.3; a murmur has -1.5 to -2."""
MURMUR = (0.5, -1.2)
"""A transcript is made up too where no speech is likelier and its tokens less likely than this."""

LONGEST_PHRASE = 12
"""Words of a phrase that Whisper may say again."""
SENTENCE = 6
"""Words from which on nobody says the same again at once, but for a word."""
REPEATED = 0.9
"""How alike two such phrases are."""
_BABBLE = re.compile(r"(?:([^\W\d_]{1,6}?)\1{3,})")
"""A word like "hahahaha", or "la-la-la-la" without its signs."""


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


def without_loop(text: str) -> str:
    """`text` up to where its words begin to repeat themselves again and again."""
    words = words_of(text)
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
