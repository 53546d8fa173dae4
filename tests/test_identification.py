"""Which language an utterance is in: what is heard, what was spoken last, what is declared."""

from collections.abc import Iterator, Mapping

import pytest

from translator.engines.identification import Identification, prior

pytestmark = pytest.mark.unit

CODES = ("en", "es", "fr", "pt", "it", "ca")


def heard(code: str, share: float) -> dict[str, float]:
    """Whisper's opinion: `code` with this probability, the others alike."""
    return {one: share if one == code else (1 - share) / 5 for one in CODES}


def settled(
    opinion: Mapping[str, float], *, last: str | None = None, declared: str | None = None
) -> Iterator[tuple[float, str | None]]:
    """The language after each 0.3 s of a voice of which this is Whisper's opinion."""
    identification = Identification(CODES, last=last, declared=declared)
    for step in range(1, 20):
        identification.learn(opinion, 0.3 * step)
        yield 0.3 * step, identification.language


def when(
    opinion: Mapping[str, float], *, last: str | None = None, declared: str | None = None
) -> tuple[float, str]:
    """When a language is settled, and which."""
    return next(
        (voice, code)
        for voice, code in settled(opinion, last=last, declared=declared)
        if code is not None
    )


def test_without_a_prior_a_voice_is_believed_after_a_while() -> None:
    voice, code = when(heard("es", 0.97))
    assert code == "es"
    assert 1.0 <= voice <= 2.0


@pytest.mark.parametrize("known", [{"last": "es"}, {"declared": "es"}])
def test_what_is_known_of_the_speaker_settles_sooner(known: dict[str, str]) -> None:
    doubtful = heard("es", 0.6)
    assert when(doubtful, **known)[0] < when(doubtful)[0]


def test_the_declared_language_counts_for_more_than_the_last() -> None:
    shares = prior(CODES, last="es", declared="en")
    assert shares["en"] > shares["es"] > shares["fr"]
    assert sum(shares.values()) == pytest.approx(1.0)
    declared, last = (prior(CODES, last=a, declared=b) for a, b in ((None, "en"), ("en", None)))
    assert declared["en"] > last["en"]


def test_who_speaks_another_language_than_the_declared_one_is_followed_later() -> None:
    opinion = heard("es", 0.985)
    undeclared, _ = when(opinion, last="es")
    declared, code = when(opinion, last="en", declared="en")
    assert code == "es"
    assert undeclared < declared <= 3.0


def test_little_voice_does_not_overcome_what_is_known() -> None:
    identification = Identification(CODES, last="es", declared=None)
    weights = identification.weights(0.6)
    opinion = heard("en", 0.95)
    assert max(CODES, key=lambda code: opinion[code] * weights[code]) == "es"


def test_one_contrary_window_is_no_change_of_language() -> None:
    identification = Identification(CODES, last=None, declared="es")
    assert identification.learn(heard("es", 0.99), 2.0)
    assert identification.language == "es"
    assert identification.learn(heard("en", 0.999), 2.3)
    assert identification.learn(heard("es", 0.9), 2.6)
    assert identification.learn(heard("en", 0.999), 2.9)
    assert not identification.learn(heard("en", 0.999), 3.2)


def test_a_language_that_is_not_spoken_here_is_no_prior() -> None:
    shares = prior(CODES, last="de", declared="ja")
    assert shares == pytest.approx(dict.fromkeys(CODES, 1 / 6))
