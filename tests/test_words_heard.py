"""What Whisper hears where there is no word, or hardly one: neither invented nor lost."""

import subprocess
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
from faster_whisper import decode_audio

from tests.lockstep import Wave, segments
from tests.speech import speech
from tests.whisper_host import WhisperHost
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.weights import BASE
from translator.hear import SAMPLE_RATE
from translator.segment import words_of

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

TERMS = ("sign language", "committee", "LiveKit")
"""What the example's glossary has in English."""


@dataclass(slots=True)
class Host(WhisperHost):
    decoder: Decoder

    async def transcribe(self, window: Window) -> Transcript:
        return self.decoder.transcribe(window)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(Decoder(BASE))


def recording(name: str) -> Wave:
    wave = np.asarray(decode_audio(str(speech(name)), sampling_rate=SAMPLE_RATE))
    return (wave * 32767).astype(np.int16)


def said(text: str, voice: str) -> Wave:
    """By espeak-ng, after a moment."""
    command = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text]
    made = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=20).stdout
    wave = (decode_audio(BytesIO(made), sampling_rate=SAMPLE_RATE) * 32767).astype(np.int16)
    return np.pad(wave, (SAMPLE_RATE, 0))


def snippets(name: str, duration: float, count: int, gap: float) -> Wave:
    """The loudest pieces of a voice, so many seconds long and apart."""
    wave = recording(name)
    size = round(duration * SAMPLE_RATE)
    pieces = wave[: len(wave) - len(wave) % size].reshape(-1, size)
    loudest = np.argsort(-(pieces.astype(np.float64) ** 2).mean(axis=1))[:count]
    return np.pad(pieces[loudest], ((0, 0), (0, round(gap * SAMPLE_RATE)))).reshape(-1)


@pytest.mark.parametrize(
    ("name", "duration", "gap"),
    [
        ("speech_en_jfk", 0.1, 1.0),
        ("cv_es_001", 0.1, 0.4),
        ("cv_ca_003", 0.1, 0.4),
        ("vox_fr_8585", 0.1, 1.0),
        ("spont_fr_IM", 0.1, 0.4),
    ],
)
async def test_what_is_too_short_for_a_word_gives_none(
    host: Host, name: str, duration: float, gap: float
) -> None:
    voice = snippets(name, duration, 8, gap)
    found = await segments(WhisperEar(host), voice, ["en", "es"], expected="en", terms=TERMS)
    assert [segment.text for segment in found] == []


@pytest.mark.parametrize(
    ("name", "duration", "gap"),
    [
        ("cv_ca_003", 0.2, 0.4),
        ("fleurs_pt_000", 0.4, 1.0),
        ("cv_fr_002", 0.3, 1.0),
        ("cv_es_003", 0.25, 1.0),
        ("book_es_veneno", 0.2, 0.4),
    ],
)
async def test_a_term_is_not_made_of_half_a_word(
    host: Host, name: str, duration: float, gap: float
) -> None:
    voice = snippets(name, duration, 8, gap)
    found = await segments(WhisperEar(host), voice, ["en", "es"], expected="en", terms=TERMS)
    heard = {word.key for segment in found for word in words_of(segment.text)}
    assert not heard & {word.key for term in TERMS for word in words_of(term)}


@pytest.mark.parametrize(
    ("text", "language", "voice"),
    [
        ("yes", "en", "en-us"),
        ("no", "en", "en-gb"),
        ("thanks", "en", "en-us+f2"),
        ("LiveKit", "en", "en-us"),
        ("LiveKit", "en", "en-gb+m3"),
        ("no", "es", "es"),
        ("gracias", "es", "es+f2"),
        ("merci", "fr", "fr"),
    ],
)
async def test_a_word_alone_is_heard(host: Host, text: str, language: str, voice: str) -> None:
    ear = WhisperEar(host)
    heard = await segments(
        ear, said(text, voice), ["en", "es", "fr"], expected=language, terms=TERMS
    )
    assert {word.key for one in heard for word in words_of(one.text)} == {text.lower()}
