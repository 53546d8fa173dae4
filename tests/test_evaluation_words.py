"""Texts are cut, tidied and counted in the same way before they are compared."""

import pytest

from translator.evaluation.offline import sentences, trimmed
from translator.evaluation.words import aligned, errors, normalized, quality
from translator.types import Word

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("L’eau — n’est-ce pas ?", "l'eau n'est ce pas"),
        ("It costs 1,250.50 euros.", "it costs 1,250.50 euros"),
        ("‘quoted’ words'", "quoted words"),
        ("¿Qué tal, señor?", "qué tal señor"),
        ("यह हिन्दी है।", "यह हिन्दी है"),
        ("snake_case", "snake case"),
        ("", ""),
    ],
)
def test_texts_are_compared_without_case_and_punctuation(text: str, expected: str) -> None:
    assert normalized(text) == expected


def test_errors_are_counted_over_all_texts() -> None:
    found = errors(["the cat sat", "A dog."], ["the cat sat down", "a"])
    assert found == {"wrong": 2, "words": 5}


def test_a_text_without_a_reference_counts_for_nothing() -> None:
    assert errors([""], ["something"]) == {"wrong": 0, "words": 0}


def test_quality_comes_with_its_signatures_and_is_blind_to_case() -> None:
    text = "One two three four five six seven eight nine ten."
    found = quality([text], [text.upper()], "en")
    assert (found["bleu"], found["chrf"]) == (pytest.approx(100.0), 100.0)
    assert [one.split("|")[0] for one in found["signatures"]] == ["BLEU", "chrF2"]
    assert all("version:" in one for one in found["signatures"])


def test_bleu_of_a_few_words_is_not_told() -> None:
    assert quality(["too short"], ["too short"], "en")["bleu"] is None


def test_words_stand_for_words() -> None:
    assert aligned(["a", "x", "c", "d"], ["a", "b", "c", "e", "d"]) == {0: 0, 1: 1, 2: 2, 3: 4}


def test_a_word_does_not_begin_in_the_silence_before_it() -> None:
    said = [Word(text="and", start=0.0, end=1.4), Word(text="so", start=1.4, end=1.8)]
    first, second = trimmed(said, [(1.1, 1.5), (1.55, 2.0)])
    assert (first.start, first.end) == (1.1, 1.4)
    assert (second.start, second.end) == (1.4, 1.8)


def test_a_text_is_cut_after_its_sentences() -> None:
    text = "It cost 3.5 euros. Did it? “Yes!” he said"
    assert sentences(text) == ["It cost 3.5 euros.", "Did it?", "“Yes!", "he said"]
