"""LAAL and LongYAAL are what OmniSTEval says they are, to four digits."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import omnisteval.alignment
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omnisteval import Word, evaluate_instances, resegment

from translator.evaluation.latency import Emitted, Reference, laal, long_yaal, resegmented

pytestmark = pytest.mark.unit


class InOrder:
    """A pool that does one after the other: what OmniSTEval computes needs no processes."""

    def __enter__(self) -> "InOrder":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
        return [function(value) for value in values]


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(omnisteval.alignment, "Pool", InOrder)


def theirs(words: Sequence[Emitted], references: Sequence[Reference]) -> dict[str, float]:
    """As `omnisteval longform --word_level` has it, of one recording."""
    end = max(one.start + one.length for one in references)
    segmentation = [
        {
            "offset": one.start,
            "duration": one.length,
            "time_to_recording_end": end - one.start,
            "doc_id": 0,
            "seg_id": number,
        }
        for number, one in enumerate(references)
    ]
    expected = [
        Word(word, emission_cu=one.start, seq_id=number)
        for number, one in enumerate(references)
        for word in one.text.lower().split()
    ]
    given = [Word(one.text, emission_cu=one.delay) for one in words]
    texts = [one.text for one in references]
    instances, _ = resegment([expected], [given], segmentation, texts)
    scores, _, _ = evaluate_instances(instances, compute_quality=False, is_longform=True)
    return scores


def assert_same(words: Sequence[Emitted], references: Sequence[Reference]) -> None:
    expected = theirs(words, references)
    aligned = resegmented(words, references)
    assert laal(aligned) == pytest.approx(expected["long_laal"], abs=1e-4)
    assert long_yaal(aligned) == pytest.approx(expected["long_yaal"], abs=1e-4)


def emitted(text: str, *delays: float) -> list[Emitted]:
    words = text.split()
    return [
        Emitted(text=word, delay=delays[min(number, len(delays) - 1)])
        for number, word in enumerate(words)
    ]


ONE = [Reference(text="El comité se reúne el lunes por la mañana.", start=0.0, length=4000.0)]
THREE = [
    Reference(text="Buenos días a todos.", start=500.0, length=1500.0),
    Reference(text="Hoy hablamos del presupuesto, que ha crecido.", start=2400.0, length=3100.0),
    Reference(text="¿Hay preguntas?", start=6000.0, length=1000.0),
]


@pytest.mark.parametrize(
    ("words", "references", "laal_ms", "yaal_ms"),
    [
        pytest.param(
            emitted(
                "El comité se encuentra lunes por la mañana", 1500, 1500, 1500, 3000, 3000, 4500
            ),
            ONE,
            1388.8889,
            1211.1111,
            id="a sentence in three cuts",
        ),
        pytest.param(
            emitted("El comité se reúne", 5000.0), ONE, 5000.0, None, id="all of it too late"
        ),
        pytest.param(
            emitted(
                "Buenos días a todos Hoy hablamos sobre el presupuesto que creció ¿Preguntas?",
                *(2000, 2000, 2600, 2600, 4100, 4100, 5200, 5200, 6100, 6100, 6900, 6950),
            ),
            THREE,
            None,
            None,
            id="a talk of three sentences",
        ),
    ],
)
def test_known_examples(
    words: list[Emitted],
    references: list[Reference],
    laal_ms: float | None,
    yaal_ms: float | None,
) -> None:
    expected = theirs(words, references)
    aligned = resegmented(words, references)
    found = long_yaal(aligned)
    assert laal(aligned) == pytest.approx(expected["long_laal"], abs=1e-4)
    if found is None:  # there no word came in time
        assert expected["long_yaal"] != expected["long_yaal"]
    else:
        assert found == pytest.approx(expected["long_yaal"], abs=1e-4)
    if laal_ms is not None:
        assert laal(aligned) == pytest.approx(laal_ms, abs=1e-4)
    if yaal_ms is not None:
        assert found == pytest.approx(yaal_ms, abs=1e-4)


VOCABULARY = (
    *("a", "de", "la", "comité", "presupuesto", "lunes", "mañana", "votar", ".", ","),
    *("-", "crecer", "años", "no", "sí", "también"),
)


@given(st.integers(0, 10_000))
def test_any_talk(seed: int) -> None:
    chance = random.Random(seed)
    references, at = [], 0.0
    for _ in range(chance.randint(1, 5)):
        length = chance.uniform(400.0, 5000.0)
        text = " ".join(chance.choices(VOCABULARY, k=chance.randint(1, 9)))
        references.append(Reference(text=text, start=at, length=length))
        at += length + chance.uniform(0.0, 800.0)
    said = [word for one in references for word in one.text.split() if chance.random() < 0.8]
    said += chance.choices(VOCABULARY, k=chance.randint(0, 3))
    delay, words = 0.0, []
    for word in said:
        delay += chance.choice((0.0, 0.0, chance.uniform(0.0, 1500.0)))
        words.append(Emitted(text=word, delay=delay))
    aligned = resegmented(words, references)
    if laal(aligned) is None or long_yaal(aligned) is None:
        return  # OmniSTEval says NaN of what it cannot tell
    assert_same(words, references)


def test_words_go_to_the_sentence_that_they_stand_for() -> None:
    words = emitted("Buenos días a todos hoy hablamos del presupuesto ¿hay preguntas?", 1000.0)
    counts = [len(one.delays) for one in resegmented(words, THREE)]
    assert counts == [4, 4, 2]


def test_nothing_said_is_no_latency() -> None:
    aligned = resegmented([], THREE)
    assert laal(aligned) is None
    assert long_yaal(aligned) is None
