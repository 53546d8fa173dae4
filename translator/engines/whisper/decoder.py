"""Whisper itself: a window of speech in, its transcript out."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from translator.engines.whisper.weights import load
from translator.engines.whisper.window import Transcript, Window
from translator.errors import HearError
from translator.hear import SAMPLE_RATE
from translator.types import Word

TAIL = 3.0
"""Seconds of silence after a window: a decoder that sees speech up to the end repeats itself."""
SHORTEST = 6.0
"""Seconds that the encoder gets at least, for the same reason."""
CONTEXT = 448
"""Tokens that the decoder can hold."""
MOST_TERMS = 60
"""Tokens of glossary terms that a decoder is shown."""
THREADS = 1
"""Per decode: two were slower on a machine with two cores."""


class Decoder:
    """One loaded model. Not for two threads at once."""

    def __init__(self, name: str) -> None:
        """Load it by its name, see weights.load. Raises ServiceError."""
        self._model = load(name, threads=THREADS)

    def transcribe(self, window: Window) -> Transcript:
        """What is said in `window`. Raises HearError where Whisper knows none of its languages."""
        known = {code: weight for code, weight in window.languages.items() if self._knows(code)}
        if not known:
            raise HearError(f"Whisper knows none of these languages: {', '.join(window.languages)}")
        encoded = self._encode(window.pcm)
        probabilities = self._probabilities(encoded, list(known))
        language = window.language or max(
            known, key=lambda code: (probabilities[code] * known[code], code)
        )
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language
        )
        heard = self._generate(encoded, tokenizer, window, terms=window.terms)
        if window.terms and heard.scores[0] < window.clear:  # terms may come out of nothing
            heard = self._generate(encoded, tokenizer, window, terms="")
        tokens = heard.sequences_ids[0]  # the prefix included
        prefix = _prefix(tokenizer, window)
        seconds = len(window.pcm) / 2 / SAMPLE_RATE
        return Transcript(
            text=_text(tokenizer, tokens, len(prefix)),
            language=language,
            probabilities=probabilities,
            no_speech=heard.no_speech_prob,
            logprob=heard.scores[0],
            complete=len(tokens) < _most(prefix, window),
            words=self._words(tokenizer, tokens, encoded, seconds) if window.align else (),
        )

    def _generate(self, encoded: Any, tokenizer: Tokenizer, window: Window, *, terms: str) -> Any:
        """What the decoder makes of `window` when it is shown `terms`."""
        prefix = _prefix(tokenizer, window)
        beginning = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        hints = tokenizer.encode(" " + terms)[:MOST_TERMS] if terms else []
        if window.before and window.before_language == tokenizer.language_code:
            hints += tokenizer.encode(" " + window.before)
        if hints:
            beginning = [tokenizer.sot_prev, *hints, *beginning]
        most = _most(prefix, window)
        return self._model.model.generate(
            encoded,
            [beginning + prefix],
            beam_size=window.beam,
            # CTranslate2 gives the text half of this, or what the beginning leaves of it.
            max_length=min(CONTEXT, max(2 * most, most + len(beginning))),
            suppress_blank=not prefix,
            suppress_tokens=get_suppressed_tokens(tokenizer, (-1,)),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]

    def _knows(self, code: str) -> bool:
        return code in _LANGUAGE_CODES

    def _encode(self, pcm: bytes) -> Any:
        """The encoder's view of int16 samples and the silence after them."""
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768.0
        length = max(len(samples) + TAIL * SAMPLE_RATE, SHORTEST * SAMPLE_RATE)
        samples = np.pad(samples, (0, int(length) - len(samples)))
        features = self._model.feature_extractor(samples)
        return self._model.encode(features[:, : self._model.feature_extractor.nb_max_frames])

    def _probabilities(self, encoded: Any, codes: Sequence[str]) -> dict[str, float]:
        """How probable each of `codes` is, given that it is one of them."""
        if len(codes) == 1:
            return {codes[0]: 1.0}
        found = {token[2:-2]: p for token, p in self._model.model.detect_language(encoded)[0]}
        total = sum(found.get(code, 0.0) for code in codes) or 1.0
        return {code: found.get(code, 0.0) / total for code in codes}

    def _words(
        self, tokenizer: Tokenizer, tokens: list[int], encoded: Any, seconds: float
    ) -> tuple[Word, ...]:
        """When each word was said; signs belong to the word before them."""
        frames = int(seconds * self._model.frames_per_second)
        words: list[Word] = []
        # What the library declares of the tokens is not what it takes: one list for each window.
        aligned = self._model.find_alignment(tokenizer, cast(Any, [tokens]), encoded, frames)[0]
        for found in aligned:
            text, start, end = found["word"], float(found["start"]), float(found["end"])
            if words and not any(c.isalnum() for c in text):
                text, start, end = words[-1].text + text, words[-1].start, words[-1].end
                words.pop()
            words.append(Word(text=text, start=start, end=end))
        return tuple(words)


def _prefix(tokenizer: Tokenizer, window: Window) -> list[int]:
    """The tokens that the transcript must begin with."""
    return tokenizer.encode(" " + window.prefix) if window.prefix else []


def _most(prefix: list[int], window: Window) -> int:
    """Tokens that a transcript may have, the prefix included."""
    return min(len(prefix) + window.tokens, CONTEXT // 2)


def _text(tokenizer: Tokenizer, tokens: list[int], after: int) -> str:
    """What follows the first `after` tokens, with its leading space where it has one."""
    # A token may hold a part of a character, and the first token's space would be lost.
    before, whole = tokenizer.decode(tokens[:after]), tokenizer.decode(tokens)
    return str(whole[len(before) :])
