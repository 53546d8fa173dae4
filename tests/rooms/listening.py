"""Recognize again what a channel said, and what the same voice says without a room."""

from contextlib import aclosing
from functools import lru_cache
from statistics import fmean

import jiwer
import numpy as np

from tests.whisper_host import whole
from translator.engines.espeak import EspeakVoice
from translator.engines.host import Host
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.listening import BEAM
from translator.engines.whisper.weights import BASE
from translator.guards import echo
from translator.hear import SAMPLE_RATE as HEARD_RATE
from translator.rehearsal.recording import SAMPLE_RATE, Samples, at_rate
from translator.segment import words_of
from translator.speak import resample

PIECE = round(0.5 / echo.SLOT)
"""Spectra of half a second."""


@lru_cache
def decoder() -> Decoder:
    """The one of the engine host, which reads no more than there is: a tenth of the work of half a
    minute's window, and of trying again where it is unsure."""
    return Decoder(BASE)


def recognize(sound: Samples, language: str, *, pause: float = 0.4) -> str:
    """The words in `sound` (at SAMPLE_RATE), heard after a pause of so many seconds."""
    heard = np.pad(sound, (round(pause * SAMPLE_RATE), 0))
    pcm = at_rate(heard, SAMPLE_RATE, HEARD_RATE).tobytes()
    return decoder().transcribe(whole(pcm, language, beam=BEAM)).text


async def voice(text: str, language: str, name: str, pace: float, host: Host) -> Samples:
    """`text` as espeak-ng says it in the voice of that name."""
    frames = EspeakVoice(host).say(text, language=language, voice=name, pace=pace)
    async with aclosing(resample(frames, SAMPLE_RATE)) as spoken:
        return np.concatenate([samples async for samples in spoken])


def likeness(voice: Samples, sound: Samples) -> float:
    """How surely `voice` is in `sound`, by the spectra: 0 to 1, 0.3 to 0.5 for other speech.

    Each half second is looked for by itself, wherever it is: a player that catches up, or the
    pause between two clauses, moves what follows.
    """
    size = round(echo.SLOT * SAMPLE_RATE)
    short, long = (
        echo.spectrum(one[: len(one) - len(one) % size], size, SAMPLE_RATE)
        for one in (voice, sound)
    )
    firsts = range(0, max(len(short) - PIECE, 0) + 1, PIECE)
    return fmean(echo.correlation(short[first : first + PIECE], long) for first in firsts)


def words(text: str) -> str:
    """Lower case, without punctuation."""
    return " ".join(word.key for word in words_of(text))


def errors(reference: str, found: str) -> tuple[int, int]:
    """(word errors, words of the reference)."""
    output = jiwer.process_words(words(reference), words(found))
    wrong = output.substitutions + output.deletions + output.insertions
    return wrong, output.hits + output.substitutions + output.deletions
