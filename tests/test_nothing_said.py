"""Ten minutes in which nobody says anything give no segment."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from faster_whisper import decode_audio

from tests.lockstep import Wave, segments
from tests.noises import (
    Sound,
    breath,
    bursts,
    hum,
    loud,
    noise,
    ringing,
    singing,
    siren,
    strings,
    tune,
)
from tests.speech import manifest
from tests.whisper_host import WhisperHost
from translator.engines.whisper import Transcript, WhisperEar, Window
from translator.engines.whisper.decoder import Decoder
from translator.engines.whisper.weights import BASE
from translator.hear import SAMPLE_RATE

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

SPOKEN = ["en", "es", "fr", "pt", "it", "ca"]
TERMS = ["sign language", "committee", "LiveKit"]
LOUDNESS = (-60.0, -40.0, -30.0, -20.0, -12.0)


@dataclass(slots=True)
class Host(WhisperHost):
    decoder: Decoder

    async def transcribe(self, window: Window) -> Transcript:
        return self.decoder.transcribe(window)


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(Decoder(BASE))


def coloured(slope: float) -> Sound:
    return np.concatenate([noise(12, decibels, slope=slope) for decibels in LOUDNESS])


def murmur(seconds: float, people: int, decibels: float) -> Sound:
    """So many people at once, none of them near."""
    count = round(seconds * SAMPLE_RATE)
    voices = [one for one in manifest().values() if 6 < one.seconds < 60][:people]
    crowd = np.zeros(count)
    for number, voice in enumerate(voices):
        wave = np.asarray(decode_audio(str(voice.path), sampling_rate=SAMPLE_RATE), np.float64)
        crowd += np.roll(np.resize(loud(wave, -20), count), number * SAMPLE_RATE)
    return loud(crowd, decibels)


SCENES: dict[str, Callable[[], Sound]] = {
    "silence": lambda: np.zeros(85 * SAMPLE_RATE),
    "dither": lambda: noise(20, -85),
    "white noise": lambda: coloured(0),
    "pink noise": lambda: coloured(1),
    "brown noise": lambda: coloured(2),
    "breath": lambda: np.concatenate([breath(30, -35), breath(30, -20)]),
    "coughs": lambda: bursts(30, -20, every=1.5, fade=0.06, low=300, high=3000),
    "keys": lambda: bursts(30, -25, every=0.2, fade=0.006, low=800, high=6000),
    "steps": lambda: bursts(15, -35, every=0.55, fade=0.02, low=60, high=500),
    "applause": lambda: bursts(25, -18, every=0.25, fade=0.006, low=700, high=3500, many=60),
    "hum": lambda: hum(20),
    "a tune": lambda: tune(40, -22),
    "a slow tune": lambda: tune(20, -30, beat=0.6),
    "strings": lambda: strings(25, -24),
    "a band": lambda: tune(25, -22) + bursts(25, -22, every=0.25, fade=0.03, low=50, high=200),
    "vowels sung": lambda: singing(25, -22, vowels="aeo", note=57),
    "vowels sung low": lambda: singing(20, -22, vowels="ao", note=45),
    "humming": lambda: singing(20, -28, vowels="m", note=53),
    "a siren": lambda: siren(10),
    "a telephone": lambda: ringing(10),
    "a murmur": lambda: murmur(10, 40, -30),
}


@cache
def sounds(scene: str) -> Sound:
    return SCENES[scene]()


@pytest.mark.parametrize("scene", SCENES)
async def test_nothing_is_heard_where_nobody_speaks(host: Host, scene: str) -> None:
    wave: Wave = (sounds(scene).clip(-1, 1) * 32767).astype(np.int16)
    found = await segments(WhisperEar(host), wave, SPOKEN, expected="en", terms=TERMS)
    assert [segment.text for segment in found] == []


def test_the_scenes_are_ten_minutes_long() -> None:
    seconds = sum(len(sounds(scene)) for scene in SCENES) / SAMPLE_RATE
    assert seconds >= 600
