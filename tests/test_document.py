"""What anybody may hand over as a YAML file, and what is told of it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import create_model

from translator.document import LARGEST, Document, path_of, read, validated
from translator.errors import Fault, SettingsError

pytestmark = pytest.mark.unit


def written(folder: Path, content: str | bytes, *, typed: bool = False) -> Document:
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, typed=typed)


def fault(folder: Path, content: str | bytes) -> tuple[int | None, str]:
    """Line and text of the only fault."""
    with pytest.raises(SettingsError) as caught:
        written(folder, content)
    (only,) = caught.value.faults
    assert isinstance(only, Fault)
    assert only.file == folder / "file.yaml"
    return only.line, only.text


def test_values_have_the_lines_they_stand_on(tmp_path: Path) -> None:
    document = written(tmp_path, "a: 1\n\nb:\n  - x\n  - {c: y,\n     d: z}\n")
    assert document.data == {"a": "1", "b": ["x", {"c": "y", "d": "z"}]}
    assert document.lines[("b",)] == 3
    assert document.lines[("b", 1)] == 5
    assert document.lines[("b", 1, "d")] == 6


def test_a_fault_stands_at_the_nearest_part_that_is_there(tmp_path: Path) -> None:
    document = written(tmp_path, "a: 1\nb:\n  - {c: y}\n")
    missing = document.fault(("b", 0, "d"), "is missing")
    assert (missing.line, missing.key) == (3, "b[0].d")
    assert str(missing) == f"{tmp_path / 'file.yaml'}:3: b[0].d: is missing"


def test_a_path_is_written_as_people_count() -> None:
    assert path_of(("pairs", 0, "render")) == "pairs[0].render"
    assert path_of(()) == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("no", "no"), ("on", "on"), ("1.10", "1.10"), ("2026-01-01", "2026-01-01")),
        *(("007", "007"), ("1_000", "1_000"), ("0x1f", "0x1f"), ("12:30", "12:30"), ("'~'", "~")),
        *(("~", None), ("null", None), ("", None), ('""', ""), ("|\n  two\n  lines", "two\nlines")),
    ],
)
def test_a_word_is_the_word_that_is_written(tmp_path: Path, text: str, value: Any) -> None:
    assert written(tmp_path, f"key: {text}").data == {"key": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("1.5", 1.5), ("3", 3), ("true", True), ("null", None), ("no", "no"), ("'3'", "3")),
        *((".nan", ".nan"), ("NaN", "NaN"), ("1_000", "1_000"), ("9" * 5000, "9" * 5000)),
    ],
)
def test_typed_values_are_those_of_json(tmp_path: Path, text: str, value: Any) -> None:
    assert written(tmp_path, f"key: {text}", typed=True).data == {"key": value}


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert written(tmp_path, b"\xef\xbb\xbfkey: value").data == {"key": "value"}


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.yaml: is missing; check the name"):
        read(tmp_path / "gone.yaml")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no file"):
        read(tmp_path)


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(SettingsError, match="cannot be read"):
            read(tmp_path / name)


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n", "~"])
def test_an_empty_file_is_told(tmp_path: Path, content: str) -> None:
    assert "is empty" in fault(tmp_path, content)[1]


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    assert "larger than 1 MB" in fault(tmp_path, b"#" * (LARGEST + 1))[1]


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (b"key: \x00\x01\x02", None, "is no text file"),
        ("key: value".encode("utf-16"), None, "is UTF-16 text; save it as UTF-8"),
        ("a: 1\nb: ñandú".encode("latin-1"), 2, "a letter that is not UTF-8"),
        ("a: 1\nb: \x07", 2, "a sign that cannot be seen (U+0007)"),
    ],
)
def test_what_is_no_utf_8_is_told_by_line(
    tmp_path: Path, content: str | bytes, line: int | None, told: str
) -> None:
    found, text = fault(tmp_path, content)
    assert found == line
    assert told in text


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("a: 1\n\tb: 2", 2, "a tab; indent with spaces"),
        ("a:\n \t- b: 2\n \tc", 2, "a tab; indent with spaces"),
        ("a: b: c", 1, "look at the indentation, the colons and the quotes"),
        ("a: 1\nb: 'never ends\n", 2, "no YAML"),
        ("a: {b: 1", 1, "no YAML"),
        ("a: 1\npairs:\n  - {from: *, to: es}", 3, 'needs quotes: "*"'),
        ("a: &one [1]\nb: *one", 2, "`*one` stands for nothing"),
        ("a: &a [*a]", 1, "`*a` stands for nothing"),
        ("a: !!python/object/apply:os.system [ls]", 1, "is not used here"),
        ("a: !include other.yaml", 1, "is not used here"),
        ("a: 1\n---\nb: 2", 2, "begins a second file"),
        ("a: 1\n? [b]\n: 2", 2, "a key must be a word"),
        ("%YAML 9.9\n---\na: 1", 1, "no YAML"),
    ],
)
def test_what_yaml_would_do_with_it_is_told_by_line(
    tmp_path: Path, content: str, line: int, told: str
) -> None:
    found, text = fault(tmp_path, content)
    assert told in text
    assert found == line


def test_a_bomb_of_aliases_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60)
    )
    assert fault(tmp_path, bomb) == (
        2,
        '`*a0` stands for nothing; a text that begins with * needs quotes: "*"',
    )


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a: " * 50_000, "- " * 100_000 + "x"])
def test_endless_nesting_is_refused(tmp_path: Path, deep: str) -> None:
    assert "levels" in fault(tmp_path, deep)[1]


def test_every_key_given_twice_is_told_with_the_first(tmp_path: Path) -> None:
    document = written(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\na: {d: 1}\n")
    assert [(one.line, one.key, one.text) for one in document.faults] == [
        (4, "b.c", "is given twice, first in line 3; keep one of the two"),
        (5, "a", "is given twice, first in line 1; keep one of the two"),
    ]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (bool, "so", "must be true or false"),
        (bool, "[]", "must be true or false"),
        (bool, "7", "must be true or false"),
        (int, "so", "must be a whole number"),
        (int, "1.5", "must be a whole number"),
        (int, "[]", "must be a whole number"),
        (int, "'" + "9" * 5000 + "'", "must be a whole number"),
        (float, "so", "must be a number"),
        (float, "{}", "must be a number"),
        (str, "7", "must be a word; put it into quotes"),
        (list[str], "so", "must be a list, such as [one, two]"),
        (tuple[str, ...], "so", "must be a list, such as [one, two]"),
        (set[str], "so", "must be a list, such as [one, two]"),
        (frozenset[str], "so", "must be a list, such as [one, two]"),
        (dict[str, str], "so", "must be lines of `key: value`"),
        (Mapping[str, str], "so", "must be lines of `key: value`"),
        (Literal["a", "b"], "so", "is not allowed; allowed: a, b"),
        (Annotated[float, Ge(-0.5)], "-1", "must be -0.5 or more"),
        (Annotated[float, Gt(0)], "0", "must be more than 0"),
        (Annotated[int, Le(1_000_000)], "1000001", "must be 1000000 or less"),
        (Annotated[float, Lt(2.0)], "2", "must be less than 2"),
        (Annotated[float, Ge(0), Le(1.5)], "2", "must be 1.5 or less; allowed: 0 to 1.5"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_plain_words(
    tmp_path: Path, kind: Any, value: str, told: str
) -> None:
    model = create_model("File", key=(kind, ...))
    document = written(tmp_path, f"key: {value}", typed=True)
    with pytest.raises(SettingsError) as caught:
        validated(document, model)
    assert str(caught.value) == f"{tmp_path / 'file.yaml'}:1: key: {told}"


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(content=st.one_of(st.binary(), st.text(alphabet="ab:-[]{}*&!#'\"|>%@`,?\n\t ~\0é")))
def test_any_file_is_a_document_or_has_faults(tmp_path: Path, content: str | bytes) -> None:
    with suppress(SettingsError):
        assert written(tmp_path, content).data is not None
