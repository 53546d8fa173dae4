"""What the room's metadata says."""

import json

import pytest

from tests.fakes import meeting_settings
from translator.announcement import KEY, announced, announced_cast, merged
from translator.settings import Language

pytestmark = pytest.mark.unit


def test_the_languages_that_can_be_read_and_those_that_can_be_heard() -> None:
    languages = {"es": Language(speak="voice"), "de": Language()}
    said = announced(meeting_settings(languages=languages), problem=None)
    assert said["languages"] == {"es": "Español", "de": "Deutsch"}
    assert said["voices"] == ["es"]
    assert said["spoken"] == ["en", "es", "fr"]
    assert said["problem"] is None


@pytest.mark.parametrize(
    ("there", "kept"),
    [
        ("", {}),
        ('{"agenda": 1, "translator": {"languages": {}}}', {"agenda": 1}),
        ("Town hall, 7 pm", {"text": "Town hall, 7 pm"}),
        ("[1, 2]", {"text": "[1, 2]"}),
    ],
)
def test_what_else_is_there_is_kept(there: str, kept: dict[str, object]) -> None:
    content = {"languages": {"es": "Español"}}
    assert json.loads(json.dumps(merged(there, content))) == {**kept, KEY: content}


def test_a_job_that_takes_over_finds_the_cast_of_the_one_before() -> None:
    said = announced(meeting_settings(), problem=None, cast={"p-ana": 0, "p-luis": 1})
    assert announced_cast(json.dumps(merged("Town hall", said))) == {"p-ana": 0, "p-luis": 1}


@pytest.mark.parametrize("metadata", ["", "Town hall", "[]", '{"translator": 3}', "{}"])
def test_a_room_that_nobody_interpreted_has_no_cast(metadata: str) -> None:
    assert announced_cast(metadata) is None
