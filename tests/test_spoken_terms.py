"""The glossary that `make eval` counts by is one that people keep to."""

from pathlib import Path

import pytest

from tests.speech import manifest
from translator.glossary import load_glossary

pytestmark = pytest.mark.unit


def test_people_rendered_every_term_of_the_recordings_and_no_other() -> None:
    glossary = load_glossary(Path(__file__).parent / "glossary" / "speech.yaml")
    counts = [
        glossary.accuracy(one.transcript, reference, one.language, target)
        for one in manifest().values()
        for target, reference in one.references.items()
        if target != one.language
    ]
    due = sum(one.due for one in counts)
    assert due >= 40
    assert sum(one.hits for one in counts) == due
    assert sum(one.false_copies for one in counts) == 0
