"""Codes as people write them, and which language serves whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.errors import InputError
from translator.languages import english_name, lookup, named, normalize, own_name, primary, same

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("es", "es"),
        ("ES", "es"),
        (" en ", "en"),
        ("EN_us", "en-US"),
        ("eng", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
    ],
)
def test_a_code_has_one_spelling(code: str, expected: str) -> None:
    assert normalize(code) == expected
    assert normalize(expected) == expected


@pytest.mark.parametrize(("code", "expected"), [("es", "es"), ("pt-BR", "pt"), ("ZH-Hant", "zh")])
def test_a_region_and_the_case_part_no_language(code: str, expected: str) -> None:
    assert primary(code) == expected


@pytest.mark.parametrize(
    "code", ["", "  ", "*", "klingonish", "english", "e", "es-", "12", "floor"]
)
def test_what_is_no_language_is_refused(code: str) -> None:
    with pytest.raises(InputError, match="BCP-47"):
        normalize(code)


@pytest.mark.parametrize(
    ("wanted", "available", "expected"),
    [
        ("es-MX", ["en", "es"], "es"),
        ("es-MX", ["es", "es-MX"], "es-MX"),
        ("ES-mx", ["es-MX"], "es-MX"),
        ("zh-Hant-TW", ["zh", "zh-Hant"], "zh-Hant"),
        ("zh-Hant-x-private", ["zh-Hant"], "zh-Hant"),
        ("es", ["es-MX"], None),  # RFC 4647 look-up never adds a subtag
        ("fr", ["en", "es"], None),
        ("", ["en"], None),
    ],
)
def test_lookup_drops_subtags_from_the_end(
    wanted: str, available: list[str], expected: str | None
) -> None:
    assert lookup(wanted, available) == expected


subtags = st.lists(st.sampled_from(["es", "MX", "x", "a", "Hant", "419"]), min_size=1, max_size=5)


@given(subtags.map("-".join), st.lists(subtags.map("-".join)))
def test_lookup_finds_only_what_is_there_and_begins_the_wish(
    wanted: str, available: list[str]
) -> None:
    found = lookup(wanted, available)
    if wanted in available:
        assert found is not None
    if found is not None:
        assert found in available
        assert f"{wanted}-".lower().startswith(f"{found}-".lower())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("pt-BR", "pt", True), ("en-GB", "EN-us", True), ("es", "ca", False), ("es", "est", False)],
)
def test_regions_do_not_part_a_language(one: str, other: str, expected: bool) -> None:
    assert same(one, other) is same(other, one) is expected


def test_names_are_for_people() -> None:
    assert [own_name(code) for code in ("es", "fr", "pt")] == ["Español", "Français", "Português"]
    assert english_name("ca") == "Catalan"


@pytest.mark.parametrize(
    ("name", "code"), [("Spanish", "es"), ("brazilian portuguese", "pt-BR"), ("Klingonish", None)]
)
def test_a_language_is_found_by_its_english_name(name: str, code: str | None) -> None:
    assert named(name) == code
