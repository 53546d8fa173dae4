"""The recordings of an evaluation: what is known of each."""

import json
from pathlib import Path
from typing import Any

import pytest

from translator.errors import InputError
from translator.evaluation import manifest

pytestmark = pytest.mark.unit


def entry(**changes: Any) -> manifest.Entry:
    given = {"id": "a", "file": "a.flac", "language": "en", "transcript": "Hi.", **changes}
    return manifest.Entry.model_validate(given)


@pytest.mark.parametrize(
    ("kind", "measured"),
    [("dataset", True), ("human (samples README)", True), ("asr output", False), ("none", False)],
)
def test_errors_are_measured_against_people_only(kind: str, measured: bool) -> None:
    assert (entry(transcript_kind=kind).no_errors_because is None) is measured


def test_a_recording_without_segments_is_one_sentence() -> None:
    (whole_of_it,) = entry(references={"es": "Hola."}).sentences("es", 4.0)
    assert (whole_of_it.start, whole_of_it.end) == (0.0, 4.0)
    assert entry().sentences("es", 4.0) == []


def test_a_manifest_is_read_beside_its_recordings(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps([{"id": "a", "file": "a.flac", "language": "en", "other": 1}]))
    (found,) = manifest.read(path)
    assert found.file == tmp_path / "a.flac"
    assert manifest.chosen([found], "a") == [found]
    with pytest.raises(InputError, match="--only b"):
        manifest.chosen([found], "b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no manifest"),
        (b"RIFF\xff\xfe\x00WAVE", "no manifest"),  # the recording itself
        (b'{"id": 1}', "list"),
        (b"[]", "has no recordings"),
        (b'[{"id": "../x", "file": "", "language": "e"}]', r"\[0\]\.id"),
        (b'[{"id": "..", "file": "", "language": "e"}]', r"\[0\]\.id"),
        (b'[{"id": "a", "language": "en"}]', r"\[0\]\.file: Field required"),
        (
            b'[{"id": "a", "file": "a", "language": "en", "segments": [{"text": "x", "end": 1}]}]',
            r"\[0\]\.segments\[0\]\.start: Field required",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        manifest.read(path)
    assert "pydantic.dev" not in str(refused.value)
