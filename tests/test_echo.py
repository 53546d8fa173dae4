"""A loudspeaker is told from a person by its sound."""

import numpy as np
import pytest

from tests.speech import speech
from translator.guards.echo import KEPT, LONGEST_DELAY, SHORTEST, SLOT, EchoGuard
from translator.rehearsal.recording import SAMPLE_RATE as CHANNEL_RATE
from translator.rehearsal.recording import Samples, at_rate, read

pytestmark = pytest.mark.unit

FLOOR_RATE = 16_000
FRAME = 0.1
"""Seconds that a channel plays at a time."""


@pytest.fixture(scope="module")
def voices() -> dict[str, Samples]:
    """Real voices at the channels' sample rate."""
    return {name: read(speech(name)).samples for name in ("cv_es_001", "cv_fr_000", "cv_ca_001")}


class Room:
    """Channels that play and a microphone that hears."""

    def __init__(self) -> None:
        self.guard = EchoGuard()

    def play(self, samples: Samples, at: float, *, language: str = "es") -> None:
        size = round(FRAME * CHANNEL_RATE)
        for first in range(0, len(samples), size):
            self.guard.played(
                language, samples[first : first + size], CHANNEL_RATE, at + first / CHANNEL_RATE
            )

    def hear(self, samples: Samples, at: float, *, speaker: str = "p-ada") -> None:
        """`samples` (at the channels' rate) reach a microphone from `at` on."""
        heard = at_rate(samples, CHANNEL_RATE, FLOOR_RATE)
        for first in range(0, len(heard), 512):
            self.guard.heard(
                speaker, heard[first : first + 512], FLOOR_RATE, at + first / FLOOR_RATE
            )

    def is_echo(self, start: float, end: float, *, speaker: str = "p-ada") -> bool:
        return self.guard.is_echo(speaker, start=start, end=end)


def quieter(samples: Samples, decibels: float) -> Samples:
    return (samples * 10 ** (-decibels / 20)).astype(np.int16)


@pytest.mark.parametrize("delay", [0.1, 0.35, 0.8, LONGEST_DELAY - 0.1])
@pytest.mark.parametrize("decibels", [0.0, 20.0])
def test_a_loudspeaker_is_an_echo_however_late_and_quiet(
    voices: dict[str, Samples], delay: float, decibels: float
) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(quieter(voices["cv_es_001"], decibels), 10.0 + delay)
    assert room.is_echo(12.0 + delay, 15.0 + delay)


def test_a_loudspeaker_in_a_noisy_room_is_an_echo(voices: dict[str, Samples]) -> None:
    room = Room()
    voice = quieter(voices["cv_es_001"], 10.0)
    noise = np.random.default_rng(1).normal(0, voice.std() / 10, len(voice))
    room.play(voices["cv_es_001"], 10.0)
    room.hear((voice + noise).astype(np.int16), 10.4)
    assert room.is_echo(12.4, 15.4)


def test_a_person_who_speaks_while_a_channel_plays_is_no_echo(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_fr_000"], 10.2)
    for start in (11.0, 12.0, 13.0, 14.0):
        assert not room.is_echo(start, start + 2.0)


def test_a_person_who_speaks_while_nothing_plays_is_no_echo(voices: dict[str, Samples]) -> None:
    room = Room()
    room.hear(voices["cv_es_001"], 10.0)
    assert not room.is_echo(12.0, 15.0)
    room.play(np.zeros(5 * CHANNEL_RATE, np.int16), 10.0)
    assert not room.is_echo(12.0, 15.0)


def test_the_same_words_much_later_are_no_echo(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_es_001"], 10.0 + LONGEST_DELAY + 2.0)
    assert not room.is_echo(15.5, 18.5)


def test_a_channel_is_no_echo_of_what_it_says_later(voices: dict[str, Samples]) -> None:
    """Who is interpreted is heard first, and the rendition comes after."""
    room = Room()
    room.hear(voices["cv_es_001"], 10.0)
    room.play(voices["cv_es_001"], 12.0)
    assert not room.is_echo(12.0, 15.0)


def test_an_echo_of_any_channel_is_found(voices: dict[str, Samples]) -> None:
    room = Room()
    for language, name in (("es", "cv_es_001"), ("fr", "cv_fr_000"), ("ca", "cv_ca_001")):
        room.play(voices[name], 10.0, language=language)
    room.hear(voices["cv_fr_000"], 10.3)
    assert room.is_echo(11.3, 14.3)


def test_one_speakers_echo_is_not_anothers(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_es_001"], 10.3, speaker="p-ada")
    room.hear(voices["cv_ca_001"], 10.3, speaker="p-bob")
    assert room.is_echo(12.3, 15.3, speaker="p-ada")
    assert not room.is_echo(12.3, 15.3, speaker="p-bob")
    assert not room.is_echo(12.3, 15.3, speaker="p-eve")


def test_too_little_speech_is_not_judged(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_es_001"], 10.3)
    assert not room.is_echo(13.0, 13.0 + SHORTEST - 0.01)


def test_an_echo_is_found_after_a_channel_was_silent_for_minutes(
    voices: dict[str, Samples],
) -> None:
    room = Room()
    for at in (10.0, 200.0):
        room.play(voices["cv_es_001"], at)
        room.hear(voices["cv_es_001"], at + 0.4)
        assert room.is_echo(at + 2.4, at + 5.4)


def test_what_lies_too_far_back_is_forgotten(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_es_001"], 10.3)
    later = 10.0 + KEPT * SLOT + 10.0
    room.play(np.zeros(CHANNEL_RATE, np.int16), later)
    room.hear(np.zeros(CHANNEL_RATE, np.int16), later)
    assert not room.is_echo(12.3, 15.3)


def test_a_floor_that_is_gone_is_forgotten(voices: dict[str, Samples]) -> None:
    room = Room()
    room.play(voices["cv_es_001"], 10.0)
    room.hear(voices["cv_es_001"], 10.3)
    room.guard.forget("p-ada")
    room.guard.forget("p-nobody")
    assert not room.is_echo(12.3, 15.3)
