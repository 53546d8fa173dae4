"""Which words only say "I am listening", and whose sentence they would break into. Pure."""

from collections import defaultdict, deque

from translator.languages import primary
from translator.segment import words_of
from translator.types import Cut, Segment, Tail

MOST_WORDS = 3
LIVE = 3.0
"""Seconds without a word after which an open sentence is taken for left: its floor is gone."""
NEAR = 0.3
"""Seconds of silence that part no sentence, and in which nobody answers what has just begun."""
KEPT = 4
"""Segments of each speaker: others are committed while an ear still makes out one word."""

_SOUNDS = "mm, mmm, mhm, mmhm, mhmm, mmhmm, m hm, hm, hmm, uh huh, uhhuh, aha, ah, oh, ok, okay"
_PHRASES = {
    "ca": "sí, si, val, d'acord, clar, és clar, bé, molt bé, exacte, i tant, entesos",
    "de": "ja, jo, genau, richtig, stimmt, klar, na klar, alles klar, gut, ach so, natürlich",
    "en": "yes, yeah, yep, yup, right, all right, alright, sure, i see, of course, exactly,"
    " absolutely, indeed, true, good, great, got it, that's right",
    "es": "sí, si, vale, claro, claro que sí, bueno, bien, muy bien, exacto, eso, eso es, ya,"
    " ya veo, ajá, de acuerdo, por supuesto, entiendo",
    "fr": "oui, ouais, d'accord, bien, très bien, bien sûr, voilà, c'est ça, exactement,"
    " tout à fait, je vois",
    "it": "sì, si, certo, va bene, bene, esatto, esattamente, giusto, già, d'accordo, ho capito,"
    " capisco",
    "pt": "sim, pois, pois é, claro, certo, está bem, tá, tá bom, tudo bem, exato, exatamente,"
    " entendo",
}

_Phrase = tuple[str, ...]


def _phrases(text: str) -> frozenset[_Phrase]:
    return frozenset(tuple(word.key for word in words_of(one)) for one in text.split(","))


_KNOWN = {code: _phrases(f"{_SOUNDS}, {text}") for code, text in _PHRASES.items()}
_UNIVERSAL = _phrases(_SOUNDS)


def is_backchannel(text: str, language: str | None) -> bool:
    """Whether `text` (BCP-47 `language`, None for unknown) is nothing but a sign of listening.

    A question never is.
    """
    if "?" in text:
        return False
    words = tuple(word.key for word in words_of(text))
    known = _KNOWN.get(primary(language or ""), _UNIVERSAL)
    return 0 < len(words) <= MOST_WORDS and _made_of(words, known)


def _made_of(words: _Phrase, phrases: frozenset[_Phrase]) -> bool:
    ends = range(1, len(words) + 1)
    return not words or any(
        words[:end] in phrases and _made_of(words[end:], phrases) for end in ends
    )


class Conversation:
    """Follows all floors, to tell an answer from a sign of listening."""

    def __init__(self) -> None:
        self._tails: dict[str, Tail] = {}
        self._said: dict[str, deque[Segment]] = defaultdict(lambda: deque(maxlen=KEPT))

    def push(self, cut: Cut) -> bool:
        """Take the next cut; whether all it commits is a backchannel in somebody's sentence.

        Who goes on speaking has more to say than that.
        """
        speaker = cut.tail.speaker
        self._tails[speaker] = cut.tail
        self._said[speaker].extend(cut.segments)
        if len(cut.segments) != 1 or not cut.ended:
            return False
        (segment,) = cut.segments
        return is_backchannel(segment.text, segment.language) and any(
            self._in_sentence(other, segment.start) for other in self._tails if other != speaker
        )

    def _in_sentence(self, speaker: str, instant: float) -> bool:
        """Whether `speaker` was in the middle of a sentence at `instant`, of meeting time.

        Who has asked waits for an answer, and who only listens says no sentence.
        """
        tail = self._tails[speaker]
        live = _is_sentence(tail) and instant - tail.end < LIVE
        if live and "?" in tail.text:
            return False
        if live and self._begin(tail) + NEAR <= instant:
            return tail.end > instant or not _ends_sentence(tail.text)
        before = [one for one in self._said[speaker] if one.start < instant]
        if not before or _ends_sentence(before[-1].text) or not _is_sentence(before[-1]):
            return False
        goes_on = live or before[-1] is not self._said[speaker][-1]
        return instant - before[-1].end < (LIVE if goes_on else NEAR)

    def _begin(self, tail: Tail) -> float:
        """Of what is not committed yet: a tail's own start may be that of its utterance."""
        return max([tail.start, *(one.end for one in self._said[tail.speaker])])


def _is_sentence(said: Segment | Tail) -> bool:
    return bool(said.text) and not is_backchannel(said.text, said.language)


def _ends_sentence(text: str) -> bool:
    words = words_of(text)
    return bool(words) and words[-1].ends_sentence
