"""Which language Whisper takes real speech for, among all that the shipped example has."""

from dataclasses import dataclass

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

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

SPOKEN = ["en", "es", "fr", "pt", "it", "ca"]


@dataclass(slots=True)
class Host(WhisperHost):
    decoder: Decoder

    async def transcribe(self, window: Window) -> Transcript:
        return self.decoder.transcribe(window)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(Decoder(BASE))


def excerpt(name: str, start: int, end: int) -> Wave:
    wave = np.asarray(decode_audio(str(speech(name)), sampling_rate=SAMPLE_RATE))
    return (wave[start * SAMPLE_RATE : end * SAMPLE_RATE] * 32767).astype(np.int16)


@pytest.mark.parametrize("declared", [None, "es"])
async def test_a_change_of_language_is_followed_within_the_utterance(
    host: Host, declared: str | None
) -> None:
    voice = excerpt("switch_es_en_texas", 56, 76)
    found = await segments(WhisperEar(host), voice, SPOKEN, declared=declared)
    assert {one.language for one in found if one.end < 8.0} == {"es"}
    assert {one.language for one in found if one.start > 13.0} == {"en"}


async def test_a_declared_language_is_not_all_that_is_understood(host: Host) -> None:
    voice = excerpt("speech_en_jfk", 0, 11)
    found = await segments(WhisperEar(host), voice, SPOKEN, expected="es", declared="es")
    english = sum(len(one.text) for one in found if one.language == "en")
    assert english > 0.7 * sum(len(one.text) for one in found)
