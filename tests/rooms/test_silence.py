"""Where nobody speaks, nothing is invented: no segment, no caption, no sound."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.rooms.rooms import excerpt, silence
from tests.speech import speech
from translator.rehearsal.order import Order, Talk
from translator.rehearsal.recording import SAMPLE_RATE, Recording, Samples, read
from translator.rehearsal.report import audible
from translator.rehearsal.run import rehearsal

pytestmark = [pytest.mark.room, pytest.mark.timeout(240)]


def noise(seconds: float, decibels: float) -> Samples:
    """White noise with this RMS, of full scale."""
    loudness = 32768 * 10 ** (decibels / 20)
    values = np.random.default_rng(1).normal(0.0, loudness, round(seconds * SAMPLE_RATE))
    return values.clip(-32768, 32767).astype(np.int16)


def music(seconds: float) -> Samples:
    """Chords of half a second with overtones, under a melody twice as fast."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    roots = np.array([220.0, 174.6, 130.8, 196.0])[(t // 0.5).astype(int) % 4]
    tune = np.array([880.0, 784.0, 659.3, 698.5, 587.3, 523.3])[(t // 0.25).astype(int) % 6]
    tones = [(roots * ratio, 0.3) for ratio in (1.0, 1.26, 1.5)] + [(tune, 0.5)]
    sound = sum(
        loudness / overtone * np.sin(2 * np.pi * np.cumsum(hertz * overtone) / SAMPLE_RATE)
        for hertz, loudness in tones
        for overtone in (1, 2, 3, 4)
    )
    fading = np.exp(-3.0 * (t % 0.25))
    return np.asarray(6000 * sound * fading).clip(-32768, 32767).astype(np.int16)


def clicks(seconds: float) -> Samples:
    """Ten a second, loud."""
    sound = silence(seconds)
    sound[:: SAMPLE_RATE // 10] = 30_000
    return sound


def snippets(count: int) -> Samples:
    """Tenths of a second of a real voice, a second apart."""
    spoken = excerpt(speech("speech_en_jfk"), 0.3, 11.0).samples
    size = SAMPLE_RATE // 10
    loud = sorted(range(0, len(spoken) - size, size), key=lambda i: -_power(spoken[i : i + size]))
    pieces = [spoken[i : i + size] for i in loud[:count]]
    return np.concatenate([part for one in pieces for part in (one, silence(1.0))])


def _power(sound: Samples) -> float:
    return float((sound.astype(np.float64) ** 2).mean())


async def test_nothing_comes_of_what_is_no_speech(tmp_path: Path) -> None:
    scenes = {
        "silence": silence(20.0),
        "noise at -20 dB": noise(6.0, -20.0),
        "noise at -40 dB": noise(6.0, -40.0),
        "music": music(8.0),
        "clicks": clicks(4.0),
        "snippets": snippets(8),
        "speech": read(speech("pico_en_ch")).samples,  # to see that anything would be heard at all
    }
    talk = Talk(
        name="Nobody",
        path=Path("nothing"),
        start=0.0,
        recording=Recording(samples=np.concatenate(list(scenes.values()))),
    )
    order = Order(talks=(talk,), targets=("es", "en"), spoken="en", out=tmp_path, room="silence")
    async with rehearsal(order) as one:
        await one.perform()
    account = one.account
    *_, voice, _ = ends = np.cumsum([len(sound) / SAMPLE_RATE for sound in scenes.values()])
    begun = {
        name: [
            segment["text"]
            for segment in account.segments.values()
            if start <= segment["start"] + account.offset < end
        ]
        for name, (start, end) in zip(scenes, pairwise([-1.0, *ends]), strict=True)
    }
    assert begun.pop("speech")
    assert not any(begun.values()), begun
    assert account.failures == []
    assert audible(one.listeners["es"].tape.since(one.begin)).any()
    for listener in one.listeners.values():
        read_early = [message for at, message in listener.captions if at < one.begin + voice]
        assert not [message for message in read_early if message["text"]]
        assert not audible(listener.tape.since(one.begin)[: round(voice * SAMPLE_RATE)]).any()
