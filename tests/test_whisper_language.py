"""WhisperEar: which language it takes an utterance for, and what it expects of the next."""

import pytest

from tests.whisper_host import SENTENCE, Said, listen

pytestmark = pytest.mark.unit


async def test_an_unknown_language_is_none_until_it_is_sure() -> None:
    result = await listen(Said(SENTENCE, 1.0, "es"), languages=["en", "es"])
    assert result.hypotheses[0].language is None
    assert [final.language for final in result.finals] == ["es"]
    first = next(at for at, one in zip(result.at, result.hypotheses, strict=True) if one.language)
    assert first < 3.5


async def test_a_language_that_is_the_only_one_is_known_at_once() -> None:
    result = await listen(Said(SENTENCE, 1.0, "es"), languages=["es"])
    assert {one.language for one in result.hypotheses} == {"es"}


async def test_the_expected_language_weighs_more() -> None:
    result = await listen(Said("Sí.", 1.0), languages=["en", "es"], expected="es")
    assert result.host.windows[0].languages["es"] > result.host.windows[0].languages["en"]


async def test_the_declared_language_weighs_most() -> None:
    result = await listen(
        Said("Sí.", 1.0), languages=["en", "es", "fr"], expected="es", declared="en"
    )
    weights = result.host.windows[0].languages
    assert weights["en"] > weights["es"] > weights["fr"]


async def test_a_change_from_the_declared_language_is_followed_without_a_pause() -> None:
    first = Said(SENTENCE, 1.0, "es")
    second = Said(" ".join([SENTENCE] * 2), first.end, "en")
    result = await listen(first, second, languages=["en", "es"], declared="es")
    assert [final.language for final in result.finals] == ["es", "en"]


async def test_the_language_of_one_utterance_is_expected_of_the_next() -> None:
    first = Said(SENTENCE, 1.0, "es")
    result = await listen(first, Said(SENTENCE, first.end + 1.2, "es"), languages=["en", "es"])
    last = result.host.windows[-1].languages
    assert last["es"] > last["en"]


async def test_languages_keep_the_names_that_they_were_given() -> None:
    result = await listen(Said(SENTENCE, 1.0, "pt"), languages=["en", "pt-BR"], expected="pt-BR")
    assert [final.language for final in result.finals] == ["pt-BR"]
    assert set(result.host.windows[0].languages) == {"en", "pt"}


async def test_who_changes_language_is_followed_without_a_pause() -> None:
    first = Said(SENTENCE, 1.0, "es")
    second = Said(" ".join([SENTENCE.upper()] * 2), first.end, "en")
    result = await listen(first, second, languages=["en", "es"])
    spanish, english = result.finals
    assert (spanish.language, english.language) == ("es", "en")
    assert spanish.utterance != english.utterance
    assert english.text.endswith(SENTENCE.upper())
    assert spanish.words[-1].end <= spanish.end <= english.start
    heard = f"{spanish.text} {english.text}".lower().split()
    assert heard == (SENTENCE.lower() + " " + second.text.lower()).split()
