"""Sound is played faster at the same pitch, and nothing of it is lost."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.stretch import Samples, Stretch

pytestmark = pytest.mark.unit

RATE = 24_000
MARGIN = 0.05
"""Seconds that the filter may add or leave out."""


def tone(hertz: float, seconds: float) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def played(sound: Samples, *tempos: float, size: int = 2400) -> Samples:
    """`sound` in pieces of `size`, in as many equal parts as there are tempos."""
    stretch = Stretch(RATE)
    pieces = [sound[begin : begin + size] for begin in range(0, len(sound), size)]
    out = [
        stretch.push(piece, tempos[number * len(tempos) // len(pieces)])
        for number, piece in enumerate(pieces)
    ]
    return np.concatenate([*out, stretch.flush()])


@settings(max_examples=20)
@given(st.floats(1.0, 1.25), st.floats(0.2, 4.0), st.integers(100, 4000))
def test_a_faster_tempo_takes_less_time(tempo: float, seconds: float, size: int) -> None:
    out = played(tone(200.0, seconds), tempo, size=size)
    assert len(out) / RATE == pytest.approx(seconds / tempo, abs=MARGIN)


@pytest.mark.parametrize("hertz", [110.0, 220.0, 1000.0])
def test_the_pitch_stays(hertz: float) -> None:
    out = played(tone(hertz, 4.0), 1.25)
    spectrum = np.abs(np.fft.rfft(out))
    assert spectrum.argmax() * RATE / len(out) == pytest.approx(hertz, rel=0.005)


def test_the_tempo_changes_on_the_way() -> None:
    out = played(tone(200.0, 12.0), 1.0, 1.25, 1.1)
    assert len(out) / RATE == pytest.approx(4.0 + 4.0 / 1.25 + 4.0 / 1.1, abs=2 * MARGIN)


def test_it_goes_on_without_a_step_where_it_begins() -> None:
    sound = tone(200.0, 2.0)
    out = np.concatenate([sound[:24_000], played(sound[24_000:], 1.25)])
    steepest = max(abs(int(b) - int(a)) for a, b in pairwise(sound[:2400]))
    seam = [abs(int(b) - int(a)) for a, b in pairwise(out[23_900:24_200])]
    assert max(seam) <= 2 * steepest


def test_what_was_pushed_goes_out_a_tenth_of_a_second_later_at_most() -> None:
    stretch = Stretch(RATE)
    pushed = out = 0.0
    for _ in range(100):
        pushed += 0.02
        out += len(stretch.push(tone(200.0, 0.02), 1.25)) / RATE * 1.25
        assert pushed - out <= 0.13
