"""Audio that comes a second time is let through once."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as some

from translator.engines.livekit.repeats import Repeats, distinct

pytestmark = pytest.mark.unit

RATE = 24_000


def noise(seconds: float, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    return rng.integers(-8000, 8000, round(seconds * RATE), np.int16).tobytes()


def let_through(pieces: Iterable[bytes]) -> bytes:
    repeats = Repeats(RATE)
    return b"".join([*map(repeats.push, pieces), repeats.rest()])


def cut(pcm: bytes, size: int) -> list[bytes]:
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


@examples(max_examples=20)
@given(
    lengths=some.lists(some.integers(2500, 20_000), min_size=1, max_size=6),
    size=some.integers(100, 9600),
)
def test_each_piece_that_comes_twice_is_let_through_once(lengths: list[int], size: int) -> None:
    pieces = [noise(length / RATE, seed) for seed, length in enumerate(lengths)]
    sent = b"".join(piece * 2 for piece in pieces)
    assert let_through(cut(sent, 2 * size)) == b"".join(pieces)


@pytest.mark.parametrize("size", [100, 960, 9600, 1_000_000])
def test_an_answer_that_begins_anew_goes_on_where_it_was(size: int) -> None:
    first, second = noise(1.337, 1), noise(0.5, 2)
    assert let_through(cut(first + first + second, size)) == first + second


def test_audio_that_is_no_repeat_is_let_through_as_it_is() -> None:
    silence = bytes(2 * RATE)
    tone = noise(0.005) * 400
    word = noise(0.08)
    for sent in (silence, tone, tone + silence + tone, noise(0.3) + word + silence + word):
        assert let_through(cut(sent, 960)) == sent


def test_little_is_held_back() -> None:
    repeats = Repeats(RATE)
    sent = cut(noise(1.0), 960)
    passed = 0
    for number, piece in enumerate(sent, 1):
        passed += len(repeats.push(piece))
        assert number * 960 - passed <= 2 * 960


def test_what_was_taken_out_is_counted() -> None:
    repeats = Repeats(RATE)
    repeats.push(noise(1.0) * 2)
    repeats.rest()
    assert repeats.seconds == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("El comité se reúne hoy.", True),
        ("El comité vota, y el alcalde también.", True),
        ("El comité vota. El alcalde también.", False),
        ("Sí, sí.", False),
        ("No. No, gracias.", False),
        ("好的。好的。", False),
        ("— ¿Quién? ¡Nadie!", True),
    ],
)
def test_phrases_that_begin_alike_are_no_repeats(text: str, found: bool) -> None:
    assert distinct(text) is found
